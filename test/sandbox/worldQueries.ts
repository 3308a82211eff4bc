import type { Instance, Place, ReplicationGroup, ServerlessCache, Vpc, World } from './worldTypes';

/** A row and where it is. */
type Located<Row = unknown> = Row & {
  readonly place: Place;
  readonly vpc: Vpc;
};

/** By id or Name tag. */
export function instanceNamed(world: World, id: string): Located<{ readonly instance: Instance }> | undefined {
  for (const located of allVpcs(world)) {
    const instance = located.vpc.instances.find((row) => row.id === id || row.name === id);
    if (instance) return { ...located, instance };
  }
  return undefined;
}

export function replicationGroupNamed(
  world: World,
  id: string,
): Located<{ readonly group: ReplicationGroup }> | undefined {
  for (const located of allVpcs(world)) {
    const group = located.vpc.replicationGroups.find((row) => row.id === id);
    if (group) return { ...located, group };
  }
  return undefined;
}

export function serverlessCacheNamed(
  world: World,
  name: string,
): Located<{ readonly cache: ServerlessCache }> | undefined {
  for (const located of allVpcs(world)) {
    const cache = located.vpc.serverlessCaches.find((row) => row.name === name);
    if (cache) return { ...located, cache };
  }
  return undefined;
}

function* allVpcs(world: World): Generator<Located> {
  for (const place of world.places) for (const vpc of place.vpcs) yield { place, vpc };
}
