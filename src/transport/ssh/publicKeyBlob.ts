/** The key type that begins a public key blob (RFC 4253, section 6.6); empty when it is malformed. */
export function keyType(blob: Buffer): string {
  return field(blob, 0)?.toString('latin1') ?? '';
}

/** Length of an RSA key's modulus, bits; undefined when it is no RSA key, or malformed. */
export function rsaBits(blob: Buffer): number | undefined {
  if (keyType(blob) !== 'ssh-rsa') return undefined;
  const exponentAt = 4 + 'ssh-rsa'.length;
  const exponent = field(blob, exponentAt);
  const modulus = exponent && field(blob, exponentAt + 4 + exponent.length);
  if (!modulus) return undefined;
  const first = modulus.findIndex((byte) => byte !== 0);
  return first < 0 ? undefined : (modulus.length - first) * 8 - (Math.clz32(modulus[first]!) - 24);
}

function field(blob: Buffer, offset: number): Buffer | undefined {
  if (offset + 4 > blob.length) return undefined;
  const length = blob.readUInt32BE(offset);
  return offset + 4 + length > blob.length ? undefined : blob.subarray(offset + 4, offset + 4 + length);
}
