// What the service does to a session by the clock.
import type { Cut } from './clientSocket';

/** All in ms; what is absent never happens. */
export interface SessionLimits {
  /** Every socket of the client is cut so long after it was opened, each time in the next of these ways; the real service closes about hourly with code 1000. */
  readonly cuts?: { readonly everyMs: number; readonly ways: readonly [Cut, ...Cut[]] };
  /** Without stream data from the client for so long, the session ends. Acknowledgements and WebSocket pings are no activity. */
  readonly idleMs?: number;
  /** The session ends at this age, whatever it does. */
  readonly maxSessionMs?: number;
}

/** What the client reads when the session was idle for too long (quoted in amazon-ssm-agent issue 261). */
export const IDLE_OUTPUT = 'Your session timed out due to inactivity and has been terminated.';
/** The same for its duration; the wording is ours. */
export const DURATION_OUTPUT = 'Your session reached its maximum duration and has been terminated.';
/** The same for one that someone terminated; the wording is ours. */
export const TERMINATED_OUTPUT = 'Your session has been terminated by an administrator.';

export interface LimitedSession {
  cut(how: Cut): void;
  end(output: string): void;
}

/** The timers of one session. */
export class LimitTimers {
  readonly #session: LimitedSession;
  readonly #startedAt = performance.now();
  #limits: SessionLimits = {};
  #activeAt = this.#startedAt;
  #attachedAt: number | undefined;
  #cuts = 0;
  #cutTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #durationTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(session: LimitedSession) {
    this.#session = session;
  }

  /** Takes effect at once, also for what has passed already. */
  apply(limits: SessionLimits): void {
    this.#limits = limits;
    this.#scheduleCut();
    this.#scheduleIdle();
    clearTimeout(this.#durationTimer);
    const { maxSessionMs } = limits;
    if (maxSessionMs === undefined || this.#closed) return;
    this.#durationTimer = setTimeout(() => this.#session.end(DURATION_OUTPUT), left(this.#startedAt, maxSessionMs));
  }

  /** The client has a socket, or another one. */
  attached(): void {
    this.#attachedAt = performance.now();
    this.#scheduleCut();
  }

  detached(): void {
    this.#attachedAt = undefined;
    clearTimeout(this.#cutTimer);
  }

  /** Stream data has come from the client. */
  active(): void {
    this.#activeAt = performance.now();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#cutTimer);
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#durationTimer);
  }

  #scheduleCut(): void {
    clearTimeout(this.#cutTimer);
    const { cuts } = this.#limits;
    if (!cuts || this.#attachedAt === undefined || this.#closed) return;
    this.#cutTimer = setTimeout(() => {
      this.#session.cut(cuts.ways[this.#cuts++ % cuts.ways.length]!);
    }, left(this.#attachedAt, cuts.everyMs));
  }

  // Activity only notes the time: a timer that was set before looks again.
  #scheduleIdle(): void {
    clearTimeout(this.#idleTimer);
    const { idleMs } = this.#limits;
    if (idleMs === undefined || this.#closed) return;
    this.#idleTimer = setTimeout(() => {
      if (performance.now() - this.#activeAt >= idleMs) this.#session.end(IDLE_OUTPUT);
      else this.#scheduleIdle();
    }, left(this.#activeAt, idleMs));
  }
}

/** Until `ms` after `since`. Rounded up: timers fire up to a millisecond early. */
function left(since: number, ms: number): number {
  return Math.max(1, Math.ceil(since + ms - performance.now()) + 1);
}
