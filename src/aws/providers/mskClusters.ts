import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { AuthMode, Place, Target, TargetEndpoint, TlsMode } from '../../model/target';
import type { BootstrapBrokers, BootstrapString, KafkaAuthentication, KafkaCluster } from '../clients/kafka';
import { faultPart } from '../discovery';
import { pages } from '../paging';
import type { ProviderContext } from './context';
import { describeEach } from './describeEach';
import { IF_OFFERED, whereOffered } from './offered';
import { subnetVpcFinder } from './subnetVpcs';

const ID = 'msk.clusters';
/** The largest page. */
const PAGE = 100;
/** States in which there are no brokers to ask for. */
const WITHOUT_BROKERS = new Set(['CREATING', 'DELETING', 'FAILED']);

/** Clusters of Amazon MSK, one part per page. Where the brokers cannot be read the cluster is still shown, without endpoints. */
export function mskClusters({ session, place }: ProviderContext): ResourceProvider {
  function clusterPages(signal: AbortSignal): AsyncGenerator<readonly KafkaCluster[], void, undefined> {
    const action = 'kafka:ListClustersV2';
    return pages(action, async (token) => {
      const input = { maxResults: PAGE, ...(token && { nextToken: token }) };
      const answer = await session.call(action, (abortSignal) => session.kafka.listClusters(input, { abortSignal }), signal, IF_OFFERED);
      return { items: answer.clusterInfoList ?? [], next: answer.nextToken };
    });
  }

  const brokersOf = (arn: string, signal: AbortSignal): Promise<BootstrapBrokers> =>
    session.call('kafka:GetBootstrapBrokers', (abortSignal) => session.kafka.getBootstrapBrokers(arn, { abortSignal }), signal);

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const describeAll = describeEach(({ clusterArn }: KafkaCluster) => brokersOf(clusterArn!, signal));
    const findVpcs = subnetVpcFinder(session, signal);
    for await (const page of whereOffered(clusterPages(signal))) {
      const up = page.filter(({ clusterArn, state }) => clusterArn && !WITHOUT_BROKERS.has(state ?? ''));
      const { details, gone, fault } = await describeAll(up);
      if (fault) yield faultPart(ID, fault);
      const clusters = page.filter((cluster) => !gone.has(cluster));
      const network = await findVpcs(clusters.flatMap((cluster) => networkOf(cluster).subnetIds[0] ?? []));
      if (network.fault) yield faultPart(ID, network.fault);
      const targets = clusters.flatMap((cluster) => kafkaTarget(cluster, details.get(cluster) ?? {}, network.vpcs, place) ?? []);
      yield { kind: 'targets', provider: ID, targets };
    }
  }

  return { id: ID, discover };
}

/**
 * Each broker of each bootstrap string is an endpoint, those for TLS first. Undefined only for a cluster without a name,
 * which AWS does not send.
 * @param vpcs VPC id by subnet id, as far as known
 */
export function kafkaTarget(
  cluster: KafkaCluster,
  brokers: BootstrapBrokers,
  vpcs: ReadonlyMap<string, string>,
  place: Place,
): Target | undefined {
  const { clusterName: name, provisioned, serverless, tags } = cluster;
  if (!name) return undefined;
  const { subnetIds, securityGroupIds } = networkOf(cluster);
  const vpcId = subnetIds.map((id) => vpcs.get(id)).find((id) => id !== undefined);
  const version = provisioned?.currentBrokerSoftwareInfo?.kafkaVersion;
  const tls = tlsOf(cluster);
  return {
    id: cluster.clusterArn ?? `arn:aws:kafka:${place.region}:${place.accountId}:cluster/${name}`,
    kind: 'msk.cluster',
    name,
    place,
    engine: 'kafka',
    ...(version && { engineVersion: version }),
    status: cluster.state ?? 'unknown',
    endpoints: WAYS_IN.flatMap((way) => endpointsOf(brokers[way.string], way, tls)),
    clusterMode: false,
    tls,
    auth: authOf(provisioned?.clientAuthentication ?? serverless?.clientAuthentication ?? {}),
    ...(vpcId && { vpcId }),
    subnetIds,
    securityGroupIds,
    ...(tags && { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) }),
    notes: ['otherBrokersAreTold'],
  };
}

interface WayIn {
  readonly string: BootstrapString;
  readonly name: string;
  readonly plain?: true;
  readonly public?: true;
}

/** Ports 9094, 9096, 9098, 9092, and 9194, 9196, 9198 from outside (developer guide of Amazon MSK, "Port information"). */
const WAYS_IN: readonly WayIn[] = [
  { string: 'bootstrapBrokerStringTls', name: 'TLS' },
  { string: 'bootstrapBrokerStringSaslScram', name: 'SASL/SCRAM' },
  { string: 'bootstrapBrokerStringSaslIam', name: 'SASL/IAM' },
  { string: 'bootstrapBrokerString', name: 'plaintext', plain: true },
  { string: 'bootstrapBrokerStringPublicTls', name: 'TLS', public: true },
  { string: 'bootstrapBrokerStringPublicSaslScram', name: 'SASL/SCRAM', public: true },
  { string: 'bootstrapBrokerStringPublicSaslIam', name: 'SASL/IAM', public: true },
];

function endpointsOf(list: string | undefined, way: WayIn, ofTarget: TlsMode): TargetEndpoint[] {
  const tls = way.plain ? 'off' : 'required';
  return (list ?? '').split(',').flatMap((address): TargetEndpoint[] => {
    const [, host, port] = /^\s*([^\s:]+):(\d{1,5})\s*$/.exec(address) ?? [];
    if (!host || !port) return [];
    const name = `${host.split('.', 1)[0]} ${way.name}`;
    return [{ role: 'broker', name, host, port: Number(port), ...(tls !== ofTarget && { tls }), ...(way.public && { public: true }) }];
  });
}

function tlsOf({ provisioned, serverless }: KafkaCluster): TlsMode {
  if (serverless) return 'required';
  const mode = provisioned?.encryptionInfo?.encryptionInTransit?.clientBroker;
  if (mode === 'PLAINTEXT') return 'off';
  // Without a word TLS is on (API reference, EncryptionInTransit).
  return mode === 'TLS_PLAINTEXT' ? 'preferred' : 'required';
}

function authOf({ sasl, tls, unauthenticated }: KafkaAuthentication): AuthMode {
  if (unauthenticated?.enabled) return 'none';
  if (sasl?.scram?.enabled) return sasl.iam?.enabled ? 'passwordOrIam' : 'password';
  if (sasl?.iam?.enabled) return 'iam';
  return tls?.enabled ? 'certificate' : 'none';
}

function networkOf({ provisioned, serverless }: KafkaCluster): { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] } {
  const nodes = provisioned?.brokerNodeGroupInfo;
  const configs = serverless?.vpcConfigs ?? [];
  return {
    subnetIds: [...(nodes?.clientSubnets ?? []), ...configs.flatMap(({ subnetIds }) => subnetIds ?? [])],
    securityGroupIds: [...(nodes?.securityGroups ?? []), ...configs.flatMap(({ securityGroupIds }) => securityGroupIds ?? [])],
  };
}
