import assert from 'node:assert/strict';
import type { Task } from '@aws-sdk/client-ecs';
import { toRule } from '../../../src/aws/networkFacts';
import { containerBastions } from '../../../src/aws/providers/ecsTasks';
import { toHybridNode } from '../../../src/aws/providers/hybridNodes';
import { isSessionTarget } from '../../../src/model/ssmSession';
import type { Place } from '../../../src/model/target';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const ID = '0123456789abcdef0123456789abcdef';
const ARN = 'arn:aws:ecs:eu-central-1:111122223333';

describe('hybrid nodes', () => {
  it('are called as they were registered, else as they call themselves, else by their id', () => {
    const node = { InstanceId: 'mi-0123456789abcdef0', PingStatus: 'Online' as const, AgentVersion: '3.3.1142.0', PlatformName: 'Ubuntu', PlatformVersion: '24.04' };
    assert.deepEqual(toHybridNode({ ...node, Name: 'office', ComputerName: 'host.internal', IPAddress: '192.168.1.2' }, place), {
      id: 'mi-0123456789abcdef0',
      kind: 'hybrid',
      name: 'office',
      place,
      state: 'running',
      managed: 'Online',
      agentVersion: '3.3.1142.0',
      platform: 'Ubuntu 24.04',
      securityGroupIds: [],
      privateAddresses: ['192.168.1.2'],
    });
    assert.equal(toHybridNode({ ...node, Name: ' ', ComputerName: 'host.internal' }, place)?.name, 'host.internal');
    assert.equal(toHybridNode({ InstanceId: 'mi-1', PingStatus: 'ConnectionLost' }, place)?.managed, 'ConnectionLost');
    assert.equal(toHybridNode({ InstanceId: 'mi-1' }, place)?.managed, 'unknown');
    assert.equal(toHybridNode({}, place), undefined);
  });
});

describe('containers of ECS tasks', () => {
  const task: Task = {
    taskArn: `${ARN}:task/shop/${ID}`,
    clusterArn: `${ARN}:cluster/shop`,
    group: 'service:tools',
    lastStatus: 'RUNNING',
    launchType: 'FARGATE',
    platformVersion: '1.4.0',
    platformFamily: 'Linux',
    availabilityZone: 'eu-central-1a',
    enableExecuteCommand: true,
    attachments: [{ type: 'ElasticNetworkInterface', details: [{ name: 'subnetId', value: 'subnet-1' }] }],
    tags: [{ key: 'sallyport', value: 'bastion' }],
    containers: [
      {
        name: 'tools',
        runtimeId: `${ID}-265`,
        lastStatus: 'RUNNING',
        managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'RUNNING' }],
        networkInterfaces: [{ privateIpv4Address: '10.0.0.9' }],
      },
    ],
  };
  const only = (change: Partial<Task>): string => {
    const [one] = containerBastions({ ...task, ...change }, new Map(), place);
    return one ? `${one.state} ${one.managed}` : 'none';
  };
  const container = task.containers![0]!;

  it('are bastions by themselves, of the network of their task', () => {
    const found = containerBastions(task, new Map([['subnet-1', 'vpc-1']]), place);
    assert.deepEqual(found, [
      {
        id: `ecs:shop_${ID}_${ID}-265`,
        kind: 'ecs',
        name: 'tools/tools',
        place,
        platform: 'Fargate 1.4.0 (Linux)',
        availabilityZone: 'eu-central-1a',
        vpcId: 'vpc-1',
        subnetId: 'subnet-1',
        securityGroupIds: [],
        privateAddresses: ['10.0.0.9'],
        tags: { sallyport: 'bastion' },
        state: 'running',
        managed: 'Online',
        ecs: { cluster: 'shop', group: 'service:tools', taskId: ID, container: 'tools' },
      },
    ]);
    assert.ok(isSessionTarget(found[0]!.id));
  });

  it('can be used only when task, container and exec agent run, and a runtime id is known', () => {
    assert.equal(only({}), 'running Online');
    assert.equal(only({ lastStatus: 'DEPROVISIONING' }), 'deprovisioning Online');
    assert.equal(only({ containers: [{ ...container, lastStatus: 'STOPPED' }] }), 'stopped Online');
    assert.equal(only({ containers: [{ ...container, managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'PENDING' }] }] }), 'running ConnectionLost');
    assert.equal(only({ containers: [{ ...container, managedAgents: [] }] }), 'running unmanaged');
    const { runtimeId: _, ...unstarted } = container;
    assert.equal(only({ containers: [unstarted] }), 'pending Online');
    assert.ok(!isSessionTarget(containerBastions({ ...task, containers: [unstarted] }, new Map(), place)[0]!.id));
  });

  it('have ids of their own in one task, and come without a VPC where the task has no network interface', () => {
    const [one, other] = containerBastions({ ...task, attachments: [], containers: [container, { ...container, name: 'sidecar', runtimeId: `${ID}-266` }] }, new Map(), place);
    assert.ok(one && other && one.id !== other.id && one.vpcId === undefined && other.subnetId === undefined);
    assert.equal(only({ containers: [] }), 'none');
    assert.deepEqual(containerBastions({}, new Map(), place), []);
  });
});

describe('rules of security groups', () => {
  it('are read with every kind of peer', () => {
    assert.deepEqual(
      toRule({
        IpProtocol: 'tcp',
        FromPort: 1,
        ToPort: 2,
        IpRanges: [{ CidrIp: '10.0.0.0/8' }, {}],
        Ipv6Ranges: [{ CidrIpv6: '::/0' }],
        UserIdGroupPairs: [{ GroupId: 'sg-1' }],
        PrefixListIds: [{ PrefixListId: 'pl-1' }],
      }),
      { protocol: 'tcp', from: 1, to: 2, cidrs: ['10.0.0.0/8', '::/0'], groupIds: ['sg-1'], prefixListIds: ['pl-1'] },
    );
    assert.deepEqual(toRule({ IpProtocol: '-1' }), { protocol: '-1', cidrs: [], groupIds: [], prefixListIds: [] });
  });
});
