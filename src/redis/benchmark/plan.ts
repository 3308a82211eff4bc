import { Fault } from '../../base/fault';
import { BENCHMARK_BOUNDS, type BenchmarkPlan } from '../../model/benchmark';
import { formatEndpoint } from '../../model/endpoint';
import type { RedisSessionOptions } from '../types';

/** Bytes of all values together. */
const MAX_WRITTEN = 16 * 1024 * 1024;
const MAX_KEYS = 1000;

/** @throws Fault `redis.benchmarkPlan` */
export function checkPlan(plan: BenchmarkPlan): void {
  for (const [name, [lowest, highest]] of Object.entries(BENCHMARK_BOUNDS)) {
    const value = plan[name as keyof typeof BENCHMARK_BOUNDS];
    if (!Number.isSafeInteger(value) || value < lowest || value > highest) {
      throw wrong(`"${name}" is ${value}; it has to be a whole number from ${lowest} to ${highest}.`);
    }
  }
  if (plan.tests.length === 0) throw wrong('No test was chosen.');
}

function wrong(message: string): Fault {
  return new Fault('redis.benchmarkPlan', message, { remedy: { text: 'Correct it and start again.' } });
}

/** How many keys SET and GET go round, so that their values stay within the bound. */
export function keyCount({ valueBytes }: Pick<BenchmarkPlan, 'valueBytes'>): number {
  return Math.min(MAX_KEYS, Math.floor(MAX_WRITTEN / valueBytes));
}

/**
 * How the server would be reached without the tunnel. A private address may belong to somebody else in the network that this
 * machine is in now: without TLS nobody has proven who answers, and a login must not be told to them.
 * @throws Fault `redis.notDirect`
 */
export function directOptions(tunnel: RedisSessionOptions): RedisSessionOptions {
  const { endpoint, tls, login, loginSource } = tunnel;
  if (tls === 'off' && (login || loginSource)) {
    throw new Fault('redis.notDirect', `${formatEndpoint(endpoint)} is not asked directly: without TLS a login would be told to whoever answers there.`);
  }
  return { ...tunnel, local: endpoint };
}
