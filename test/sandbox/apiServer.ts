import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults } from './faults';
import { isDenied } from './identity';
import type { Caller, Identities } from './identity';
import type { PushedKeys } from './instanceConnect';
import type { KeyStore } from './kms';
import type { LoadGauge } from './loadGauge';
import { Pager } from './paging';
import type { RequestLog } from './requestLog';
import type { Call, ServiceDefinition, SessionCalls } from './services/definition';
import { Input } from './services/protocol/input';
import type { InputTree } from './services/protocol/input';
import { ApiError } from './services/protocol/protocol';
import type { Output, RawRequest, Reply } from './services/protocol/protocol';
import { parseAuthorization } from './sigv4';
import type { Authorization } from './sigv4';
import { failureReply, UnsignedError } from './unsigned';
import type { UnsignedCall, UnsignedService } from './unsigned';
import type { Region, World } from './worldTypes';

const MAX_BODY_BYTES = 1024 * 1024;

export interface ApiServerOptions {
  readonly world: World;
  readonly identities: Identities;
  /** Asked for each request that carries no signature. */
  readonly unsigned: readonly UnsignedService[];
  readonly services: readonly ServiceDefinition[];
  readonly sessions: SessionCalls;
  readonly keys: KeyStore;
  readonly sshKeys: PushedKeys;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly load: LoadGauge;
  /** The most rows of a page. */
  readonly pageSize: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** What is known of a request so far: grows while it is handled, so that a failure is logged with it. */
interface Trace {
  service: string;
  action: string;
  region: string;
  principal?: string;
  params: InputTree;
}

/** All API endpoints behind one address; a request's signature says which service it is for. */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #identities: Identities;
  readonly #pager: Pager;
  readonly #server: Server;
  readonly #sessionOwners = new Map<string, string>();
  readonly #closing = new AbortController();

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#identities = options.identities;
    this.#pager = new Pager(options.pageSize);
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', options.onUpgrade);
    // Every answer that is held back listens.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Binds 127.0.0.1; port 0 lets the system choose. @returns the bound port */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      const { status, headers, body: text } = await this.#reply(request, body);
      // Clients with a wrong clock correct themselves by this date.
      const date = new Date(this.#options.now()).toUTCString();
      response.writeHead(status, { ...headers, date, 'content-length': Buffer.byteLength(text) }).end(text);
    } catch (error) {
      // The connection is gone or the server closes: there is nobody to answer.
      if (!this.#closing.signal.aborted && !request.destroyed) console.error('sandbox: request failed', error);
      response.destroy();
    }
  }

  async #reply(request: IncomingMessage, body: Buffer | undefined): Promise<Reply> {
    if (!body) return refusal(413, 'Request entity too large');
    const { method = '', url = '', headers } = request;
    const raw: RawRequest = { method, url, headers, body };
    const authorization = parseAuthorization(request.headers.authorization ?? '');
    const unsigned = authorization ? undefined : this.#unsignedFor(raw);
    if (unsigned) return this.#answerUnsigned(unsigned);
    const service = this.#serviceFor(raw, authorization);
    if (!service) return refusal(404, 'The sandbox has no such service');
    const requestId = randomUUID();
    const region = authorization?.scope.region ?? '';
    const trace: Trace = { service: service.signingName, action: '', region, params: {} };
    try {
      const output = await this.#run(service, raw, request, authorization, trace);
      this.#log(trace, 200);
      return service.protocol.answer(trace.action, output, requestId);
    } catch (error) {
      if (this.#closing.signal.aborted) throw error;
      const known = error instanceof ApiError ? error : service.protocol.errors.internal();
      if (known !== error) console.error(`sandbox: ${trace.service}:${trace.action} has a defect`, error);
      this.#log(trace, known.status, known.code);
      return service.protocol.error(known, requestId);
    }
  }

  async #run(
    service: ServiceDefinition,
    raw: RawRequest,
    request: IncomingMessage,
    authorization: Authorization | undefined,
    trace: Trace,
  ): Promise<Output> {
    const { errors } = service.protocol;
    const { caller, region } = this.#admitted(service, raw, request, authorization);
    if (caller !== NOBODY) trace.principal = caller.arn;
    const { action: name, input } = service.protocol.decode(raw);
    trace.action = name;
    trace.params = input;
    const action = Object.hasOwn(service.actions, name) ? service.actions[name] : undefined;
    if (!action) throw errors.unknownAction(name);
    const call = this.#call(name, new Input(input, errors), caller, region);
    const permission = `${service.iamPrefix ?? service.signingName}:${name}`;
    const denied = (): ApiError => errors.accessDenied(caller.arn, permission, action.resource?.(call) ?? '*');
    const ended = this.#options.load.begin(`${caller.accountId}/${region.name}/${service.signingName}`);
    try {
      const { latencyMs, failure } = this.#options.faults.meet(service.signingName, name);
      if (latencyMs > 0) await delay(latencyMs, undefined, { signal: this.#closing.signal });
      if (failure === 'throttle') throw errors.throttled();
      if (failure === 'serverError') throw errors.internal();
      if (failure === 'notSubscribed') throw errors.notSubscribed();
      if (failure === 'accessDenied' || (!action.open && isDenied(caller, permission))) throw denied();
      return await action.run(call);
    } finally {
      ended();
    }
  }

  #unsignedFor(raw: RawRequest): UnsignedCall | undefined {
    for (const service of this.#options.unsigned) {
      const call = service.match(raw);
      if (call) return call;
    }
    return undefined;
  }

  async #answerUnsigned({ service, action, run }: UnsignedCall): Promise<Reply> {
    const trace: Trace = { service, action, region: '', params: {} };
    const { latencyMs, failure } = this.#options.faults.meet(service, action);
    if (latencyMs > 0) await delay(latencyMs, undefined, { signal: this.#closing.signal });
    try {
      if (failure === 'throttle') throw new UnsignedError(429, 'TooManyRequestsException', { message: 'HTTP 429 Unknown Code' });
      if (failure === 'serverError') throw new UnsignedError(500, 'InternalServerException', { error: 'server_error' });
      if (failure === 'accessDenied') throw new UnsignedError(403, 'ForbiddenException', { message: 'No access' });
      const reply = run();
      this.#log(trace, reply.status);
      return reply;
    } catch (error) {
      if (!(error instanceof UnsignedError)) throw error;
      this.#log(trace, error.status, error.type);
      return failureReply(error);
    }
  }

  /** Authenticates the request, unless its action takes it without a signature. */
  #admitted(
    service: ServiceDefinition,
    raw: RawRequest,
    request: IncomingMessage,
    authorization: Authorization | undefined,
  ): { caller: Caller; region: Region } {
    if (request.headers.authorization !== undefined || !isUnsigned(service, raw)) {
      return this.#authenticate(service, raw, request, authorization);
    }
    return { caller: NOBODY, region: this.#options.world.regions[0]! };
  }

  #authenticate(
    service: ServiceDefinition,
    raw: RawRequest,
    request: IncomingMessage,
    authorization: Authorization | undefined,
  ): { caller: Caller; region: Region } {
    const { errors } = service.protocol;
    if (!authorization) {
      const header = request.headers.authorization;
      if (header === undefined) throw errors.missingAuthentication();
      throw errors.incompleteSignature(`Authorization header '${header.split(' ')[0]}' is not complete.`);
    }
    if (authorization.scope.service !== service.signingName) {
      throw errors.wrongSignature(`Credential should be scoped to correct service: '${service.signingName}'. `);
    }
    const { method, url, body } = raw;
    const signed = { method, url, headers: pairs(request.rawHeaders), body };
    return this.#identities.authenticate(signed, authorization, errors);
  }

  // By the signature's scope; a request without one, or with a wrong one, is known by its form.
  #serviceFor(raw: RawRequest, authorization: Authorization | undefined): ServiceDefinition | undefined {
    const { services } = this.#options;
    const signedFor = services.find(({ signingName }) => signingName === authorization?.scope.service);
    return signedFor ?? services.find((service) => speaks(service, raw));
  }

  #call(action: string, input: Input, caller: Caller, region: Region): Call {
    const { world, sessions, keys, sshKeys } = this.#options;
    return {
      action,
      input,
      caller,
      region,
      world,
      sessions,
      keys,
      sshKeys,
      sessionOwners: this.#sessionOwners,
      identities: this.#identities,
      now: this.#options.now,
      page: (rows, { limit, token, listing }) =>
        this.#pager.page(rows, { limit, token, listing: [caller.accountId, region.name, action, listing].join('\n') }),
    };
  }

  #log({ service, action, region, principal, params }: Trace, status: number, errorCode?: string): void {
    this.#options.requests.add({
      service,
      action,
      region,
      params,
      status,
      at: this.#options.now(),
      ...(principal !== undefined && { principal }),
      ...(errorCode !== undefined && { errorCode }),
    });
  }
}

const NOBODY: Caller = { accountId: '', userId: '', arn: '', denied: [] };

function isUnsigned(service: ServiceDefinition, raw: RawRequest): boolean {
  return speaks(service, raw) && service.actions[service.protocol.decode(raw).action]?.unsigned === true;
}

function speaks(service: ServiceDefinition, raw: RawRequest): boolean {
  try {
    return Object.hasOwn(service.actions, service.protocol.decode(raw).action);
  } catch {
    return false;
  }
}

function refusal(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain', connection: 'close' }, body };
}

/** Node lists names and values in turn. */
function pairs(rawHeaders: readonly string[]): [string, string][] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return names.map((name, index) => [name, rawHeaders[index * 2 + 1]!]);
}

/** The body; undefined when it is larger than any that a client sends. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}
