import type { Action, Call, ServiceDefinition } from './definition';
import type { Input } from './protocol/input';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsJson11 } from './protocol/json';
import { documentActions } from './ssmDocuments';
import { sessionActions } from './ssmSessions';
import type { Managed } from '../worldTypes';

/** A row of the list: what EC2 instances and hybrid nodes have in common there, and what they have not. */
interface ManagedInstance {
  readonly id: string;
  readonly address: string;
  readonly managed: Managed;
  readonly type: 'EC2Instance' | 'ManagedInstance';
  /** Members that only its kind has. */
  readonly more: Output;
}

/** Values that a filter compares with, by its key; the old `InstanceInformationFilterList` has the same keys. */
const FILTERS: Readonly<Record<string, (row: ManagedInstance) => string>> = {
  InstanceIds: ({ id }) => id,
  PingStatus: ({ managed }) => managed.ping,
  AgentVersion: ({ managed }) => managed.agentVersion,
  PlatformTypes: () => 'Linux',
  ResourceType: ({ type }) => type,
};

const INSTANCE_ID = /^(i-([0-9a-f]{8}|[0-9a-f]{17})|mi-[0-9a-f]{17})$/;

const describeInstanceInformation: Action = {
  resource: ({ region, caller }) => `arn:aws:ssm:${region.name}:${caller.accountId}:*`,
  run(call) {
    const { input } = call;
    const filters = readFilters(input);
    const limit = input.integer('MaxResults', 5, 50);
    const all = managedInstances(call).filter((row) => filters.every(({ of, values }) => values.includes(of(row))));
    const listing = JSON.stringify([input.tree['Filters'], input.tree['InstanceInformationFilterList']]);
    const page = call.page(all, { limit, token: input.text('NextToken'), listing });
    if (!page) throw new ApiError('InvalidNextToken', 'The specified token is not valid.');
    return { InstanceInformationList: page.rows.map(renderInstance), NextToken: page.next };
  },
};

function readFilters(input: Input): { of: (row: ManagedInstance) => string; values: string[] }[] {
  const filters = [
    ...input.groups('Filters').map((filter) => ({ key: filter.required('Key'), values: filter.texts('Values') })),
    ...input
      .groups('InstanceInformationFilterList')
      .map((filter) => ({ key: filter.required('key'), values: filter.texts('valueSet') })),
  ];
  return filters.map(({ key, values }) => {
    const of = Object.hasOwn(FILTERS, key) ? FILTERS[key] : undefined;
    if (!of) throw new ApiError('InvalidFilterKey', `The following filter key is not valid: ${key}`);
    if (key === 'InstanceIds' && values.some((id) => !INSTANCE_ID.test(id))) {
      throw new ApiError('InvalidInstanceInformationFilterValue', 'The specified filter value is not valid.');
    }
    return { of, values };
  });
}

/** Terminated machines fall out of the list; stopped ones stay in it, as ConnectionLost. */
function managedInstances({ world, caller, region }: Pick<Call, 'world' | 'caller' | 'region'>): ManagedInstance[] {
  const places = world.places.filter((place) => place.accountId === caller.accountId && place.region === region.name);
  const instances = places
    .flatMap(({ vpcs }) => vpcs.flatMap((vpc) => vpc.instances))
    .filter(({ state }) => state !== 'terminated')
    .flatMap(({ id, managed, privateIp }): ManagedInstance[] =>
      managed ? [{ id, managed, address: privateIp, type: 'EC2Instance', more: { SourceId: id, SourceType: 'AWS::EC2::Instance' } }] : [],
    );
  const nodes = places
    .flatMap(({ hybridNodes }) => hybridNodes)
    .map(({ id, name, managed, address }): ManagedInstance => ({ id, managed, address, type: 'ManagedInstance', more: registration(id, name) }));
  return [...instances, ...nodes];
}

function registration(id: string, name: string): Output {
  return {
    Name: name,
    ActivationId: '5a11e5e5-0000-4000-8000-000000000001',
    IamRole: 'service-role/SandboxHybridNodes',
    RegistrationDate: new Date(Date.UTC(2026, 0, 10)),
    SourceId: id,
    SourceType: 'AWS::SSM::ManagedInstance',
  };
}

function renderInstance({ id, address, managed, type, more }: ManagedInstance): Output {
  return {
    InstanceId: id,
    PingStatus: managed.ping,
    LastPingDateTime: new Date(Date.UTC(2026, 0, 15, 9)),
    AgentVersion: managed.agentVersion,
    IsLatestVersion: false,
    PlatformType: 'Linux',
    PlatformName: managed.platformName,
    PlatformVersion: managed.platformVersion,
    ResourceType: type,
    IPAddress: address,
    ComputerName: `ip-${address.replaceAll('.', '-')}.internal`,
    ...more,
  };
}

export const ssm: ServiceDefinition = {
  signingName: 'ssm',
  protocol: awsJson11('AmazonSSM'),
  actions: { DescribeInstanceInformation: describeInstanceInformation, ...documentActions(), ...sessionActions() },
};
