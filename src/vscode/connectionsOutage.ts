import type { Clock } from '../base/clock';
import type { Disposable, Event } from '../base/event';
import type { FaultData } from '../base/fault';
import { Scope } from '../base/scope';
import { destinationKey } from '../model/route';
import type { TunnelInfo, UpDown } from '../model/tunnel';
import type { LostTunnel, TunnelBoard } from './tunnelBoard';
import { tunnelMood } from './wording';

/** A tunnel that a person uses and that has been down for longer than they were to wait. */
export interface Outage {
  readonly tunnel: TunnelInfo;
  /** It ended: nothing brings it back by itself. */
  readonly ended: boolean;
  readonly cause?: FaultData;
}

export interface OutageWatchDeps {
  readonly board: Pick<TunnelBoard, 'tunnels' | 'onDidChange' | 'onDidLose'>;
  readonly clock: Clock;
  /** How long a tunnel may be down before that is said, ms; read at each outage. */
  readonly boundMs: () => number;
  /** Whether a console of this window uses the tunnel. */
  readonly hasConsole: (tunnel: TunnelInfo) => boolean;
  /** Called once per outage, with all that are due. */
  readonly notify: (outages: readonly Outage[]) => void;
}

/** A tunnel that nobody has sent anything through for this long is not in use. */
const USED_WITHIN_MS = 10 * 60_000;
/** Tunnels that went down together are noticed within this time, and told of together, ms. */
const GATHER_MS = 2000;

interface Down {
  readonly since: number;
  readonly used: boolean;
  readonly told: boolean;
}

interface Watched {
  readonly tunnel: TunnelInfo;
  /** Of the clock, ms; undefined: never. */
  readonly usedAt: number | undefined;
  /** Present while it is down. */
  readonly down?: Down;
  readonly ended?: FaultData;
}

/** Watches the tunnels of this window for outages that matter to the person. */
export class OutageWatch {
  readonly #scope = new Scope();
  readonly #deps: OutageWatchDeps;
  readonly #watched = new Map<string, Watched>();
  #timer: Disposable | undefined;

  constructor(deps: OutageWatchDeps) {
    this.#deps = deps;
    const { onDidChange, onDidLose }: { onDidChange: Event<unknown>; onDidLose: Event<LostTunnel> } = deps.board;
    this.#scope.add(onDidLose((lost) => this.#lose(lost)));
    this.#scope.add(onDidChange(() => this.#look()));
    this.#scope.defer(() => this.#timer?.dispose());
    this.#look();
  }

  dispose(): Promise<void> {
    return this.#scope.dispose();
  }

  #look(): void {
    const { board } = this.#deps;
    const now = board.tunnels;
    const up = new Set(now.filter((tunnel) => isUp(tunnel)).map(({ route }) => destinationKey(route)));
    for (const [id, { ended, tunnel }] of this.#watched) {
      // What the person has stopped is no outage; what ended is one until something leads there again.
      const gone = ended ? up.has(destinationKey(tunnel.route)) : !now.some((one) => one.id === id);
      // A loss is told of right after the board has dropped the tunnel: one turn later it is known whether it was one.
      if (gone && ended) this.#watched.delete(id);
      else if (gone) queueMicrotask(() => this.#forget(id));
    }
    for (const tunnel of now) this.#watched.set(tunnel.id, this.#observed(tunnel));
    this.#plan();
  }

  #forget(id: string): void {
    if (this.#watched.get(id)?.ended || this.#deps.board.tunnels.some((one) => one.id === id)) return;
    this.#watched.delete(id);
    this.#plan();
  }

  #observed(tunnel: TunnelInfo): Watched {
    const before = this.#watched.get(tunnel.id);
    const now = this.#deps.clock.now();
    const moved = before !== undefined && !sameBytes(before.tunnel.bytes, tunnel.bytes);
    const usedAt = streamsOf(tunnel) > 0 || (before && streamsOf(before.tunnel) > 0) || moved ? now : before?.usedAt;
    const watched = { tunnel, usedAt };
    if (isUp(tunnel)) return watched;
    // While it is being dialled or has not been checked yet it is as it was.
    const down = before?.down ?? (isDown(tunnel) ? { since: now, used: this.#isUsed(watched), told: false } : undefined);
    return down ? { ...watched, down } : watched;
  }

  #lose({ tunnel, cause }: LostTunnel): void {
    const before = this.#watched.get(tunnel.id) ?? { tunnel, usedAt: undefined };
    const down = before.down ?? { since: this.#deps.clock.now(), used: this.#isUsed({ tunnel: before.tunnel, usedAt: before.usedAt }), told: false };
    // Nobody has missed it, or they know already, or another window tells them.
    if (!down.used || down.told || !this.#isOurs(tunnel)) this.#watched.delete(tunnel.id);
    else this.#watched.set(tunnel.id, { ...before, tunnel, down, ended: cause });
    this.#plan();
  }

  #isUsed({ tunnel, usedAt }: Watched): boolean {
    const lately = usedAt !== undefined && this.#deps.clock.now() - usedAt <= USED_WITHIN_MS;
    return lately || streamsOf(tunnel) > 0 || this.#deps.hasConsole(tunnel);
  }

  /** Another window may be the one that tells; but it knows of no console of this one. */
  #isOurs(tunnel: TunnelInfo): boolean {
    return !tunnel.spokenFor || this.#deps.hasConsole(tunnel);
  }

  #isToBeTold(watched: Watched): watched is Watched & { readonly down: Down } {
    const { down, tunnel } = watched;
    return down !== undefined && down.used && !down.told && this.#isOurs(tunnel);
  }

  /** Sets the timer to the next outage that is due. */
  #plan(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const untold = [...this.#watched.values()].flatMap((watched) => (this.#isToBeTold(watched) ? [watched.down.since] : []));
    if (untold.length === 0 || this.#scope.disposed) return;
    const due = Math.min(...untold) + this.#deps.boundMs() + GATHER_MS;
    this.#timer = this.#deps.clock.schedule(Math.max(0, due - this.#deps.clock.now()), () => this.#tell());
  }

  #tell(): void {
    this.#timer = undefined;
    const { clock, boundMs, notify } = this.#deps;
    const outages: Outage[] = [];
    for (const [id, watched] of this.#watched) {
      if (!this.#isToBeTold(watched) || clock.now() - watched.down.since < boundMs()) continue;
      const { down, tunnel, ended } = watched;
      if (ended) this.#watched.delete(id);
      else this.#watched.set(id, { ...watched, down: { ...down, told: true } });
      const cause = ended ?? (tunnel.state.phase === 'waiting' ? tunnel.state.cause : undefined);
      outages.push({ tunnel, ended: ended !== undefined, ...(cause && { cause }) });
    }
    this.#plan();
    if (outages.length > 0) notify(outages);
  }
}

function streamsOf({ state }: TunnelInfo): number {
  return state.phase === 'open' ? state.streams : 0;
}

function sameBytes(a: UpDown, b: UpDown): boolean {
  return a.up === b.up && a.down === b.down;
}

function isUp(tunnel: TunnelInfo): boolean {
  const mood = tunnelMood(tunnel);
  return mood === 'ok' || mood === 'degraded';
}

function isDown(tunnel: TunnelInfo): boolean {
  const mood = tunnelMood(tunnel);
  return mood === 'waiting' || mood === 'down';
}
