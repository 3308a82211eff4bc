import { describe } from './ec2Describe';
import { describeVpcPeerings } from './ec2Peerings';
import type { ServiceDefinition, Action } from './definition';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { ec2Query } from './protocol/query';
import type { Instance, InstanceState, Route, RouteTable, Rule, SecurityGroup, Subnet, Tag, Vpc } from '../worldTypes';

const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

const INSTANCE_ID = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/;

const describeInstances = describe<Instance>({
  rows: (vpc) => vpc.instances,
  idOf: ({ id }) => id,
  idParameter: 'InstanceId',
  idPattern: INSTANCE_ID,
  malformed: 'InvalidInstanceID.Malformed',
  notFound: 'InvalidInstanceID.NotFound',
  noun: 'instance',
  maxResults: 1000,
  tagsOf: instanceTags,
  filters: {
    'instance-id': ({ id }) => [id],
    'instance-state-name': ({ state }) => [state],
    'instance-state-code': ({ state }) => [`${STATE_CODES[state]}`],
    'instance-type': ({ type }) => [type],
    'vpc-id': (_, vpc) => [vpc.id],
    'subnet-id': ({ subnetId }) => [subnetId],
    'private-ip-address': ({ privateIp }) => [privateIp],
    'ip-address': ({ publicIp }) => (publicIp ? [publicIp] : []),
    'instance.group-id': ({ securityGroupIds }) => securityGroupIds,
    'availability-zone': ({ subnetId }, vpc) => [zoneOf(subnetId, vpc)],
  },
  set: 'reservationSet',
  render: (instance, vpc, accountId) => ({
    reservationId: instance.id.replace('i-', 'r-'),
    ownerId: accountId,
    groupSet: {},
    instancesSet: { item: [renderInstance(instance, vpc, accountId)] },
  }),
});

function renderInstance(instance: Instance, vpc: Vpc, accountId: string): Output {
  const { id, state, subnetId, privateIp, publicIp, type } = instance;
  // A terminated machine keeps its id, state and tags for an hour, and loses its place in the network.
  const placed = state !== 'terminated';
  return {
    instanceId: id,
    imageId: 'ami-0c0ffee00c0ffee00',
    instanceState: renderState(state),
    privateDnsName: placed ? `ip-${privateIp.replaceAll('.', '-')}.internal` : '',
    dnsName: '',
    reason: '',
    amiLaunchIndex: 0,
    productCodes: {},
    instanceType: type,
    launchTime: new Date(Date.UTC(2026, 0, 15, 8, 30)),
    placement: { availabilityZone: zoneOf(subnetId, vpc), groupName: '', tenancy: 'default' },
    monitoring: { state: 'disabled' },
    ...(placed && { subnetId, vpcId: vpc.id, privateIpAddress: privateIp }),
    ...(publicIp !== undefined && { ipAddress: publicIp }),
    architecture: 'arm64',
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    ...instanceProfile(instance, accountId),
    groupSet: { item: placed ? instance.securityGroupIds.map((groupId) => renderGroupName(groupId, vpc)) : [] },
    tagSet: renderTags(instanceTags(instance)),
    platformDetails: 'Linux/UNIX',
  };
}

const getConsoleOutput: Action = {
  run({ input, world, caller, region }) {
    const id = input.required('InstanceId');
    if (!INSTANCE_ID.test(id)) throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    const places = world.places.filter((place) => place.accountId === caller.accountId && place.region === region.name);
    const instance = places.flatMap(({ vpcs }) => vpcs.flatMap(({ instances }) => instances)).find((row) => row.id === id);
    if (!instance) throw new ApiError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    const output = instance.console && Buffer.from(instance.console).toString('base64');
    return { instanceId: id, timestamp: new Date(Date.UTC(2026, 0, 15, 8, 31)), output };
  },
};

/** From EC2's `StartInstances`: a running one stays as it is, one that is stopped runs after its boot, and its agent reports a while later. */
const startInstances: Action = {
  run({ input, world, caller, region }) {
    const ids = input.texts('InstanceId');
    const places = world.places.filter((place) => place.accountId === caller.accountId && place.region === region.name);
    const all = places.flatMap(({ vpcs }) => vpcs.flatMap(({ instances }) => instances));
    const rows = ids.map((id) => {
      if (!INSTANCE_ID.test(id)) throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
      const row = all.find((one) => one.id === id);
      if (!row) throw new ApiError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
      if (!['stopped', 'pending', 'running'].includes(row.state)) {
        throw new ApiError('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be started.`);
      }
      return row;
    });
    const item = rows.map((row) => {
      const previous = row.state;
      if (previous === 'stopped') boot(row);
      return { instanceId: row.id, currentState: renderState(row.state), previousState: renderState(previous) };
    });
    return { instancesSet: { item } };
  },
};

const BOOT_MS = 2000;

function boot(instance: Instance): void {
  const { bootMs = BOOT_MS, managed } = instance;
  instance.state = 'pending';
  setTimeout(() => {
    if (instance.state !== 'pending') return;
    instance.state = 'running';
    setTimeout(() => {
      if (managed && instance.state === 'running') managed.ping = 'Online';
    }, bootMs).unref();
  }, bootMs).unref();
}

function renderState(state: InstanceState): Output {
  return { code: STATE_CODES[state], name: state };
}

function instanceProfile({ instanceProfile: name, managed }: Instance, accountId: string): Output {
  const own = name ?? (managed ? 'managed' : '');
  return own === '' ? {} : { iamInstanceProfile: { arn: `arn:aws:iam::${accountId}:instance-profile/${own}`, id: 'AIPASANDBOXMANAGED01' } };
}

const describeVpcs = describe<Vpc>({
  rows: (vpc) => [vpc],
  idOf: ({ id }) => id,
  idParameter: 'VpcId',
  idPattern: /^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/,
  malformed: 'InvalidVpcID.Malformed',
  notFound: 'InvalidVpcID.NotFound',
  noun: 'vpc',
  maxResults: 1000,
  tagsOf: ({ name }) => [{ key: 'Name', value: name }],
  filters: {
    'vpc-id': ({ id }) => [id],
    cidr: ({ cidr }) => [cidr],
    state: () => ['available'],
    'is-default': () => ['false'],
  },
  set: 'vpcSet',
  render: ({ id, name, cidr }, _vpc, accountId) => ({
    vpcId: id,
    ownerId: accountId,
    state: 'available',
    cidrBlock: cidr,
    cidrBlockAssociationSet: {
      item: [
        {
          cidrBlock: cidr,
          associationId: id.replace('vpc-', 'vpc-cidr-assoc-'),
          cidrBlockState: { state: 'associated' },
        },
      ],
    },
    dhcpOptionsId: 'dopt-0c0ffee00c0ffee00',
    tagSet: renderTags([{ key: 'Name', value: name }]),
    instanceTenancy: 'default',
    isDefault: false,
  }),
});

const describeSubnets = describe<Subnet>({
  rows: (vpc) => vpc.subnets,
  idOf: ({ id }) => id,
  idParameter: 'SubnetId',
  idPattern: /^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/,
  malformed: 'InvalidSubnetID.Malformed',
  notFound: 'InvalidSubnetID.NotFound',
  noun: 'subnet',
  maxResults: 1000,
  tagsOf: ({ name }) => [{ key: 'Name', value: name }],
  filters: {
    'subnet-id': ({ id }) => [id],
    'vpc-id': (_, vpc) => [vpc.id],
    'availability-zone': ({ zone }) => [zone],
    'cidr-block': ({ cidr }) => [cidr],
    state: () => ['available'],
  },
  set: 'subnetSet',
  render: ({ id, name, cidr, zone }, vpc, accountId, region) => ({
    subnetId: id,
    subnetArn: `arn:aws:ec2:${region}:${accountId}:subnet/${id}`,
    state: 'available',
    ownerId: accountId,
    vpcId: vpc.id,
    cidrBlock: cidr,
    ipv6CidrBlockAssociationSet: {},
    availableIpAddressCount: 240,
    availabilityZone: zone,
    defaultForAz: false,
    mapPublicIpOnLaunch: false,
    assignIpv6AddressOnCreation: false,
    tagSet: renderTags([{ key: 'Name', value: name }]),
  }),
});

const describeSecurityGroups = describe<SecurityGroup>({
  rows: (vpc) => vpc.securityGroups,
  idOf: ({ id }) => id,
  idParameter: 'GroupId',
  idPattern: /^sg-([0-9a-f]{8}|[0-9a-f]{17})$/,
  malformed: 'InvalidGroupId.Malformed',
  notFound: 'InvalidGroup.NotFound',
  noun: 'security group',
  maxResults: 1000,
  tagsOf: () => [],
  filters: { 'group-id': ({ id }) => [id], 'vpc-id': (_, vpc) => [vpc.id], 'group-name': ({ name }) => [name] },
  set: 'securityGroupInfo',
  render: ({ id, name, description, ingress, egress }, vpc, accountId, region) => ({
    ownerId: accountId,
    groupId: id,
    securityGroupArn: `arn:aws:ec2:${region}:${accountId}:security-group/${id}`,
    groupName: name,
    groupDescription: description,
    vpcId: vpc.id,
    ipPermissions: { item: ingress.map((rule) => renderRule(rule, accountId)) },
    ipPermissionsEgress: { item: egress.map((rule) => renderRule(rule, accountId)) },
  }),
});

function renderRule({ protocol, from, to, cidrs = [], groups = [] }: Rule, accountId: string): Output {
  return {
    ipProtocol: protocol,
    fromPort: from,
    toPort: to,
    groups: { item: groups.map((groupId) => ({ userId: accountId, groupId })) },
    ipRanges: { item: cidrs.map((cidrIp) => ({ cidrIp })) },
    ipv6Ranges: {},
    prefixListIds: {},
  };
}

const describeRouteTables = describe<RouteTable>({
  rows: (vpc) => vpc.routeTables,
  idOf: ({ id }) => id,
  idParameter: 'RouteTableId',
  idPattern: /^rtb-([0-9a-f]{8}|[0-9a-f]{17})$/,
  malformed: 'InvalidRouteTableId.Malformed',
  notFound: 'InvalidRouteTableID.NotFound',
  noun: 'routeTable',
  maxResults: 100,
  tagsOf: () => [],
  filters: {
    'route-table-id': ({ id }) => [id],
    'vpc-id': (_, vpc) => [vpc.id],
    'association.main': ({ main }) => [`${main}`],
    'association.subnet-id': ({ subnetIds }) => subnetIds,
  },
  set: 'routeTableSet',
  render: ({ id, main, subnetIds, routes }, vpc, accountId) => ({
    routeTableId: id,
    vpcId: vpc.id,
    ownerId: accountId,
    routeSet: { item: routes.map(renderRoute) },
    associationSet: {
      item: [...(main ? [undefined] : []), ...subnetIds].map((subnetId) => renderAssociation(id, subnetId)),
    },
    propagatingVgwSet: {},
  }),
});

function renderRoute({ destination, via, state }: Route): Output {
  return {
    destinationCidrBlock: destination,
    ...(via.startsWith('nat-') ? { natGatewayId: via } : { gatewayId: via }),
    state,
    origin: via === 'local' ? 'CreateRouteTable' : 'CreateRoute',
  };
}

function renderAssociation(routeTableId: string, subnetId: string | undefined): Output {
  return {
    routeTableAssociationId: (subnetId ?? routeTableId).replace(/^\w+-/, 'rtbassoc-'),
    routeTableId,
    subnetId,
    main: subnetId === undefined,
    associationState: { state: 'associated' },
  };
}

const describeRegions: Action = {
  run({ input, world }) {
    const wanted = input.texts('RegionName');
    const unknown = wanted.filter((name) => !world.regions.some((region) => region.name === name));
    if (unknown.length > 0) throw new ApiError('InvalidParameterValue', `Invalid region(s): [${unknown.join(', ')}]`);
    const all = input.flag('AllRegions');
    const rows = world.regions
      .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
      .filter(({ optInStatus }) => all || wanted.length > 0 || optInStatus !== 'not-opted-in');
    return {
      regionInfo: {
        item: rows.map(({ name, optInStatus }) => ({
          regionName: name,
          regionEndpoint: `ec2.${name}.amazonaws.com`,
          optInStatus,
        })),
      },
    };
  },
};

export const ec2: ServiceDefinition = {
  signingName: 'ec2',
  protocol: ec2Query({ version: '2016-11-15', namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/' }),
  actions: {
    DescribeInstances: describeInstances,
    DescribeVpcs: describeVpcs,
    DescribeSubnets: describeSubnets,
    DescribeSecurityGroups: describeSecurityGroups,
    DescribeRouteTables: describeRouteTables,
    DescribeRegions: describeRegions,
    DescribeVpcPeeringConnections: describeVpcPeerings,
    GetConsoleOutput: getConsoleOutput,
    StartInstances: startInstances,
  },
};

function instanceTags({ name, tags }: Instance): readonly Tag[] {
  return [{ key: 'Name', value: name }, ...tags];
}

function renderTags(tags: readonly Tag[]): Output {
  return { item: tags.map(({ key, value }) => ({ key, value })) };
}

function renderGroupName(groupId: string, vpc: Vpc): Output {
  return { groupId, groupName: vpc.securityGroups.find(({ id }) => id === groupId)?.name };
}

function zoneOf(subnetId: string, vpc: Vpc): string {
  return vpc.subnets.find(({ id }) => id === subnetId)?.zone ?? '';
}
