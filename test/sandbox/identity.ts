import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiError, ProtocolErrors } from './services/protocol/protocol';
import { sha256, signatureOf } from './sigv4';
import type { Authorization, SignableRequest } from './sigv4';
import type { AccessKey, Region, Role, World } from './worldTypes';

/** Who made a request. */
export interface Caller {
  readonly accountId: string;
  readonly userId: string;
  readonly arn: string;
  readonly denied: readonly string[];
  readonly allowed?: readonly string[];
}

/** AWS accepts a request this long before and after its date. */
const MAX_SKEW_MS = 15 * 60_000;

/** The access keys of the world and those that AssumeRole has issued. */
export class Identities {
  readonly #world: World;
  readonly #now: () => number;
  readonly #issued = new Map<string, AccessKey>();

  /** @param now milliseconds since the epoch */
  constructor(world: World, now: () => number) {
    this.#world = world;
    this.#now = now;
  }

  find(accessKeyId: string): AccessKey | undefined {
    return this.#issued.get(accessKeyId) ?? this.#world.accessKeys.find(({ id }) => id === accessKeyId);
  }

  /** Temporary credentials of a role's session. */
  issue(role: Role, sessionName: string, seconds: number): AccessKey {
    const [, , , , accountId = '', resource = ''] = role.arn.split(':');
    const key: AccessKey = {
      id: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secret: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(120).toString('base64'),
      expiresAt: this.#now() + seconds * 1000,
      accountId,
      userId: `${role.id}:${sessionName}`,
      arn: `arn:aws:sts::${accountId}:assumed-role/${resource.split('/').at(-1)}/${sessionName}`,
      denied: role.denied,
    };
    this.#issued.set(key.id, key);
    return key;
  }

  /** Ends all temporary credentials that were issued so far. @returns how many */
  expireIssued(): number {
    for (const [id, key] of this.#issued) this.#issued.set(id, { ...key, expiresAt: this.#now() });
    return this.#issued.size;
  }

  /**
   * Recomputes the signature of a request.
   * @throws ApiError in the words of the service asked
   */
  authenticate(
    request: SignableRequest,
    authorization: Authorization,
    errors: ProtocolErrors,
  ): { caller: Caller; region: Region } {
    const { scope, signedHeaders } = authorization;
    const key = this.find(authorization.accessKeyId);
    const token = header(request, 'x-amz-security-token');
    if (!key || key.sessionToken !== token) throw errors.unknownKey();
    const region = this.#world.regions.find(({ name }) => name === scope.region);
    if (!region) throw errors.wrongSignature('Credential should be scoped to a valid region. ');
    // An account's keys are unknown in a region that it has not opted in to.
    if (region.optInStatus === 'not-opted-in') throw errors.unknownKey();
    const present = request.headers.map(([name]) => name.toLowerCase());
    const needed = ['host', ...present.filter((name) => name.startsWith('x-amz-'))];
    const unsigned = needed.find((name) => !signedHeaders.includes(name));
    if (unsigned) throw errors.wrongSignature(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
    const timestamp = header(request, 'x-amz-date') ?? '';
    this.#checkDate(timestamp, scope.date, errors);
    if (key.expiresAt !== undefined && key.expiresAt <= this.#now()) throw errors.expiredToken();
    const claimed = header(request, 'x-amz-content-sha256');
    if (claimed !== undefined && claimed !== sha256(request.body)) throw errors.wrongSignature();
    const expected = signatureOf(request, signedHeaders, timestamp, scope, key.secret);
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(authorization.signature))) throw errors.wrongSignature();
    const { accountId, userId, arn, denied, allowed } = key;
    return { caller: { accountId, userId, arn, denied, ...(allowed && { allowed }) }, region };
  }

  #checkDate(timestamp: string, scopeDate: string, errors: ProtocolErrors): void {
    const made = parseTimestamp(timestamp);
    if (made === undefined) {
      throw errors.incompleteSignature(`Date must be in ISO-8601 'basic format'. Got '${timestamp}'.`);
    }
    if (!timestamp.startsWith(scopeDate)) throw dateMismatch(scopeDate, timestamp, errors);
    const now = this.#now();
    const here = formatTimestamp(now);
    if (made < now - MAX_SKEW_MS) {
      const bound = formatTimestamp(now - MAX_SKEW_MS);
      throw errors.clockSkewed(`Signature expired: ${timestamp} is now earlier than ${bound} (${here} - 15 min.)`);
    }
    if (made > now + MAX_SKEW_MS) {
      const bound = formatTimestamp(now + MAX_SKEW_MS);
      const sentence = `Signature not yet current: ${timestamp} is still later than ${bound} (${here} + 15 min.)`;
      throw errors.clockSkewed(sentence);
    }
  }
}

/** Whether the caller's policy refuses the action, given as `service:Action`. */
export function isDenied({ denied, allowed }: Pick<Caller, 'denied' | 'allowed'>, action: string): boolean {
  const covers = (pattern: string): boolean => (pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action);
  return denied.some(covers) || (allowed !== undefined && !allowed.some(covers));
}

function dateMismatch(scopeDate: string, timestamp: string, errors: ProtocolErrors): ApiError {
  return errors.wrongSignature(
    'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
      `'${scopeDate}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
  );
}

function header({ headers }: SignableRequest, name: string): string | undefined {
  return headers.find(([given]) => given.toLowerCase() === name)?.[1];
}

function parseTimestamp(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)?.slice(1).map(Number);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function formatTimestamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
