import type { Endpoint } from '../model/endpoint';
import { formatEndpoint } from '../model/endpoint';
import type { Bastion } from '../model/bastion';
import { bastionObstacle } from '../model/bastion';
import type { DirectReason, RankedBastion, ReasonCode } from '../model/ranking';
import type { Health } from '../model/health';
import type { Route } from '../model/route';
import type { AuthMode, EndpointRole, Target, TargetEndpoint, TargetKind, TargetNote, TlsMode } from '../model/target';
import { familyOf } from '../model/target';
import type { TunnelInfo, UpDown } from '../model/tunnel';
import type { Localizer } from './localizer';

/** `0.4 ms`, `2.1 ms`, `12 ms`, `1.5 s`: two significant digits are what a glance can use. */
export function latencyText(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** `812 B`, `1.2 kB`, `64 MB`; decimal units. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]!}`;
}

/** `↓ 2.7 MB/s`, `↑ 80 kB/s`, both, or undefined below what a person would call traffic. */
export function rateText({ up, down }: UpDown): string | undefined {
  const parts = [down >= TRAFFIC ? `↓ ${bytesText(Math.round(down))}/s` : undefined, up >= TRAFFIC ? `↑ ${bytesText(Math.round(up))}/s` : undefined];
  return parts.filter((part) => part !== undefined).join(' ') || undefined;
}

/** Bytes per second: health checks and keepalives stay far below. */
const TRAFFIC = 10_000;

/** One of the nodes of a target: the first label of its name, which AWS makes of the target's, else its address. */
export function nodeText({ host, port }: Endpoint): string {
  const [label = host, ...domain] = host.split('.');
  return domain.length < 2 || host.includes(':') || /^\d+$/.test(domain.at(-1)!) ? formatEndpoint({ host, port }) : label;
}

/** What a tunnel is called everywhere: the target, and which of its endpoints. */
export function routeLabel(route: Pick<Route, 'target' | 'role'> & Partial<Pick<Route, 'endpoint'>>, l10n: Localizer): string {
  if (route.role === 'node' && route.endpoint) return `${route.target.name} ${roleText('node', l10n)} ${nodeText(route.endpoint)}`;
  return route.role ? `${route.target.name} ${roleText(route.role, l10n)}` : route.target.name;
}

export function roleText(role: EndpointRole, l10n: Localizer): string {
  switch (role) {
    case 'primary':
      return l10n.t('primary');
    case 'reader':
      return l10n.t('reader');
    case 'configuration':
      return l10n.t('configuration');
    case 'node':
      return l10n.t('node');
    case 'writer':
      return l10n.t('writer');
    case 'custom':
      return l10n.t('custom');
    case 'instance':
      return l10n.t('instance');
    case 'proxy':
      return l10n.t('proxy');
    case 'endpoint':
      return l10n.t('endpoint');
    case 'broker':
      return l10n.t('broker');
    case 'console':
      return l10n.t('web console');
  }
}

/** `writer`, `instance orders-1`: the role, and the name where there may be several of it. */
export function endpointText({ role, name }: Pick<TargetEndpoint, 'role' | 'name'>, l10n: Localizer): string {
  return name === undefined ? roleText(role, l10n) : `${roleText(role, l10n)} ${name}`;
}

export function kindText(kind: TargetKind, l10n: Localizer): string {
  switch (kind) {
    case 'elasticache.replicationGroup':
      return l10n.t('ElastiCache replication group');
    case 'elasticache.serverless':
      return l10n.t('ElastiCache serverless cache');
    case 'elasticache.cluster':
      return l10n.t('ElastiCache cluster');
    case 'memorydb.cluster':
      return l10n.t('MemoryDB cluster');
    case 'rds.instance':
      return l10n.t('RDS instance');
    case 'rds.cluster':
      return l10n.t('RDS or Aurora cluster');
    case 'rds.proxy':
      return l10n.t('RDS proxy');
    case 'docdb.cluster':
      return l10n.t('DocumentDB cluster');
    case 'neptune.cluster':
      return l10n.t('Neptune cluster');
    case 'redshift.cluster':
      return l10n.t('Redshift cluster');
    case 'redshift.workgroup':
      return l10n.t('Redshift Serverless workgroup');
    case 'opensearch.domain':
      return l10n.t('OpenSearch domain');
    case 'mq.broker':
      return l10n.t('Amazon MQ broker');
    case 'msk.cluster':
      return l10n.t('MSK cluster');
    case 'custom':
      return l10n.t('Custom target of your settings');
  }
}

/** What a person has to know before connecting. */
export function noteText(note: TargetNote, l10n: Localizer): string {
  switch (note) {
    case 'otherBrokersAreTold':
      return l10n.t('A Kafka client is told the addresses of all brokers and connects to those, not to this tunnel alone.');
    case 'oneOfTwoAnswers':
      return l10n.t('Active/standby pair: only the active broker accepts connections; if one refuses, use the other.');
  }
}

/** `Redis 7.1`, `Aurora PostgreSQL 16.4`; the engine as its makers write it. */
export function engineText({ engine, engineVersion }: Pick<Target, 'engine' | 'engineVersion'>): string {
  const [, name = engine] = ENGINES.find(([spelled]) => spelled.test(engine)) ?? [];
  return engineVersion ? `${name} ${engineVersion}` : name;
}

/** By AWS's spelling, of which editions are the last part: `oracle-se2-cdb`, `sqlserver-web`. */
const ENGINES: readonly (readonly [spelled: RegExp, name: string])[] = [
  [/^redis$/i, 'Redis'],
  [/^valkey$/i, 'Valkey'],
  [/^memcached$/i, 'Memcached'],
  [/^postgres$/i, 'PostgreSQL'],
  [/^mysql$/i, 'MySQL'],
  [/^mariadb$/i, 'MariaDB'],
  [/^aurora-postgresql$/i, 'Aurora PostgreSQL'],
  [/^aurora(-mysql)?$/i, 'Aurora MySQL'],
  [/^docdb$/i, 'DocumentDB'],
  [/^neptune$/i, 'Neptune'],
  [/^(custom-)?oracle-/i, 'Oracle'],
  [/^(custom-)?sqlserver(-|$)/i, 'SQL Server'],
  [/^db2-/i, 'Db2'],
  [/^redshift$/i, 'Redshift'],
  [/^opensearch$/i, 'OpenSearch'],
  [/^elasticsearch$/i, 'Elasticsearch'],
  [/^activemq$/i, 'ActiveMQ'],
  [/^rabbitmq$/i, 'RabbitMQ'],
  [/^kafka$/i, 'Kafka'],
];

export function speaksRedis({ engine }: { readonly engine: string }): boolean {
  return engine.toLowerCase() === 'redis' || engine.toLowerCase() === 'valkey';
}

/** Undefined where there is nothing to say: no TLS is visible by the missing badge, and named in the tooltip. */
export function tlsBadge(tls: TlsMode, l10n: Localizer): string | undefined {
  switch (tls) {
    case 'required':
      return l10n.t('TLS');
    case 'preferred':
      return l10n.t('TLS preferred');
    case 'off':
      return undefined;
  }
}

export function authBadge(auth: AuthMode, l10n: Localizer): string | undefined {
  switch (auth) {
    case 'token':
      return l10n.t('AUTH');
    case 'users':
      return l10n.t('users');
    case 'iam':
    case 'passwordOrIam':
      return l10n.t('IAM');
    case 'certificate':
      return l10n.t('mTLS');
    // Every database has users with passwords: a badge would tell nothing.
    case 'password':
    case 'none':
      return undefined;
  }
}

/** The same in full. */
export function authText(auth: AuthMode, l10n: Localizer): string {
  switch (auth) {
    case 'none':
      return l10n.t('none');
    case 'token':
      return l10n.t('AUTH token');
    case 'users':
      return l10n.t('users of a user group');
    case 'password':
      return l10n.t('user and password');
    case 'iam':
      return l10n.t('IAM');
    case 'passwordOrIam':
      return l10n.t('user and password, or IAM');
    case 'certificate':
      return l10n.t("the client's certificate");
  }
}

/** Name of the theme icon that tells one kind of target from another. */
export function targetIcon({ kind, engine }: Pick<Target, 'kind' | 'engine'>): string {
  if (kind === 'rds.proxy') return 'arrow-swap';
  if (kind === 'docdb.cluster') return 'json';
  if (kind === 'neptune.cluster') return 'type-hierarchy';
  if (speaksRedis({ engine })) return 'zap';
  return familyOf({ kind, engine }) === 'caches' ? 'layers' : 'database';
}

/** How the bastion is reached, or that there is none. */
export function methodText({ method, ssh }: Pick<Route, 'method' | 'ssh'>, l10n: Localizer): string {
  if (method === 'direct') return l10n.t('directly, without a bastion');
  if (method === 'ssm') return l10n.t('Session Manager');
  return ssh?.via === 'ssm' ? l10n.t('SSH over Session Manager') : l10n.t('SSH');
}

/** Why a bastion cannot carry a tunnel now, in a few words; undefined when it can. */
export function obstacleText(bastion: Bastion, l10n: Localizer): string | undefined {
  switch (bastionObstacle(bastion)) {
    case 'notRunning':
      return bastion.state;
    case 'unmanaged':
      return bastion.kind === 'ecs' ? l10n.t('no exec agent') : l10n.t('not managed by Systems Manager');
    case 'offline':
      return l10n.t('agent offline');
    case 'agentTooOld':
      return l10n.t('agent too old');
    case undefined:
      return undefined;
  }
}

/** What kind of bastion it is; undefined for EC2 instances, which most are. */
export function bastionBadge({ kind }: Pick<Bastion, 'kind'>, l10n: Localizer): string | undefined {
  switch (kind) {
    case 'hybrid':
      return l10n.t('hybrid node');
    case 'ecs':
      return l10n.t('ECS task');
    case 'ec2':
      return undefined;
  }
}

/** Name of a theme icon. */
export function bastionIcon({ kind }: Pick<Bastion, 'kind'>, usable: boolean): string {
  if (kind === 'ec2') return usable ? 'vm-running' : 'vm-outline';
  return kind === 'ecs' ? 'package' : 'server-environment';
}

/** One reason for a bastion's place in the order, in a few words; undefined where the other reasons say enough. */
export function reasonText(reason: ReasonCode, { bastion, widePolicy = '' }: Pick<RankedBastion, 'bastion' | 'widePolicy'>, l10n: Localizer): string | undefined {
  switch (reason) {
    case 'notRunning':
    case 'unmanaged':
    case 'offline':
    case 'agentTooOld':
      return obstacleText(bastion, l10n);
    case 'chosenBefore':
      return l10n.t('chosen before');
    case 'tagged':
      return l10n.t('tagged as bastion');
    case 'sameVpc':
      return l10n.t('same VPC');
    case 'peeredVpc':
      return l10n.t('peered VPC');
    case 'otherVpc':
      return l10n.t('another VPC');
    case 'networkUnknown':
      return l10n.t('network not known');
    case 'permitted':
      return l10n.t('security groups permit it');
    case 'blocked':
      return l10n.t('security groups block it');
    case 'rulesUnknown':
      return l10n.t('security groups not known');
    case 'online':
      return l10n.t('online');
    case 'statusUnknown':
      return l10n.t('agent not known');
    case 'agentSuffices':
      return bastion.agentVersion === undefined ? undefined : l10n.t('agent {0}', bastion.agentVersion);
    case 'agentUnknown':
      return undefined;
    case 'noRole':
      return l10n.t('has no role');
    case 'minimalRole':
      return l10n.t('its role can do no more than Session Manager needs');
    case 'wideRole':
      return l10n.t('its role has {0}', widePolicy);
    case 'mayBeReplaced':
      return l10n.t('replaced at each deployment');
  }
}

/** Why a target may be reached without a bastion, in a few words. */
export function directReasonText(reason: DirectReason, l10n: Localizer): string {
  switch (reason) {
    case 'chosenBefore':
      return l10n.t('chosen before');
    case 'public':
      return l10n.t('public: reachable without a bastion, where its security groups permit it');
    case 'noVpc':
      return l10n.t('no VPC is known for it');
    case 'ownNetwork':
      return l10n.t('where your own network leads to its VPC');
  }
}

export type TunnelMood = 'ok' | 'checking' | 'connecting' | 'degraded' | 'waiting' | 'signIn' | 'down' | 'closed';

/** Phase and health of a tunnel as the one thing that its icon, its words and the status bar show. */
export function tunnelMood({ state, health }: Pick<TunnelInfo, 'state' | 'health'>): TunnelMood {
  if (state.phase === 'waiting' && state.needs !== undefined) return state.needs;
  if (state.phase !== 'open') return state.phase;
  return health.level === 'unknown' ? 'checking' : health.level;
}

/** The words for a mood; undefined for `ok`, where the latency speaks. */
export function moodText(mood: TunnelMood, l10n: Localizer): string {
  switch (mood) {
    case 'ok':
      return l10n.t('healthy');
    case 'checking':
      return l10n.t('not checked yet');
    case 'connecting':
      return l10n.t('connecting…');
    case 'degraded':
      return l10n.t('degraded');
    case 'waiting':
      return l10n.t('reconnecting…');
    case 'signIn':
      return l10n.t('waits for you to sign in');
    case 'down':
      return l10n.t('down');
    case 'closed':
      return l10n.t('closed');
  }
}

/** `ok` with a latency is the latency alone; everything else is said. */
export function healthText(mood: TunnelMood, health: Health, l10n: Localizer): string {
  const latency = health.latencyMs === undefined || mood === 'down' ? undefined : latencyText(health.latencyMs);
  if (mood === 'ok') return latency ?? moodText(mood, l10n);
  return mood === 'degraded' && latency ? `${moodText(mood, l10n)} · ${latency}` : moodText(mood, l10n);
}

export function addressText(endpoint: Endpoint): string {
  return formatEndpoint(endpoint);
}

/** Parts joined as descriptions show them; absent ones leave no gap. */
export function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}
