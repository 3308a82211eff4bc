import type { SavedConnection } from '../model/connection';
import { parseConnections } from '../model/connection';
import { connectionTo, formatConnection, selectorKey } from '../model/connectionEntry';
import type { Route } from '../model/route';
import type { KeptState } from './bastionMemory';

const KEY = 'recentTunnels';
export const MAX_RECENT = 10;

/** The tunnels that the person opened last, on this machine and in any window; written as saved connections are. */
export class RecentTunnels {
  readonly #kept: KeptState;
  readonly #onError: (error: unknown) => void;

  constructor(kept: KeptState, onError: (error: unknown) => void) {
    this.#kept = kept;
    this.#onError = onError;
  }

  /** The latest first. */
  get list(): readonly SavedConnection[] {
    const value = this.#kept.get(KEY);
    // One by one: the names are what tunnels are called, and need not differ.
    return (Array.isArray(value) ? value : []).slice(0, MAX_RECENT).flatMap((one: unknown) => parseConnections([{ origin: 'user', value: [one] }]).entries.map(({ connection }) => connection));
  }

  /** @param name what the tunnel is called */
  add(route: Route, name: string): void {
    const connection = connectionTo(route, name.slice(0, 80));
    const others = this.list.filter((one) => selectorKey(one) !== selectorKey(connection));
    const list = [connection, ...others].slice(0, MAX_RECENT).map((one) => formatConnection(one));
    this.#kept.update(KEY, list).then(undefined, this.#onError);
  }
}
