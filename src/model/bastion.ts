import type { Place } from './target';

/**
 * Session Manager's view of a machine (DescribeInstanceInformation PingStatus); `unmanaged`: not listed there at all;
 * `unknown`: the list could not be read, so nothing speaks against the machine.
 */
export type ManagedStatus = 'Online' | 'ConnectionLost' | 'Inactive' | 'unmanaged' | 'unknown';

/** A machine that can reach targets. `id` is the Session Manager target, e.g. an EC2 instance id. */
export interface Bastion {
  readonly id: string;
  readonly kind: 'ec2';
  /** The Name tag, else the id. */
  readonly name: string;
  readonly place: Place;
  /** EC2 instance state name: `running`, `stopped`, ... */
  readonly state: string;
  readonly managed: ManagedStatus;
  /** Dotted quadruple, e.g. `3.3.1142.0`. */
  readonly agentVersion?: string;
  readonly platform?: string;
  /** Where its SSH server can be reached from outside, if anywhere: a public IP address. */
  readonly publicAddress?: string;
  readonly availabilityZone?: string;
  readonly vpcId?: string;
  readonly subnetId?: string;
  readonly securityGroupIds: readonly string[];
}

/** Agents before this cannot forward to remote hosts (AWS Systems Manager user guide, port forwarding to a remote host). */
export const REMOTE_HOST_AGENT = '3.1.1374.0';
/** Agents before this have no port sessions at all (facts/ssm-session-protocol, Modes). */
export const PORT_SESSION_AGENT = '3.0.222.0';

/** Numeric comparison of dotted versions; missing parts count as 0. Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] || 0) - (right[index] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Why a bastion cannot carry a tunnel now, in the order in which a person would fix it; undefined when it can. */
export function bastionObstacle(
  bastion: Pick<Bastion, 'state' | 'managed' | 'agentVersion'>,
): 'notRunning' | 'unmanaged' | 'offline' | 'agentTooOld' | undefined {
  if (bastion.state !== 'running') return 'notRunning';
  if (bastion.managed === 'unmanaged') return 'unmanaged';
  if (bastion.managed !== 'Online' && bastion.managed !== 'unknown') return 'offline';
  if (bastion.agentVersion && compareVersions(bastion.agentVersion, REMOTE_HOST_AGENT) < 0) return 'agentTooOld';
  return undefined;
}
