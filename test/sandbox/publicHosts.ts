import { publicDataHosts } from './dataNaming';
import { databaseAddress } from './databaseNaming';
import type { ServerAddresses } from './destinations';
import { serverBehind } from './destinations';
import type { Address } from './naming';
import { isUp, regionNamed, serverlessAddress } from './naming';
import type { Backing, World } from './worldTypes';

/** An address that everybody can reach, and what stands behind it. */
export interface PublicHost extends Address {
  /** Name of the resource. */
  readonly resource: string;
  readonly backing: Backing;
}

/** Every public address that the APIs tell, computed from the world as it is now. */
export function publicHosts(world: World): PublicHost[] {
  return world.places.flatMap(({ accountId, region: name, vpcs }) => {
    const region = regionNamed(world, name);
    const at = (resource: string, backing: Backing, { host, port }: Address): PublicHost => ({ host, port, resource, backing });
    return vpcs.flatMap((vpc) => [
      ...vpc.serverlessCaches
        .filter((cache) => isUp(cache) && cache.public)
        .map((cache) => at(cache.name, cache.backing, serverlessAddress(cache, 'writer', region))),
      ...vpc.databases
        .filter((database) => isUp(database) && database.public)
        .map((database) => at(database.id, database.backing, databaseAddress(database, region))),
      ...publicDataHosts(vpc, accountId, region),
    ]);
  });
}

/** The port on 127.0.0.1 that a public address leads to; undefined where nothing answers, or where it is none. */
export function publicPort(world: World, servers: ServerAddresses | undefined, { host, port }: Address): number | undefined {
  const found = publicHosts(world).find((row) => row.host === host.toLowerCase() && row.port === port);
  return found && serverBehind(found.backing, servers)?.port;
}
