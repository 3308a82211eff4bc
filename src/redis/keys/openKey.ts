import { randomBytes } from 'node:crypto';
import { Fault } from '../../base/fault';
import { type EditOutcome, type KeyEdit, type KeyKind, type KeyView, kindOf, typeOf } from '../../model/redisKeys';
import type { RespValue } from '../../wire/resp';
import type { RedisTurn } from '../types';
import { planEdit } from './edits';
import type { KeyFactsReader } from './facts';
import { askAll, type Command, type KeyPort } from './port';
import { BODY_BYTES, elementView, readPage, type SeenPage } from './readers';
import { checked, integerOf, isDenied, isWrongType, itemsOf, textOf } from './replies';
import { nameBytes, shownBytes } from './shown';

interface Attempt {
  readonly edit: Exclude<KeyEdit, { type: 'expire' }>;
  readonly kind: KeyKind;
  readonly seen: SeenPage;
  /** What the connection has to be freed of afterwards: it watches the key, or has a transaction open. */
  state: 'free' | 'watching' | 'open';
}

type PageTurn = 'same' | 'next' | 'previous' | 'first';

/** 100 years: more is a slip of the finger. */
const MAX_TTL_MS = 100 * 365 * 24 * 3_600_000;
const MARKER_BYTES = 24;

const NOTHING_SEEN: SeenPage = { whole: false, offset: 0, elements: [], unseen: 0 };

/** One key that a person looks into: knows which page they see, and compares with it before it writes. */
export class OpenKey {
  readonly #port: KeyPort;
  readonly #facts: KeyFactsReader;
  readonly #key: Buffer;
  readonly name: string;
  #kind: KeyKind | undefined;
  #seen: SeenPage = NOTHING_SEEN;
  #version = 0;
  /** Where the pages begin, up to the one that is shown. */
  #positions: (string | undefined)[] = [undefined];
  /** Redis before 6 knows no KEEPTTL. */
  #keepsTtl = true;

  /** @throws Fault `redis.badEscape` */
  constructor(port: KeyPort, facts: KeyFactsReader, name: string) {
    this.#port = port;
    this.#facts = facts;
    this.#key = nameBytes(name);
    this.name = name;
  }

  /** @throws Fault `redis.noPermission`, `redis.replied`, and those of `RedisSession.turn` */
  async read(turn: PageTurn, signal: AbortSignal): Promise<KeyView> {
    const { facts, encoding } = await this.#facts.ofOne(this.name, signal);
    const kind = kindOf(facts.type ?? '');
    const positions = kind === this.#kind ? this.#turned(turn) : [undefined];
    const request = { key: this.#key, memory: facts.memory, position: positions.at(-1) };
    const seen = kind ? await readPage({ ...request, kind }, (commands) => askAll(this.#port, commands, signal)) : NOTHING_SEEN;
    // A page behind the end is none: others have made the value shorter.
    if (positions.length > 1 && seen.elements.length === 0 && !seen.body?.bytes.length && seen.next === undefined) return this.read('first', signal);
    this.#kind = kind;
    this.#seen = seen;
    this.#positions = positions;
    this.#version++;
    return {
      ...facts,
      version: this.#version,
      kind: kind ?? null,
      encoding,
      length: seen.length ?? null,
      body: seen.body ? shownBytes(seen.body.bytes, BODY_BYTES, seen.body.omitted) : null,
      whole: seen.whole,
      offset: seen.offset,
      elements: seen.elements.map(elementView),
      unseen: seen.unseen,
      page: positions.length - 1,
      hasNext: seen.next !== undefined,
    };
  }

  /**
   * Writes what was edited in the reading of that version, unless somebody else has changed it since. To live for the time that
   * it had is kept. Nothing is written but with the outcome `done`.
   * @throws Fault `redis.readOnly`, `redis.notConfirmed`, `redis.badEscape`, `redis.badScore`, `redis.badTtl`, `redis.exists`,
   *   `redis.notEditable`, `redis.noPermission`, `redis.replied`, and those of `RedisSession.turn`
   */
  async edit(edit: KeyEdit, version: number, signal: AbortSignal): Promise<EditOutcome> {
    if (edit.type === 'expire') return this.#expire(edit.ms, signal);
    if (version !== this.#version || !this.#kind) return 'changed';
    const attempt: Attempt = { edit, kind: this.#kind, seen: this.#seen, state: 'free' };
    return this.#port.turn(async (turn) => {
      try {
        const outcome = this.#keepsTtl && this.#kind !== 'json' ? await this.#try(attempt, turn) : 'oldServer';
        if (outcome !== 'oldServer') return outcome;
        if (attempt.kind === 'string') this.#keepsTtl = false;
        // What cannot be told to keep it is given it again; WATCH comes first, since others may change it, too.
        const [watched, ttl] = await this.#watch(attempt, turn, [['PTTL', this.#key]]);
        checkWatched(watched);
        const again = await this.#try(attempt, turn, integerOf(checked(ttl, 'PTTL')) ?? -1);
        return again === 'oldServer' ? 'changed' : again;
      } finally {
        if (attempt.state !== 'free') await turn.all([[attempt.state === 'open' ? 'DISCARD' : 'UNWATCH']]);
      }
    }, signal);
  }

  async #watch(attempt: Attempt, turn: RedisTurn, besides: readonly Command[]): Promise<readonly RespValue[]> {
    const replies = await turn.all([['WATCH', this.#key], ...besides]);
    if (replies[0]?.type !== 'error') attempt.state = 'watching';
    return replies;
  }

  async #try(attempt: Attempt, turn: RedisTurn, keptTtl?: number): Promise<EditOutcome | 'oldServer'> {
    const { edit, kind, seen } = attempt;
    const { expected, write } = planEdit(edit, { key: this.#key, kind, seen, marker: randomBytes(MARKER_BYTES), ...(keptTtl !== undefined && { keptTtl }) });
    // MULTI goes before the writes, and not with them: where it is denied they would be carried out one by one.
    const [watched, type, ...answers] = await this.#watch(attempt, turn, [['TYPE', this.#key], ...expected.map(({ command }) => command), ['MULTI']]);
    const multi = answers.pop();
    if (multi?.type !== 'error') attempt.state = 'open';
    checkWatched(watched);
    const outcome = this.#compared(type, kind);
    if (outcome) return outcome;
    for (const [index, { command, holds, otherwise }] of expected.entries()) {
      const answer = answers[index]!;
      // Another type than it had is an error as well.
      if (!isWrongType(answer)) checked(answer, String(command[0]));
      if (holds(answer)) continue;
      if (otherwise && answer.type !== 'error') throw otherwise;
      return 'changed';
    }
    checked(multi, 'MULTI');
    const replies = await turn.all([...write, ['EXEC']]);
    const exec = replies.at(-1);
    if (exec?.type !== 'error' || exec.text.startsWith('EXECABORT')) attempt.state = 'free';
    return outcomeOf(replies, write.map(([name]) => String(name)));
  }

  /** Undefined when it is of the same type as before, or nobody may ask. */
  #compared(reply: RespValue | undefined, kind: KeyKind): EditOutcome | undefined {
    if (isDenied(reply)) return undefined;
    const type = textOf(checked(reply, 'TYPE'));
    if (type === 'none') return 'gone';
    return type === typeOf(kind) ? undefined : 'changed';
  }

  async #expire(ms: number | null, signal: AbortSignal): Promise<EditOutcome> {
    // With a time that is over the key would be deleted, which is asked for elsewhere.
    if (ms !== null && !(Number.isInteger(ms) && ms > 0 && ms <= MAX_TTL_MS)) {
      throw new Fault('redis.badTtl', 'This is no time to live.', { remedy: { text: 'Enter a number of seconds above 0, or nothing.' } });
    }
    const [reply] = await askAll(this.#port, [ms === null ? ['PERSIST', this.#key] : ['PEXPIRE', this.#key, String(ms)]], signal);
    const changed = integerOf(checked(reply, ms === null ? 'PERSIST' : 'PEXPIRE'));
    // PERSIST answers 0 as well where there is no time to live.
    return changed === 0 && ms !== null ? 'gone' : 'done';
  }

  #turned(turn: PageTurn): (string | undefined)[] {
    switch (turn) {
      case 'first':
        return [undefined];
      case 'same':
        return this.#positions;
      case 'previous':
        return this.#positions.length > 1 ? this.#positions.slice(0, -1) : this.#positions;
      case 'next':
        return this.#seen.next === undefined ? this.#positions : [...this.#positions, this.#seen.next];
    }
  }
}

/** Of a transaction: nil when somebody has written to the key since WATCH. @throws Fault */
function outcomeOf(replies: readonly RespValue[], names: readonly string[]): EditOutcome | 'oldServer' {
  const exec = replies.at(-1);
  if (exec?.type === 'null') return 'changed';
  // What was refused while it was queued says why; EXECABORT does not.
  for (const [index, name] of names.entries()) checked(replies[index], name);
  const results = itemsOf(checked(exec, 'EXEC'));
  for (const [index, result] of results.entries()) {
    if (result.type === 'error' && names[index] === 'SET' && /syntax error/i.test(result.text)) return 'oldServer';
    checked(result, names[index] ?? 'EXEC');
  }
  // LPUSHX and RPUSHX find no list.
  return results.length === 1 && names[0]?.endsWith('PUSHX') && integerOf(results[0]) === 0 ? 'gone' : 'done';
}

function checkWatched(reply: RespValue | undefined): void {
  if (!isDenied(reply)) {
    checked(reply, 'WATCH');
    return;
  }
  throw new Fault('redis.noPermission', 'This user may not run WATCH, without which changes of others would be overwritten.', {
    remedy: { text: 'Ask for the right, or make the change in the console.', action: 'changeLogin' },
  });
}
