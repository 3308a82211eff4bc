import type { Target } from '../model/target';
import { familyOf } from '../model/target';
import { targetIcon } from './wording';
import type { NodeIcon } from './viewNode';

/** Names of the pictures in `media/engines/`, where the script that draws them is. */
export const ENGINE_PICTURES = [
  'redis',
  'valkey',
  'memcached',
  'cache',
  'database',
  'postgres',
  'mysql',
  'mariadb',
  'oracle',
  'sqlserver',
  'db2',
  'proxy',
  'docdb',
  'neptune',
  'redshift',
  'opensearch',
  'rabbitmq',
  'activemq',
  'kafka',
] as const;

type EnginePicture = (typeof ENGINE_PICTURES)[number];

/** The icon of a target: its engine's picture, and a theme icon for where only those can stand. */
export function engineIcon(target: Pick<Target, 'kind' | 'engine'>): NodeIcon {
  return { id: targetIcon(target), picture: `engines/${enginePicture(target)}` };
}

function enginePicture({ kind, engine }: Pick<Target, 'kind' | 'engine'>): EnginePicture {
  // A proxy is none of the engines that it speaks for.
  if (kind === 'rds.proxy') return 'proxy';
  const [, picture] = BY_ENGINE.find(([spelled]) => spelled.test(engine)) ?? [];
  return picture ?? anyPicture({ kind, engine });
}

/** By AWS's spelling, the more particular ones first: `aurora-postgresql`, `custom-oracle-ee`, `OpenSearch_2.11`. */
const BY_ENGINE: readonly (readonly [spelled: RegExp, picture: EnginePicture])[] = [
  [/^redis$/i, 'redis'],
  [/^valkey$/i, 'valkey'],
  [/^memcached$/i, 'memcached'],
  [/^(?:aurora-)?postgres/i, 'postgres'],
  [/^mariadb/i, 'mariadb'],
  [/^(?:aurora$|aurora-mysql|mysql)/i, 'mysql'],
  [/^(?:custom-)?oracle/i, 'oracle'],
  [/^(?:custom-)?sqlserver/i, 'sqlserver'],
  [/^db2/i, 'db2'],
  [/^(?:docdb|mongo)/i, 'docdb'],
  [/^neptune/i, 'neptune'],
  [/^redshift/i, 'redshift'],
  [/^(?:opensearch|elasticsearch)/i, 'opensearch'],
  [/^rabbitmq/i, 'rabbitmq'],
  [/^activemq/i, 'activemq'],
  [/^kafka/i, 'kafka'],
];

function anyPicture(target: Pick<Target, 'kind' | 'engine'>): EnginePicture {
  switch (familyOf(target)) {
    case 'caches':
      return 'cache';
    case 'databases':
      return 'database';
  }
}
