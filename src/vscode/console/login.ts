import { isIP } from 'node:net';
import { asFault, cancelled, faultData } from '../../base/fault';
import { iamCacheOf } from '../../model/cacheLogin';
import type { Route, TargetRef } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import type { ClusterPorts, GuardPorts, ManagedService, RedisSession, RedisSessionOptions } from '../../redis/types';
import type { RedisLogins, Services, SessionLogin } from '../services';
import { nodeText } from '../wording';

export type SessionServices = Pick<Services, 'openRedisSession' | 'targetCa' | 'clusterPorts'>;

/** Whether a login from the person can help. */
export function needsLogin(code: string): boolean {
  return code === 'redis.passwordNeeded' || code === 'redis.wrongPassword';
}

const WITHOUT_LOGIN = new Set(['redis.iamRefused', 'redis.secretRefused', 'redis.iamNeedsTls', 'redis.notIam', 'aws.accessDenied']);

/** Whether what makes the login is of no use as it was chosen: another choice needs a session of its own. */
export function needsOtherLogin(code: string): boolean {
  return WITHOUT_LOGIN.has(code) || code.startsWith('secrets.');
}

/** What the prompt shows: AWS's host names are too long to leave room for a command. */
export function promptLabel({ target, role, endpoint }: Route): string {
  if (role === 'node') return `${target.name} ${nodeText(endpoint)}`;
  return role === undefined || role === 'primary' ? target.name : `${target.name} ${role}`;
}

/**
 * A session through the tunnel. Without a guard nothing is judged: for sessions on which nobody types.
 * @throws Fault as `withLogin`
 */
export function openWithLogin(
  tunnel: TunnelInfo,
  services: SessionServices,
  logins: RedisLogins,
  guard: GuardPorts | undefined,
  signal: AbortSignal,
): Promise<RedisSession> {
  return withLogin(tunnel, services, logins, signal, (options) => services.openRedisSession({ ...options, ...placeOptions(tunnel, services), ...(guard && { guard }) }, signal));
}

/** A cluster is followed, unless one of its nodes was chosen, or its readers: those are to answer themselves. */
export function placeOptions(tunnel: TunnelInfo, { clusterPorts }: Pick<Services, 'clusterPorts'>): Partial<Pick<RedisSessionOptions, 'cluster' | 'readOnly' | 'managed' | 'endpoint'>> {
  const { role, target, endpoint } = tunnel.route;
  const managed = managedService(target);
  const alone = role === 'node' || role === 'reader';
  const cluster = clusterPorts?.(tunnel);
  const verified = role === 'node' && target.tls !== 'off' && isIP(endpoint.host) !== 0 ? clusterName(cluster) : undefined;
  return { ...(managed && { managed }), ...(alone ? { readOnly: true } : cluster && { cluster }), ...(verified !== undefined && { endpoint: { host: verified, port: endpoint.port } }) };
}

/** A certificate carries names: that of the cluster stands for its nodes where they have none, as in a session with all of them. */
function clusterName(cluster: ClusterPorts | undefined): string | undefined {
  return cluster?.known.find(({ host }) => isIP(host) === 0)?.host;
}

/** By the ARN; undefined for targets that the person has named. */
export function managedService(target: TargetRef): ManagedService | undefined {
  const cache = iamCacheOf(target);
  if (cache) return cache.service === 'memorydb' ? 'memorydb' : cache.serverless ? 'serverless' : 'elasticache';
  return /^arn:[\w-]+:elasticache:/.test(target.id) ? 'elasticache' : undefined;
}

/**
 * Uses the tunnel with the remembered login first, then with whatever the person enters, until it works or they give up. The login
 * goes from the input box to the engine and nowhere else.
 * @throws Fault of `use`; the last refusal when the person gives up; `operation.cancelled`.
 */
export async function withLogin<T>(
  { route, local }: TunnelInfo,
  { targetCa }: Pick<Services, 'targetCa'>,
  logins: RedisLogins,
  signal: AbortSignal,
  use: (options: RedisSessionOptions) => Promise<T>,
): Promise<T> {
  const { target, endpoint } = route;
  const ca = await targetCa();
  let login = await logins.known(route);
  for (;;) {
    if (signal.aborted) throw cancelled();
    try {
      return await use({ label: promptLabel(route), local, endpoint, tls: target.tls, ...loginOptions(login), ...(ca !== undefined && { ca }) });
    } catch (error) {
      const fault = asFault(error);
      if (!needsLogin(fault.code)) throw fault;
      // A remembered login that is refused would be tried, and asked about, again each time.
      if (login && fault.code === 'redis.wrongPassword') await logins.forget(target);
      login = await logins.ask(route, faultData(fault));
      if (!login) throw fault;
    }
  }
}

function loginOptions(login: SessionLogin | undefined): Pick<RedisSessionOptions, 'login' | 'loginSource'> {
  if (!login) return {};
  return 'fresh' in login ? { loginSource: login } : { login };
}
