import { asFault, cancelled, faultData } from '../../base/fault';
import type { Route } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import type { GuardPorts, RedisSession } from '../../redis/types';
import type { RedisLogins, Services } from '../services';

export type SessionServices = Pick<Services, 'openRedisSession' | 'targetCa'>;

/** Whether a login from the person can help. */
export function needsLogin(code: string): boolean {
  return code === 'redis.passwordNeeded' || code === 'redis.wrongPassword';
}

/** What the prompt shows: AWS's host names are too long to leave room for a command. */
export function promptLabel({ target, role }: Route): string {
  return role === undefined || role === 'primary' ? target.name : `${target.name} ${role}`;
}

/**
 * A session through the tunnel: with the remembered login first, then with whatever the person enters,
 * until it works or they give up. Without a guard nothing is judged: for sessions on which nobody types. The login goes from the input box to the session and nowhere else.
 * @throws Fault of `OpenRedisSession`; the last refusal when the person gives up; `operation.cancelled`.
 */
export async function openWithLogin(
  { route, local }: TunnelInfo,
  { openRedisSession, targetCa }: SessionServices,
  logins: RedisLogins,
  guard: GuardPorts | undefined,
  signal: AbortSignal,
): Promise<RedisSession> {
  const { target, endpoint } = route;
  const ca = await targetCa();
  let login = await logins.known(target);
  for (;;) {
    if (signal.aborted) throw cancelled();
    try {
      const options = { label: promptLabel(route), local, endpoint, tls: target.tls, ...(login && { login }), ...(ca !== undefined && { ca }), ...(guard && { guard }) };
      return await openRedisSession(options, signal);
    } catch (error) {
      const fault = asFault(error);
      if (!needsLogin(fault.code)) throw fault;
      // A remembered login that is refused would be tried, and asked about, again each time.
      if (login && fault.code === 'redis.wrongPassword') await logins.forget(target);
      login = await logins.ask(target, faultData(fault));
      if (!login) throw fault;
    }
  }
}
