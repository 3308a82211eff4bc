const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/**
 * The bytes of a literal IP address, 4 or 16 of them; undefined for a name. An IPv6 address may be bracketed; one that
 * stands for an IPv4 address (`::ffff:a.b.c.d`) gives that one's bytes.
 */
export function addressBytes(text: string): readonly number[] | undefined {
  const v4 = IPV4.exec(text);
  if (v4) {
    const bytes = v4.slice(1).map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes : undefined;
  }
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  // The URL parser is the one that knows every notation, and it is nobody's I/O.
  if (!bare.includes(':') || !/^[\da-f:.]+$/i.test(bare) || !URL.canParse(`http://[${bare}]/`)) return undefined;
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const first = groups(head);
  const last = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  const bytes = [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 255]);
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** Whether the first `bits` bits are the same; never of addresses of different families. */
export function samePrefix(one: readonly number[], other: readonly number[], bits: number): boolean {
  if (one.length !== other.length) return false;
  return one.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff00 >> kept) & 255;
    return (byte & mask) === (other[index]! & mask);
  });
}

/** RFC 4291 (fe80::/10) and RFC 3927 (169.254.0.0/16): what every interface gives itself, and what leads nowhere. */
const LINK_LOCAL = /^(?:fe[89ab][0-9a-f]:|169\.254\.)/i;

/** Whether an interface's address leads out of this machine. */
export function isOutward({ address, internal }: { readonly address: string; readonly internal: boolean }): boolean {
  return !internal && !LINK_LOCAL.test(address);
}
