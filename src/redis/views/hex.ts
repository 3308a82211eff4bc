import type { TextTarget } from '../render';

const PER_ROW = 16;

/** Offset, sixteen bytes, and the same as ASCII with dots for what is not printable: as hexdump -C writes them. */
export function writeHex(bytes: Buffer, out: TextTarget): void {
  for (let at = 0; at < bytes.length; at += PER_ROW) {
    if (out.full) {
      out.cut();
      return;
    }
    const row = bytes.subarray(at, at + PER_ROW);
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'));
    const numbers = `${digits.slice(0, PER_ROW / 2).join(' ')}  ${digits.slice(PER_ROW / 2).join(' ')}`.padEnd(PER_ROW * 3);
    const letters = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    out.add(`${at > 0 ? '\n' : ''}${at.toString(16).padStart(8, '0')}  ${numbers}  |${letters}|`);
  }
}
