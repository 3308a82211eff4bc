import type { Clock } from '../base/clock';
import type { Logger } from '../base/log';
import type { Answers, Question } from '../model/question';
import { ANSWERS } from './protocol';
import { isOver } from './rpc';

export type Answer = Answers[Question['kind']];

/** A window that can be asked. */
export interface Asked {
  /** @throws Fault `broker.lost` when it goes away meanwhile, `operation.cancelled` */
  ask(question: Question, signal: AbortSignal): Promise<Answer | null>;
}

export interface QuestionDeskDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a question waits for a window, ms: one that is being reloaded is back by then. */
const WINDOWLESS_MS = 30_000;

interface Pending {
  readonly answer: Promise<Answer | undefined>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Takes the core's questions to one window each: the same question of several is put once, and when its window goes away
 * another one gets it.
 */
export class QuestionDesk {
  readonly #deps: QuestionDeskDeps;
  readonly #pending = new Map<string, Pending>();
  #joined: (() => void)[] = [];

  constructor(deps: QuestionDeskDeps) {
    this.#deps = deps;
  }

  /** Call when there is a window that was not there before. */
  windowJoined(): void {
    for (const wake of this.#joined.splice(0)) wake();
  }

  /** @param windows those that can be asked now, the preferred one first */
  async ask(question: Question, windows: () => readonly Asked[], signal: AbortSignal): Promise<Answer | undefined> {
    const pending = this.#pendingFor(question, windows);
    pending.waiting++;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        pending.waiting--;
        if (pending.waiting === 0) pending.abort.abort();
        resolve(undefined);
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      pending.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  #pendingFor(question: Question, windows: () => readonly Asked[]): Pending {
    // A code is good for one use.
    const key = question.kind === 'mfaCode' ? undefined : JSON.stringify(question);
    const known = key === undefined ? undefined : this.#pending.get(key);
    if (known && !known.abort.signal.aborted) return known;
    const abort = new AbortController();
    const pending: Pending = { answer: this.#put(question, windows, abort.signal), abort, waiting: 0 };
    if (key === undefined) return pending;
    this.#pending.set(key, pending);
    const forget = (): void => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    };
    pending.answer.then(forget, forget);
    return pending;
  }

  async #put(question: Question, windows: () => readonly Asked[], signal: AbortSignal): Promise<Answer | undefined> {
    const { kind } = question;
    while (!signal.aborted) {
      const [window] = windows();
      if (!window) {
        if (!(await this.#windowComes(signal))) return undefined;
        continue;
      }
      try {
        const answer = await window.ask(question, signal);
        if (answer === null || answer === undefined) return undefined;
        if (ANSWERS[kind](answer)) return answer;
        this.#deps.logger.log('error', 'question.badAnswer', { kind });
        return undefined;
      } catch (error) {
        if (!isOver(error)) {
          this.#deps.logger.log('error', 'question.failed', { kind, error });
          return undefined;
        }
        this.#deps.logger.log('info', 'question.windowGone', { kind });
      }
    }
    return undefined;
  }

  #windowComes(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (came: boolean): void => {
        timer.dispose();
        signal.removeEventListener('abort', onAbort);
        this.#joined = this.#joined.filter((one) => one !== wake);
        resolve(came);
      };
      const wake = (): void => done(true);
      const onAbort = (): void => done(false);
      const timer = this.#deps.clock.schedule(WINDOWLESS_MS, () => done(false));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#joined.push(wake);
    });
  }
}
