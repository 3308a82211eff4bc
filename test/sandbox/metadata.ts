import { randomBytes } from 'node:crypto';
import type { Identities } from './identity';
import type { RawRequest, Reply } from './services/protocol/protocol';
import { jsonReply, textReply } from './unsigned';
import type { UnsignedCall, UnsignedService } from './unsigned';
import type { World } from './worldTypes';

const CREDENTIALS = '/latest/meta-data/iam/security-credentials/';
const CONTAINER = '/container/credentials';

/**
 * What a machine of AWS asks for its own role: the instance metadata service in its second version (a token first, by PUT), and
 * the endpoint of a container, which wants its authorisation token.
 */
export class MetadataServices implements UnsignedService {
  readonly #world: World;
  readonly #identities: Identities;
  readonly #now: () => number;
  readonly #tokens = new Map<string, number>();
  /** What a container has to send. */
  readonly containerToken = `container-${randomBytes(12).toString('hex')}`;

  constructor(world: World, identities: Identities, now: () => number) {
    this.#world = world;
    this.#identities = identities;
    this.#now = now;
  }

  get containerPath(): string {
    return CONTAINER;
  }

  match(request: RawRequest): UnsignedCall | undefined {
    const { method, url } = request;
    const imds = (action: string, run: () => Reply): UnsignedCall => ({ service: 'imds', action, run });
    if (method === 'PUT' && url === '/latest/api/token') return imds('PutToken', () => this.#token(request));
    if (method === 'GET' && url.startsWith(CREDENTIALS)) {
      const role = url.slice(CREDENTIALS.length);
      return imds(role === '' ? 'GetRole' : 'GetCredentials', () => this.#instance(request, role));
    }
    if (method === 'GET' && url === CONTAINER) return { service: 'container', action: 'GetCredentials', run: () => this.#container(request) };
    return undefined;
  }

  #token({ headers }: RawRequest): Reply {
    const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
    if (!(seconds >= 1 && seconds <= 21_600)) return textReply(400, 'Bad Request');
    const token = randomBytes(30).toString('base64');
    this.#tokens.set(token, this.#now() + seconds * 1000);
    return textReply(200, token);
  }

  #instance({ headers }: RawRequest, name: string): Reply {
    const until = this.#tokens.get(String(headers['x-aws-ec2-metadata-token']));
    if (until === undefined || until <= this.#now()) return textReply(401, 'Unauthorized');
    const own = this.#world.machineRole.split('/').at(-1)!;
    if (name === '') return textReply(200, own);
    return name === own ? jsonReply({ Code: 'Success', Type: 'AWS-HMAC', LastUpdated: stamp(this.#now()), ...this.#issued('i-0machine') }) : textReply(404, 'Not Found');
  }

  #container({ headers }: RawRequest): Reply {
    return headers.authorization === this.containerToken ? jsonReply(this.#issued('task')) : jsonReply({ code: 'AccessDenied', message: 'No' }, 403);
  }

  #issued(sessionName: string): object {
    const role = this.#world.roles.find(({ arn }) => arn === this.#world.machineRole)!;
    const { id, secret, sessionToken, expiresAt } = this.#identities.issue(role, sessionName, 6 * 3600);
    return { AccessKeyId: id, SecretAccessKey: secret, Token: sessionToken, Expiration: stamp(expiresAt!) };
  }
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
