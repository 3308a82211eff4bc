import { inStep, sleep, type Clock } from '../base/clock';
import { asFault, Fault } from '../base/fault';
import type { Health } from '../model/health';
import type { Link } from '../model/link';
import type { Route } from '../model/route';
import { DEFAULT_LIMITS, type TunnelLimits } from './limits';
import { probeInterval, type Probe } from './probe';
import { latencyNoted, NO_TREND, withTrend } from './probe/latencyTrend';

/** Probes without an answer, one after another, after which a link that says it is well is given up. */
const SILENT_PROBES = 4;
/** Nothing came back; a link that connects for each stream says so in its own words. */
const SILENT: ReadonlySet<string> = new Set(['target.unreachable', 'link.silent', 'direct.timeout', 'direct.unreachable']);

export interface ProberDeps {
  readonly clock: Clock;
  readonly probe: Probe;
  readonly limits: Pick<TunnelLimits, 'probeEveryMs' | 'reprobeMs' | 'urgentProbeMs'>;
}

export interface ProberHost {
  /** Payload bytes that have come through the link so far: a sign of life. */
  received(): number;
  passed(health: Health): void;
  failed(fault: Fault, health: Health, failures: number): void;
  /** The link is dead although it has not said so. */
  dead(fault: Fault): void;
}

/** Probes one link for as long as it is in use: every so often, and whenever there is a reason to doubt it. */
export class Prober {
  readonly #link: Link;
  readonly #route: Route;
  readonly #deps: ProberDeps;
  readonly #host: ProberHost;
  readonly #over: AbortSignal;
  /** Ends the pause or the probe under way, in favour of one that begins now. */
  #doubt = new AbortController();
  /** Fires with it, and when the link is no longer in use: made anew only after a doubt, not for each pause and probe. */
  #cut: AbortSignal;

  /** @param over fires when the link is no longer in use */
  constructor(link: Link, route: Route, deps: ProberDeps, host: ProberHost, over: AbortSignal) {
    this.#link = link;
    this.#route = route;
    this.#deps = deps;
    this.#host = host;
    this.#over = over;
    this.#cut = AbortSignal.any([over, this.#doubt.signal]);
  }

  /** Something has happened that the link may not have survived. */
  doubt(): void {
    this.#link.check?.();
    this.#doubt.abort();
  }

  /** Resolves when the link is no longer in use; never rejects. @param first what the probe before its use has found */
  async run(first: Health): Promise<void> {
    const { clock, limits } = this.#deps;
    const seldomMs = probeInterval(this.#route.target, limits.probeEveryMs);
    const pauseAfter = ({ level }: Health): number => inStep(clock, level === 'ok' ? seldomMs : Math.min(limits.probeEveryMs, DEFAULT_LIMITS.probeEveryMs));
    let pauseMs = pauseAfter(first);
    // Of this link alone: another one may lead over another bastion.
    let trend = latencyNoted(NO_TREND, first);
    let failures = 0;
    let silent = 0;
    while (!this.#over.aborted) {
      const doubted = await this.#pause(pauseMs);
      if (this.#over.aborted) return;
      const received = this.#host.received();
      const result = await this.#probe(doubted);
      if (this.#over.aborted) return;
      if (result === 'doubted') {
        pauseMs = 0;
      } else if (result instanceof Fault) {
        failures++;
        silent = isSilence(result) && this.#host.received() === received ? silent + 1 : 0;
        pauseMs = limits.reprobeMs;
        const level = failures > 1 ? 'down' : 'degraded';
        this.#host.failed(result, { level, checkedAt: clock.wall(), detail: result.message }, failures);
        if (silent >= SILENT_PROBES || (doubted && isSilence(result) && !this.#link.check)) this.#host.dead(result);
      } else {
        failures = 0;
        silent = 0;
        pauseMs = pauseAfter(result);
        trend = latencyNoted(trend, result);
        this.#host.passed(withTrend(result, trend));
      }
    }
  }

  /** @returns whether it was cut short by a doubt */
  async #pause(ms: number): Promise<boolean> {
    await sleep(this.#deps.clock, ms, this.#cut).catch(() => {});
    const doubted = this.#doubt.signal.aborted;
    if (doubted) {
      this.#doubt = new AbortController();
      this.#cut = AbortSignal.any([this.#over, this.#doubt.signal]);
    }
    return doubted;
  }

  async #probe(urgent: boolean): Promise<Health | Fault | 'doubted'> {
    const { clock, probe, limits } = this.#deps;
    const { signal: doubt } = this.#doubt;
    // A link that checks itself may be saved with its streams, which takes a while.
    const late = urgent && !this.#link.check ? new AbortController() : undefined;
    const timer = late && clock.schedule(limits.urgentProbeMs, () => late.abort());
    try {
      return await probe(this.#link, this.#route, late ? AbortSignal.any([this.#cut, late.signal]) : this.#cut);
    } catch (error) {
      if (doubt.aborted) return 'doubted';
      return late?.signal.aborted ? noAnswer(limits.urgentProbeMs) : asFault(error);
    } finally {
      timer?.dispose();
    }
  }
}

/** Nothing came back at all; any other failure is an answer of the bastion or the target. */
function isSilence({ code }: Fault): boolean {
  return SILENT.has(code);
}

function noAnswer(ms: number): Fault {
  return new Fault('link.silent', `Nothing came back through the link within ${ms / 1000} s after the network changed or this computer slept.`, {
    retryable: true,
    remedy: { text: 'It is replaced by itself; check the network if that does not help.', action: 'retry' },
  });
}
