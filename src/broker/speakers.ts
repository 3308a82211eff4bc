import { needOf, type TunnelInfo } from '../model/tunnel';

/**
 * Which window speaks for a tunnel that is in trouble: it asks for what the tunnel waits for and tells what has become of it,
 * the others show its state alone. Tunnels that wait for the same thing have the same speaker. It stays the one until it goes,
 * or until there is nothing to be said: what it has asked already must not be asked again where the person works next.
 */
export class Speakers<W> {
  /** By what is to be said, in terms of `keyOf`. */
  readonly #speakers = new Map<string, W>();

  /**
   * @param access the core that the tunnel works over: the same profile may be another one there
   * @param windows those that can speak now, the preferred one first
   * @returns undefined while nothing is to be said, or nobody can
   */
  of(tunnel: TunnelInfo, access: string, windows: () => readonly W[]): W | undefined {
    const key = keyOf(tunnel, access);
    const known = this.#speakers.get(key);
    if (known !== undefined || !isTroubled(tunnel)) return known;
    const [first] = windows();
    if (first !== undefined) this.#speakers.set(key, first);
    return first;
  }

  /** Another one speaks from now on. @returns whether there is anything to be said */
  left(window: W): boolean {
    const keys = [...this.#speakers].filter(([, one]) => one === window).map(([key]) => key);
    for (const key of keys) this.#speakers.delete(key);
    return keys.length > 0;
  }

  /** Forgets what is no longer to be said of any of these tunnels, with their accesses. */
  keep(tunnels: () => Iterable<readonly [TunnelInfo, string]>): void {
    if (this.#speakers.size === 0) return;
    const keys = new Set([...tunnels()].filter(([tunnel]) => isTroubled(tunnel)).map(([tunnel, access]) => keyOf(tunnel, access)));
    for (const key of this.#speakers.keys()) if (!keys.has(key)) this.#speakers.delete(key);
  }
}

function keyOf(tunnel: TunnelInfo, access: string): string {
  const need = needOf(tunnel);
  return need === undefined ? `tunnel ${tunnel.id}` : `need ${access} ${need}`;
}

function isTroubled({ state, health }: TunnelInfo): boolean {
  if (state.phase === 'closed') return state.cause !== undefined;
  return state.phase === 'waiting' || health.level === 'down';
}
