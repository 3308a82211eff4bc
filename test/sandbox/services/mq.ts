import { brokerUrls, hasAddress } from '../dataNaming';
import type { MessageBroker } from '../worldDataTypes';
import type { Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { tokenPage, vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { restJson } from './protocol/restJson';

interface Row {
  readonly broker: MessageBroker;
  readonly vpc: Vpc;
}

function rowsOf(call: Call): Row[] {
  return vpcsOf(call).flatMap((vpc) => (vpc.data?.messageBrokers ?? []).map((broker) => ({ broker, vpc })));
}

function summary({ region, caller }: Call, { id, name, status, mode, engine }: MessageBroker): Output {
  return {
    brokerArn: `arn:aws:mq:${region.name}:${caller.accountId}:broker:${name}:${id}`,
    brokerId: id,
    brokerName: name,
    brokerState: status,
    created: '2026-01-15T07:00:00.000Z',
    deploymentMode: mode,
    engineType: engine,
    hostInstanceType: 'mq.m7g.medium',
  };
}

const listBrokers: Action = {
  run(call) {
    const { rows, next } = tokenPage(call, rowsOf(call), { invalid: 'BadRequestException' });
    return { brokerSummaries: rows.map(({ broker }) => summary(call, broker)), nextToken: next };
  },
};

const describeBroker: Action = {
  resource: ({ region, caller, input }) => `arn:aws:mq:${region.name}:${caller.accountId}:broker:*:${input.text('brokerId')}`,
  run(call) {
    const id = call.input.required('brokerId');
    const found = rowsOf(call).find(({ broker }) => broker.id === id && !broker.fleeting);
    if (!found) throw new ApiError('NotFoundException', `Can't find requested broker [${id}]. Make sure your broker exists.`, 404);
    const { broker, vpc } = found;
    const instances = hasAddress(broker) ? brokerUrls(broker, call.region) : [];
    return {
      ...summary(call, broker),
      authenticationStrategy: 'simple',
      autoMinorVersionUpgrade: true,
      brokerInstances: instances.map(({ console: consoleURL, wires }, index) => ({
        consoleURL,
        endpoints: [...wires],
        ipAddress: broker.engine === 'ActiveMQ' ? `10.90.0.5${index}` : undefined,
      })),
      engineVersion: broker.version,
      publiclyAccessible: broker.public,
      securityGroups: [...broker.securityGroupIds],
      subnetIds: vpc.subnets.slice(0, broker.mode === 'SINGLE_INSTANCE' ? 1 : 2).map((subnet) => subnet.id),
      tags: Object.fromEntries(broker.tags.map(({ key, value }) => [key, value])),
      users: [{ username: 'admin' }],
    };
  },
};

export const mq: ServiceDefinition = {
  signingName: 'mq',
  protocol: restJson([
    { action: 'ListBrokers', method: 'GET', path: '/v1/brokers', query: ['maxResults', 'nextToken'] },
    { action: 'DescribeBroker', method: 'GET', path: '/v1/brokers/{brokerId}' },
  ]),
  actions: { ListBrokers: listBrokers, DescribeBroker: describeBroker },
};
