import { hasAddress, kafkaBrokers, publicKafkaBrokers } from '../dataNaming';
import type { Address } from '../naming';
import type { KafkaCluster } from '../worldDataTypes';
import type { Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { tokenPage, vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { restJson } from './protocol/restJson';

interface Row {
  readonly cluster: KafkaCluster;
  readonly vpc: Vpc;
}

function rowsOf(call: Call): Row[] {
  return vpcsOf(call).flatMap((vpc) => (vpc.data?.kafkaClusters ?? []).map((cluster) => ({ cluster, vpc })));
}

function arnOf({ region, caller }: Call, { name, uuid }: KafkaCluster): string {
  return `arn:aws:kafka:${region.name}:${caller.accountId}:cluster/${name}/${uuid}`;
}

const listClusters: Action = {
  run(call) {
    const { rows, next } = tokenPage(call, rowsOf(call), { invalid: 'BadRequestException' });
    return { clusterInfoList: rows.map((row) => renderCluster(call, row)), nextToken: next };
  },
};

function renderCluster(call: Call, { cluster, vpc }: Row): Output {
  return {
    clusterType: cluster.serverless ? 'SERVERLESS' : 'PROVISIONED',
    clusterArn: arnOf(call, cluster),
    clusterName: cluster.name,
    creationTime: '2026-01-15T07:00:00.000Z',
    currentVersion: 'K3AEGXETSR30VB',
    state: cluster.status,
    tags: Object.fromEntries(cluster.tags.map(({ key, value }) => [key, value])),
    ...(cluster.serverless ? { serverless: renderServerless(cluster, vpc) } : { provisioned: renderProvisioned(cluster, vpc) }),
  };
}

function renderServerless({ securityGroupIds }: KafkaCluster, vpc: Vpc): Output {
  return {
    vpcConfigs: [{ subnetIds: vpc.subnets.map(({ id }) => id), securityGroupIds: [...securityGroupIds] }],
    clientAuthentication: { sasl: { iam: { enabled: true } } },
  };
}

function renderProvisioned({ brokers, clientBroker, logins, public: isPublic, securityGroupIds, version }: KafkaCluster, vpc: Vpc): Output {
  const enabled = (login: KafkaCluster['logins'][number]): Output => ({ enabled: logins.includes(login) });
  return {
    brokerNodeGroupInfo: {
      brokerAZDistribution: 'DEFAULT',
      clientSubnets: vpc.subnets.map(({ id }) => id),
      instanceType: 'kafka.m7g.large',
      securityGroups: [...securityGroupIds],
      connectivityInfo: { publicAccess: { type: isPublic ? 'SERVICE_PROVIDED_EIPS' : 'DISABLED' } },
    },
    clientAuthentication: {
      sasl: { scram: enabled('scram'), iam: enabled('iam') },
      tls: { certificateAuthorityArnList: [], ...enabled('tls') },
      unauthenticated: enabled('unauthenticated'),
    },
    currentBrokerSoftwareInfo: { kafkaVersion: version },
    encryptionInfo: { encryptionInTransit: { clientBroker, inCluster: true } },
    enhancedMonitoring: 'DEFAULT',
    numberOfBrokerNodes: brokers,
  };
}

const getBootstrapBrokers: Action = {
  resource: ({ input }) => input.text('clusterArn') ?? '*',
  run(call) {
    const arn = call.input.required('clusterArn');
    const found = rowsOf(call).find(({ cluster }) => arnOf(call, cluster) === arn && !cluster.fleeting);
    if (!found) throw new ApiError('NotFoundException', 'The cluster does not exist.', 404);
    if (!hasAddress(found.cluster)) throw new ApiError('BadRequestException', 'The cluster is not in a state that allows this.', 400);
    const { plaintext, tls, scram, iam } = kafkaBrokers(found.cluster, call.region);
    const open = publicKafkaBrokers(found.cluster, call.region);
    return {
      bootstrapBrokerString: joined(plaintext),
      bootstrapBrokerStringTls: joined(tls),
      bootstrapBrokerStringSaslScram: joined(scram),
      bootstrapBrokerStringSaslIam: joined(iam),
      bootstrapBrokerStringPublicTls: joined(open.tls),
      bootstrapBrokerStringPublicSaslScram: joined(open.scram),
      bootstrapBrokerStringPublicSaslIam: joined(open.iam),
    };
  },
};

function joined(addresses: readonly Address[] | undefined): string | undefined {
  return addresses?.map(({ host, port }) => `${host}:${port}`).join(',');
}

export const kafka: ServiceDefinition = {
  signingName: 'kafka',
  protocol: restJson([
    { action: 'ListClustersV2', method: 'GET', path: '/api/v2/clusters', query: ['clusterNameFilter', 'clusterTypeFilter', 'maxResults', 'nextToken'] },
    { action: 'GetBootstrapBrokers', method: 'GET', path: '/v1/clusters/{clusterArn}/bootstrap-brokers' },
  ]),
  actions: { ListClustersV2: listClusters, GetBootstrapBrokers: getBootstrapBrokers },
};
