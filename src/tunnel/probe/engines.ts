import type { TargetRef } from '../../model/route';
import { http, KAFKA, MEMCACHED, MONGO, MYSQL, ORACLE, REDIS, SQL_SERVER } from './protocols';
import { converse, converseTolerantly, talkMutualTls, talkPostgres, talkTcp, talkTls, type Talk } from './talks';

/** How a kind of server is asked whether it answers. */
interface Engine {
  /** Engine names as AWS spells them, without regard to case. */
  readonly names: RegExp;
  readonly talk: Talk;
  /** Least time between two probes of a healthy server, ms. */
  readonly everyMs?: number;
}

/** 48 a day: a server's default of 100 connect errors lasts for two days without a single login through the bastion. */
const SELDOM_MS = 30 * 60_000;

const ENGINES: readonly Engine[] = [
  { names: /^(?:redis|valkey)$/, talk: converse(REDIS) },
  { names: /^memcached$/, talk: converse(MEMCACHED) },
  { names: /^(?:postgres|postgresql|aurora-postgresql|redshift)$/, talk: talkPostgres },
  { names: /^(?:mysql|mariadb|aurora|aurora-mysql)$/, talk: converse(MYSQL), everyMs: SELDOM_MS },
  { names: /^(?:custom-)?sqlserver(?:-|$)/, talk: converse(SQL_SERVER) },
  { names: /^(?:custom-)?oracle(?:-|$)/, talk: converseTolerantly(ORACLE) },
  { names: /^(?:docdb|mongodb)$/, talk: converseTolerantly(MONGO) },
  { names: /^neptune$/, talk: converseTolerantly(http('GET', '/status')) },
  { names: /^(?:opensearch|elasticsearch)(?:[-_]|$)/, talk: converseTolerantly(http('HEAD', '/')) },
  { names: /^(?:kafka|msk)$/, talk: converseTolerantly(KAFKA) },
];

/**
 * How to ask this target: not at all beyond TLS where a certificate is its login, else by its engine, else by TLS where it is
 * required, else by the connection alone.
 */
export function talkFor({ engine, tls, auth }: Pick<TargetRef, 'engine' | 'tls'> & Partial<Pick<TargetRef, 'auth'>>): Talk {
  if (auth === 'certificate' && tls !== 'off') return talkMutualTls;
  return engineOf(engine)?.talk ?? (tls === 'required' ? talkTls : talkTcp);
}

/** Ms between two probes of a healthy target, where `usualMs` is wanted. */
export function probeInterval({ engine }: Pick<TargetRef, 'engine'>, usualMs: number): number {
  return Math.max(usualMs, engineOf(engine)?.everyMs ?? 0);
}

function engineOf(name: string): Engine | undefined {
  const lower = name.toLowerCase();
  return ENGINES.find(({ names }) => names.test(lower));
}
