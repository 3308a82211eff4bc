import { Fault } from '../../base/fault';
import { BENCHMARK_BOUNDS, type BenchmarkPlan } from '../../model/benchmark';
import { formatEndpoint, isLoopback } from '../../model/endpoint';
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
 * machine is in now, and one of this very machine leads wherever its own ports lead: without a certificate for its name nobody has
 * proven who answers, and a stranger must neither be told a login nor be written to.
 * @throws Fault `redis.notDirect`
 */
export function directOptions(tunnel: RedisSessionOptions): RedisSessionOptions {
  const { endpoint, tls } = tunnel;
  const name = formatEndpoint(endpoint);
  if (isLoopback(endpoint.host)) throw new Fault('redis.notDirect', `${name} is not asked directly: that is a port of this machine, which may lead anywhere.`);
  if (tls === 'off') throw new Fault('redis.notDirect', `${name} is not asked directly: without TLS nothing proves who answers there.`);
  return { ...tunnel, local: endpoint };
}

/** For a tunnel that goes straight to its endpoint: it is not measured twice. */
export function directAlready({ endpoint }: RedisSessionOptions): Fault {
  return new Fault('redis.notDirect', `${formatEndpoint(endpoint)} is reached directly already: the tunnel's figures are those of the direct way.`);
}
