/**
 * Which lines of a Redis console carry a secret. They are sent, but never kept: not in the history, not in what is shown,
 * not in the state that VS Code stores. In doubt a line counts as secret: the price is one line that has to be typed again.
 */

const NODES = /^\s*@\S+(?=\s)/;
const WORD = /"(?:\\.|[^"\\])*"?|'(?:\\'|[^'])*'?|[^\s"']+/g;

/** The line's words in lower case, quotes and escapes undone: `"\x41uth"` is `auth`. More tolerant than the real splitting. */
function words(line: string): string[] {
  const found: string[] = [];
  let end = -1;
  for (const match of line.matchAll(WORD)) {
    const word = plain(match[0]).toLowerCase();
    // Parts that touch are one word, as in CONFIG SET requi"repass".
    if (match.index === end) found[found.length - 1] += word;
    else found.push(word);
    end = match.index + match[0].length;
  }
  return found;
}

/** Without the nodes of a cluster that it is for (`@all`), and the number by which redis-cli repeats a command. */
function commandWords(line: string): string[] {
  const all = words(line.replace(NODES, ''));
  return /^\s*[+-]?\d+$/.test(all[0] ?? '') && all.length > 1 ? all.slice(1) : all;
}

function plain(word: string): string {
  const quote = word[0];
  if (quote !== '"' && quote !== "'") return word;
  const body = word.length > 1 && word.endsWith(quote) ? word.slice(1, -1) : word.slice(1);
  if (quote === "'") return body.replaceAll(String.raw`\'`, "'");
  return body.replaceAll(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, other: string | undefined) =>
    hex === undefined ? (other ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** New names of commands that a server's configuration has renamed → what they are, all in lower case. */
export type Renames = ReadonlyMap<string, string>;

export const NO_RENAMES: Renames = new Map();

/** Commands whose lines or replies may hold a secret. */
const SECRET_COMMANDS: ReadonlySet<string> = new Set(['acl', 'auth', 'config', 'hello', 'migrate', 'sentinel']);
/** Names of which nobody can say more than that the server may know them are taken for this one. */
const IN_DOUBT = 'auth';
const MAX_RENAMES = 300;
const MAX_RENAME_CHARS = 1000;

/** With what was found out of one name: `own` is undefined where nobody can say. The same object where that changes nothing. */
export function withRename(renames: Renames, name: string, own: string | undefined): Renames {
  const means = own ?? IN_DOUBT;
  if (SECRET_COMMANDS.has(means) ? renames.get(name) === means || name.length > MAX_RENAME_CHARS : !renames.has(name)) return renames;
  const others = [...renames].filter(([other]) => other !== name);
  return new Map(SECRET_COMMANDS.has(means) ? [...others.slice(1 - MAX_RENAMES), [name, means]] : others);
}

/** Of a message between two parts of the extension; undefined for what is none. */
export function parseRenames(value: unknown): Renames | undefined {
  if (!Array.isArray(value) || value.length > MAX_RENAMES || !value.every(isRename)) return undefined;
  return new Map(value);
}

function isRename(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, own] = value as unknown[];
  return typeof name === 'string' && name.length <= MAX_RENAME_CHARS && typeof own === 'string' && SECRET_COMMANDS.has(own);
}

const SECRET_SETTING = /pass|auth|secret|key/;

/** Settings that hold a password, wherever they stand: in scripts, or behind a command that was renamed. */
const SECRET_WORD = /requirepass|masterauth|key-file-pass|auth-pass|sentinel-pass/;

/** AUTH, HELLO … AUTH, ACL SETUSER, CONFIG SET of a password, MIGRATE … AUTH, SENTINEL SET … auth-pass. */
export function isSecretLine(line: string, renames: Renames = NO_RENAMES): boolean {
  const all = commandWords(line);
  const [typed = '', sub, ...rest] = all;
  const name = renames.get(typed) ?? typed;
  if (all.some((word) => SECRET_WORD.test(word)) && !(name === 'config' && sub === 'get')) return true;
  switch (name) {
    case 'auth':
      return true;
    case 'hello':
      return rest.includes('auth') || sub === 'auth';
    case 'acl':
      return sub === 'setuser';
    case 'config':
      return sub === 'set' && rest.some((word) => SECRET_SETTING.test(word));
    case 'migrate':
      return rest.includes('auth') || rest.includes('auth2');
    case 'sentinel':
      return rest.some((word) => SECRET_SETTING.test(word));
    default:
      // ACL under whatever name.
      return sub === 'setuser' && rest.length > 0;
  }
}

/** Whether the reply may be a secret or its digest, so that it is shown and then forgotten: CONFIG GET, ACL LIST, GETUSER, GENPASS. */
export function hasSecretReply(line: string, renames: Renames = NO_RENAMES): boolean {
  const [typed = '', sub] = commandWords(line);
  const name = renames.get(typed) ?? typed;
  if (name === 'config') return sub === 'get';
  return name === 'acl' && (sub === 'list' || sub === 'getuser' || sub === 'genpass');
}

/** What is shown instead of a secret line: its command, if that was typed plainly. */
export function masked(line: string): string {
  const name = /^\s*(?:@\S+\s+)?(?:[+-]?\d+\s+)?([a-zA-Z]+)(?=\s|$)/.exec(line)?.[1];
  return name ? `${name} •••` : '•••';
}
