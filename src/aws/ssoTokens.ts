import type { Clock } from '../base/clock';
import type { Logger } from '../base/log';
import type { SsoOidcApi } from './clients/ssoOidc';
import { readSsoToken, renewSsoToken, ssoTokenFile, writeSsoToken } from './ssoCache';
import type { NewSsoToken, SsoToken } from './ssoCache';
import type { SsoSession } from './ssoConfig';
import { isRefusal, nameOf } from './ssoErrors';

/** A token with less than this left is renewed, if it can be; as in the AWS CLI. */
const RENEW_BEFORE_MS = 15 * 60_000;
/** After a failed renewal of a token that is still good, the next one is tried this much later, ms. */
const RETRY_AFTER_MS = 30_000;
/** With less than this left, a token is of no use. */
const UNUSABLE_BEFORE_MS = 10_000;

export interface SsoTokensDeps {
  /** Absolute; the AWS CLI's token cache lies below it. */
  readonly home: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The tokens of sign-ins, in the AWS CLI's own cache: what one tool signs in for, the others can use. Each is read anew
 * whenever it is asked for, since other tools and other windows change it.
 */
export class SsoTokens {
  readonly #deps: SsoTokensDeps;
  readonly #renewing = new Map<string, Promise<SsoToken | undefined>>();
  readonly #failedAt = new Map<string, number>();
  /** Tokens that the service has refused, by session. */
  readonly #refused = new Map<string, string>();

  constructor(deps: SsoTokensDeps) {
    this.#deps = deps;
  }

  file({ key }: SsoSession): string {
    return ssoTokenFile(this.#deps.home, key);
  }

  /** The token as it lies there, if it could be used now. Reads one file. */
  async known(session: SsoSession): Promise<SsoToken | undefined> {
    const token = await readSsoToken(this.file(session));
    return token && this.isUsable(session, token) ? token : undefined;
  }

  /** Whether it has neither expired nor been refused. */
  isUsable({ key }: SsoSession, token: SsoToken): boolean {
    return token.accessToken !== this.#refused.get(key) && this.#left(token) > UNUSABLE_BEFORE_MS;
  }

  /**
   * A usable token, renewed if it is about to expire; undefined when the person has to sign in. Callers at the same time share
   * one renewal.
   * @throws what the service or the way to it throws, when there is no usable token but may be one without the person's help
   */
  async get(session: SsoSession, oidc: () => Promise<SsoOidcApi>, signal: AbortSignal): Promise<SsoToken | undefined> {
    const token = await readSsoToken(this.file(session));
    const usable = token && this.isUsable(session, token) ? token : undefined;
    if (!token?.renewal || (usable && (this.#left(usable) > RENEW_BEFORE_MS || this.#failedLately(session)))) return usable;
    try {
      return (await this.#renewed(session, token, oidc, signal)) ?? usable;
    } catch (error) {
      if (usable && !signal.aborted) return usable;
      throw error;
    }
  }

  /** The service does not take this token although it has not expired: the person has signed out, or was signed out. */
  refuse({ key }: SsoSession, { accessToken }: SsoToken): void {
    this.#refused.set(key, accessToken);
  }

  /** @throws Error of the file system */
  async keep(session: SsoSession, token: NewSsoToken): Promise<void> {
    await writeSsoToken(this.file(session), token, this.#deps.clock);
    this.#failedAt.delete(session.key);
    this.#refused.delete(session.key);
  }

  #failedLately({ key }: SsoSession): boolean {
    const failedAt = this.#failedAt.get(key);
    return failedAt !== undefined && this.#deps.clock.now() - failedAt < RETRY_AFTER_MS;
  }

  #renewed(session: SsoSession, token: SsoToken, oidc: () => Promise<SsoOidcApi>, signal: AbortSignal): Promise<SsoToken | undefined> {
    const { key } = session;
    let renewing = this.#renewing.get(key);
    if (!renewing) {
      renewing = this.#renew(session, token, oidc, signal).finally(() => this.#renewing.delete(key));
      this.#renewing.set(key, renewing);
    }
    return renewing;
  }

  async #renew(session: SsoSession, token: SsoToken, oidc: () => Promise<SsoOidcApi>, signal: AbortSignal): Promise<SsoToken | undefined> {
    const { clock, logger } = this.#deps;
    const { refreshToken, clientId, clientSecret, registrationExpiresAt } = token.renewal!;
    if (registrationExpiresAt !== undefined && registrationExpiresAt <= clock.wall()) return undefined;
    // Renewed between the look at the file and now: its refresh token can be used once.
    const fresh = await this.known(session);
    if (fresh && fresh.accessToken !== token.accessToken && this.isUsable(session, fresh)) return fresh;
    try {
      const api = await oidc();
      const answer = await api.createToken({ grantType: 'refresh_token', refreshToken, clientId, clientSecret }, { abortSignal: signal });
      if (!answer.accessToken || answer.expiresIn === undefined) throw new Error('CreateToken answered without a token.');
      const expiresAt = clock.wall() + answer.expiresIn * 1000;
      const { accessToken, refreshToken: next = refreshToken } = answer;
      await renewSsoToken(this.file(session), { accessToken, expiresAt, refreshToken: next }, clock).catch((error: unknown) =>
        // The token itself is good; the next renewal may need a sign-in.
        logger.log('warn', 'sso.tokenNotKept', { error }),
      );
      this.#failedAt.delete(session.key);
      logger.log('debug', 'sso.tokenRenewed', { session: session.key });
      return { accessToken, expiresAt, renewal: { ...token.renewal!, refreshToken: next } };
    } catch (error) {
      if (signal.aborted) throw error;
      this.#failedAt.set(session.key, clock.now());
      logger.log('info', 'sso.renewalFailed', { session: session.key, kind: nameOf(error) });
      if (!isRefusal(error)) throw error;
      // Another window may have been faster, with a refresh token that can be used once.
      const now = await this.known(session);
      return now?.accessToken === token.accessToken ? undefined : now;
    }
  }

  #left({ expiresAt }: SsoToken): number {
    return expiresAt - this.#deps.clock.wall();
  }
}
