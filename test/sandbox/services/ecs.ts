import type { Call, Action, ServiceDefinition } from './definition';
import type { Input } from './protocol/input';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsJson11 } from './protocol/json';
import type { EcsCluster, EcsContainer, EcsTask, Place } from '../worldTypes';

const MAX_RESULTS = 100;
/** DescribeTasks takes at most this many. */
const MAX_TASKS = 100;
const DEFAULT_CLUSTER = 'default';

const listClusters: Action = {
  run(call) {
    const arns = clustersHere(call).map((cluster) => clusterArn(call, cluster));
    const { rows, next } = page(call, arns, '');
    return { clusterArns: rows, nextToken: next };
  },
};

const listTasks: Action = {
  resource: (call) => clusterArn(call, { name: shortName(call.input.text('cluster') ?? DEFAULT_CLUSTER) }),
  run(call) {
    const { input } = call;
    const cluster = existingCluster(call);
    const desired = oneOf(input, 'desiredStatus', ['RUNNING', 'PENDING', 'STOPPED']) ?? 'RUNNING';
    const launchType = oneOf(input, 'launchType', ['EC2', 'FARGATE', 'EXTERNAL']);
    const serviceName = input.text('serviceName');
    const family = input.text('family');
    if (serviceName !== undefined && !cluster.tasks.some(({ group }) => group === `service:${serviceName}`)) {
      throw new ApiError('ServiceNotFoundException', 'Service not found.');
    }
    const arns = cluster.tasks
      .filter((task) => (desired === 'STOPPED') === (task.status === 'STOPPED') && desired !== 'PENDING')
      .filter((task) => launchType === undefined || launchType === task.launchType)
      .filter(({ group }) => serviceName === undefined || group === `service:${serviceName}`)
      .filter((task) => family === undefined || family === familyOf(task))
      .map((task) => taskArn(call, cluster, task));
    const { rows, next } = page(call, arns, JSON.stringify([cluster.name, desired, launchType, serviceName, family]));
    return { taskArns: rows, nextToken: next };
  },
};

const describeTasks: Action = {
  resource: (call) => call.input.texts('tasks')[0] ?? '*',
  run(call) {
    const cluster = existingCluster(call);
    const wanted = call.input.texts('tasks');
    if (wanted.length === 0) throw new ApiError('InvalidParameterException', 'Tasks cannot be empty.');
    if (wanted.length > MAX_TASKS) throw new ApiError('InvalidParameterException', `Tasks cannot contain more than ${MAX_TASKS} entries.`);
    const withTags = includes(call.input, 'TAGS');
    const rows = wanted.map((text) => ({ text, task: cluster.tasks.find((task) => [task.id, taskArn(call, cluster, task)].includes(text)) }));
    return {
      tasks: rows.flatMap(({ task }) => (task ? [renderTask(call, cluster, task, withTags)] : [])),
      failures: rows.filter(({ task }) => !task).map(({ text }) => ({ arn: text, reason: 'MISSING' })),
    };
  },
};

function renderTask(call: Call, cluster: EcsCluster, task: EcsTask, withTags: boolean): Output {
  const family = familyOf(task);
  return {
    taskArn: taskArn(call, cluster, task),
    clusterArn: clusterArn(call, cluster),
    taskDefinitionArn: `arn:aws:ecs:${call.region.name}:${call.caller.accountId}:task-definition/${family}:7`,
    group: task.group,
    lastStatus: task.status,
    desiredStatus: task.status === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    launchType: task.launchType,
    ...(task.launchType === 'FARGATE' && { platformVersion: '1.4.0', platformFamily: 'Linux' }),
    enableExecuteCommand: task.exec,
    connectivity: 'CONNECTED',
    cpu: '256',
    memory: '512',
    createdAt: new Date(Date.UTC(2026, 0, 15, 8, 40)),
    version: 4,
    ...(task.subnetId !== undefined && { availabilityZone: zoneOf(call, task.subnetId) }),
    attachments: task.subnetId === undefined ? [] : [renderAttachment(task, task.subnetId)],
    containers: task.containers.map((container) => renderContainer(call, cluster, task, container)),
    overrides: { containerOverrides: [], ...(task.role !== undefined && { taskRoleArn: `arn:aws:iam::${call.caller.accountId}:role/${task.role}` }) },
    tags: withTags ? task.tags.map(({ key, value }) => ({ key, value })) : [],
  };
}

function renderAttachment(task: EcsTask, subnetId: string): Output {
  const detail = (name: string, value: string): Output => ({ name, value });
  return {
    id: `attachment-${task.id.slice(0, 8)}`,
    type: 'ElasticNetworkInterface',
    status: task.status === 'RUNNING' ? 'ATTACHED' : 'PRECREATED',
    details: [
      detail('subnetId', subnetId),
      detail('networkInterfaceId', `eni-0${task.id.slice(0, 16)}`),
      detail('macAddress', '0a:00:27:00:00:01'),
      detail('privateDnsName', `ip-${task.privateIp.replaceAll('.', '-')}.internal`),
      detail('privateIPv4Address', task.privateIp),
    ],
  };
}

function renderContainer(call: Call, cluster: EcsCluster, task: EcsTask, container: EcsContainer): Output {
  const { name, runtimeId, execAgent } = container;
  return {
    containerArn: `arn:aws:ecs:${call.region.name}:${call.caller.accountId}:container/${cluster.name}/${task.id}/${name}`,
    taskArn: taskArn(call, cluster, task),
    name,
    image: `registry.example/${name}:1`,
    ...(runtimeId !== undefined && { runtimeId }),
    lastStatus: container.status,
    networkBindings: [],
    networkInterfaces: task.subnetId === undefined ? [] : [{ attachmentId: `attachment-${task.id.slice(0, 8)}`, privateIpv4Address: task.privateIp }],
    healthStatus: 'UNKNOWN',
    ...(task.exec && execAgent !== undefined && { managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: execAgent }] }),
  };
}

function familyOf({ group, containers }: EcsTask): string {
  const [kind, name = ''] = group.split(':');
  return kind === 'family' ? name : (containers[0]?.name ?? name);
}

function zoneOf(call: Call, subnetId: string): string | undefined {
  return placesHere(call)
    .flatMap(({ vpcs }) => vpcs.flatMap(({ subnets }) => subnets))
    .find(({ id }) => id === subnetId)?.zone;
}

function placesHere({ world, caller, region }: Call): Place[] {
  return world.places.filter((place) => place.accountId === caller.accountId && place.region === region.name);
}

function clustersHere(call: Call): EcsCluster[] {
  return placesHere(call).flatMap(({ ecsClusters }) => ecsClusters);
}

/** The cluster that the request names by name or ARN. @throws ApiError */
function existingCluster(call: Call): EcsCluster {
  const name = shortName(call.input.text('cluster') ?? DEFAULT_CLUSTER);
  const found = clustersHere(call).find((cluster) => cluster.name === name);
  if (!found) throw new ApiError('ClusterNotFoundException', 'Cluster not found.');
  return found;
}

function shortName(nameOrArn: string): string {
  return nameOrArn.split('/').at(-1)!;
}

function page(call: Call, rows: readonly string[], listing: string): { rows: readonly string[]; next: string | undefined } {
  const { input } = call;
  const limit = input.text('maxResults');
  if (limit !== undefined && !(Number(limit) >= 1 && Number(limit) <= MAX_RESULTS)) {
    throw new ApiError('InvalidParameterException', `maxResults must be between 1 and ${MAX_RESULTS}.`);
  }
  const cut = call.page(rows, { limit: limit === undefined ? undefined : Number(limit), token: input.text('nextToken'), listing });
  if (!cut) throw new ApiError('InvalidParameterException', 'Invalid token.');
  return { rows: cut.rows, next: cut.next };
}

function oneOf(input: Input, name: string, allowed: readonly string[]): string | undefined {
  const value = input.text(name);
  if (value !== undefined && !allowed.includes(value)) throw new ApiError('InvalidParameterException', `Invalid ${name}.`);
  return value;
}

function includes(input: Input, wanted: string): boolean {
  const values = input.texts('include');
  const unknown = values.find((value) => value !== 'TAGS');
  if (unknown !== undefined) throw new ApiError('InvalidParameterException', `Unknown include ${unknown}.`);
  return values.includes(wanted);
}

function clusterArn({ region, caller }: Call, { name }: Pick<EcsCluster, 'name'>): string {
  return `arn:aws:ecs:${region.name}:${caller.accountId}:cluster/${name}`;
}

function taskArn({ region, caller }: Call, { name }: EcsCluster, { id }: EcsTask): string {
  return `arn:aws:ecs:${region.name}:${caller.accountId}:task/${name}/${id}`;
}

export const ecs: ServiceDefinition = {
  signingName: 'ecs',
  protocol: awsJson11('AmazonEC2ContainerServiceV20141113'),
  actions: { ListClusters: listClusters, ListTasks: listTasks, DescribeTasks: describeTasks },
};
