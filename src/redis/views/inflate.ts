import { createGunzip, createInflate } from 'node:zlib';
import { cancelled } from '../../base/fault';

/** What a compressed value may become: a bomb ends here. */
export const MAX_INFLATED_BYTES = 8 * 1024 * 1024;
/** Of all values of a view together, and of all their layers: many small bombs end here. */
const MAX_INFLATED_TOGETHER = 32 * 1024 * 1024;

/** What may still be inflated. */
export class InflateRoom {
  #left = MAX_INFLATED_TOGETHER;

  get left(): number {
    return this.#left;
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }
}

export interface Inflated {
  readonly bytes: Buffer;
  /** Whether there was more, or the end was missing. */
  readonly cut: boolean;
}

export type Compression = 'gzip' | 'deflate';

/** By its first bytes; `deflate` is what HTTP calls that, with zlib's header. */
export function compressionOf(bytes: Buffer): Compression | undefined {
  if (bytes.length < 3) return undefined;
  const [first, second] = [bytes[0]!, bytes[1]!];
  if (first === 0x1f && second === 0x8b && bytes[2] === 8) return 'gzip';
  // RFC 1950: method 8, a window of at most 32 KB, no dictionary, and a check over both bytes.
  return (first & 0x0f) === 8 && first >> 4 <= 7 && (second & 0x20) === 0 && (first * 256 + second) % 31 === 0 ? 'deflate' : undefined;
}

/**
 * Undoes a compression, up to `MAX_INFLATED_BYTES` and as far as there is room; undefined for what is none. Where the input is known
 * to be `incomplete`, what is there counts.
 * @throws Fault `operation.cancelled`
 */
export function inflated(
  bytes: Buffer,
  kind: Compression,
  { incomplete, room }: { readonly incomplete: boolean; readonly room: InflateRoom },
  signal: AbortSignal,
): Promise<Inflated | undefined> {
  const most = Math.min(MAX_INFLATED_BYTES, room.left);
  const stream = kind === 'gzip' ? createGunzip() : createInflate();
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stream.destroy();
      reject(cancelled());
    };
    const finish = (result: Inflated | undefined): void => {
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
      resolve(result);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, most - size);
      chunks.push(kept);
      size += kept.length;
      room.take(kept.length);
      if (kept.length < chunk.length) finish({ bytes: Buffer.concat(chunks), cut: true });
    });
    stream.once('end', () => finish({ bytes: Buffer.concat(chunks), cut: false }));
    stream.once('error', () => finish(incomplete && size > 0 ? { bytes: Buffer.concat(chunks), cut: true } : undefined));
    stream.end(bytes);
  });
}
