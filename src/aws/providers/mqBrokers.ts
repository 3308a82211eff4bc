import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place, Target, TargetEndpoint } from '../../model/target';
import type { Broker, BrokerSummary } from '../clients/mq';
import { faultPart } from '../discovery';
import { pages } from '../paging';
import type { ProviderContext } from './context';
import { describeEach } from './describeEach';
import { IF_OFFERED, whereOffered } from './offered';
import { subnetVpcFinder } from './subnetVpcs';

const ID = 'mq.brokers';
/** The largest page. */
const PAGE = 100;

/** Brokers of Amazon MQ, one part per page. What cannot be described is still shown, without endpoints. */
export function mqBrokers({ session, place }: ProviderContext): ResourceProvider {
  function brokerPages(signal: AbortSignal): AsyncGenerator<readonly BrokerSummary[], void, undefined> {
    const action = 'mq:ListBrokers';
    return pages(action, async (token) => {
      const input = { maxResults: PAGE, ...(token && { nextToken: token }) };
      const answer = await session.call(action, (abortSignal) => session.mq.listBrokers(input, { abortSignal }), signal, IF_OFFERED);
      return { items: answer.brokerSummaries ?? [], next: answer.nextToken };
    });
  }

  const describe = (id: string, signal: AbortSignal): Promise<Broker> =>
    session.call('mq:DescribeBroker', (abortSignal) => session.mq.describeBroker(id, { abortSignal }), signal);

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const describeAll = describeEach(({ brokerId }: BrokerSummary) => describe(brokerId!, signal));
    const findVpcs = subnetVpcFinder(session, signal);
    for await (const page of whereOffered(brokerPages(signal))) {
      const { details, gone, fault } = await describeAll(page.filter(({ brokerId }) => brokerId));
      if (fault) yield faultPart(ID, fault);
      // The details repeat what the list tells.
      const brokers = page.filter((summary) => !gone.has(summary)).map((summary): Broker => details.get(summary) ?? summary);
      const network = await findVpcs(brokers.flatMap(({ subnetIds }) => subnetIds?.[0] ?? []));
      if (network.fault) yield faultPart(ID, network.fault);
      yield { kind: 'targets', provider: ID, targets: brokers.flatMap((broker) => brokerTarget(broker, network.vpcs, place) ?? []) };
    }
  }

  return { id: ID, discover };
}

/**
 * Undefined only for a broker without a name, which AWS does not send.
 * @param vpcs VPC id by subnet id, as far as known
 */
export function brokerTarget(broker: Broker, vpcs: ReadonlyMap<string, string>, place: Place): Target | undefined {
  const { brokerName: name, brokerInstances = [], subnetIds = [], tags } = broker;
  if (!name) return undefined;
  const vpcId = subnetIds.map((id) => vpcs.get(id)).find((id) => id !== undefined);
  const ways = brokerInstances.map((instance, index) => waysInto(instance, brokerInstances.length > 1 ? `${index + 1} ` : '', broker));
  return {
    id: broker.brokerArn ?? `arn:aws:mq:${place.region}:${place.accountId}:broker:${name}:${broker.brokerId ?? ''}`,
    kind: 'mq.broker',
    name,
    place,
    // `ActiveMQ` or `ACTIVEMQ`, by the age of the broker.
    engine: broker.engineType?.toLowerCase() ?? 'unknown',
    ...(broker.engineVersion && { engineVersion: broker.engineVersion }),
    status: broker.brokerState ?? 'unknown',
    endpoints: [...ways.flatMap(({ wires }) => wires), ...ways.flatMap(({ consoles }) => consoles)],
    clusterMode: false,
    // Amazon MQ offers no port without.
    tls: 'required',
    auth: 'password',
    ...(vpcId && { vpcId }),
    subnetIds,
    securityGroupIds: broker.securityGroups ?? [],
    ...(tags && { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) }),
    ...(brokerInstances.length > 1 && { notes: ['oneOfTwoAnswers'] as const }),
  };
}

type Instance = NonNullable<Broker['brokerInstances']>[number];

/** @param which precedes the name of each endpoint, where there is more than one instance */
function waysInto(
  { consoleURL, endpoints = [] }: Instance,
  which: string,
  { publiclyAccessible }: Broker,
): { readonly wires: TargetEndpoint[]; readonly consoles: TargetEndpoint[] } {
  const open = publiclyAccessible ? { public: true } : {};
  const wires = endpoints.flatMap((url): TargetEndpoint[] => {
    const [, scheme = '', host, port] = /^([a-z+]+):\/\/([^/:]+):(\d{1,5})/i.exec(url) ?? [];
    const protocol = PROTOCOLS[scheme.toLowerCase()] ?? scheme;
    return host && port ? [{ role: 'broker', name: `${which}${protocol}`, host, port: Number(port), ...open }] : [];
  });
  const [, host, port = '443'] = /^https:\/\/([^/:]+)(?::(\d{1,5}))?/i.exec(consoleURL ?? '') ?? [];
  const name = which.trim();
  return { wires, consoles: host ? [{ role: 'console', ...(name && { name }), host, port: Number(port), ...open }] : [] };
}

/** By the schemes of the addresses (developer guide of Amazon MQ). */
const PROTOCOLS: Readonly<Partial<Record<string, string>>> = {
  ssl: 'OpenWire',
  'amqp+ssl': 'AMQP',
  amqps: 'AMQP',
  'stomp+ssl': 'STOMP',
  'mqtt+ssl': 'MQTT',
  wss: 'WebSocket',
};
