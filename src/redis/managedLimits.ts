import { word } from './commands';

/** A service of AWS that runs the server, and keeps some of its commands to itself. */
export type ManagedService = 'elasticache' | 'serverless' | 'memorydb';

const NAMES: Readonly<Record<ManagedService, string>> = {
  elasticache: 'ElastiCache',
  serverless: 'ElastiCache Serverless',
  memorydb: 'MemoryDB',
};

interface Limit {
  /** `name` or `name|subcommand`; the name alone covers its subcommands. */
  readonly commands: string;
  readonly services: readonly ManagedService[];
  readonly why: string;
  readonly instead: string;
}

const ALL: readonly ManagedService[] = ['elasticache', 'serverless', 'memorydb'];
const SERVERLESS: readonly ManagedService[] = ['serverless'];

/**
 * What the services refuse ("Restricted commands" of the ElastiCache user guide and of the MemoryDB developer guide, "Supported
 * and restricted commands" for serverless caches), why, and what to use. Only read once a server has refused: what works, works.
 */
const LIMITS: readonly Limit[] = [
  { commands: 'config', services: ['elasticache', 'memorydb'], why: 'parameters belong to parameter groups', instead: 'See and change the parameter group of the cache in AWS' },
  { commands: 'config', services: SERVERLESS, why: 'its parameters are fixed', instead: 'INFO tells what there is to know; limits of usage are settings of the cache in AWS' },
  { commands: 'save bgsave bgrewriteaof lastsave', services: ALL, why: 'persistence is run by the service', instead: 'Make a snapshot of the cache in AWS' },
  { commands: 'replicaof slaveof sync psync failover', services: ALL, why: 'replication is run by the service', instead: 'Add replicas, or test a failover, in AWS' },
  { commands: 'shutdown', services: ALL, why: 'servers are started and stopped by the service', instead: 'Reboot or delete the cache in AWS' },
  { commands: 'debug module', services: ALL, why: 'it reaches into the server itself', instead: 'For a key use OBJECT, MEMORY USAGE and DUMP' },
  { commands: 'migrate', services: ALL, why: 'keys leave a server by snapshots only', instead: 'Use DUMP and RESTORE, or a snapshot' },
  {
    commands: 'acl|setuser acl|deluser acl|load acl|save acl|log',
    services: ALL,
    why: "users belong to the service's user groups and access lists",
    instead: 'Change users and their access strings in AWS; ACL WHOAMI, LIST and GETUSER show them',
  },
  {
    commands:
      'cluster|addslots cluster|addslotsrange cluster|delslots cluster|delslotsrange cluster|setslot cluster|flushslots cluster|forget cluster|meet cluster|replicate cluster|reset cluster|failover cluster|bumpepoch cluster|saveconfig cluster|set-config-epoch cluster|count-failure-reports',
    services: ALL,
    why: 'slots and nodes are placed by the service',
    instead: 'Add or remove shards, or rebalance slots, in AWS',
  },
  { commands: 'monitor', services: SERVERLESS, why: 'there is no single server to watch', instead: 'Use keyspace counts of INFO and the metrics in CloudWatch' },
  { commands: 'slowlog latency commandlog', services: SERVERLESS, why: 'no server keeps a log for you', instead: 'See SuccessfulReadRequestLatency and its like in CloudWatch' },
  {
    commands: 'client|list client|kill client|pause client|unpause client|id client|info client|no-evict client|tracking client|trackinginfo client|caching client|getredir client|unblock',
    services: SERVERLESS,
    why: 'connections end at a proxy in front of the servers',
    instead: 'CLIENT GETNAME and SETNAME work; counts of connections are in CloudWatch',
  },
  { commands: 'memory role wait waitaof swapdb lolwut pfdebug pfselftest object|freq script|debug', services: SERVERLESS, why: 'there is no single server to ask', instead: 'INFO tells what the cache tells of itself' },
  { commands: 'psubscribe punsubscribe pubsub|numpat', services: SERVERLESS, why: 'patterns would have to be matched on all servers', instead: 'SUBSCRIBE to channels by their names, or SSUBSCRIBE' },
  { commands: 'select move', services: SERVERLESS, why: 'it is always a cluster, with database 0 alone', instead: 'Use prefixes of keys, or another cache' },
  { commands: 'keys', services: SERVERLESS, why: 'it would run on all servers at once', instead: 'Use SCAN' },
];

/** A refusal of the command itself, not of its arguments; what an ACL forbids looks the same from the service's own lists. */
const REFUSAL = /^(?:NOPERM\b|ERR (?:unknown (?:command|subcommand)|.*(?:not (?:allowed|supported|permitted|available)|disabled|restricted|prohibited|unsupported)))/i;

/** Why a managed service has refused this, and what to use instead: a sentence each. */
export interface ManagedRefusal {
  readonly why: string;
  readonly instead: string;
}

/** Undefined where it is not known why, or nothing was refused. */
export function managedRefusal(args: readonly Buffer[], errorText: string, service: ManagedService | undefined): ManagedRefusal | undefined {
  if (service === undefined || !REFUSAL.test(errorText)) return undefined;
  const [name, full] = [word(args, 0), `${word(args, 0)}|${word(args, 1)}`];
  const limit = LIMITS.find(({ commands, services }) => {
    const names = commands.split(' ');
    return services.includes(service) && (names.includes(name) || names.includes(full));
  });
  if (!limit) return undefined;
  const command = limit.commands.split(' ').includes(full) ? full.replace('|', ' ') : name;
  return { why: `${NAMES[service]} does not offer ${command.toUpperCase()}: ${limit.why}.`, instead: `${limit.instead}.` };
}

/** Both sentences of `managedRefusal`. */
export function explainRefusal(args: readonly Buffer[], errorText: string, service: ManagedService | undefined): string | undefined {
  const refusal = managedRefusal(args, errorText, service);
  return refusal && `${refusal.why} ${refusal.instead}`;
}
