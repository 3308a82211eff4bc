import type { Place } from './target';

/**
 * Session Manager's view of a machine (DescribeInstanceInformation PingStatus) or of a container (its ExecuteCommandAgent);
 * `unmanaged`: not listed there at all; `unknown`: the list could not be read, so nothing speaks against the machine.
 */
export type ManagedStatus = 'Online' | 'ConnectionLost' | 'Inactive' | 'unmanaged' | 'unknown';

/** An EC2 instance, a node outside EC2 that Systems Manager manages (`mi-...`), or a container of an ECS task with exec enabled. */
export type BastionKind = 'ec2' | 'hybrid' | 'ecs';

/** Where a container runs. */
export interface EcsContainer {
  readonly cluster: string;
  /** What outlives the task: `service:NAME`, or `family:NAME` of a task that no service runs. */
  readonly group: string;
  /** 32 hexadecimal digits. */
  readonly taskId: string;
  readonly container: string;
}

/** A machine or container that can reach targets. `id` is the Session Manager target, e.g. an EC2 instance id. */
export interface Bastion {
  readonly id: string;
  readonly kind: BastionKind;
  /** The Name tag, else what the machine calls itself, else the id. */
  readonly name: string;
  readonly place: Place;
  /** EC2 instance state name, or the container's status in lower case: `running`, `stopped`, ...; of hybrid nodes always `running`. */
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
  /** Of EC2 instances only; those of a task's network interface nobody has asked for. */
  readonly securityGroupIds: readonly string[];
  /** Literal addresses from which it reaches its network, as far as known. */
  readonly privateAddresses?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  /**
   * ARN of what its permissions in the account come from: the instance profile of an EC2 instance, which has none without;
   * the role of a task that was started with one of its own. Of all others nobody tells.
   */
  readonly identityArn?: string;
  /** Present exactly when the kind is `ecs`. */
  readonly ecs?: EcsContainer;
}

/** What stays the same while a person would call it the same bastion: tasks are replaced at each deployment. */
export function bastionKey({ id, ecs }: Pick<Bastion, 'id' | 'ecs'>): string {
  return ecs ? `ecs:${ecs.cluster}/${ecs.group}/${ecs.container}` : id;
}

/** Agents before this cannot forward to remote hosts (AWS Systems Manager user guide, port forwarding to a remote host). */
export const REMOTE_HOST_AGENT = '3.1.1374.0';
/** Agents before this have no port sessions at all (Systems Manager user guide, port forwarding). */
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

export type BastionObstacle = 'notRunning' | 'unmanaged' | 'offline' | 'agentTooOld';

/** Why a bastion cannot carry a tunnel now, in the order in which a person would fix it; undefined when it can. */
export function bastionObstacle(bastion: Pick<Bastion, 'state' | 'managed' | 'agentVersion'>): BastionObstacle | undefined {
  if (bastion.state !== 'running') return 'notRunning';
  if (bastion.managed === 'unmanaged') return 'unmanaged';
  if (bastion.managed !== 'Online' && bastion.managed !== 'unknown') return 'offline';
  if (bastion.agentVersion && compareVersions(bastion.agentVersion, REMOTE_HOST_AGENT) < 0) return 'agentTooOld';
  return undefined;
}
