/**
 * What the bytes that a server has sent so far mean: a complete answer of the protocol, something that the protocol
 * never says, or (undefined) too little to tell.
 */
export type Reading = Answer | 'foreign' | undefined;

export interface Answer {
  /** What the server says is wrong with it, in its own words made safe to show; absent when nothing is. */
  readonly trouble?: string;
}

/** Longest piece of a server's own text that is kept, characters. */
const MAX_TEXT = 200;

/** A server's own text for people to read: one line, no control or direction characters, bounded. */
export function serverText(bytes: Buffer): string {
  const text = bytes
    .toString('utf8', 0, 4 * MAX_TEXT)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** Whether `bytes` are the beginning of `expected`, or begin with it. */
export function agrees(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length);
  return bytes.subarray(0, length).equals(expected.subarray(0, length));
}
