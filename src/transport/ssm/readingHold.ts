import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';

// The data channel has no window per stream, so all that can be done for a client that does not read is to stop reading
// the session. These rules say when that hurts nobody else.

/** How long reading is held at a stretch while others share the session but are quiet, ms. */
export const SHARED_HOLD_MS = 750;
/**
 * The same while nobody else uses it: far below the minute within which a ping of the
 * agent has to be answered, which a WebSocket that is not read does not do.
 */
export const LONE_HOLD_MS = 20_000;
/** Between two holds the session is read for so long, ms, or until so much has come for who is behind. */
export const GLANCE_MS = 250;
export const GLANCE_BYTES = 1024 * 1024;

/** A session as the decision sees it. */
export interface ReadingView {
  /** A stream holds more than its client takes, and more may come for it. */
  readonly behind: boolean;
  /** Bytes that have come for streams that were behind; only ever grows. */
  readonly arrived: number;
  /** There is hardly room for more. */
  readonly full: boolean;
  /** No one else uses the session, and nothing waits for an acknowledgement. */
  readonly alone: boolean;
  /** Someone else needs it to be read until then, ms; -Infinity: no one. */
  readonly neededUntil: number;
}

export type ReadingState =
  | { readonly phase: 'free' }
  | { readonly phase: 'held'; readonly since: number }
  /** Reading though a stream is behind; `arrived` as it was at the beginning. */
  | { readonly phase: 'glance'; readonly since: number; readonly arrived: number };

export interface ReadingDecision {
  readonly state: ReadingState;
  /** When to look again though nothing has happened, ms. */
  readonly lookAt: number | undefined;
}

/**
 * A hold begins only if something comes for who is behind. So reading goes on when all of it is here; and on a dead
 * connection it does too, where only the lack of acknowledgements shows it.
 */
export function nextReading(state: ReadingState, view: ReadingView, now: number): ReadingDecision {
  if (!view.behind) return { state: { phase: 'free' }, lookAt: undefined };
  const held = { phase: 'held', since: now } as const;
  const glance = { phase: 'glance', since: now, arrived: view.arrived } as const;
  const stretch = view.alone ? LONE_HOLD_MS : SHARED_HOLD_MS;
  if (now < view.neededUntil) return { state: state.phase === 'glance' ? state : glance, lookAt: view.neededUntil };
  // Rather an unanswered ping, after which the session is resumed, than a cut stream where there is no one to protect.
  if (view.full && view.alone) return { state: state.phase === 'held' ? state : held, lookAt: now + stretch };
  if (state.phase === 'held') {
    const until = state.since + stretch;
    return now < until ? { state, lookAt: until } : { state: glance, lookAt: now + GLANCE_MS };
  }
  if (state.phase === 'glance') {
    const came = view.arrived - state.arrived;
    const until = state.since + GLANCE_MS;
    if (came < GLANCE_BYTES && (came === 0 || now < until)) return { state, lookAt: now < until ? until : undefined };
  }
  return { state: held, lookAt: now + stretch };
}

/** Carries the decision from turn to turn of one session, with its timer. */
export class ReadingHold {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #state: ReadingState = { phase: 'free' };
  #timer: { readonly at: number; readonly timer: Disposable } | undefined;

  /** @param wake called when `look` is due. */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get held(): boolean {
    return this.#state.phase === 'held';
  }

  look(view: ReadingView): void {
    const now = this.#clock.now();
    const { state, lookAt } = nextReading(this.#state, view, now);
    this.#state = state;
    if (lookAt === undefined) {
      this.#dropTimer();
      return;
    }
    // One that fires too early only leads to another look; the time moves with each byte of the others.
    if (this.#timer && this.#timer.at <= lookAt) return;
    this.#dropTimer();
    const timer = this.#clock.schedule(Math.max(1, Math.ceil(lookAt - now)), () => {
      this.#timer = undefined;
      this.#wake();
    });
    this.#timer = { at: lookAt, timer };
  }

  dispose(): void {
    this.#state = { phase: 'free' };
    this.#dropTimer();
  }

  #dropTimer(): void {
    this.#timer?.timer.dispose();
    this.#timer = undefined;
  }
}
