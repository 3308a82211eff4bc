import { isUtf8 } from 'node:buffer';
import { escaped } from '../escape';

// What a terminal obeys, what turns the direction of a text round, and what nobody sees; tabs and line feeds are seen.
// oxlint-disable-next-line no-control-regex -- they are what it looks for.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text with every character that is not seen as an escape. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSEEN, escapedCharacter);
}

function escapedCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? String.raw`\x${code.toString(16).padStart(2, '0')}` : String.raw`\u${code.toString(16).padStart(4, '0')}`;
}

/** On one line: as UTF-8 where it is that, else as redis-cli escapes it. */
export function visibleLine(bytes: Buffer): string {
  if (!isUtf8(bytes)) return escaped(bytes);
  return visible(bytes.toString('utf8')).replaceAll('\n', String.raw`\n`).replaceAll('\t', String.raw`\t`);
}
