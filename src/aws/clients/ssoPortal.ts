import { exchange, failure, namedError, regionalEndpoint } from './jsonProtocol';
import type { ClientSettings, Credentials, SendOptions } from './settings';
import { VERSION } from './settings';

export interface RoleRequest {
  /** The token of a sign-in; a secret. */
  readonly accessToken: string;
  readonly accountId: string;
  readonly roleName: string;
}

/** The call of IAM Identity Center's portal in use: it takes a token instead of a signature. */
export interface SsoPortalApi {
  /** @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata` */
  getRoleCredentials(request: RoleRequest, options: SendOptions): Promise<Credentials & { readonly expiration: Date }>;
}

export function createSsoPortal(settings: Omit<ClientSettings, 'credentials'>): SsoPortalApi {
  const base = settings.endpoint ?? regionalEndpoint('portal.sso', settings);
  return {
    async getRoleCredentials({ accessToken, accountId, roleName }, { abortSignal }) {
      const url = new URL(`${base.replace(/\/$/, '')}/federation/credentials`);
      url.searchParams.set('role_name', roleName);
      url.searchParams.set('account_id', accountId);
      const headers = { accept: 'application/json', 'user-agent': `sallyport/${VERSION}`, 'x-amz-sso_bearer_token': accessToken };
      const answer = await exchange(url, { method: 'GET', headers }, settings.agents, abortSignal);
      if (answer.status !== 200) throw failure(answer.status, answer.content, answer.headers['x-amzn-errortype']);
      return issued(answer.content['roleCredentials']);
    },
  };
}

/** `expiration` comes as milliseconds since the epoch. */
function issued(value: unknown): Credentials & { readonly expiration: Date } {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = fields;
  if (
    typeof accessKeyId !== 'string' ||
    typeof secretAccessKey !== 'string' ||
    typeof sessionToken !== 'string' ||
    typeof expiration !== 'number'
  ) {
    throw namedError('UnexpectedAnswer', 'GetRoleCredentials answered without credentials.');
  }
  return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(expiration) };
}
