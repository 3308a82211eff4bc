import type { Event } from '../base/event';

/**
 * How a person signs in: `browser` where the browser that opens can reach this machine and so come back to it; `device`
 * where it cannot, as from a remote window: then they compare a code.
 */
export type SignInWay = 'browser' | 'device';

/** Something about credentials has changed, by us or by any other program. */
export type CredentialsChange =
  /** The configuration files say something else now. */
  | { readonly kind: 'configuration' }
  /** These profiles can be used that could not before. */
  | { readonly kind: 'signedIn'; readonly profiles: readonly string[] };

export interface SignInService {
  /**
   * Signs the profile in through a browser; everybody who asks for the same sign-in meanwhile shares it.
   * @throws Fault `aws.noSignIn` for a profile that does not sign in, `aws.badSignIn`, `aws.signInDenied`, `aws.signInExpired`, `operation.cancelled`
   */
  signIn(profile: string, way: SignInWay, signal: AbortSignal): Promise<void>;
  /**
   * When the person will have to do something to go on with the credentials in use, ms since the epoch; undefined when never,
   * or when the profile is not in use. Asks nobody.
   */
  expiry(profile: string): Promise<number | undefined>;
  /** Fires only once something has been asked of AWS or of its files. */
  readonly onDidChange: Event<CredentialsChange>;
}
