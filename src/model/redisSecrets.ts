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

const SECRET_SETTING = /pass|auth|secret|key/;

/** Settings that hold a password, wherever they stand: in scripts, or behind a command that was renamed. */
const SECRET_WORD = /requirepass|masterauth|key-file-pass|auth-pass|sentinel-pass/;

/** AUTH, HELLO … AUTH, ACL SETUSER, CONFIG SET of a password, MIGRATE … AUTH, SENTINEL SET … auth-pass. */
export function isSecretLine(line: string): boolean {
  const all = commandWords(line);
  const [name = '', sub, ...rest] = all;
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
      return false;
  }
}

/** Whether the reply may be a secret or its digest, so that it is shown and then forgotten: CONFIG GET, ACL LIST, GETUSER, GENPASS. */
export function hasSecretReply(line: string): boolean {
  const [name, sub] = commandWords(line);
  if (name === 'config') return sub === 'get';
  return name === 'acl' && (sub === 'list' || sub === 'getuser' || sub === 'genpass');
}

/** What is shown instead of a secret line: its command, if that was typed plainly. */
export function masked(line: string): string {
  const name = /^\s*(?:@\S+\s+)?(?:[+-]?\d+\s+)?([a-zA-Z]+)(?=\s|$)/.exec(line)?.[1];
  return name ? `${name} •••` : '•••';
}
