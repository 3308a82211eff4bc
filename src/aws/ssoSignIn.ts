import { createHash, randomBytes } from 'node:crypto';
import { sleep } from '../base/clock';
import type { Clock } from '../base/clock';
import { cancelled, Fault } from '../base/fault';
import { isWebAddress } from '../model/question';
import type { Ask } from '../model/question';
import type { SignInWay } from '../model/signIn';
import { abortable } from '../base/abort';
import type { SsoOidcApi } from './clients/ssoOidc';
import type { NewSsoToken } from './ssoCache';
import { awaitSsoCallback, deniedFault, REGISTERED_REDIRECT } from './ssoCallback';
import type { SsoSession } from './ssoConfig';
import { isRefusal, nameOf } from './ssoErrors';

/** RFC 8628, 3.2 and 3.5: seconds between two questions where the service names none, and what `slow_down` adds. */
const DEFAULT_INTERVAL_S = 5;
const SLOW_DOWN_S = 5;
/** How long the browser may take to come back; as in the AWS CLI. */
const CALLBACK_WAIT_MS = 10 * 60_000;
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export interface SsoSignInParts {
  readonly session: SsoSession;
  readonly oidc: SsoOidcApi;
  /** Base URL of the OIDC service, whose page `/authorize` is no API call. */
  readonly oidcEndpoint: string;
  readonly ask: Ask;
  readonly clock: Clock;
}

/**
 * Signs in through a browser. With `browser` it comes back to this machine by itself (authorisation code with PKCE, RFC 7636);
 * with `device`, and for sessions of the older form, the person compares a code and we ask until it is done (RFC 8628).
 * @throws Fault `aws.signInDenied`, `aws.signInExpired`, `aws.badSignInPage`, `operation.cancelled`; or what the service throws
 */
export function signInThroughBrowser(parts: SsoSignInParts, way: SignInWay, signal: AbortSignal): Promise<NewSsoToken> {
  return way === 'browser' && parts.session.name !== undefined ? withCallback(parts, signal) : withDeviceCode(parts, signal);
}

interface Registration {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Milliseconds since the epoch. */
  readonly registrationExpiresAt: number;
}

async function registered({ oidc, session }: SsoSignInParts, more: object, signal: AbortSignal): Promise<Registration> {
  const scopes = session.scopes.length > 0 ? { scopes: [...session.scopes] } : {};
  const answer = await oidc.registerClient({ clientName: 'sallyport', clientType: 'public', ...scopes, ...more }, { abortSignal: signal });
  const { clientId, clientSecret, clientSecretExpiresAt } = answer;
  if (!clientId || !clientSecret) throw incomplete('RegisterClient');
  return { clientId, clientSecret, registrationExpiresAt: (clientSecretExpiresAt ?? 0) * 1000 };
}

async function withCallback(parts: SsoSignInParts, signal: AbortSignal): Promise<NewSsoToken> {
  const { oidc, session, clock } = parts;
  const registration = await registered(
    parts,
    { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REGISTERED_REDIRECT], issuerUrl: session.startUrl },
    signal,
  );
  const state = randomBytes(24).toString('base64url');
  const codeVerifier = randomBytes(48).toString('base64url');
  const callback = await awaitSsoCallback(state);
  const { redirectUri } = callback;
  try {
    const url = new URL('/authorize', parts.oidcEndpoint);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: registration.clientId,
      redirect_uri: redirectUri,
      state,
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      scopes: session.scopes.join(' '),
    }).toString();
    await shown(parts, url.href, undefined, signal);
    const code = await inTime(callback.code, clock, signal);
    const { clientId, clientSecret } = registration;
    const request = { grantType: 'authorization_code', clientId, clientSecret, code, codeVerifier, redirectUri };
    return newToken(parts, registration, await oidc.createToken(request, { abortSignal: signal }));
  } catch (error) {
    throw translated(error);
  } finally {
    await callback.dispose();
  }
}

async function withDeviceCode(parts: SsoSignInParts, signal: AbortSignal): Promise<NewSsoToken> {
  const { oidc, session, clock } = parts;
  const registration = await registered(parts, {}, signal);
  const { clientId, clientSecret } = registration;
  const started = await oidc.startDeviceAuthorization({ clientId, clientSecret, startUrl: session.startUrl }, { abortSignal: signal });
  const { deviceCode, userCode, verificationUri, verificationUriComplete = verificationUri, expiresIn } = started;
  if (!deviceCode || !userCode || !verificationUriComplete) throw incomplete('StartDeviceAuthorization');
  const until = clock.now() + (expiresIn ?? 600) * 1000;
  await shown(parts, verificationUriComplete, userCode, signal);
  let interval = started.interval || DEFAULT_INTERVAL_S;
  while (clock.now() < until) {
    try {
      const request = { grantType: DEVICE_GRANT, clientId, clientSecret, deviceCode };
      return newToken(parts, registration, await oidc.createToken(request, { abortSignal: signal }));
    } catch (error) {
      const name = nameOf(error);
      if (name === 'SlowDownException') interval += SLOW_DOWN_S;
      // A lost answer is no reason to give up: the person is at it in the browser.
      else if (name !== 'AuthorizationPendingException' && isRefusal(error)) throw translated(error);
    }
    await sleep(clock, interval * 1000, signal);
  }
  throw expiredFault();
}

/** Sends the person to the page. @throws Fault `operation.cancelled` when they will not go */
async function shown({ ask, session }: SsoSignInParts, url: string, code: string | undefined, signal: AbortSignal): Promise<void> {
  if (!isWebAddress(url)) {
    throw new Fault('aws.badSignInPage', 'IAM Identity Center named a sign-in page that is no https address.', {
      remedy: { text: 'Check the endpoint of sso_oidc in the AWS configuration.', action: 'showLog' },
    });
  }
  const question = { kind: 'deviceSignIn', session: session.key, url, ...(code !== undefined && { code }) } as const;
  // A box that cannot be closed from here must not keep the port open.
  const goes = await abortable(ask(question, signal), signal);
  if (goes !== true) throw cancelled();
}

async function inTime<T>(work: Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  const late = new AbortController();
  const timer = clock.schedule(CALLBACK_WAIT_MS, () => late.abort());
  try {
    return await abortable(work, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    throw late.signal.aborted && !signal.aborted ? expiredFault() : error;
  } finally {
    timer.dispose();
  }
}

interface TokenAnswer {
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly expiresIn?: number | undefined;
}

function newToken({ session, clock }: SsoSignInParts, registration: Registration, answer: TokenAnswer): NewSsoToken {
  const { accessToken, refreshToken, expiresIn } = answer;
  if (!accessToken || expiresIn === undefined) throw incomplete('CreateToken');
  const expiresAt = clock.wall() + expiresIn * 1000;
  const { startUrl, region } = session;
  return { startUrl, region, accessToken, expiresAt, ...registration, ...(refreshToken && { refreshToken }) };
}

/** RFC 6749's errors under AWS's names, where they mean something to the person. */
function translated(error: unknown): unknown {
  switch (nameOf(error)) {
    case 'AccessDeniedException':
      return deniedFault();
    case 'ExpiredTokenException':
      return expiredFault();
    default:
      return error;
  }
}

function expiredFault(): Fault {
  return new Fault('aws.signInExpired', 'The sign-in was not completed in time.', {
    remedy: { text: 'Sign in again.', action: 'retry' },
  });
}

function incomplete(action: string): Fault {
  return new Fault('aws.unexpected', `sso-oidc:${action} gave an incomplete answer.`, {
    remedy: { text: 'See the log for the details.', action: 'showLog' },
  });
}
