import type { Address } from './naming';
import type { KafkaCluster, ManagedEndpoint, MessageBroker, RedshiftCluster, RedshiftWorkgroup, SearchDomain } from './worldDataTypes';
import type { Backing, Region, Vpc } from './worldTypes';

/** Part of every host name of an account and region. */
const SUFFIX = 'x1y2z3';
const REDSHIFT_PORT = 5439;

export function redshiftAddress({ id }: RedshiftCluster, { name }: Region): Address {
  return { host: `${id}.${SUFFIX}.${name}.redshift.amazonaws.com`, port: REDSHIFT_PORT };
}

export function workgroupAddress({ name }: RedshiftWorkgroup, accountId: string, region: Region): Address {
  return { host: `${name}.${accountId}.${region.name}.redshift-serverless.amazonaws.com`, port: REDSHIFT_PORT };
}

export function managedAddress({ name }: ManagedEndpoint, region: Region): Address {
  return { host: `${name}-endpoint-${SUFFIX}.${region.name}.redshift.amazonaws.com`, port: REDSHIFT_PORT };
}

export function domainAddress({ name, inVpc }: SearchDomain, region: Region): Address {
  return { host: `${inVpc ? 'vpc' : 'search'}-${name}-${SUFFIX}.${region.name}.es.amazonaws.com`, port: 443 };
}

/** The addresses of one instance of a broker, as the API tells them. */
export interface BrokerUrls {
  readonly console: string;
  readonly wires: readonly string[];
}

export function brokerUrls({ id, engine, mode }: MessageBroker, { name }: Region): BrokerUrls[] {
  const domain = `mq.${name}.amazonaws.com`;
  if (engine === 'RabbitMQ') return [{ console: `https://${id}.${domain}`, wires: [`amqps://${id}.${domain}:5671`] }];
  return Array.from({ length: mode === 'SINGLE_INSTANCE' ? 1 : 2 }, (_, index) => {
    const host = `${id}-${index + 1}.${domain}`;
    return {
      console: `https://${host}:8162`,
      wires: [`ssl://${host}:61617`, `amqp+ssl://${host}:5671`, `stomp+ssl://${host}:61614`, `mqtt+ssl://${host}:8883`, `wss://${host}:61619`],
    };
  });
}

function brokerAddresses(broker: MessageBroker, region: Region): Address[] {
  return brokerUrls(broker, region).flatMap(({ console: page, wires }) =>
    [page, ...wires].map((text) => {
      const { hostname, port } = new URL(text.replace(/^[a-z+]+:/, 'http:'));
      return { host: hostname, port: port === '' ? 443 : Number(port) };
    }),
  );
}

const KAFKA_PORTS = { plaintext: 9092, tls: 9094, scram: 9096, iam: 9098 } as const;

/** Bootstrap strings by the ways in that the cluster has. */
export function kafkaBrokers(cluster: KafkaCluster, { name }: Region): Readonly<Partial<Record<keyof typeof KAFKA_PORTS, readonly Address[]>>> {
  if (cluster.serverless) return { iam: [{ host: `boot-${SUFFIX}${cluster.uuid.slice(0, 4)}.c1.kafka-serverless.${name}.amazonaws.com`, port: 9098 }] };
  const at = (port: number): Address[] =>
    Array.from({ length: cluster.brokers }, (_, index) => ({
      host: `b-${index + 1}.${cluster.name.toLowerCase()}.${SUFFIX}.c2.kafka.${name}.amazonaws.com`,
      port,
    }));
  const has = (login: KafkaCluster['logins'][number]): boolean => cluster.logins.includes(login);
  return {
    ...(cluster.clientBroker !== 'TLS' && has('unauthenticated') && { plaintext: at(KAFKA_PORTS.plaintext) }),
    ...(cluster.clientBroker !== 'PLAINTEXT' && (has('unauthenticated') || has('tls')) && { tls: at(KAFKA_PORTS.tls) }),
    ...(has('scram') && { scram: at(KAFKA_PORTS.scram) }),
    ...(has('iam') && { iam: at(KAFKA_PORTS.iam) }),
  };
}

/** What clients outside of the VPC are told; the ports are those of the inside plus a hundred. */
export function publicKafkaBrokers(cluster: KafkaCluster, region: Region): Readonly<Partial<Record<'tls' | 'scram' | 'iam', readonly Address[]>>> {
  if (!cluster.public || cluster.serverless) return {};
  const outside = ({ host, port }: Address): Address => ({ host: host.replace('.', '-public.'), port: port + 100 });
  const { plaintext: _none, ...inside } = kafkaBrokers(cluster, region);
  return Object.fromEntries(Object.entries(inside).map(([way, addresses]) => [way, addresses.map((address) => outside(address))]));
}

/** Whether a resource has addresses: one that is being created has none yet. */
export function hasAddress({ status }: { readonly status: string }): boolean {
  return !/^(creating|creation_in_progress)$/i.test(status);
}

/** An address of one of these services, where it is reached, and what stands behind it. */
export interface DataHost extends Address {
  readonly resource: string;
  readonly vpcId: string;
  readonly backing: Backing;
}

/** Every private address of the VPC's own resources. */
export function dataHosts({ id: vpcId, data }: Vpc, accountId: string, region: Region): DataHost[] {
  if (!data) return [];
  const at = (resource: string, { backing }: { readonly backing: Backing }, addresses: readonly Address[], where = vpcId): DataHost[] =>
    addresses.map(({ host, port }) => ({ host, port, resource, backing, vpcId: where }));
  const managed = (resource: string, row: RedshiftCluster | RedshiftWorkgroup): DataHost[] =>
    row.managedEndpoints.flatMap((endpoint) => at(resource, row, [managedAddress(endpoint, region)], endpoint.vpcId));
  return [
    ...data.redshiftClusters.filter(hasAddress).flatMap((row) => at(row.id, row, [redshiftAddress(row, region)]).concat(managed(row.id, row))),
    ...data.redshiftWorkgroups
      .filter(hasAddress)
      .flatMap((row) => at(row.name, row, [workgroupAddress(row, accountId, region)]).concat(managed(row.name, row))),
    ...data.searchDomains
      .filter((row) => row.inVpc && hasAddress(row))
      .flatMap((row) => at(row.name, row, [domainAddress(row, region)])),
    ...data.messageBrokers.filter(hasAddress).flatMap((row) => at(row.name, row, brokerAddresses(row, region))),
    ...data.kafkaClusters
      .filter(hasAddress)
      .flatMap((row) => at(row.name, row, [kafkaBrokers(row, region), publicKafkaBrokers(row, region)].flatMap((ways) => Object.values(ways).flat()))),
  ];
}

/** What of these has an address for everybody. */
export function publicDataHosts({ data }: Vpc, accountId: string, region: Region): Omit<DataHost, 'vpcId'>[] {
  if (!data) return [];
  const at = (resource: string, { backing }: { readonly backing: Backing }, addresses: readonly Address[]): Omit<DataHost, 'vpcId'>[] =>
    addresses.map(({ host, port }) => ({ host, port, resource, backing }));
  const isOpen = (row: { readonly public: boolean; readonly status: string }): boolean => row.public && hasAddress(row);
  return [
    ...data.redshiftClusters.filter(isOpen).flatMap((row) => at(row.id, row, [redshiftAddress(row, region)])),
    ...data.redshiftWorkgroups.filter(isOpen).flatMap((row) => at(row.name, row, [workgroupAddress(row, accountId, region)])),
    ...data.searchDomains.filter((row) => !row.inVpc && hasAddress(row)).flatMap((row) => at(row.name, row, [domainAddress(row, region)])),
    ...data.messageBrokers.filter(isOpen).flatMap((row) => at(row.name, row, brokerAddresses(row, region))),
    ...data.kafkaClusters.filter(isOpen).flatMap((row) => at(row.name, row, Object.values(publicKafkaBrokers(row, region)).flat())),
  ];
}
