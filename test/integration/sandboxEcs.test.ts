import assert from 'node:assert/strict';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, paginateListClusters, paginateListTasks } from '@aws-sdk/client-ecs';
import { DescribeVpcPeeringConnectionsCommand } from '@aws-sdk/client-ec2';
import { GetConnectionStatusCommand } from '@aws-sdk/client-ssm';
import type { Sandbox } from '../sandbox/sandbox';
import { startSandbox } from '../sandbox/sandbox';
import { clientsOf, credentialsOf, destroy, failure } from './sandboxClients';
import type { Clients } from './sandboxClients';

describe("the sandbox's ECS API", () => {
  let sandbox: Sandbox;
  let clients: Clients;
  let ecs: ECSClient;

  beforeEach(async () => {
    sandbox = await startSandbox({ servers: false, pageSize: 1 });
    clients = clientsOf(sandbox);
    ecs = new ECSClient({ endpoint: sandbox.endpoint, region: 'eu-central-1', maxAttempts: 1, credentials: credentialsOf(sandbox, 'dev') });
  });

  afterEach(async () => {
    destroy(clients);
    ecs.destroy();
    await sandbox.close();
  });

  async function taskArns(cluster: string): Promise<string[]> {
    const arns: string[] = [];
    for await (const { taskArns: page = [] } of paginateListTasks({ client: ecs }, { cluster })) arns.push(...page);
    return arns;
  }

  it('pages clusters and their tasks, without those that have stopped', async () => {
    const clusters: string[] = [];
    for await (const { clusterArns = [] } of paginateListClusters({ client: ecs }, {})) clusters.push(...clusterArns);
    assert.deepEqual(clusters.map((arn) => arn.split(':cluster/')[1]), ['shop-tasks', 'empty-tasks']);
    assert.equal((await taskArns(clusters[0]!)).length, 3);
    assert.deepEqual(await taskArns('empty-tasks'), []);
    const stopped = await ecs.send(new ListTasksCommand({ cluster: 'shop-tasks', desiredStatus: 'STOPPED' }));
    assert.equal(stopped.taskArns?.length, 1);
    const ofService = await ecs.send(new ListTasksCommand({ cluster: 'shop-tasks', serviceName: 'storefront' }));
    assert.equal(ofService.taskArns?.length, 1);
  });

  it('tells what exec needs, and which tasks are missing', async () => {
    const [first] = await taskArns('shop-tasks');
    const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ cluster: 'shop-tasks', tasks: [first!, 'f'.repeat(32)], include: ['TAGS'] }));
    const [task] = tasks!;
    assert.ok(task?.enableExecuteCommand && task.lastStatus === 'RUNNING' && task.createdAt instanceof Date);
    assert.deepEqual(task.containers?.map(({ name, managedAgents }) => `${name} ${managedAgents?.[0]?.lastStatus}`), ['tools RUNNING', 'sidecar STOPPED']);
    assert.deepEqual(task.tags, [{ key: 'team', value: 'platform' }]);
    assert.deepEqual(failures?.map(({ reason }) => reason), ['MISSING']);
    const Target = `ecs:shop-tasks_${first!.split('/').at(-1)}_${task.containers?.[0]?.runtimeId}`;
    assert.equal((await clients.ssm.send(new GetConnectionStatusCommand({ Target }))).Status, 'connected');
  });

  it('complains as ECS does', async () => {
    assert.equal((await failure(taskArns('nowhere'))).name, 'ClusterNotFoundException');
    assert.equal((await failure(ecs.send(new ListTasksCommand({ cluster: 'shop-tasks', nextToken: 'made-up' })))).name, 'InvalidParameterException');
    assert.equal((await failure(ecs.send(new ListTasksCommand({ cluster: 'shop-tasks', maxResults: 101 })))).name, 'InvalidParameterException');
    assert.equal((await failure(ecs.send(new ListTasksCommand({ cluster: 'shop-tasks', serviceName: 'nothing' })))).name, 'ServiceNotFoundException');
    assert.equal((await failure(ecs.send(new DescribeTasksCommand({ cluster: 'shop-tasks', tasks: [] })))).name, 'InvalidParameterException');
  });

  it('stands beside peerings, which are filtered by their state', async () => {
    const place = sandbox.world.places[0]!;
    const [one, other] = place.vpcs;
    const ends = { requesterVpcId: one!.id, accepterVpcId: other!.id };
    place.peerings.push({ id: 'pcx-0123456789abcdef0', ...ends, status: 'active' }, { id: 'pcx-0123456789abcdef1', ...ends, status: 'pending-acceptance' });
    const Filters = [{ Name: 'status-code', Values: ['active'] }];
    const { VpcPeeringConnections } = await clients.ec2.send(new DescribeVpcPeeringConnectionsCommand({ Filters }));
    assert.deepEqual(VpcPeeringConnections?.map(({ RequesterVpcInfo, AccepterVpcInfo }) => [RequesterVpcInfo?.VpcId, AccepterVpcInfo?.VpcId]), [[one!.id, other!.id]]);
  });
});
