import type { Clock } from '../base/clock';
import { Fault } from '../base/fault';
import type { Ask } from '../model/question';
import { abortable } from '../base/abort';
import type { Credentials } from './clients/settings';

/** How often a code may be wrong before it is given up. */
const TRIES = 3;
/** Credentials with less than this left are got anew; the code for it is asked for then, and not while these still work. */
const USABLE_FROM_MS = 60_000;

export interface MfaRole {
  /** Equal for callers that would get the same credentials. */
  readonly key: string;
  readonly profile: string;
  /** Of the device: an ARN, or a hardware device's number. */
  readonly serial: string;
  /** @throws what STS throws */
  readonly assume: (code: string) => Promise<Credentials>;
}

interface Held {
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Roles that take a code of a device: one question for all who wait, and none again until the credentials expire. */
export class MfaRoles {
  readonly #ask: Ask;
  readonly #clock: Clock;
  readonly #lifetime: AbortSignal;
  readonly #held = new Map<string, Held>();
  readonly #assuming = new Map<string, Promise<Credentials>>();

  constructor(ask: Ask, clock: Clock, lifetime: AbortSignal) {
    this.#ask = ask;
    this.#clock = clock;
    this.#lifetime = lifetime;
  }

  /** @throws Fault `aws.mfaNeeded` when the person gives no code, `aws.mfaRefused` after three wrong ones; else what STS throws. */
  async credentials(role: MfaRole): Promise<Credentials> {
    const held = this.#held.get(role.key);
    if (held && held.until - this.#clock.wall() > USABLE_FROM_MS) return held.credentials;
    let assuming = this.#assuming.get(role.key);
    if (!assuming) {
      assuming = this.#assume(role).finally(() => this.#assuming.delete(role.key));
      this.#assuming.set(role.key, assuming);
    }
    return assuming;
  }

  /** Drops what was got, so that the next caller is asked. */
  forget(credentials: Credentials): void {
    for (const [key, held] of this.#held) if (held.credentials.accessKeyId === credentials.accessKeyId) this.#held.delete(key);
  }

  async #assume({ key, profile, serial, assume }: MfaRole): Promise<Credentials> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const question = { kind: 'mfaCode', profile, serial, again: attempt > 0 } as const;
      const code = await abortable(this.#ask(question, this.#lifetime), this.#lifetime);
      if (code === undefined || code.trim() === '') throw mfaNeeded(profile);
      try {
        const issued = await assume(code.trim());
        // Nobody can renew them but the person.
        const credentials = { ...issued, ...(issued.expiration && { actBy: issued.expiration }) };
        this.#held.set(key, { credentials, until: issued.expiration?.getTime() ?? 0 });
        return credentials;
      } catch (error) {
        if (!isWrongCode(error)) throw error;
      }
    }
    throw new Fault('aws.mfaRefused', `AWS refused ${TRIES} codes of the multi-factor device for profile "${profile}".`, {
      remedy: { text: 'Check that it is the device that `mfa_serial` names and that its clock is right, then try again.', action: 'retry' },
    });
  }
}

// STS has no code of its own for it: AccessDenied, and a sentence. A code of a wrong length does not pass its validation.
const WRONG_CODE = /MultiFactorAuthentication failed|'tokenCode' failed to satisfy/i;

function isWrongCode(error: unknown): boolean {
  return error instanceof Error && WRONG_CODE.test(error.message);
}

function mfaNeeded(profile: string): Fault {
  return new Fault('aws.mfaNeeded', `AWS profile "${profile}" needs a code of your multi-factor device.`, {
    remedy: { text: 'Try again and enter the code, or choose another profile.', action: 'retry' },
  });
}
