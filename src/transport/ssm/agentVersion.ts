import type { Fault } from '../../base/fault';
import { compareVersions, PORT_SESSION_AGENT, REMOTE_HOST_AGENT } from '../../model/bastion';
import type { SessionParameters } from '../../wire/ssm/handshake';
import { agentTooOld } from './faults';

/** The last agent whose smux keepalive is on whatever the client's version is (amazon-ssm-agent, port plugin). */
const LAST_KEEPALIVE_AGENT = '3.1.1511.0';

/**
 * Whether the agent, where it multiplexes, keeps to smux keepalive: it sends a NOP every 10 s, and ends the session
 * when it has received no frame for 30 s. Later agents switch it off for clients from 1.2.332.0 on.
 */
export function expectsKeepalive(agentVersion: string): boolean {
  return compareVersions(agentVersion, LAST_KEEPALIVE_AGENT) <= 0;
}

/**
 * Why the agent cannot carry the session that it announces. One that is too old for remote hosts does not say so:
 * it would connect to a port of its own machine.
 */
export function agentObstacle({ agentVersion, properties }: SessionParameters, target: string): Fault | undefined {
  const needed = properties['host'] ? REMOTE_HOST_AGENT : PORT_SESSION_AGENT;
  return compareVersions(agentVersion, needed) < 0 ? agentTooOld(agentVersion, needed, target) : undefined;
}
