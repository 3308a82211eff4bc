import type { Bastion } from '../model/bastion';
import { isRegionCode } from '../model/region';
import type { Target } from '../model/target';

/**
 * Address of the console's page about a resource, in the partition of its region. Undefined where there is none that we
 * know of: isolated partitions, and custom targets. Every name in it is percent-encoded, so that none adds a part to it.
 */
export function consoleUrl(resource: Target | Bastion): string | undefined {
  const { region } = resource.place;
  const host = consoleHost(region);
  const page = host && ('engine' in resource ? targetPage(resource, region) : bastionPage(resource, region));
  return page && `https://${host}/${page}`;
}

// By the names of regions: https://docs.aws.amazon.com/general/latest/gr/rande.html and the consoles of the other partitions.
function consoleHost(region: string): string | undefined {
  if (!isRegionCode(region) || /^(?:us-iso|eu-iso|eusc-)/.test(region)) return undefined;
  if (region.startsWith('cn-')) return `${region}.console.amazonaws.cn`;
  if (region.startsWith('us-gov-')) return `${region}.console.amazonaws-us-gov.com`;
  return `${region}.console.aws.amazon.com`;
}

function targetPage({ kind, name, engine, id }: Target, region: string): string | undefined {
  const called = encodeURIComponent(name);
  switch (kind) {
    case 'elasticache.replicationGroup':
    case 'elasticache.cluster':
      return `elasticache/home?region=${region}#/${cachePath(engine)}/${called}`;
    case 'elasticache.serverless':
      return `elasticache/home?region=${region}#/${cachePath(engine)}`;
    case 'memorydb.cluster':
      return `memorydb/home?region=${region}#/clusters/${called}`;
    case 'rds.instance':
      return `rds/home?region=${region}#database:id=${called};is-cluster=false`;
    case 'rds.cluster':
      return `rds/home?region=${region}#database:id=${called};is-cluster=true`;
    case 'rds.proxy':
      // An endpoint of its own has no page of its own.
      return isProxyEndpoint(id) ? `rds/home?region=${region}#proxies:` : `rds/home?region=${region}#proxy:id=${called}`;
    case 'docdb.cluster':
      return `docdb/home?region=${region}#cluster-details/${called}`;
    case 'neptune.cluster':
      return `neptune/home?region=${region}#database:id=${called};is-cluster=true`;
    case 'redshift.cluster':
      return `redshiftv2/home?region=${region}#/cluster-details?cluster=${called}`;
    case 'redshift.workgroup':
      return `redshiftv2/home?region=${region}#/serverless-dashboard`;
    case 'opensearch.domain':
      return `aos/home?region=${region}#opensearch/domains/${called}`;
    case 'mq.broker':
      return `amazon-mq/home?region=${region}#/brokers/details?id=${encodeURIComponent(brokerId(id))}`;
    case 'msk.cluster':
      return `msk/home?region=${region}#/cluster/${encodeURIComponent(id)}/view`;
    case 'custom':
      return undefined;
  }
}

/** The last part of a broker's ARN (`arn:aws:mq:REGION:ACCOUNT:broker:NAME:b-…`), by which everything but people knows it. */
export function brokerId(arn: string): string {
  return arn.split(':').at(-1)!;
}

/** Whether a target of kind `rds.proxy` is one endpoint of a proxy, in another VPC. */
export function isProxyEndpoint(arn: string): boolean {
  return arn.includes(':db-proxy-endpoint:');
}

function cachePath(engine: string): string {
  const name = engine.toLowerCase();
  return name === 'valkey' || name === 'memcached' ? name : 'redis';
}

function bastionPage({ kind, id, ecs }: Bastion, region: string): string | undefined {
  switch (kind) {
    case 'ec2':
      return `ec2/home?region=${region}#InstanceDetails:instanceId=${encodeURIComponent(id)}`;
    case 'hybrid':
      return `systems-manager/managed-instances/${encodeURIComponent(id)}/description?region=${region}`;
    case 'ecs':
      return ecs && `ecs/v2/clusters/${encodeURIComponent(ecs.cluster)}/tasks/${encodeURIComponent(ecs.taskId)}/configuration?region=${region}`;
  }
}
