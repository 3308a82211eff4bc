import type { RespValue } from '../wire/resp';
import { escaped } from './escape';
import { renderReply } from './render';

/** More than these nobody reads; the newest stay. */
const MAX_KEPT = 100;
/** Longest text of one, UTF-16 units. */
const MAX_CHARS = 2000;

/**
 * What a server says by itself (RESP3 `>`), kept until it is told before or after a reply. redis-cli tells it where it came; a reply that is rendered
 * while it arrives must not be interrupted.
 */
export class Pushes {
  readonly #kept: RespValue[] = [];
  #dropped = 0;

  add(push: RespValue): void {
    this.#kept.push(push);
    if (this.#kept.length <= MAX_KEPT) return;
    this.#kept.shift();
    this.#dropped++;
  }

  /** One line or more for each, oldest first; they are told once. */
  take(): string[] {
    const lines = this.#kept.splice(0).map((push) => pushText(push));
    if (this.#dropped > 0) lines.unshift(`-> ${this.#dropped} earlier messages of the server are not shown`);
    this.#dropped = 0;
    return lines;
  }
}

/** As redis-cli prints it on a terminal (cliPushHandler of redis-cli.c), but for keys that are no text. */
export function pushText(push: RespValue): string {
  const [kind, keys] = push.type === 'push' ? push.items : [];
  const word = kind?.type === 'bulk' ? kind.bytes.toString('latin1') : kind?.type === 'status' ? kind.text : '';
  if (word === 'invalidate' && keys?.type === 'array') {
    const names = keys.items.map((key) => (key.type === 'bulk' ? `'${escaped(key.bytes.subarray(0, MAX_CHARS))}'` : ''));
    return `-> invalidate: ${names.join(', ')}`.slice(0, MAX_CHARS);
  }
  return renderReply(push, { maxChars: MAX_CHARS }).text;
}
