import { sleep, type Clock } from '../../base/clock';
import type { RespValue } from '../../wire/resp';
import type { Completion, CompletionCandidate } from '../types';
import { bundledDocs } from './bundled';
import { complete, MAX_CANDIDATES } from './complete';
import { type CommandDocs, parseCommandDocs } from './docs';
import { isOffered, prefixPattern, quotedKey } from './keyNames';

/** One connection of the session, in a turn of its own: nothing else is sent meanwhile. */
export interface CompletionTurn {
  /** The same object for the same connection. */
  readonly identity: object;
  /** Whether nothing of ours may be sent: inside MULTI it would be queued, and after ASKING it would be what was asked for. */
  readonly reserved: boolean;
  /** Whether the guard finds that this only reads, and lets it pass without a question. */
  mayRun(args: readonly Buffer[]): Promise<boolean>;
  /** Does not end with the request: a command that was sent cannot be taken back. */
  call(args: readonly Buffer[]): Promise<RespValue>;
}

export interface CompletionPorts {
  readonly clock: Clock;
  /** The connection that is alive; undefined when there is none. Completion never makes one. */
  readonly connection: () => object | undefined;
  /** Throws `operation.cancelled` when the signal fires before the turn has come. */
  readonly inTurn: (work: (turn: CompletionTurn) => Promise<void>, signal: AbortSignal) => Promise<void>;
}

/** Typing goes on: what is typed within this time is asked for once, ms. */
const PAUSE_MS = 60;
const SCAN_CALLS = 20;
const SCAN_TIME_MS = 300;
const SCAN_COUNT = '1000';
const WORDS_OF_DOCS = ['COMMAND', 'DOCS'].map((each) => Buffer.from(each));

/**
 * What the server is asked for so that lines can be completed. A command of the person waits for one call of a search at most,
 * and once per connection for the documentation.
 */
export class CompletionSource {
  readonly #ports: CompletionPorts;
  readonly #life: AbortSignal;
  /** Kept per connection: another one may lead to another version, or another user. */
  #docs: { readonly identity: object; readonly docs: CommandDocs | undefined } | undefined;
  #scanDenied: object | undefined;
  #asking: Promise<void> | undefined;
  #request: AbortController | undefined;

  constructor(ports: CompletionPorts, life: AbortSignal) {
    this.#ports = ports;
    this.#life = life;
  }

  /** The server's own documentation once it has come, the bundled one until then. */
  get docs(): CommandDocs {
    return (this.#docs?.identity === this.#ports.connection() && this.#docs?.docs) || bundledDocs();
  }

  /** At once, of what is known. The first call on a connection asks the server for its commands, for later ones. */
  at(line: string, cursor: number): Completion {
    void this.learn().catch(() => {
      // Without the server's own documentation the bundled one is all there is.
    });
    const { from, candidates, hint, about } = complete(line, cursor, this.docs);
    return { from, candidates, hint, ...(about && { about }) };
  }

  /** Asks for the server's documentation where that was not done yet. @throws Fault as `inTurn` and `call`. */
  async learn(): Promise<void> {
    const connection = this.#ports.connection();
    if (connection === undefined || this.#docs?.identity === connection) return;
    this.#asking ??= this.#ports.inTurn((turn) => this.#askForDocs(turn), this.#life).finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /**
   * Names of keys for the key that ends at the cursor, at most 200, in order; none where it is no key, where nothing is typed
   * of it (unless `explicit`), inside MULTI, and once the server has denied SCAN on this connection. Bounded to 20 calls of SCAN
   * and 300 ms; a further call ends it, and so does `cancel`.
   * @throws Fault `operation.cancelled`, or as `inTurn` and `call`.
   */
  async keys(line: string, cursor: number, explicit: boolean, signal: AbortSignal): Promise<readonly CompletionCandidate[]> {
    this.cancel();
    const { key } = complete(line, cursor, this.docs);
    const connection = this.#ports.connection();
    if (!key || connection === undefined || connection === this.#scanDenied || (key.prefix.length === 0 && !explicit)) return [];
    const request = new AbortController();
    this.#request = request;
    const until = AbortSignal.any([request.signal, signal]);
    await sleep(this.#ports.clock, PAUSE_MS, until);
    const names = new Map<string, Buffer>();
    await this.#ports.inTurn((turn) => this.#scan(turn, key.prefix, names, until), until);
    return [...names.values()]
      .filter((name) => !name.equals(key.prefix) || names.size > 1)
      .map((name) => ({ kind: 'key', text: quotedKey(name, key.quoted), detail: '' }) as const)
      .toSorted((one, other) => (one.text < other.text ? -1 : 1));
  }

  /** Ends a search for keys; a call under way is still answered, so at most one round trip is left of it. */
  cancel(): void {
    this.#request?.abort();
    this.#request = undefined;
  }

  async #askForDocs(turn: CompletionTurn): Promise<void> {
    if (turn.reserved || this.#docs?.identity === turn.identity) return;
    const docs = (await turn.mayRun(WORDS_OF_DOCS)) ? docsOf(await turn.call(WORDS_OF_DOCS)) : undefined;
    this.#docs = { identity: turn.identity, docs };
  }

  async #scan(turn: CompletionTurn, prefix: Buffer, names: Map<string, Buffer>, signal: AbortSignal): Promise<void> {
    if (turn.reserved) return;
    const { clock } = this.#ports;
    const end = clock.now() + SCAN_TIME_MS;
    let position = Buffer.from('0');
    for (let call = 0; call < SCAN_CALLS && clock.now() < end && !signal.aborted; call++) {
      const args = [Buffer.from('SCAN'), position, Buffer.from('MATCH'), prefixPattern(prefix), Buffer.from('COUNT'), Buffer.from(SCAN_COUNT)];
      if (!(await turn.mayRun(args))) return;
      const reply = await turn.call(args);
      // Whether it is forbidden or renamed, it will be so next time.
      if (reply.type === 'error' && /^(?:NOPERM|ERR unknown command)/i.test(reply.text)) this.#scanDenied = turn.identity;
      const next = pageOf(reply);
      if (!next) return;
      for (const name of next.names) {
        if (names.size >= MAX_CANDIDATES) return;
        if (isOffered(name, prefix)) names.set(name.toString('latin1'), name);
      }
      ({ position } = next);
      if (position.toString('latin1') === '0') return;
    }
  }
}

/** Undefined when the server does not tell; what it tells only in part is added to what is bundled. */
function docsOf(reply: RespValue): CommandDocs | undefined {
  const told = parseCommandDocs(reply);
  if (told.size === 0) return undefined;
  return 'omitted' in reply && reply.omitted > 0 ? new Map([...bundledDocs(), ...told]) : told;
}

function pageOf(reply: RespValue): { readonly position: Buffer<ArrayBuffer>; readonly names: readonly Buffer[] } | undefined {
  if (reply.type !== 'array') return undefined;
  const [position, names] = reply.items;
  if (position?.type !== 'bulk' || names?.type !== 'array') return undefined;
  const found = names.items.flatMap((name) => (name.type === 'bulk' && name.omitted === 0 ? [name.bytes] : []));
  return { position: Buffer.from(position.bytes), names: found };
}
