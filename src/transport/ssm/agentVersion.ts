import type { Fault } from '../../base/fault';
import { compareVersions, PORT_SESSION_AGENT, REMOTE_HOST_AGENT } from '../../model/bastion';
import type { SessionParameters } from '../../wire/ssm/handshake';
import { agentTooOld } from './faults';

/**
 * Why the agent cannot carry the session that it announces. One that is too old for remote hosts does not say so:
 * it would connect to a port of its own machine.
 */
export function agentObstacle({ agentVersion, properties }: SessionParameters, target: string): Fault | undefined {
  const needed = properties['host'] ? REMOTE_HOST_AGENT : PORT_SESSION_AGENT;
  return compareVersions(agentVersion, needed) < 0 ? agentTooOld(agentVersion, needed, target) : undefined;
}
