import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import type { Logger } from '../base/log';
import type { SignInService } from '../model/signIn';
import type { Localizer } from './localizer';

/** From so little on the end is shown, and from so little on in a warning's colour, minutes. */
const SHOWN_MIN = 30;
const URGENT_MIN = 5;
const MINUTE_MS = 60_000;
const LOOK_MS = 15_000;

/** How long the credentials of a profile still last; only where the person will have to do something. */
export interface CredentialsLeft {
  readonly profile: string;
  /** Whole minutes, rounded up; 0 when they have ended. Less than 30. */
  readonly minutes: number;
}

export interface ExpiryWatchDeps {
  readonly service: Pick<SignInService, 'expiry'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The profile that is shown. */
  readonly profile: () => string | undefined;
  readonly onChange: () => void;
}

/** Counts down the last half hour of the credentials in use, while someone can see it. */
export class ExpiryWatch {
  readonly #deps: ExpiryWatchDeps;
  #timer: Disposable | undefined;
  #shown = false;
  #left: CredentialsLeft | undefined;

  constructor(deps: ExpiryWatchDeps) {
    this.#deps = deps;
  }

  get left(): CredentialsLeft | undefined {
    return this.#left;
  }

  show(): void {
    if (this.#shown) return;
    this.#shown = true;
    this.look();
  }

  hide(): void {
    this.#shown = false;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  /** Call when the credentials may be others; does nothing while nobody looks. */
  look(): void {
    if (!this.#shown) return;
    const { clock, logger } = this.#deps;
    this.#timer?.dispose();
    this.#timer = clock.schedule(LOOK_MS, () => this.look());
    this.#read().catch((error: unknown) => logger.log('warn', 'credentials.expiryFailed', { error }));
  }

  dispose(): void {
    this.hide();
  }

  async #read(): Promise<void> {
    const { service, clock, profile, onChange } = this.#deps;
    const name = profile();
    const expiresAt = name === undefined ? undefined : await service.expiry(name);
    if (name !== profile() || !this.#shown) return;
    const minutes = expiresAt === undefined ? Infinity : Math.max(0, Math.ceil((expiresAt - clock.wall()) / MINUTE_MS));
    const left = name !== undefined && minutes < SHOWN_MIN ? { profile: name, minutes } : undefined;
    if (left?.profile === this.#left?.profile && left?.minutes === this.#left?.minutes) return;
    this.#left = left;
    onChange();
  }
}

export function leftText({ minutes }: CredentialsLeft, l10n: Localizer): string {
  return minutes === 0 ? l10n.t('credentials have expired') : l10n.t('expires in {0} min', minutes);
}

export function isUrgent({ minutes }: CredentialsLeft): boolean {
  return minutes < URGENT_MIN;
}
