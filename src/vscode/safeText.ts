/**
 * Text from outside (names, tags, messages of services) before it enters a
 * place where VS Code reads markup. A tag such as `[ok](command:…)` or
 * `$(error)` must be shown, not obeyed.
 */

// Control characters, and the marks that reorder the text around them.
const INVISIBLE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;

function oneLine(text: string, limit: number): string {
  const line = text.replaceAll(INVISIBLE, ' ').trim();
  if (line.length <= limit) return line;
  return `${sliceWhole(line, limit - 1)}…`;
}

/** Cuts without splitting a surrogate pair. */
function sliceWhole(text: string, length: number): string {
  const cut = text.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** The begin of a text that is one of many. It is not escaped yet. */
export function shortText(text: string, limit: number): string {
  return oneLine(text, limit);
}

/** For labels and descriptions of tree items, which VS Code shows as they are. */
export function labelText(text: string): string {
  return oneLine(text, 300);
}

/** For quick picks and status bar texts, where `$(name)` would become an icon. */
export function withoutIcons(text: string): string {
  return oneLine(text, 300).replaceAll('$(', String.raw`\$(`);
}

/** For notifications and prompts, where `[text](address)` would become a link, `command:` addresses included. */
export function messageText(text: string): string {
  return oneLine(text, 1000).replaceAll('](', '] (');
}

/** For the detail of a modal question, which VS Code shows as it is, line by line. */
export function detailText(text: string): string {
  return text
    .split('\n')
    .map((line) => oneLine(line, 500))
    .join('\n');
}

/** For Markdown: every character that could mean something is escaped (CommonMark 2.4: any ASCII punctuation can be). */
export function escapeMarkdown(text: string): string {
  return oneLine(text, 1000).replaceAll(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
}

/** A heading and rows as Markdown, all values escaped; rows without a value are left out. */
export function tooltipMarkdown(heading: string, rows: readonly (readonly [label: string, value: string | undefined])[]): string {
  const lines = rows
    .filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '')
    .map(([label, value]) => (label ? `${escapeMarkdown(label)}: ${escapeMarkdown(value)}` : escapeMarkdown(value)));
  return [`**${escapeMarkdown(heading)}**`, ...lines].join('  \n');
}
