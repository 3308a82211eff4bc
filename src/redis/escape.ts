const PRINTABLE = /^[ !#-[\]-~]*$/;
/** Bytes that are escaped at a time. */
export const ESCAPE_SLICE = 4096;

/** sdscatrepr of sds.c: everything that is not printable ASCII is an escape. At most `ESCAPE_SLICE` bytes. */
export function escaped(slice: Buffer): string {
  const text = slice.toString('latin1');
  return PRINTABLE.test(text) ? text : Array.from(slice, escapeByte).join('');
}

const NAMED: Readonly<Record<number, string>> = {
  0x22: String.raw`\"`,
  0x5c: '\\\\',
  0x0a: String.raw`\n`,
  0x0d: String.raw`\r`,
  0x09: String.raw`\t`,
  0x07: String.raw`\a`,
  0x08: String.raw`\b`,
};

function escapeByte(byte: number): string {
  const named = NAMED[byte];
  if (named !== undefined) return named;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return String.raw`\x${byte.toString(16).padStart(2, '0')}`;
}
