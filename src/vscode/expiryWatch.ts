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
  /** The profiles that are shown. */
  readonly profiles: () => readonly string[];
  readonly onChange: () => void;
}

/** Counts down the last half hour of the credentials in use, while someone can see it. */
export class ExpiryWatch {
  readonly #deps: ExpiryWatchDeps;
  #timer: Disposable | undefined;
  #shown = false;
  #left: ReadonlyMap<string, CredentialsLeft> = new Map();

  constructor(deps: ExpiryWatchDeps) {
    this.#deps = deps;
  }

  /** By profile. */
  get left(): ReadonlyMap<string, CredentialsLeft> {
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
    const { profiles, onChange } = this.#deps;
    const found = await Promise.all(profiles().map((profile) => this.#leftOf(profile)));
    if (!this.#shown) return;
    // They may be others by now.
    const shown = new Set(profiles());
    const left = new Map(found.flatMap((one) => (one && shown.has(one.profile) ? [[one.profile, one] as const] : [])));
    const isSame = left.size === this.#left.size && [...left.values()].every(({ profile, minutes }) => this.#left.get(profile)?.minutes === minutes);
    if (isSame) return;
    this.#left = left;
    onChange();
  }

  async #leftOf(profile: string): Promise<CredentialsLeft | undefined> {
    const { service, clock } = this.#deps;
    const expiresAt = await service.expiry(profile);
    if (expiresAt === undefined) return undefined;
    const minutes = Math.max(0, Math.ceil((expiresAt - clock.wall()) / MINUTE_MS));
    return minutes < SHOWN_MIN ? { profile, minutes } : undefined;
  }
}

export function leftText({ minutes }: CredentialsLeft, l10n: Localizer): string {
  return minutes === 0 ? l10n.t('credentials have expired') : l10n.t('expires in {0} min', minutes);
}

export function isUrgent({ minutes }: CredentialsLeft): boolean {
  return minutes < URGENT_MIN;
}
