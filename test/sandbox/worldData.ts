import type { DataServices, KafkaCluster, MessageBroker, RedshiftCluster, RedshiftWorkgroup, SearchDomain } from './worldDataTypes';
import { hex } from './worldIds';
import { linux, machine, nothingElse, vpc } from './worldRows';
import type { Place, ServerlessCache } from './worldTypes';

const REGION = 'eu-west-1';
const DATA = 9;
const ANALYSTS = 10;

/** One of each state and way in that analytics, search and messages have; nothing listens behind them, a test may change that. */
export function devIreland(accountId: string): Place {
  return {
    accountId,
    region: REGION,
    ...nothingElse(),
    vpcs: [
      vpc(
        DATA,
        'data',
        { instances: [machine(DATA, 1, 'data-bastion', { managed: linux('Online') })], serverlessCaches: [publicCache()], data: dataServices() },
        REGION,
      ),
      vpc(ANALYSTS, 'analysts', { instances: [machine(ANALYSTS, 1, 'analysts-bastion', { managed: linux('Online') })] }, REGION),
    ],
  };
}

/** It belongs to no VPC, and is listed with this one only because each row has to be somewhere. */
function publicCache(): ServerlessCache {
  return {
    name: 'open-cache',
    description: 'Reachable from everywhere',
    status: 'available',
    engine: 'valkey',
    majorVersion: '9',
    fullVersion: '9.0',
    public: true,
    userGroupId: 'default.iam-user-group',
    subnetIds: [],
    securityGroupIds: [],
    tags: [],
    backing: 'tls',
  };
}

function dataServices(): DataServices {
  const groups = { securityGroupIds: [`sg-${hex(DATA, 'd')}`] };
  const here = `vpc-${hex(DATA, '0')}`;
  const there = `vpc-${hex(ANALYSTS, '0')}`;
  return {
    redshiftClusters: [
      redshiftCluster('sales-redshift', {
        ...groups,
        managedEndpoints: [
          { name: 'sales-here', vpcId: here },
          { name: 'sales-analysts', vpcId: there },
        ],
        tags: [{ key: 'team', value: 'analytics 📈' }],
      }),
      redshiftCluster('open-redshift', { ...groups, public: true, status: 'paused' }),
      redshiftCluster('fresh-redshift', { ...groups, status: 'creating' }),
    ],
    redshiftWorkgroups: [
      workgroup('adhoc', { ...groups, requireTls: true, managedEndpoints: [{ name: 'adhoc-analysts', vpcId: there }], tags: [{ key: 'team', value: 'analytics 📈' }] }),
      workgroup('open-adhoc', { ...groups, public: true, requireTls: true }),
      workgroup('fresh-adhoc', { ...groups, status: 'CREATING' }),
    ],
    searchDomains: [
      searchDomain('products', { ...groups, internalUsers: true, tags: [{ key: 'team', value: 'web' }] }),
      searchDomain('logs', { ...groups, version: 'Elasticsearch_7.10', status: 'Modifying' }),
      searchDomain('open-search', { ...groups, inVpc: false }),
      searchDomain('fresh-search', { ...groups, status: 'Creating' }),
    ],
    messageBrokers: [
      broker(1, 'orders-mq', { ...groups, mode: 'ACTIVE_STANDBY_MULTI_AZ', tags: [{ key: 'team', value: 'orders' }] }),
      broker(2, 'events-mq', { ...groups, engine: 'RabbitMQ', version: '3.13', mode: 'CLUSTER_MULTI_AZ', public: true }),
      broker(3, 'fresh-mq', { ...groups, status: 'CREATION_IN_PROGRESS' }),
    ],
    kafkaClusters: [
      kafka(1, 'clicks', { ...groups, clientBroker: 'TLS_PLAINTEXT', logins: ['unauthenticated', 'scram', 'iam'], tags: [{ key: 'team', value: 'web' }] }),
      kafka(2, 'ledger', { ...groups, logins: ['tls'], status: 'UPDATING' }),
      kafka(3, 'bursts', { ...groups, serverless: true, brokers: 0, logins: ['iam'] }),
      kafka(4, 'fresh-kafka', { ...groups, status: 'CREATING' }),
      kafka(5, 'open-kafka', { ...groups, logins: ['iam'], public: true }),
    ],
  };
}

type Rest<Row> = Partial<Row> & { readonly securityGroupIds: readonly string[] };

export function redshiftCluster(id: string, more: Rest<RedshiftCluster>): RedshiftCluster {
  return { id, version: '1.0', status: 'available', public: false, managedEndpoints: [], tags: [], backing: 'refused', ...more };
}

export function workgroup(name: string, more: Rest<RedshiftWorkgroup>): RedshiftWorkgroup {
  return { name, version: '1.0', status: 'AVAILABLE', public: false, requireTls: false, managedEndpoints: [], tags: [], backing: 'refused', ...more };
}

export function searchDomain(name: string, more: Rest<SearchDomain>): SearchDomain {
  return { name, version: 'OpenSearch_2.19', status: 'Active', inVpc: true, internalUsers: false, tags: [], backing: 'refused', ...more };
}

export function broker(number: number, name: string, more: Rest<MessageBroker>): MessageBroker {
  return {
    id: `b-5a11e5e5-0000-4000-8000-${`${number}`.padStart(12, '0')}`,
    name,
    engine: 'ActiveMQ',
    version: '5.18',
    status: 'RUNNING',
    mode: 'SINGLE_INSTANCE',
    public: false,
    tags: [],
    backing: 'refused',
    ...more,
  };
}

export function kafka(number: number, name: string, more: Rest<KafkaCluster>): KafkaCluster {
  return {
    name,
    uuid: `5a11e5e5-0000-4000-8000-${`${number}`.padStart(12, '0')}-2`,
    serverless: false,
    version: '3.7.x',
    status: 'ACTIVE',
    brokers: 2,
    public: false,
    clientBroker: 'TLS',
    logins: ['unauthenticated'],
    tags: [],
    backing: 'refused',
    ...more,
  };
}
