// One console's engine in a process of its own, as the extension host has it: prints its figures as one line of JSON.
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { RedisEngine, RedisSession } from '../../src/redis/types';

export interface ConsoleSubjectResult {
  /** From the click to a prompt: the bundle loads, a connection is made, and a PING answered. */
  readonly openMs: number;
  readonly roundtripsUs: readonly number[];
  readonly idleRssMB: number;
  /** The highest while a reply of a million elements came, and after it was kept. */
  readonly reply1MRssMB: number;
}

const PINGS = 5000;
const never = new AbortController().signal;

async function main(port: number, list: string): Promise<void> {
  const startedAt = performance.now();
  // oxlint-disable-next-line typescript/no-require-imports -- what is measured is the bundle as it is packaged
  const { engine } = require(join(__dirname, '../../../dist/redis.js')) as { readonly engine: RedisEngine };
  const local = { host: '127.0.0.1', port };
  const session = await engine.openRedisSession({ local, endpoint: local, tls: 'off' }, never);
  const openMs = performance.now() - startedAt;
  try {
    const roundtripsUs = await roundtrips(session);
    const idleRssMB = process.memoryUsage().rss / 1e6;
    const { large, reply } = await session.run(`LRANGE ${list} 0 -1`, never);
    if (!large || reply?.rows !== 1_000_000) throw new Error(`not a million rows: ${reply?.rows}`);
    const reply1MRssMB = process.resourceUsage().maxRSS / 1000;
    const result: ConsoleSubjectResult = { openMs, roundtripsUs, idleRssMB, reply1MRssMB };
    console.log(JSON.stringify(result));
  } finally {
    await session.dispose();
  }
}

/** As a person's command goes: split, judged by nobody, sent, rendered. */
async function roundtrips(session: RedisSession): Promise<number[]> {
  const times: number[] = [];
  for (let time = 0; time < PINGS; time++) {
    const sentAt = performance.now();
    await session.run('PING', never);
    times.push((performance.now() - sentAt) * 1000);
  }
  return times;
}

void main(Number(process.argv[2]), process.argv[3]!);
