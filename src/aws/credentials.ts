import type { Clock } from '../base/clock';
import type { Credentials } from './clients/settings';
import { ambientCredentials, environmentCredentials } from './credentialSources';
import type { CredentialSource } from './credentialSources';
import { profileCredentials } from './profileCredentials';

/** Credentials are renewed when they have less than this left; AWS's shortest-lived ones last 15 minutes. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** With less than this left, credentials whose renewal failed are not used any more. */
const UNUSABLE_BEFORE_MS = 10_000;

/** Holds credentials until shortly before they expire; concurrent callers share one load. */
export class CachedCredentials {
  readonly #clock: Clock;
  readonly #onEnded: (credentials: Credentials) => void;
  #held: Credentials | undefined;
  #loading: Promise<Credentials> | undefined;

  /** @param onEnded called with what was held when AWS says that it has ended */
  constructor(clock: Clock, onEnded: (credentials: Credentials) => void = () => {}) {
    this.#clock = clock;
    this.#onEnded = onEnded;
  }

  /** @param load used if something has to be loaded, unless that is under way; @throws what `load` throws */
  async get(load: () => Promise<Credentials>): Promise<Credentials> {
    const held = this.#held;
    if (held && this.#left(held) > RENEW_BEFORE_MS) return held;
    this.#loading ??= this.#renew(load);
    try {
      return await this.#loading;
    } catch (error) {
      // A failed early renewal is no reason to stop: the next call tries again.
      if (held && held === this.#held && this.#left(held) > UNUSABLE_BEFORE_MS) return held;
      throw error;
    }
  }

  /** When the person has to do something to keep them, ms since the epoch; undefined when never, or when nothing is held. */
  get actBy(): number | undefined {
    return this.#held?.actBy?.getTime();
  }

  /** Makes the next `get` load anew. */
  forget(): void {
    this.#held = undefined;
    // What is being loaded may be just as old.
    this.#loading = undefined;
  }

  /**
   * Call when AWS does not accept what `get` gave; what has been loaded since then stays.
   * @param ended whether AWS says that they have ended: else they may be good elsewhere, as in a region that is not enabled
   */
  refuse(credentials: Credentials, ended: boolean): void {
    if (this.#held !== credentials) return;
    if (ended) this.#onEnded(credentials);
    this.forget();
  }

  #left({ expiration }: Credentials): number {
    return expiration ? expiration.getTime() - this.#clock.wall() : Infinity;
  }

  #renew(load: () => Promise<Credentials>): Promise<Credentials> {
    const loading = load().then((credentials) => {
      // Fence: what was forgotten meanwhile does not come back.
      if (this.#loading === loading) this.#held = credentials;
      return credentials;
    });
    const ended = (): void => {
      if (this.#loading === loading) this.#loading = undefined;
    };
    loading.then(ended, ended);
    return loading;
  }
}

/**
 * The credentials of one profile, each time anew.
 * @throws an error of a provider or a service, or a Fault, e.g. `aws.noCredentials`
 */
export function loadCredentials(source: CredentialSource): Promise<Credentials> {
  switch (source.settings.source) {
    case 'environment':
      return environmentCredentials(source);
    case 'files':
      return profileCredentials(source);
    case 'ambient':
      return ambientCredentials(source);
  }
}
