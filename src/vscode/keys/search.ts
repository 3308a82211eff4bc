import { asFault, describeFault, type Fault, isCancelled } from '../../base/fault';
import type { KeyQuery } from '../../model/redisKeys';
import type { KeyBrowser, KeySearch } from '../../redis/types';
import type { KeysToPage, SearchState } from '../../webview/protocol';

type KeysMessage = Extract<KeysToPage, { type: 'keys' }>;

/** One press of "Load More" goes on until it has found this many, */
const ENOUGH = 200;
/** or for so many steps of a second at most. */
const MAX_STEPS = 20;
/** Names in one message. */
const CHUNK = 20_000;

export interface KeySearchPorts {
  readonly post: (message: KeysMessage) => void;
  /** A step has failed, and its sentence was shown. */
  readonly onFault: (fault: Fault) => void;
}

/** The search that the page shows: knows everything that it has found, for a page that was thrown away. */
export class PageSearch {
  readonly #ports: KeySearchPorts;
  #query: KeyQuery = { pattern: '*', kind: null };
  #search: KeySearch | undefined;
  #running: AbortController | undefined;
  #unseen = 0;
  #fault = '';

  constructor(ports: KeySearchPorts) {
    this.#ports = ports;
  }

  get query(): KeyQuery {
    return this.#query;
  }

  /** Forgets what was found, and looks for the query. `life` ends the connection with what is under way. */
  async begin(browser: KeyBrowser, query: KeyQuery, life: AbortSignal): Promise<void> {
    this.stop();
    this.#running = undefined;
    this.#query = query;
    this.#search = browser.scan(query);
    this.#unseen = 0;
    this.#fault = '';
    this.#post([], true);
    await this.more(life);
  }

  /** Nothing to do while it goes on already. */
  async more(life: AbortSignal): Promise<void> {
    const search = this.#search;
    if (!search || this.#running) return;
    const running = new AbortController();
    this.#running = running;
    this.#fault = '';
    this.#post([]);
    let fault: Fault | undefined;
    try {
      let found = 0;
      for (let step = 0; step < MAX_STEPS && found < ENOUGH && !search.complete && !search.full && !running.signal.aborted; step++) {
        const { names, unseen } = await search.more(running.signal, life);
        if (search !== this.#search) return;
        found += names.length;
        this.#unseen += unseen;
        this.#post(names);
      }
    } catch (error) {
      fault = asFault(error);
    }
    if (search !== this.#search) return;
    this.#running = undefined;
    if (fault && !isCancelled(fault)) this.#fault = describeFault(fault);
    this.#post([]);
    if (fault) this.#ports.onFault(fault);
  }

  /** It ends after the call that is under way. */
  stop(): void {
    this.#running?.abort();
  }

  forget(names: readonly string[], renamed: string | null): void {
    this.#search?.forget(names);
    if (renamed !== null) this.#search?.keep(renamed);
  }

  /** Everything again, for a page that is new. */
  show(): void {
    const names = [...(this.#search?.names ?? [])];
    this.#post(names.slice(0, CHUNK), true);
    for (let at = CHUNK; at < names.length; at += CHUNK) this.#post(names.slice(at, at + CHUNK));
  }

  get #state(): SearchState {
    if (this.#running) return 'searching';
    if (this.#search?.complete) return 'complete';
    return this.#search?.full ? 'full' : 'paused';
  }

  #post(names: readonly string[], anew = false): void {
    this.#ports.post({ type: 'keys', anew, names, state: this.#state, unseen: this.#unseen, fault: this.#fault });
  }
}
