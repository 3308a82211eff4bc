import type { Container, Task } from '@aws-sdk/client-ecs';
import { isCancelled } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { Bastion, ManagedStatus } from '../../model/bastion';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place } from '../../model/target';
import { faultPart, settle } from '../discovery';
import type { Outcome } from '../discovery';
import { pages } from '../paging';
import type { ProviderContext } from './context';
import { subnetVpcs } from './subnetVpcs';

const ID = 'ecs.tasks';
/** The largest page of either listing, and the most tasks that one DescribeTasks takes. */
const PAGE = 100;
/** Clusters that are asked at the same time. */
const CLUSTERS_AT_ONCE = 4;
const EXEC_AGENT = 'ExecuteCommandAgent';

/**
 * Containers of the running tasks that were started with exec enabled; an empty part where there are none. A cluster that
 * cannot be read hides no other, and tasks whose subnets cannot be read come without their VPC.
 */
export function ecsTasks({ session, place }: ProviderContext): ResourceProvider {
  async function* clusterPages(signal: AbortSignal): AsyncGenerator<readonly string[], void, undefined> {
    const ecs = await session.ecs();
    const action = 'ecs:ListClusters';
    yield* pages(action, async (token) => {
      const input = { maxResults: PAGE, ...(token && { nextToken: token }) };
      const answer = await session.call(action, (abortSignal) => ecs.listClusters(input, { abortSignal }), signal);
      return { items: answer.clusterArns ?? [], next: answer.nextToken };
    });
  }

  async function tasksOf(cluster: string, signal: AbortSignal): Promise<Task[]> {
    const ecs = await session.ecs();
    const listing = 'ecs:ListTasks';
    const describing = 'ecs:DescribeTasks';
    const listed = pages(listing, async (token) => {
      const input = { cluster, desiredStatus: 'RUNNING' as const, maxResults: PAGE, ...(token && { nextToken: token }) };
      const answer = await session.call(listing, (abortSignal) => ecs.listTasks(input, { abortSignal }), signal);
      return { items: answer.taskArns ?? [], next: answer.nextToken };
    });
    const found: Task[] = [];
    for await (const tasks of listed) {
      if (tasks.length === 0) continue;
      const input = { cluster, tasks: [...tasks], include: ['TAGS' as const] };
      // Those that ended meanwhile stand in `failures`, and are not missed.
      const answer = await session.call(describing, (abortSignal) => ecs.describeTasks(input, { abortSignal }), signal);
      found.push(...(answer.tasks ?? []).filter(({ enableExecuteCommand }) => enableExecuteCommand === true));
    }
    return found;
  }

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const vpcs = new Map<string, string>();
    const asked = new Set<string>();
    let readable = true;
    const faults: Fault[] = [];
    for await (const clusters of clusterPages(signal)) {
      yield { kind: 'bastions', provider: ID, bastions: [] };
      for (let from = 0; from < clusters.length; from += CLUSTERS_AT_ONCE) {
        const reading = clusters.slice(from, from + CLUSTERS_AT_ONCE).map((cluster) => settle(tasksOf(cluster, signal)));
        const tasks = valuesOf(await Promise.all(reading), faults);
        const missing = [...new Set(tasks.flatMap((task) => subnetOf(task) ?? []))].filter((id) => !asked.has(id));
        if (missing.length > 0 && readable) {
          const found = await settle(subnetVpcs(session, missing, signal));
          for (const [subnet, vpc] of valuesOf([found], faults)) vpcs.set(subnet, vpc);
          for (const id of missing) asked.add(id);
          readable = 'value' in found;
        }
        if (tasks.length > 0) yield { kind: 'bastions', provider: ID, bastions: tasks.flatMap((task) => containerBastions(task, vpcs, place)) };
      }
    }
    // One fault per provider is shown, and the causes of several are nearly always the same.
    const [first] = faults;
    if (first) yield faultPart(ID, first);
  }

  return { id: ID, discover };
}

/** The values of what went well; what went wrong is added to `faults`. @throws Fault `operation.cancelled` */
function valuesOf<T>(outcomes: readonly Outcome<Iterable<T>>[], faults: Fault[]): T[] {
  return outcomes.flatMap((outcome) => {
    if ('value' in outcome) return [...outcome.value];
    if (isCancelled(outcome.fault)) throw outcome.fault;
    faults.push(outcome.fault);
    return [];
  });
}

/**
 * One bastion per container, since each has an agent of its own. Network and platform are the task's.
 * @param vpcs VPC id by subnet id, as far as known; a task without a network interface of its own has no subnet
 */
export function containerBastions(task: Task, vpcs: ReadonlyMap<string, string>, place: Place): Bastion[] {
  const taskId = task.taskArn?.split('/').at(-1);
  const cluster = task.clusterArn?.split('/').at(-1);
  if (!taskId || !cluster) return [];
  const subnetId = subnetOf(task);
  const vpcId = subnetId === undefined ? undefined : vpcs.get(subnetId);
  const group = task.group ?? 'family:';
  const addresses = (task.containers ?? [])
    .flatMap(({ networkInterfaces = [] }) => networkInterfaces)
    .flatMap(({ ipv6Address, privateIpv4Address }) => [privateIpv4Address, ipv6Address].flatMap((address) => address ?? []));
  const platform = platformOf(task);
  const shared = {
    kind: 'ecs',
    place,
    ...(platform && { platform }),
    ...(task.availabilityZone && { availabilityZone: task.availabilityZone }),
    ...(vpcId && { vpcId }),
    ...(subnetId && { subnetId }),
    securityGroupIds: [],
    ...(addresses.length > 0 && { privateAddresses: [...new Set(addresses)] }),
    ...(task.overrides?.taskRoleArn && { identityArn: task.overrides.taskRoleArn }),
    ...(task.tags && { tags: Object.fromEntries(task.tags.map(({ key = '', value = '' }) => [key, value])) }),
  } as const;
  return (task.containers ?? []).flatMap((container): Bastion[] => {
    const { name, runtimeId } = container;
    if (!name) return [];
    return [
      {
        ...shared,
        // Until it has a runtime id there is nothing that a session could be started with.
        id: runtimeId ? `ecs:${cluster}_${taskId}_${runtimeId}` : `ecs:${cluster}_${taskId}/${name}`,
        name: `${group.split(':').at(-1) || taskId}/${name}`,
        state: stateOf(task, container),
        managed: execStatus(container),
        ecs: { cluster, group, taskId, container: name },
      },
    ];
  });
}

function subnetOf({ attachments = [] }: Task): string | undefined {
  const interface_ = attachments.find(({ type }) => type === 'ElasticNetworkInterface');
  return interface_?.details?.find(({ name }) => name === 'subnetId')?.value;
}

function stateOf({ lastStatus: ofTask = 'UNKNOWN' }: Task, { lastStatus = 'UNKNOWN', runtimeId }: Container): string {
  const status = ofTask === 'RUNNING' ? lastStatus : ofTask;
  return status === 'RUNNING' && !runtimeId ? 'pending' : status.toLowerCase();
}

function execStatus({ managedAgents = [] }: Container): ManagedStatus {
  const agent = managedAgents.find(({ name }) => name === EXEC_AGENT);
  if (!agent) return 'unmanaged';
  return agent.lastStatus === 'RUNNING' ? 'Online' : 'ConnectionLost';
}

/** `Fargate 1.4.0 (Linux)`, `EC2`. */
function platformOf({ launchType, platformFamily, platformVersion }: Task): string | undefined {
  const type = launchType === 'FARGATE' ? 'Fargate' : launchType;
  const text = [type, platformVersion, platformFamily && `(${platformFamily})`].filter(Boolean).join(' ');
  return text || undefined;
}
