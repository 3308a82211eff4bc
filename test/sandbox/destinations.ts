import { privateHosts } from './naming';
import type { Servers } from './servers/index';
import type { Resolution } from './sessionManager/service';
import { sessionTarget } from './worldQueries';
import type { SessionTarget } from './worldQueries';
import type { Backing, Peering, World } from './worldTypes';

/** The real servers by what the world calls them, with their addresses only. */
export type ServerAddresses = Readonly<Record<'plain' | 'tls' | 'wrongName', Pick<Servers['plain'], 'host' | 'port'>>>;

/**
 * What a session target meets at a host and port: names resolve in every VPC, packets into another VPC are lost unless the two are peered.
 * @param servers absent: nothing listens anywhere
 */
export function destinationOf(
  world: World,
  servers: ServerAddresses | undefined,
  { host, port, instanceId }: { readonly host: string; readonly port: number; readonly instanceId: string },
): Resolution {
  const from = sessionTarget(world, instanceId);
  // The documents for a machine's own ports leave the agent its default host.
  if (host === 'localhost') return behind(from?.ports[port] ?? 'refused', servers);
  const named = privateHosts(world).filter((row) => row.host === host.toLowerCase());
  const [known] = named;
  if (!known) return undefined;
  if (from?.vpcId === undefined || !isConnected(from, known.vpcId)) return 'blackhole';
  return behind(named.find((row) => row.port === port)?.backing ?? 'refused', servers);
}

/** Peerings connect two VPCs and lead no further. */
function isConnected({ vpcId, place }: SessionTarget, to: string): boolean {
  if (vpcId === to) return true;
  const ends = ({ requesterVpcId, accepterVpcId }: Peering): readonly string[] => [requesterVpcId, accepterVpcId];
  return place.peerings.some((peering) => peering.status === 'active' && ends(peering).includes(to) && ends(peering).includes(vpcId ?? ''));
}

function behind(backing: Backing, servers: ServerAddresses | undefined): Resolution {
  if (backing === 'blackhole') return backing;
  const server = serverBehind(backing, servers);
  return server ? { kind: 'server', ...server } : 'refused';
}

/** The real server; undefined where nothing answers. */
export function serverBehind(backing: Backing, servers: ServerAddresses | undefined): { readonly host: string; readonly port: number } | undefined {
  if (typeof backing === 'object') return { host: '127.0.0.1', port: backing.loopbackPort };
  if (backing === 'refused' || backing === 'blackhole') return undefined;
  const server = servers?.[backing];
  return server && { host: server.host, port: server.port };
}
