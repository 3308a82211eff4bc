import type { Backing, EcsCluster, EcsContainer, EcsTask, Instance, Place, ReplicationGroup, ServerlessCache, Vpc, World } from './worldTypes';

/** A row and where it is. */
type Located<Row = unknown> = Row & {
  readonly place: Place;
  readonly vpc: Vpc;
};

/** By id or Name tag. */
export function instanceNamed(world: World, id: string): Located<{ readonly instance: Instance }> | undefined {
  for (const located of allVpcs(world)) {
    const instance = located.vpc.instances.find((row) => row.id === id || row.name === id);
    if (instance) return { ...located, instance };
  }
  return undefined;
}

export function replicationGroupNamed(
  world: World,
  id: string,
): Located<{ readonly group: ReplicationGroup }> | undefined {
  for (const located of allVpcs(world)) {
    const group = located.vpc.replicationGroups.find((row) => row.id === id);
    if (group) return { ...located, group };
  }
  return undefined;
}

export function serverlessCacheNamed(
  world: World,
  name: string,
): Located<{ readonly cache: ServerlessCache }> | undefined {
  for (const located of allVpcs(world)) {
    const cache = located.vpc.serverlessCaches.find((row) => row.name === name);
    if (cache) return { ...located, cache };
  }
  return undefined;
}

/** What Session Manager can start a session with, whatever it is. */
export interface SessionTarget {
  readonly place: Place;
  readonly vpcId: string | undefined;
  readonly agentVersion: string;
  readonly online: boolean;
  /** What listens on the machine itself, by port. */
  readonly ports: Readonly<Record<number, Backing>>;
  readonly arn: string;
}

/** By the id that StartSession takes: `i-...`, `mi-...` or `ecs:CLUSTER_TASK_RUNTIMEID`. Undefined without an agent. */
export function sessionTarget(world: World, id: string): SessionTarget | undefined {
  for (const place of world.places) {
    const found = instanceTarget(place, id) ?? hybridTarget(place, id) ?? containerTarget(place, id);
    if (found) return found;
  }
  return undefined;
}

function instanceTarget(place: Place, id: string): SessionTarget | undefined {
  for (const vpc of place.vpcs) {
    const instance = vpc.instances.find((row) => row.id === id);
    if (!instance?.managed) continue;
    const { ping, agentVersion } = instance.managed;
    return {
      place,
      vpcId: vpc.id,
      agentVersion,
      online: instance.state === 'running' && ping === 'Online',
      ports: instance.ports ?? {},
      arn: `arn:aws:ec2:${place.region}:${place.accountId}:instance/${id}`,
    };
  }
  return undefined;
}

function hybridTarget(place: Place, id: string): SessionTarget | undefined {
  const node = place.hybridNodes.find((row) => row.id === id);
  return (
    node && {
      place,
      vpcId: node.reachesVpcId,
      agentVersion: node.managed.agentVersion,
      online: node.managed.ping === 'Online',
      ports: {},
      arn: `arn:aws:ssm:${place.region}:${place.accountId}:managed-instance/${id}`,
    }
  );
}

function containerTarget(place: Place, id: string): SessionTarget | undefined {
  for (const { cluster, task, container } of containersOf(place)) {
    if (!task.exec || container.runtimeId === undefined || id !== `ecs:${cluster.name}_${task.id}_${container.runtimeId}`) continue;
    return {
      place,
      vpcId: place.vpcs.find(({ subnets }) => subnets.some((subnet) => subnet.id === task.subnetId))?.id,
      agentVersion: container.agentVersion,
      online: task.status === 'RUNNING' && container.status === 'RUNNING' && container.execAgent === 'RUNNING',
      ports: {},
      arn: `arn:aws:ecs:${place.region}:${place.accountId}:task/${cluster.name}/${task.id}`,
    };
  }
  return undefined;
}

function* containersOf(place: Place): Generator<{ cluster: EcsCluster; task: EcsTask; container: EcsContainer }> {
  for (const cluster of place.ecsClusters) for (const task of cluster.tasks) for (const container of task.containers) yield { cluster, task, container };
}

function* allVpcs(world: World): Generator<Located> {
  for (const place of world.places) for (const vpc of place.vpcs) yield { place, vpc };
}
