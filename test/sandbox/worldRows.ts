import type { shopDatabases } from './worldDatabases';
import { hex } from './worldIds';
import type { Instance, Managed, Place, ReplicationGroup, SecurityGroup, Subnet, Vpc } from './worldTypes';

export function nothingElse(): Pick<Place, 'hybridNodes' | 'ecsClusters' | 'peerings'> {
  return { hybridNodes: [], ecsClusters: [], peerings: [] };
}

export type VpcContent = Partial<
  Pick<Vpc, 'instances' | 'replicationGroups' | 'standaloneCaches' | 'serverlessCaches' | 'data' | keyof ReturnType<typeof shopDatabases>>
>;

export function vpc(number: number, name: string, content: VpcContent, region = 'eu-central-1'): Vpc {
  const own = subnets(number, region);
  return {
    id: `vpc-${hex(number, '0')}`,
    name,
    cidr: `10.${number}0.0.0/16`,
    subnets: own,
    securityGroups: securityGroups(number),
    routeTables: [
      {
        id: `rtb-${hex(number, '0')}`,
        main: true,
        subnetIds: [],
        routes: [{ destination: `10.${number}0.0.0/16`, via: 'local', state: 'active' }],
      },
      {
        id: `rtb-${hex(number, '1')}`,
        main: false,
        subnetIds: [own[0]!.id],
        routes: [
          { destination: `10.${number}0.0.0/16`, via: 'local', state: 'active' },
          { destination: '0.0.0.0/0', via: `nat-${hex(number, '1')}`, state: 'active' },
        ],
      },
    ],
    cacheSubnetGroup: {
      name: `${name}-caches`,
      description: `Private subnets of ${name}`,
      subnetIds: own.map(({ id }) => id),
    },
    instances: [],
    replicationGroups: [],
    standaloneCaches: [],
    serverlessCaches: [],
    memoryDbClusters: [],
    databases: [],
    databaseClusters: [],
    databaseProxies: [],
    ...content,
  };
}

export function subnets(number: number, region: string): Subnet[] {
  return ['a', 'b'].map((zone, index) => ({
    id: `subnet-${hex(number, zone)}`,
    name: `private-${zone}`,
    cidr: `10.${number}0.${index}.0/24`,
    zone: `${region}${zone}`,
  }));
}

function securityGroups(number: number): SecurityGroup[] {
  const everything = [{ protocol: '-1', cidrs: ['0.0.0.0/0'] }] as const;
  return [
    {
      id: `sg-${hex(number, 'b')}`,
      name: 'bastion',
      description: 'Bastion: nothing in',
      ingress: [],
      egress: everything,
    },
    {
      id: `sg-${hex(number, 'c')}`,
      name: 'caches',
      description: 'Caches: from the bastion',
      ingress: [{ protocol: 'tcp', from: 6379, to: 6380, groups: [`sg-${hex(number, 'b')}`] }],
      egress: everything,
    },
    {
      id: `sg-${hex(number, 'd')}`,
      name: 'default',
      description: 'default VPC security group',
      ingress: [],
      egress: everything,
    },
  ];
}

export function machine(vpcNumber: number, number: number, name: string, more: Partial<Instance> = {}): Instance {
  return {
    id: `i-${hex(vpcNumber, `${number}`)}`,
    name,
    state: 'running',
    subnetId: `subnet-${hex(vpcNumber, 'a')}`,
    privateIp: `10.${vpcNumber}0.0.1${number}`,
    securityGroupIds: [`sg-${hex(vpcNumber, 'b')}`],
    type: 't4g.nano',
    tags: [],
    ...more,
  };
}

export function linux(ping: Managed['ping'], agentVersion = '3.3.1142.0'): Managed {
  return { ping, agentVersion, platformName: 'Amazon Linux', platformVersion: '2023' };
}

export function cache(id: string, vpcNumber: number, more: Partial<ReplicationGroup> = {}): ReplicationGroup {
  return {
    id,
    description: id,
    status: 'available',
    engine: 'redis',
    engineVersion: '7.1.0',
    clusterMode: false,
    shards: 1,
    replicas: 0,
    tls: 'off',
    authToken: false,
    userGroupIds: [],
    nodeType: 'cache.t4g.micro',
    securityGroupIds: [`sg-${hex(vpcNumber, 'c')}`],
    tags: [],
    backing: 'plain',
    ...more,
  };
}
