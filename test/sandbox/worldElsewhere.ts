import { hex } from './worldIds';
import type { EcsCluster, EcsContainer, EcsTask, HybridNode } from './worldTypes';

const SHOP_VPC = 1;
const AGENT = '3.3.1142.0';

/** Machines in an office: one with a private line to the shop's VPC, and one that is switched off. */
export function hybridNodes(): HybridNode[] {
  const node = (number: number, name: string, ping: HybridNode['managed']['ping']): HybridNode => ({
    id: `mi-${hex(SHOP_VPC, `${number}`)}`,
    name,
    address: `192.168.10.1${number}`,
    managed: { ping, agentVersion: AGENT, platformName: 'Ubuntu', platformVersion: '24.04' },
    reachesVpcId: `vpc-${hex(SHOP_VPC, '0')}`,
  });
  return [node(1, 'office-gateway', 'Online'), node(2, 'office-spare', 'ConnectionLost')];
}

/** One cluster with each state that a task can be in for exec, and one without tasks. */
export function ecsClusters(): EcsCluster[] {
  return [
    {
      name: 'shop-tasks',
      tasks: [
        task(1, 'service:tools', { containers: [container(1, 'tools'), container(1, 'sidecar', { execAgent: 'STOPPED' })] }),
        task(2, 'service:storefront', { exec: false, containers: [container(2, 'storefront')] }),
        task(3, 'family:nightly', { status: 'PENDING', containers: [{ name: 'nightly', status: 'PENDING', agentVersion: AGENT }] }),
        task(4, 'service:tools', { status: 'STOPPED', containers: [container(4, 'tools', { status: 'STOPPED', execAgent: 'STOPPED' })] }),
      ],
    },
    { name: 'empty-tasks', tasks: [] },
  ];
}

function task(number: number, group: string, more: Pick<EcsTask, 'containers'> & Partial<EcsTask>): EcsTask {
  return {
    id: taskId(number),
    group,
    status: 'RUNNING',
    launchType: 'FARGATE',
    exec: true,
    subnetId: `subnet-${hex(SHOP_VPC, 'b')}`,
    privateIp: `10.10.1.4${number}`,
    tags: [{ key: 'team', value: 'platform' }],
    ...more,
  };
}

function container(number: number, name: string, more: Partial<EcsContainer> = {}): EcsContainer {
  return { name, runtimeId: `${taskId(number)}-26500${number}${name.length}`, status: 'RUNNING', execAgent: 'RUNNING', agentVersion: AGENT, ...more };
}

function taskId(number: number): string {
  return `${number}`.padStart(32, '5a11e5e5');
}
