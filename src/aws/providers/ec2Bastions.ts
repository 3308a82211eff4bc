import type { Instance } from '@aws-sdk/client-ec2';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import { isFault } from '../../base/fault';
import type { Bastion } from '../../model/bastion';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place } from '../../model/target';
import { faultPart, settle, untilFault } from '../discovery';
import { managedInstances, managedStatus } from '../managedInstances';
import { pages } from '../paging';
import type { ProviderContext } from './context';

const ID = 'ec2.bastions';
/** Everything that is there or may come back; `shutting-down` and `terminated` are neither. */
const STATES = ['pending', 'running', 'stopping', 'stopped'];
/** The largest page. */
const EC2_PAGE = 1000;

/**
 * EC2 instances with what Systems Manager knows of them, one part per page. When that cannot be read the instances
 * still come, with `managed: 'unknown'` and a fault part beside them.
 */
export function ec2Bastions({ session, place }: ProviderContext): ResourceProvider {
  async function* instancePages(signal: AbortSignal): AsyncGenerator<readonly Instance[], void, undefined> {
    const ec2 = await session.ec2();
    const action = 'ec2:DescribeInstances';
    yield* pages(action, async (token) => {
      const input = {
        Filters: [{ Name: 'instance-state-name', Values: STATES }],
        MaxResults: EC2_PAGE,
        ...(token && { NextToken: token }),
      };
      const answer = await session.call(action, (abortSignal) => ec2.describeInstances(input, { abortSignal }), signal);
      const items = (answer.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
      return { items, next: answer.NextToken };
    });
  }

  async function managedById(signal: AbortSignal): Promise<ReadonlyMap<string, InstanceInformation>> {
    const all = await managedInstances(session, 'EC2Instance', signal);
    return new Map(all.map((information) => [information.InstanceId ?? '', information]));
  }

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const reading = settle(managedById(signal));
    for await (const instances of untilFault(instancePages(signal), reading)) {
      if (isFault(instances)) {
        yield faultPart(ID, instances);
        continue;
      }
      const managed = await reading;
      const known = 'value' in managed ? managed.value : undefined;
      yield { kind: 'bastions', provider: ID, bastions: instances.flatMap((instance) => toBastion(instance, known, place) ?? []) };
    }
  }

  return { id: ID, discover };
}

/** @param managed by instance id; undefined when Systems Manager could not be asked. */
export function toBastion(
  instance: Instance,
  managed: ReadonlyMap<string, InstanceInformation> | undefined,
  place: Place,
): Bastion | undefined {
  const id = instance.InstanceId;
  if (!id) return undefined;
  const information = managed?.get(id);
  const name = instance.Tags?.find(({ Key }) => Key === 'Name')?.Value?.trim();
  const platform = platformOf(instance, information);
  const addresses = [instance.PrivateIpAddress, instance.Ipv6Address].flatMap((address) => address ?? []);
  return {
    id,
    kind: 'ec2',
    name: name || id,
    place,
    state: instance.State?.Name ?? 'unknown',
    managed: managed ? (information ? managedStatus(information) : 'unmanaged') : 'unknown',
    ...(information?.AgentVersion && { agentVersion: information.AgentVersion }),
    ...(platform && { platform }),
    ...(instance.PublicIpAddress && { publicAddress: instance.PublicIpAddress }),
    ...(instance.Placement?.AvailabilityZone && { availabilityZone: instance.Placement.AvailabilityZone }),
    ...(instance.VpcId && { vpcId: instance.VpcId }),
    ...(instance.SubnetId && { subnetId: instance.SubnetId }),
    securityGroupIds: (instance.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    ...(addresses.length > 0 && { privateAddresses: addresses }),
    ...(instance.IamInstanceProfile?.Arn && { identityArn: instance.IamInstanceProfile.Arn }),
    ...(instance.Tags?.length && { tags: Object.fromEntries(instance.Tags.map(({ Key = '', Value = '' }) => [Key, Value])) }),
  };
}

function platformOf(instance: Instance, information: InstanceInformation | undefined): string | undefined {
  const reported = [information?.PlatformName, information?.PlatformVersion].filter(Boolean).join(' ');
  return reported || instance.PlatformDetails;
}
