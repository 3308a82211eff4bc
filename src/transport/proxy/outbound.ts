import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock';
import { isCancelled } from '../../base/fault';
import type { Logger } from '../../base/log';
import { proxyFor } from '../../base/proxy';
import type { Destination, Proxy, ProxySetting } from '../../base/proxy';
import type { Endpoint } from '../../model/endpoint';
import { formatEndpoint } from '../../model/endpoint';
import { connectDirectly } from '../connect';
import { bounded } from '../ssm/bounded';
import { tooSlow } from './faults';
import { connectThrough } from './tunnel';

/** For the proxy, its answer and TLS together. Less than what the AWS SDK is told to wait, so that the proxy is named as the reason. */
const PROXY_TIMEOUT_MS = 4_500;

export interface OutboundDeps {
  /** Variables such as HTTPS_PROXY; read for each connection, as the setting is. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly setting?: () => ProxySetting;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Outbound {
  /** See ProxyDial in model/outbound. @throws Fault `proxy.badUrl`, `proxy.unsupported` at once */
  readonly viaProxy: (to: Destination, ca: string | undefined, signal: AbortSignal) => Promise<Socket> | undefined;
  /**
   * As `viaProxy`, but without TLS of ours: for what its clients encrypt themselves. Through the proxy that connections with
   * TLS take, since that one is known to make tunnels.
   */
  readonly bareViaProxy: (to: Endpoint, signal: AbortSignal) => Promise<Socket> | undefined;
  /** Through the proxy where there is one for the destination, else directly. @throws as ProxyDial, or Node's error */
  readonly connect: (to: Destination, ca: string | undefined, signal: AbortSignal) => Promise<Socket>;
}

/**
 * The ways out of this machine, as the environment and the settings have them at each connection. What is plain http is
 * tunnelled by CONNECT, too: one way through a proxy for everything.
 */
export function outbound({ env, setting, clock, logger }: OutboundDeps): Outbound {
  async function connectVia(proxy: Proxy, to: Destination, ca: string | undefined, signal: AbortSignal): Promise<Socket> {
    const where = { proxy: formatEndpoint(proxy), to: formatEndpoint(to) };
    const bound = { clock, ms: PROXY_TIMEOUT_MS, late: () => tooSlow(proxy, to, PROXY_TIMEOUT_MS) };
    const began = clock.now();
    try {
      const socket = await bounded(bound, (until) => connectThrough(proxy, to, ca, until), signal);
      logger.log('debug', 'proxy.connected', { ...where, ms: Math.round(clock.now() - began) });
      return socket;
    } catch (error) {
      if (!isCancelled(error)) logger.log('warn', 'proxy.connectFailed', { ...where, error });
      throw error;
    }
  }
  const viaProxy: Outbound['viaProxy'] = (to, ca, signal) => {
    const proxy = proxyFor(to, env(), setting?.());
    return proxy && connectVia(proxy, to, ca, signal);
  };
  const bareViaProxy: Outbound['bareViaProxy'] = ({ host, port }, signal) => {
    const proxy = proxyFor({ host, port, secure: true }, env(), setting?.());
    return proxy && connectVia(proxy, { host, port, secure: false }, undefined, signal);
  };
  return { viaProxy, bareViaProxy, connect: async (to, ca, signal) => viaProxy(to, ca, signal) ?? connectDirectly(to, ca, signal) };
}
