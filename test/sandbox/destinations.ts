import { privateHosts } from './naming';
import type { Servers } from './servers/index';
import type { Resolution } from './sessionManager/service';
import { instanceNamed } from './worldQueries';
import type { Backing, World } from './worldTypes';

/** The real servers by what the world calls them, with their addresses only. */
export type ServerAddresses = Readonly<Record<'plain' | 'tls' | 'wrongName', Pick<Servers['plain'], 'host' | 'port'>>>;

/**
 * What an instance meets at a host and port: names resolve in every VPC, packets into another VPC are lost.
 * @param servers absent: nothing listens anywhere
 */
export function destinationOf(
  world: World,
  servers: ServerAddresses | undefined,
  { host, port, instanceId }: { readonly host: string; readonly port: number; readonly instanceId: string },
): Resolution {
  // The documents for a machine's own ports leave the agent its default host.
  if (host === 'localhost') return behind(instanceNamed(world, instanceId)?.instance.ports?.[port] ?? 'refused', servers);
  const named = privateHosts(world).filter((row) => row.host === host.toLowerCase());
  const [known] = named;
  if (!known) return undefined;
  if (instanceNamed(world, instanceId)?.vpc.id !== known.vpcId) return 'blackhole';
  return behind(named.find((row) => row.port === port)?.backing ?? 'refused', servers);
}

function behind(backing: Backing, servers: ServerAddresses | undefined): Resolution {
  if (typeof backing === 'object') return { kind: 'server', host: '127.0.0.1', port: backing.loopbackPort };
  if (backing === 'refused' || backing === 'blackhole') return backing;
  const server = servers?.[backing];
  return server ? { kind: 'server', host: server.host, port: server.port } : 'refused';
}
