import { createHash, randomBytes } from 'node:crypto';
import type { Identities } from './identity';
import type { RawRequest, Reply } from './services/protocol/protocol';
import { jsonReply, textReply, UnsignedError } from './unsigned';
import type { UnsignedCall, UnsignedService } from './unsigned';
import type { IdentityCenterWorld, Role, World } from './worldTypes';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

interface Client {
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[];
  readonly redirectUris: readonly string[];
  readonly expiresAt: number;
}

interface Device {
  readonly clientId: string;
  readonly expiresAt: number;
  state: 'pending' | 'approved' | 'denied' | 'spent';
  /** Questions that are answered with `slow_down`. */
  slowDowns: number;
}

interface Code {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
}

/**
 * IAM Identity Center: its OIDC service (dynamic registration, device flow, authorisation code with PKCE, refresh tokens
 * that work once), the page `/authorize`, and the portal that gives credentials of roles. Tests are the person in the browser.
 */
export class IdentityCenter implements UnsignedService {
  readonly #world: World;
  readonly #identities: Identities;
  readonly #now: () => number;
  readonly #clients = new Map<string, Client>();
  readonly #devices = new Map<string, Device>();
  readonly #codes = new Map<string, Code>();
  /** When each access token ends, ms. */
  readonly #tokens = new Map<string, number>();
  readonly #refreshTokens = new Map<string, string>();
  readonly #userCodes = new Map<string, string>();
  /** How long an access token lasts, and how often a device may ask, s. */
  tokenSeconds = 3600;
  interval = 1;
  /** How many questions of the next device are told to slow down. */
  slowDowns = 0;
  /** What the person does on the page `/authorize`. */
  consents = true;
  /** How long credentials of a role last, s. */
  roleSeconds = 3600;

  constructor(world: World, identities: Identities, now: () => number) {
    this.#world = world;
    this.#identities = identities;
    this.#now = now;
  }

  /** The person types or confirms the code in the browser. @throws when there is no such code */
  approve(userCode: string): void {
    this.#device(userCode).state = 'approved';
  }

  deny(userCode: string): void {
    this.#device(userCode).state = 'denied';
  }

  /** The person, or an administrator, ends every sign-in. */
  revoke(): void {
    this.#tokens.clear();
    this.#refreshTokens.clear();
  }

  match(request: RawRequest): UnsignedCall | undefined {
    const url = new URL(request.url, 'http://sandbox');
    const oidc = (action: string, run: (body: Body) => Reply): UnsignedCall => ({
      service: 'sso-oidc',
      action,
      run: () => run(parsed(request.body)),
    });
    switch (`${request.method} ${url.pathname}`) {
      case 'POST /client/register':
        return oidc('RegisterClient', (body) => this.#register(body));
      case 'POST /device_authorization':
        return oidc('StartDeviceAuthorization', (body) => this.#startDevice(body));
      case 'POST /token':
        return oidc('CreateToken', (body) => this.#createToken(body));
      case 'GET /authorize':
        return { service: 'sso-oidc', action: 'Authorize', run: () => this.#authorize(url.searchParams) };
      case 'GET /federation/credentials':
        return { service: 'sso', action: 'GetRoleCredentials', run: () => this.#roleCredentials(request, url.searchParams) };
      default:
        return undefined;
    }
  }

  get #center(): IdentityCenterWorld {
    return this.#world.identityCenter;
  }

  #device(userCode: string): Device {
    const device = this.#devices.get(this.#userCodes.get(userCode) ?? '');
    if (!device) throw new Error(`nobody waits for the code ${userCode}`);
    return device;
  }

  #register({ clientName, clientType, scopes, grantTypes, redirectUris, issuerUrl }: Body): Reply {
    if (typeof clientName !== 'string' || clientType !== 'public') throw oauth('invalid_client_metadata', 'InvalidClientMetadataException');
    const grants = strings(grantTypes);
    if (grants.includes('authorization_code') && (strings(redirectUris).length === 0 || issuerUrl !== this.#center.startUrl)) {
      throw oauth('invalid_request', 'InvalidRequestException');
    }
    const id = randomBytes(12).toString('base64url');
    const secret = randomBytes(30).toString('base64url');
    const expiresAt = this.#now() + 90 * 86_400_000;
    this.#clients.set(id, { secret, scopes: strings(scopes), grantTypes: grants, redirectUris: strings(redirectUris), expiresAt });
    return jsonReply({
      clientId: id,
      clientSecret: secret,
      clientIdIssuedAt: Math.floor(this.#now() / 1000),
      clientSecretExpiresAt: Math.floor(expiresAt / 1000),
    });
  }

  #startDevice(body: Body): Reply {
    const { clientId } = this.#client(body);
    if (body['startUrl'] !== this.#center.startUrl) throw oauth('invalid_request', 'InvalidRequestException');
    const deviceCode = randomBytes(30).toString('base64url');
    const userCode = `${letters()}-${letters()}`;
    this.#devices.set(deviceCode, { clientId, expiresAt: this.#now() + 600_000, state: 'pending', slowDowns: this.slowDowns });
    this.#userCodes.set(userCode, deviceCode);
    const verificationUri = 'https://device.sso.eu-central-1.amazonaws.com/';
    return jsonReply({
      deviceCode,
      userCode,
      verificationUri,
      verificationUriComplete: `${verificationUri}?user_code=${userCode}`,
      expiresIn: 600,
      interval: this.interval,
    });
  }

  #createToken(body: Body): Reply {
    const { clientId, client } = this.#client(body);
    switch (body['grantType']) {
      case DEVICE_GRANT:
        this.#spendDevice(String(body['deviceCode']), clientId);
        break;
      case 'authorization_code':
        this.#spendCode(body, clientId);
        break;
      case 'refresh_token': {
        const token = String(body['refreshToken']);
        if (this.#refreshTokens.get(token) !== clientId) throw oauth('invalid_grant', 'InvalidGrantException');
        this.#refreshTokens.delete(token);
        break;
      }
      default:
        throw oauth('unsupported_grant_type', 'UnsupportedGrantTypeException');
    }
    const accessToken = `aoaAAAA${randomBytes(30).toString('base64url')}`;
    this.#tokens.set(accessToken, this.#now() + this.tokenSeconds * 1000);
    const refreshToken = `aorAAAA${randomBytes(30).toString('base64url')}`;
    // Only clients that registered a scope get one.
    const renews = client.scopes.includes('sso:account:access');
    if (renews) this.#refreshTokens.set(refreshToken, clientId);
    return jsonReply({ accessToken, tokenType: 'Bearer', expiresIn: this.tokenSeconds, ...(renews && { refreshToken }) });
  }

  #client({ clientId, clientSecret }: Body): { clientId: string; client: Client } {
    const client = this.#clients.get(String(clientId));
    if (!client || client.secret !== clientSecret || client.expiresAt <= this.#now()) throw oauth('invalid_client', 'InvalidClientException', 401);
    return { clientId: String(clientId), client };
  }

  #spendDevice(deviceCode: string, clientId: string): void {
    const device = this.#devices.get(deviceCode);
    if (!device || device.clientId !== clientId || device.state === 'spent') throw oauth('invalid_grant', 'InvalidGrantException');
    if (device.expiresAt <= this.#now()) throw oauth('expired_token', 'ExpiredTokenException');
    if (device.state === 'denied') throw oauth('access_denied', 'AccessDeniedException');
    if (device.slowDowns > 0) {
      device.slowDowns--;
      throw oauth('slow_down', 'SlowDownException');
    }
    if (device.state === 'pending') throw oauth('authorization_pending', 'AuthorizationPendingException');
    device.state = 'spent';
  }

  #spendCode({ code, redirectUri, codeVerifier }: Body, clientId: string): void {
    const known = this.#codes.get(String(code));
    this.#codes.delete(String(code));
    const challenge = createHash('sha256').update(String(codeVerifier)).digest('base64url');
    if (!known || known.clientId !== clientId || known.redirectUri !== redirectUri || known.challenge !== challenge) {
      throw oauth('invalid_grant', 'InvalidGrantException');
    }
  }

  #authorize(query: URLSearchParams): Reply {
    const clientId = query.get('client_id') ?? '';
    const client = this.#clients.get(clientId);
    const redirectUri = query.get('redirect_uri') ?? '';
    const registered = redirectUri.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1');
    const complete =
      query.get('response_type') === 'code' && query.get('code_challenge_method') === 'S256' && query.get('scopes') === client?.scopes.join(' ');
    if (!client?.redirectUris.includes(registered) || !complete) return textReply(400, 'invalid request');
    const back = new URL(redirectUri);
    back.searchParams.set('state', query.get('state') ?? '');
    if (this.consents) {
      const code = randomBytes(30).toString('base64url');
      this.#codes.set(code, { clientId, redirectUri, challenge: query.get('code_challenge') ?? '' });
      back.searchParams.set('code', code);
    } else {
      back.searchParams.set('error', 'access_denied');
    }
    return textReply(302, '', { location: back.href });
  }

  #roleCredentials({ headers }: RawRequest, query: URLSearchParams): Reply {
    const until = this.#tokens.get(String(headers['x-amz-sso_bearer_token']));
    if (until === undefined || until <= this.#now()) {
      throw new UnsignedError(401, 'UnauthorizedException', { message: 'Session token not found or invalid' });
    }
    const [accountId, roleName] = [query.get('account_id'), query.get('role_name')];
    const given = this.#center.roles.find((role) => role.accountId === accountId && role.roleName === roleName);
    const role = this.#world.roles.find(({ arn }) => arn === given?.roleArn);
    if (!given || !role) throw new UnsignedError(403, 'ForbiddenException', { message: 'No access' });
    return jsonReply({ roleCredentials: issuedTo(this.#identities, role, given.userName, this.roleSeconds) });
  }
}

type Body = Readonly<Record<string, unknown>>;

function issuedTo(identities: Identities, role: Role, name: string, seconds: number): object {
  const { id, secret, sessionToken, expiresAt } = identities.issue(role, name, seconds);
  return { accessKeyId: id, secretAccessKey: secret, sessionToken, expiration: expiresAt };
}

function oauth(error: string, type: string, status = 400): UnsignedError {
  return new UnsignedError(status, type, { error, error_description: `The sandbox says ${error}` });
}

function parsed(body: Buffer): Body {
  return JSON.parse(body.toString('utf8')) as Body;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function letters(): string {
  return [...randomBytes(4)].map((byte) => 'BCDFGHJKLMNPQRSTVWXZ'[byte % 20]).join('');
}
