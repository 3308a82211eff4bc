import { createHash } from 'node:crypto';

/** A public key as SSH sends it: the blob begins with the length-prefixed type. */
export interface PublicKey {
  /** E.g. `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  readonly blob: Buffer;
}

/** `SHA256:` and unpadded base64, as `ssh-keygen -lf` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** The longest key that anybody uses (RSA with 16384 bits) is a seventh of it. */
const MAX_BLOB_CHARACTERS = 32 * 1024;

/** A type and base64, as they stand in `.pub` files and known_hosts; undefined unless the blob really is of that type. */
export function parsePublicKey(type: string, base64: string): PublicKey | undefined {
  if (base64.length > MAX_BLOB_CHARACTERS || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const blob = Buffer.from(base64, 'base64');
  return keyTypeOf(blob) === type ? { type, blob } : undefined;
}

/** The type that a blob begins with. */
export function keyTypeOf(blob: Buffer): string | undefined {
  return readString(blob, 0)?.value.toString('latin1');
}

/** One line of a `.pub` file. */
export function parsePublicKeyLine(line: string): PublicKey | undefined {
  const [type, base64] = line.trim().split(/[ \t]+/, 2);
  return type && base64 ? parsePublicKey(type, base64) : undefined;
}

/** An SSH string (RFC 4251, 5): a length of four bytes, then as many bytes. */
export function readString(from: Buffer, at: number): { readonly value: Buffer; readonly next: number } | undefined {
  if (at + 4 > from.length) return undefined;
  const next = at + 4 + from.readUInt32BE(at);
  return next > from.length ? undefined : { value: from.subarray(at + 4, next), next };
}

export function writeString(value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
