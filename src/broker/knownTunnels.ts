import type { FaultData } from '../base/fault';
import type { Route } from '../model/route';
import { sameDestination } from '../model/route';
import type { TunnelInfo } from '../model/tunnel';

/** Ends of tunnels that are remembered. */
const MAX_CLOSED = 200;

/**
 * The tunnels as one window knows them. After a broker was lost, the new one opens its tunnels again under ids of its own;
 * for the window they are still the same ones, by the ids that it knows them by.
 */
export class KnownTunnels {
  /** By the id that the window knows. */
  readonly #tunnels = new Map<string, TunnelInfo>();
  /** From a broker's id to the window's, and back. */
  readonly #ours = new Map<string, string>();
  readonly #theirs = new Map<string, string>();
  /** What the broker has told the end of, by its ids, which it never uses again: what was asked before may be answered after. */
  readonly #closed = new Set<string>();
  /** Those whose broker was lost, and that no other one has opened yet. */
  readonly #lost = new Map<string, TunnelInfo>();
  readonly #openedHere: (id: string) => boolean;

  /** @param openedHere whether this window asked for the tunnel, by the id that it knows */
  constructor(openedHere: (id: string) => boolean = () => true) {
    this.#openedHere = openedHere;
  }

  get all(): readonly TunnelInfo[] {
    return [...this.#tunnels.values()];
  }

  /** What the broker calls the tunnel. */
  brokerId(id: string): string {
    return this.#theirs.get(id) ?? id;
  }

  /** Whether the tunnel waits for a new broker. */
  isLost(id: string): boolean {
    return this.#lost.has(id);
  }

  /** Takes what the broker has told, and gives it as the window is to see it. */
  heard(info: TunnelInfo): TunnelInfo {
    if (this.#closed.has(info.id)) return { ...info, state: { phase: 'closed' } };
    const known = this.#ours.get(info.id) ?? this.#adopt(info) ?? info.id;
    const own = known === info.id ? info : { ...info, id: known };
    if (info.state.phase === 'closed') {
      this.#remember(info.id);
      this.#forget(known);
    } else {
      this.#tunnels.set(known, own);
    }
    return own;
  }

  /** The broker has gone without a word: its tunnels wait, as they are to be shown. */
  lose(cause: FaultData, now: number): readonly TunnelInfo[] {
    return this.all.map((info) => {
      const waiting: TunnelInfo = {
        ...this.#orphaned(info),
        state: { phase: 'waiting', attempt: 1, retryAt: now, cause },
        health: { level: 'down', checkedAt: now, detail: cause.message },
        rate: { up: 0, down: 0 },
      };
      this.#unlink(info.id);
      this.#tunnels.set(info.id, waiting);
      this.#lost.set(info.id, waiting);
      return waiting;
    });
  }

  /** Trials end with their broker: whoever asked asks the next one. */
  closeTrials(): readonly TunnelInfo[] {
    return this.all.filter(({ trial }) => trial).flatMap(({ id }) => this.close(id) ?? []);
  }

  /** Gives a tunnel up, as it is to be shown; undefined when it is not known (any more). */
  close(id: string, cause?: FaultData): TunnelInfo | undefined {
    const info = this.#tunnels.get(id);
    this.#forget(id);
    return info && { ...this.#orphaned(info), state: { phase: 'closed', ...(cause && { cause }) } };
  }

  /** All that the broker did not list, and that nobody will open again: closed. */
  closeAllBut(listed: ReadonlySet<string>): readonly TunnelInfo[] {
    const gone = this.all.filter(({ id }) => !listed.has(id) && !this.#lost.has(id));
    return gone.flatMap(({ id }) => this.close(id) ?? []);
  }

  /**
   * Nobody says any more which window speaks for it, and windows know nothing of each other: those that asked for it do. Where
   * several have, each tells; where none is left, nothing but the loss of the broker is told.
   */
  #orphaned(info: TunnelInfo): TunnelInfo {
    const { spokenFor: _before, ...bare } = info;
    return this.#openedHere(info.id) ? bare : { ...bare, spokenFor: true };
  }

  #adopt(info: TunnelInfo): string | undefined {
    if (info.state.phase === 'closed') return undefined;
    const match = (route: Route): boolean => sameDestination(route, info.route);
    const lost = [...this.#lost.values()].find(({ route }) => match(route));
    if (!lost) return undefined;
    this.#lost.delete(lost.id);
    this.#ours.set(info.id, lost.id);
    this.#theirs.set(lost.id, info.id);
    return lost.id;
  }

  #remember(id: string): void {
    this.#closed.add(id);
    const [oldest] = this.#closed;
    if (this.#closed.size > MAX_CLOSED && oldest !== undefined) this.#closed.delete(oldest);
  }

  #forget(id: string): void {
    this.#tunnels.delete(id);
    this.#lost.delete(id);
    this.#unlink(id);
  }

  #unlink(id: string): void {
    const theirs = this.#theirs.get(id);
    if (theirs !== undefined) this.#ours.delete(theirs);
    this.#theirs.delete(id);
  }
}
