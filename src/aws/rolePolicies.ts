import { throwIfAborted } from '../base/abort';
import type { Clock } from '../base/clock';
import { asFault, cancelled } from '../base/fault';
import type { Fault } from '../base/fault';
import type { PoliciesByIdentity, RolePolicies } from '../model/privilege';
import type { IamApi } from './clients/iam';
import type { SendOptions } from './clients/settings';
import type { AwsSession } from './session';
import { SharedWork } from './sharedWork';

/** Whom to ask. */
type Asked = Pick<AwsSession, 'place' | 'call' | 'iam'>;

/** Roles that are asked about at once: of more candidates, the first decide. */
const MAX_ROLES = 8;
/** Somebody waits for a tunnel meanwhile, and can do without. */
const PATIENCE_MS = 2_000;
/** Policies change seldom, and only the order of bastions depends on them. */
const KEPT_MS = 10 * 60_000;
/** What has not come in time is not waited for again for so long, ms. */
const LATE_MS = 60_000;
/** Answers that are kept; the oldest go first. */
const MAX_KEPT = 500;
const DISPENSABLE = { urgent: true, dispensable: true, repeat: () => false } as const;

interface Kept {
  readonly until: number;
  /** Undefined: it was denied, or did not come in time. */
  readonly policies: RolePolicies | undefined;
}

/** The names of the policies behind instance profiles and task roles, each asked for once in a while. */
export class RolePolicyFacts {
  readonly #clock: Clock;
  /** By profile and ARN: what may be read depends on who asks. */
  readonly #kept = new Map<string, Kept>();
  /** Several targets may be looked at at once, and have the same bastions. */
  readonly #underWay = new Map<string, SharedWork<RolePolicies>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * What is denied, throttled, gone or slow is absent.
   * @param identityArns of instance profiles and roles; the first eight count
   * @throws Fault `operation.cancelled`
   */
  async of(session: Asked, identityArns: readonly string[], signal: AbortSignal): Promise<PoliciesByIdentity> {
    throwIfAborted(signal);
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    signal.addEventListener('abort', stop, { once: true });
    const deadline = this.#clock.schedule(PATIENCE_MS, stop);
    try {
      const wanted = [...new Set(identityArns)].slice(0, MAX_ROLES);
      const found = await Promise.all(wanted.map(async (arn) => [arn, await this.#policies(session, arn, controller.signal)] as const));
      if (signal.aborted) throw cancelled();
      if (controller.signal.aborted) for (const [arn, policies] of found) if (!policies) this.#late(keyOf(session, arn));
      return Object.fromEntries(found.flatMap(([arn, policies]) => (policies ? [[arn, policies]] : [])));
    } finally {
      deadline.dispose();
      signal.removeEventListener('abort', stop);
    }
  }

  /** Never rejects. */
  async #policies(session: Asked, arn: string, signal: AbortSignal): Promise<RolePolicies | undefined> {
    const key = keyOf(session, arn);
    const kept = this.#known(key);
    if (kept) return kept.policies;
    let work = this.#underWay.get(key);
    if (!work || work.ended) this.#underWay.set(key, (work = new SharedWork((until) => this.#ask(session, arn, until))));
    try {
      return await work.join(signal);
    } catch {
      return undefined;
    } finally {
      if (work.ended && this.#underWay.get(key) === work) this.#underWay.delete(key);
    }
  }

  async #ask(session: Asked, arn: string, signal: AbortSignal): Promise<RolePolicies> {
    const key = keyOf(session, arn);
    try {
      const policies = await policiesOf(session, arn, signal);
      this.#keep(key, policies);
      return policies;
    } catch (error) {
      // What is not allowed now will not be in a minute either.
      if (isDenied(asFault(error))) this.#keep(key, undefined);
      throw error;
    }
  }

  #known(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.until > this.#clock.now() ? kept : undefined;
  }

  /** A denial is known for longer. */
  #late(key: string): void {
    if (!this.#known(key)) this.#keep(key, undefined, LATE_MS);
  }

  #keep(key: string, policies: RolePolicies | undefined, ms = KEPT_MS): void {
    this.#kept.delete(key);
    this.#kept.set(key, { until: this.#clock.now() + ms, policies });
    for (const oldest of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - MAX_KEPT))) this.#kept.delete(oldest);
  }
}

function keyOf({ place }: Pick<AwsSession, 'place'>, arn: string): string {
  return JSON.stringify([place.profile, arn]);
}

/** One of the two listings may be denied. @throws Fault when both are, or either has failed */
async function policiesOf(session: Asked, arn: string, signal: AbortSignal): Promise<RolePolicies> {
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const ask = <T>(action: string, send: (iam: IamApi, options: SendOptions) => Promise<T>): Promise<T> =>
    session.call(action, (abortSignal) => send(session.iam(), { abortSignal }), signal, DISPENSABLE);
  const role = arn.includes(':instance-profile/') ? await ask('iam:GetInstanceProfile', (iam, options) => iam.roleOfInstanceProfile(name, options)) : name;
  // A profile may have lost its role.
  if (role === undefined) return { attached: [], inline: [] };
  const [attached, inline] = await Promise.allSettled([
    ask('iam:ListAttachedRolePolicies', (iam, options) => iam.listAttachedRolePolicies(role, options)),
    ask('iam:ListRolePolicies', (iam, options) => iam.listRolePolicies(role, options)),
  ]);
  const failed = [attached, inline].flatMap((one) => (one.status === 'rejected' ? [asFault(one.reason)] : []));
  const [worst] = failed.toSorted((a, b) => Number(isDenied(a)) - Number(isDenied(b)));
  if (worst && (failed.length > 1 || !isDenied(worst))) throw worst;
  // Part of a list proves what is on it, and nothing of what is not.
  const complete = [attached, inline].every((one) => one.status === 'rejected' || one.value.complete);
  return {
    ...(attached.status === 'fulfilled' && { attached: attached.value.found }),
    ...(inline.status === 'fulfilled' && complete && { inline: inline.value.found }),
  };
}

function isDenied({ code }: Fault): boolean {
  return code === 'aws.accessDenied';
}
