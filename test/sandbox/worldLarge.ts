import { describeWorld } from './world';
import type { AccessKey, EcsCluster, EcsTask, HybridNode, Instance, Place, Profile, Region, Vpc, World } from './worldTypes';

/** Five regions, as ElastiCache abbreviates them. */
const REGIONS: readonly Region[] = [
  { name: 'eu-central-1', code: 'euc1', optInStatus: 'opt-in-not-required' },
  { name: 'eu-west-1', code: 'euw1', optInStatus: 'opt-in-not-required' },
  { name: 'us-east-1', code: 'use1', optInStatus: 'opt-in-not-required' },
  { name: 'us-west-2', code: 'usw2', optInStatus: 'opt-in-not-required' },
  { name: 'ap-southeast-1', code: 'apse1', optInStatus: 'opt-in-not-required' },
];

/** What one account has in one region. */
export interface PlaceCounts {
  readonly instances: number;
  readonly hybridNodes: number;
  readonly ecsClusters: number;
  /** Of each cluster, an even number; half of them with exec enabled, with one container each. */
  readonly tasks: number;
  readonly replicationGroups: number;
  readonly standaloneCaches: number;
  readonly serverlessCaches: number;
  readonly memoryDbClusters: number;
  readonly databases: number;
  readonly databaseClusters: number;
  readonly databaseProxies: number;
}

/** 500 rows of the tree, a container being one of them. */
export const MANY: PlaceCounts = {
  instances: 260,
  hybridNodes: 10,
  ecsClusters: 5,
  tasks: 20,
  replicationGroups: 50,
  standaloneCaches: 20,
  serverlessCaches: 10,
  memoryDbClusters: 10,
  databases: 60,
  databaseClusters: 20,
  databaseProxies: 10,
};

/** As many kinds, and little of each. */
export const FEW: PlaceCounts = {
  instances: 8,
  hybridNodes: 2,
  ecsClusters: 2,
  tasks: 2,
  replicationGroups: 4,
  standaloneCaches: 2,
  serverlessCaches: 2,
  memoryDbClusters: 2,
  databases: 4,
  databaseClusters: 2,
  databaseProxies: 2,
};

const VPCS = 4;

/** Bastions and targets of one place. */
export function rowsOf({ ecsClusters, tasks, ...others }: PlaceCounts): number {
  return Object.values(others).reduce((sum, count) => sum + count, (ecsClusters * tasks) / 2);
}

/**
 * An organisation: `accounts` (at most 9) profiles `account-1`..., each of an account of its own, in five regions.
 * Rows are those of the small world, many times over under names of their own.
 */
export function largeWorld(counts: PlaceCounts, accounts = 4): World {
  const small = describeWorld();
  const numbers = Array.from({ length: accounts }, (_, index) => index + 1);
  const makers = REGIONS.flatMap((region) => numbers.map((account) => new PlaceMaker(small, counts, account, region)));
  return {
    ...small,
    regions: REGIONS,
    accessKeys: numbers.map((number) => accessKey(number)),
    profiles: numbers.map((number): Profile => ({ name: `account-${number}`, accessKeyId: accessKey(number).id, region: 'eu-central-1' })),
    places: makers.map((maker) => maker.place()),
  };
}

function accessKey(number: number): AccessKey {
  const accountId = accountNumber(number);
  const identity = { id: `AKIASANDBOXLARGE000${number}`, userId: `AIDASANDBOXLARGE0000${number}` };
  return { ...identity, secret: `sandbox/large+${number}`, accountId, arn: `arn:aws:iam::${accountId}:user/large-${number}`, denied: [] };
}

function accountNumber(number: number): string {
  return `${number}`.repeat(12);
}

class PlaceMaker {
  readonly #small: World;
  readonly #counts: PlaceCounts;
  readonly #account: number;
  readonly #region: Region;

  constructor(small: World, counts: PlaceCounts, account: number, region: Region) {
    this.#small = small;
    this.#counts = counts;
    this.#account = account;
    this.#region = region;
  }

  place(): Place {
    const model = this.#small.places[0]!;
    return {
      ...model,
      accountId: accountNumber(this.#account),
      region: this.#region.name,
      vpcs: Array.from({ length: VPCS }, (_, number) => this.#vpc(model, number)),
      hybridNodes: each(counted(this.#counts.hybridNodes), (number): HybridNode => ({ ...model.hybridNodes[0]!, id: this.#id('mi', number), name: `office-${number}` })),
      ecsClusters: each(counted(this.#counts.ecsClusters), (number) => this.#ecsCluster(number)),
      peerings: [],
    };
  }

  #vpc(model: Place, number: number): Vpc {
    const [shop] = model.vpcs as [Vpc, ...Vpc[]];
    // One that has nothing: whatever services are added to the small world, this one has none of them.
    const empty = model.vpcs.find(({ name }) => name === 'partner')!;
    const share = (count: number): number[] => counted(count).filter((index) => index % VPCS === number);
    const subnets = each(empty.subnets, (subnet, index) => ({ ...subnet, id: this.#subnet(number, index), zone: `${this.#region.name}${'ab'[index]}` }));
    const securityGroupIds = [this.#id('sg', number)];
    return {
      ...empty,
      id: this.#id('vpc', number),
      name: `network-${number}`,
      subnets,
      securityGroups: each(empty.securityGroups, (group, index) => ({ ...group, id: this.#id('sg', number + index * VPCS) })),
      cacheSubnetGroup: { ...empty.cacheSubnetGroup, name: `network-${number}-caches`, subnetIds: subnets.map(({ id }) => id) },
      instances: each(share(this.#counts.instances), (index) => this.#instance(shop, index, subnets[0]!.id, securityGroupIds)),
      replicationGroups: each(share(this.#counts.replicationGroups), (index) => ({
        ...named(shop.replicationGroups, index % 3 === 0 ? 'catalog-cluster' : 'orders-cache'),
        id: `cache-${index}`,
        securityGroupIds,
      })),
      standaloneCaches: each(share(this.#counts.standaloneCaches), (index) => ({ ...shop.standaloneCaches[index % 2]!, id: `alone-${index}`, securityGroupIds })),
      serverlessCaches: each(share(this.#counts.serverlessCaches), (index) => ({
        ...shop.serverlessCaches[0]!,
        name: `serverless-${index}`,
        subnetIds: subnets.map(({ id }) => id),
        securityGroupIds,
      })),
      memoryDbClusters: each(share(this.#counts.memoryDbClusters), (index) => ({ ...shop.memoryDbClusters[0]!, name: `memory-${index}`, securityGroupIds })),
      databases: each(share(this.#counts.databases), (index) => ({ ...shop.databases[index % 2]!, id: `database-${index}`, securityGroupIds })),
      databaseClusters: each(share(this.#counts.databaseClusters), (index) => ({
        ...shop.databaseClusters[0]!,
        id: `aurora-${index}`,
        instances: [`aurora-${index}-one`, `aurora-${index}-two`],
        securityGroupIds,
      })),
      databaseProxies: each(share(this.#counts.databaseProxies), (index) => ({
        ...shop.databaseProxies[0]!,
        name: `proxy-${index}`,
        endpoints: [{ name: `proxy-${index}-reader`, role: 'READ_ONLY' }],
        securityGroupIds,
      })),
    };
  }

  #instance(shop: Vpc, index: number, subnetId: string, securityGroupIds: readonly string[]): Instance {
    const { managed } = shop.instances[0]!;
    const base = {
      ...shop.instances[1]!,
      id: this.#id('i', index),
      name: `machine-${index}`,
      subnetId,
      privateIp: `10.10.${Math.floor(index / 200)}.${(index % 200) + 10}`,
      securityGroupIds,
      tags: ['team', 'stage', 'cost-centre', 'owner', 'backup'].map((key) => ({ key, value: `${key}-${index % 7}` })),
    };
    // Most, as in an organisation that manages its machines; the others are told without an agent.
    return index % 4 === 3 || !managed ? base : { ...base, managed: { ...managed } };
  }

  #ecsCluster(number: number): EcsCluster {
    const model = this.#small.places[0]!.ecsClusters[0]!.tasks;
    const [withExec, without] = model as [EcsTask, EcsTask, ...EcsTask[]];
    const tasks = each(counted(this.#counts.tasks), (index): EcsTask => {
      const id = this.#hex(number * 1000 + index).padStart(32, '5');
      const base = index % 2 === 0 ? withExec : without;
      const container = { ...base.containers[0]!, name: `container-${index}`, runtimeId: `${id}-1` };
      return { ...base, id, group: `service:task-${index}`, subnetId: this.#subnet(number % VPCS, 0), containers: [container] };
    });
    return { name: `tasks-${number}`, tasks };
  }

  #subnet(vpc: number, index: number): string {
    return this.#id('subnet', vpc * 2 + index);
  }

  #id(kind: string, number: number): string {
    return `${kind}-${this.#hex(number).padStart(17, '0')}`;
  }

  /** Unique per place. */
  #hex(number: number): string {
    const place = this.#account * 16 + REGIONS.indexOf(this.#region);
    return (place * 0x1_00_00_00 + number + 1).toString(16);
  }
}

function counted(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function each<Row, Made>(rows: readonly Row[], make: (row: Row, index: number) => Made): Made[] {
  return Array.from(rows, make);
}

function named<Row extends { readonly id: string }>(rows: readonly Row[], id: string): Row {
  const found = rows.find((row) => row.id === id);
  if (!found) throw new Error(`the small world has no ${id}`);
  return found;
}
