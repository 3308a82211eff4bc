import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ProxyDial } from '../model/outbound';
import { throwIfAborted } from '../base/abort';
import type { Agents } from './clients/settings';
import { MAX_AT_ONCE } from './rateLimits';

/** Connections per endpoint: discovery never takes them all, even where one endpoint stands for every service. */
const MAX_SOCKETS = MAX_AT_ONCE + 16;

type Done = (error: Error | null, stream?: Duplex) => void;

/**
 * Sockets for the AWS clients; `destroy` ends those that are still being made, too. VS Code's extension host replaces the
 * agent of requests that are made through `http` and `https`, but not through `node:http` and `node:https`, as here and in
 * the SDK. Where it ever does, its agent takes the place of these or asks them for what it would connect directly: a
 * request never meets two proxies.
 * @param ca certificates (PEM) that replace the built-in ones
 */
export function createAgents(ca: string | undefined, viaProxy: ProxyDial | undefined): Agents {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const secureOptions = ca === undefined ? options : { ...options, ca };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(secureOptions) };
  if (!viaProxy) return agents;
  const dialling = new Dialling(viaProxy, ca);
  return { http: through(agents.http, false, dialling), https: through(agents.https, true, dialling) };
}

/** Connections that are being made through a proxy. */
class Dialling {
  readonly #viaProxy: ProxyDial;
  readonly #ca: string | undefined;
  readonly #under = new Set<AbortController>();

  constructor(viaProxy: ProxyDial, ca: string | undefined) {
    this.#viaProxy = viaProxy;
    this.#ca = ca;
  }

  /** False: no proxy is to be used. Else `done` is called once, later. */
  start({ host, hostname, port, defaultPort }: RequestOptions, secure: boolean, done: Done): boolean {
    const abort = new AbortController();
    const to = { host: host ?? hostname ?? 'localhost', port: Number(port ?? defaultPort ?? (secure ? 443 : 80)), secure };
    let connecting: Promise<Duplex> | undefined;
    try {
      connecting = this.#viaProxy(to, this.#ca, abort.signal);
    } catch (error) {
      connecting = Promise.reject(error);
    }
    if (!connecting) return false;
    void this.#finish(connecting, abort, done);
    return true;
  }

  abort(): void {
    for (const controller of this.#under) controller.abort();
  }

  async #finish(connecting: Promise<Duplex>, abort: AbortController, done: Done): Promise<void> {
    this.#under.add(abort);
    try {
      const stream = await connecting;
      if (abort.signal.aborted) stream.destroy();
      throwIfAborted(abort.signal);
      done(null, stream);
    } catch (error) {
      done(error as Error);
    } finally {
      this.#under.delete(abort);
    }
  }
}

/** The agent asks `dialling` first, and connects by itself only where no proxy is to be used. */
function through<A extends HttpAgent>(agent: A, secure: boolean, dialling: Dialling): A {
  const connect = agent.createConnection.bind(agent);
  const destroy = agent.destroy.bind(agent);
  agent.createConnection = (options: RequestOptions, done: Done) =>
    dialling.start(options, secure, done) ? undefined : connect(options, done);
  agent.destroy = () => {
    dialling.abort();
    destroy();
  };
  return agent;
}
