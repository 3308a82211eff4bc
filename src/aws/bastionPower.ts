import type { ManagedStatus } from '../model/bastion';
import type { BastionCondition, BastionPower, InstanceState } from '../model/bastionPower';
import type { DiscoveryScope } from '../model/inventory';
import type { AwsAccess } from './access';
import { managedStatus } from './managedInstances';
import type { AwsSession } from './session';

const STATES: ReadonlySet<string> = new Set<InstanceState>(['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated']);

/** EC2's power button, and what Systems Manager says of the machine. */
export class AwsBastionPower implements BastionPower {
  readonly #access: AwsAccess;

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  async condition(where: DiscoveryScope, instanceId: string, signal: AbortSignal): Promise<BastionCondition> {
    const session = await this.#access.open(where, signal);
    const [instance, agent] = await Promise.all([instanceState(session, instanceId, signal), agentStatus(session, instanceId, signal)]);
    return { instance, agent };
  }

  async start(where: DiscoveryScope, instanceId: string, signal: AbortSignal): Promise<void> {
    const session = await this.#access.open(where, signal);
    const ec2 = await session.ec2();
    await session.call(
      'ec2:StartInstances',
      (abortSignal) => ec2.startInstances({ InstanceIds: [instanceId] }, { abortSignal }),
      signal,
      { subject: instanceId },
    );
  }
}

async function instanceState(session: AwsSession, instanceId: string, signal: AbortSignal): Promise<InstanceState> {
  const ec2 = await session.ec2();
  // By a filter: an id that is gone is an empty answer then, and no error.
  const Filters = [{ Name: 'instance-id', Values: [instanceId] }];
  const answer = await session.call('ec2:DescribeInstances', (abortSignal) => ec2.describeInstances({ Filters }, { abortSignal }), signal);
  const name = answer.Reservations?.[0]?.Instances?.[0]?.State?.Name ?? 'unknown';
  return STATES.has(name) ? name : 'unknown';
}

async function agentStatus(session: AwsSession, instanceId: string, signal: AbortSignal): Promise<ManagedStatus> {
  const input = { Filters: [{ Key: 'InstanceIds', Values: [instanceId] }] };
  const action = 'ssm:DescribeInstanceInformation';
  const answer = await session.call(action, (abortSignal) => session.ssm.describeInstanceInformation(input, { abortSignal }), signal);
  const found = answer.InstanceInformationList?.find(({ InstanceId }) => InstanceId === instanceId);
  return found ? managedStatus(found) : 'unmanaged';
}
