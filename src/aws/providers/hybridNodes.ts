import type { InstanceInformation } from '@aws-sdk/client-ssm';
import type { Bastion } from '../../model/bastion';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place } from '../../model/target';
import { managedInstances, managedStatus } from '../managedInstances';
import type { ProviderContext } from './context';

const ID = 'ssm.hybridNodes';

/** Machines outside EC2 that Systems Manager manages (`mi-...`), in one part. Where their network leads nobody tells. */
export function hybridNodes({ session, place }: ProviderContext): ResourceProvider {
  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const nodes = await managedInstances(session, 'ManagedInstance', signal);
    yield { kind: 'bastions', provider: ID, bastions: nodes.flatMap((node) => toHybridNode(node, place) ?? []) };
  }

  return { id: ID, discover };
}

export function toHybridNode(node: InstanceInformation, place: Place): Bastion | undefined {
  const id = node.InstanceId;
  if (!id) return undefined;
  const platform = [node.PlatformName, node.PlatformVersion].filter(Boolean).join(' ');
  return {
    id,
    kind: 'hybrid',
    name: node.Name?.trim() || node.ComputerName?.trim() || id,
    place,
    // There is no power switch that we could see: one that is off is one whose agent has lost its connection.
    state: 'running',
    managed: managedStatus(node),
    ...(node.AgentVersion && { agentVersion: node.AgentVersion }),
    ...(platform && { platform }),
    securityGroupIds: [],
    ...(node.IPAddress && { privateAddresses: [node.IPAddress] }),
  };
}
