import type { Clock } from '../../base/clock';
import { Fault } from '../../base/fault';
import { type KeyKind, type KeyQuery, type KeysFound, typeOf } from '../../model/redisKeys';
import type { RespValue } from '../../wire/resp';
import { askAll, type Command, type KeyPort, scanSources } from './port';
import { bytesOf, checked, isDenied, itemsOf, omittedOf, textOf } from './replies';
import { nameText } from './shown';

/** One step: so many names, or so long, ms, whichever comes first. */
const STEP_NAMES = 10_000;
const STEP_MS = 1000;
/** Keys that one call looks at: about a millisecond of the server's time. */
const COUNT = 1000;
/** Where the names are so long that the reply was not kept whole. */
const SMALL_COUNT = 10;
const MAX_NAME_BYTES = 1024;
/** What is kept of one search: names, and all their characters. */
const MAX_NAMES = 200_000;
const MAX_CHARS = 32 * 1024 * 1024;

/** Whether a pattern may fit other names than itself. */
function isGlob(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

/**
 * One search for keys, step by step, by SCAN alone: it finds what is there all the time, and it may or may not find what comes
 * or goes meanwhile. A name is found once.
 */
export class KeyScan {
  readonly #sources: readonly KeyPort[];
  readonly #clock: Clock;
  readonly #query: KeyQuery;
  readonly #names = new Set<string>();
  #chars = 0;
  #source = 0;
  #position = '0';
  #count = COUNT;
  /** Servers before Redis 6 know no TYPE in SCAN. */
  #typeByHand = false;
  #unseen = 0;

  constructor(port: KeyPort, clock: Clock, query: KeyQuery) {
    this.#sources = scanSources(port);
    this.#clock = clock;
    this.#query = query;
  }

  /** Everything that was found, in the order in which it was. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  get complete(): boolean {
    return this.#source >= this.#sources.length;
  }

  /**
   * Looks on, for 10,000 names or a second at most. `until` ends the step earlier, between two calls, and what was found by
   * then counts; `life` ends the connection with what is under way.
   * @throws Fault `redis.noPermission`, `redis.replied`, and those of `RedisSession.turn`; the next step goes on where this one was.
   */
  async more(until: AbortSignal, life: AbortSignal): Promise<KeysFound> {
    const end = this.#clock.now() + STEP_MS;
    const names: string[] = [];
    this.#unseen = 0;
    while (!this.complete && !this.full && names.length < STEP_NAMES && this.#clock.now() < end && !until.aborted) {
      const found = isGlob(this.#query.pattern) ? await this.#scan(life) : await this.#lookUp(life);
      for (const name of found) this.#add(name, names);
    }
    return { names, complete: this.complete, full: this.full && !this.complete, unseen: this.#unseen };
  }

  get full(): boolean {
    return this.#names.size >= MAX_NAMES || this.#chars >= MAX_CHARS;
  }

  /** Names that were deleted or renamed. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#names.delete(name);
  }

  /** A name that somebody has just given. */
  keep(name: string): void {
    this.#names.add(name);
  }

  #add(bytes: Buffer, found: string[]): void {
    if (bytes.length > MAX_NAME_BYTES || this.full) {
      this.#unseen++;
      return;
    }
    const name = nameText(bytes);
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#chars += name.length;
    found.push(name);
  }

  async #scan(life: AbortSignal): Promise<readonly Buffer[]> {
    const { pattern, kind } = this.#query;
    const port = this.#sources[this.#source]!;
    const command: Command = ['SCAN', this.#position, 'MATCH', pattern, 'COUNT', String(this.#count), ...(kind && !this.#typeByHand ? ['TYPE', typeOf(kind)] : [])];
    const [reply] = await askAll(port, [command], life);
    if (kind && !this.#typeByHand && reply?.type === 'error' && /syntax error/i.test(reply.text)) {
      this.#typeByHand = true;
      return [];
    }
    if (isDenied(reply)) throw unlisted();
    const [position, page] = itemsOf(checked(reply, 'SCAN'));
    const missing = omittedOf(page);
    if (missing > 0 && this.#count > SMALL_COUNT) {
      // The same place once more: what is looked at twice is found once.
      this.#count = SMALL_COUNT;
      return [];
    }
    const whole = itemsOf(page).flatMap((item) => wholeBytes(item) ?? []);
    this.#unseen += missing + itemsOf(page).length - whole.length;
    this.#count = COUNT;
    const next = textOf(position);
    if (next === undefined || next === '0') this.#nextSource();
    else this.#position = next;
    return kind && this.#typeByHand ? this.#ofKind(port, whole, kind, life) : whole;
  }

  async #ofKind(port: KeyPort, names: readonly Buffer[], kind: KeyKind, life: AbortSignal): Promise<readonly Buffer[]> {
    const types = await askAll(port, names.map((name) => ['TYPE', name]), life);
    return names.filter((_, index) => textOf(types[index]) === typeOf(kind));
  }

  /** Without a glob it is one key's own name, and nobody has to look at all the others. */
  async #lookUp(life: AbortSignal): Promise<readonly Buffer[]> {
    const { pattern, kind } = this.#query;
    const [reply] = await askAll(this.#sources[this.#source]!, [['TYPE', pattern]], life);
    this.#nextSource();
    // Who may not ask for its type may still read it.
    const type = isDenied(reply) ? undefined : textOf(checked(reply, 'TYPE'));
    return pattern === '' || type === 'none' || (kind && type !== undefined && type !== typeOf(kind)) ? [] : [Buffer.from(pattern)];
  }

  #nextSource(): void {
    this.#source++;
    this.#position = '0';
  }
}

function unlisted(): Fault {
  return new Fault('redis.noPermission', 'This user may not run SCAN, so keys cannot be listed.', {
    remedy: { text: 'Enter the whole name of a key, or log in as another user.', action: 'changeLogin' },
  });
}

function wholeBytes(item: RespValue): Buffer | undefined {
  const found = bytesOf(item);
  return found && found.omitted === 0 ? found.bytes : undefined;
}
