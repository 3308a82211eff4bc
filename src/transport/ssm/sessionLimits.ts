import type { Event } from '../../base/event';
import { Emitter } from '../../base/event';
import type { Fault } from '../../base/fault';
import { isCancelled, isFault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { SsmSessionApi, SsmSessionLimits, SsmSessionRequest } from '../../model/ssmSession';

type Where = SsmSessionRequest['place'];

/** The shortest maximum duration that an account can set, ms: what ends sooner was ended for another reason. */
const LEAST_DURATION_MS = 60_000;

export interface SessionLimitsDeps {
  readonly api: Pick<SsmSessionApi, 'limits'>;
  readonly logger: Logger;
}

/**
 * What is known of how long the service lets sessions live, per profile and region: the account's preferences, where
 * they may be read, and experience, which counts more.
 */
export class SessionLimits {
  readonly #deps: SessionLimitsDeps;
  readonly #changes: Emitter<void>;
  /** The account's answer; a promise while it is being asked. */
  readonly #answers = new Map<string, Promise<SsmSessionLimits> | SsmSessionLimits>();
  /** Ages at which sessions were ended for their duration, the lowest. */
  readonly #taught = new Map<string, number>();

  /** Something is known that was not. */
  readonly onDidChange: Event<void>;

  constructor(deps: SessionLimitsDeps) {
    this.#deps = deps;
    this.#changes = new Emitter((error) => deps.logger.log('error', 'ssm.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
  }

  known(where: Where): SsmSessionLimits {
    const answer = this.#answers.get(keyOf(where));
    const said = answer && !(answer instanceof Promise) ? answer : {};
    const taught = this.#taught.get(keyOf(where));
    if (taught === undefined) return said;
    return { ...said, maxSessionMs: Math.min(taught, said.maxSessionMs ?? Infinity) };
  }

  /**
   * Asks for the account's preferences, once: again only where the question was cancelled or the answer may be another
   * next time. Never rejects: that they may not be read is the ordinary case.
   */
  async ask(where: Where, signal: AbortSignal): Promise<void> {
    const key = keyOf(where);
    if (this.#answers.has(key)) return;
    const { api, logger } = this.#deps;
    try {
      const asking = api.limits(where, signal);
      this.#answers.set(key, asking);
      const answer = await asking;
      this.#answers.set(key, answer);
      logger.log('debug', 'ssm.limits', { ...where, ...answer });
      this.#changes.fire();
    } catch (error) {
      const later = isCancelled(error) || signal.aborted || (isFault(error) && error.retryable);
      if (later) this.#answers.delete(key);
      else this.#answers.set(key, {});
      logger.log('debug', 'ssm.limitsUnknown', { ...where, error });
    }
  }

  /** A session that was started `ageMs` ago has ended. */
  ended(where: Where, fault: Fault | undefined, ageMs: number): void {
    if (fault?.code !== 'ssm.sessionExpired' || ageMs < LEAST_DURATION_MS) return;
    const before = this.#taught.get(keyOf(where)) ?? Infinity;
    if (ageMs >= before) return;
    this.#taught.set(keyOf(where), ageMs);
    this.#deps.logger.log('info', 'ssm.durationLearned', { ...where, minutes: Math.round(ageMs / 60_000) });
    this.#changes.fire();
  }
}

function keyOf({ profile, region }: Where): string {
  return JSON.stringify([profile, region]);
}
