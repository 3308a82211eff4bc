// Node's ciphers put every packet into new memory outside of V8's heap. V8 gives it back with its next collection of young objects,
// for which it waits until there are many. Bulk makes few of them, and so goes through 14 MB before any memory is used again: more
// than the processor has at hand, and some of it new from the system page by page. To collect after less has saved a tenth to a
// fifth of our time per byte. Only bulk over SSH asks for it: Session Manager makes many objects, and would pay for it.

/** Bytes of packets after which those that nobody holds any more are given back. */
const COLLECT_AFTER_BYTES = 2 * 1024 * 1024;

type Collect = (options: { type: 'minor' }) => void;

let used = 0;

/** Notes that a packet has taken memory. Does nothing where the process has no `gc` (`BROKER_NODE_FLAGS` gives the broker one). */
export function noteMemory(bytes: number): void {
  used += bytes;
  if (used < COLLECT_AFTER_BYTES) return;
  used = 0;
  (globalThis as { gc?: Collect }).gc?.({ type: 'minor' });
}
