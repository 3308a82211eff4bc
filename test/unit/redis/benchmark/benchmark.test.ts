import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { Latencies } from '../../../../src/redis/benchmark/latencies';
import { BENCHMARK_BOUNDS, type BenchmarkPlan } from '../../../../src/model/benchmark';
import { checkPlan, directOptions, keyCount } from '../../../../src/redis/benchmark/plan';
import { averageUs, commandCount } from '../../../../src/redis/benchmark/serverTime';
import type { RedisSessionOptions } from '../../../../src/redis/types';

const PLAN: BenchmarkPlan = { tests: ['PING', 'SET', 'GET'], clients: 10, requests: 10_000, pipeline: 1, valueBytes: 64 };
const TUNNEL: RedisSessionOptions = { local: { host: '127.0.0.1', port: 16379 }, endpoint: { host: 'cache.internal', port: 6379 }, tls: 'required' };

describe('A plan of a benchmark', () => {
  it('is taken at its bounds and refused beyond them, by the name of the number', () => {
    for (const [name, [lowest, highest]] of Object.entries(BENCHMARK_BOUNDS)) {
      checkPlan({ ...PLAN, [name]: lowest });
      checkPlan({ ...PLAN, [name]: highest });
      for (const value of [lowest - 1, highest + 1, lowest + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.throws(() => checkPlan({ ...PLAN, [name]: value }), (error) => isFault(error) && error.code === 'redis.benchmarkPlan' && error.message.includes(name));
      }
    }
    assert.throws(() => checkPlan({ ...PLAN, tests: [] }), (error) => isFault(error) && error.code === 'redis.benchmarkPlan');
  });

  it('writes at most 16 MiB, to at least one key', () => {
    for (const valueBytes of [1, 64, 16_384, 65_536]) {
      const keys = keyCount({ valueBytes });
      assert.ok(keys >= 1 && keys <= 1000 && keys * valueBytes <= 16 * 1024 * 1024, String(valueBytes));
    }
  });
});

describe('The direct way of a benchmark', () => {
  it('dials the endpoint itself and keeps the name that its certificate has to carry', () => {
    assert.deepEqual(directOptions(TUNNEL), { ...TUNNEL, local: TUNNEL.endpoint });
    assert.deepEqual(directOptions({ ...TUNNEL, tls: 'preferred' }).local, TUNNEL.endpoint);
  });

  it('writes nothing to whoever answers without TLS, and tells no login', () => {
    const login = { password: 'secret' };
    const loginSource = { kind: 'secret', name: 's', fresh: async () => login } as const;
    for (const secret of [{}, { login }, { loginSource }]) {
      assert.throws(() => directOptions({ ...TUNNEL, tls: 'off', ...secret }), (error) => isFault(error) && error.code === 'redis.notDirect' && !error.message.includes('secret'));
      assert.deepEqual(directOptions({ ...TUNNEL, ...secret }).local, TUNNEL.endpoint);
    }
  });

  it('is never a port of this machine, which may be a tunnel to somewhere else', () => {
    for (const host of ['127.0.0.1', 'localhost', '::1', 'cache.localhost', '127.1.2.3']) {
      for (const tls of ['off', 'required'] as const) {
        assert.throws(() => directOptions({ ...TUNNEL, endpoint: { host, port: 6379 }, tls }), (error) => isFault(error) && error.code === 'redis.notDirect');
      }
    }
  });
});

describe('Latencies', () => {
  it('have exact percentiles', () => {
    const latencies = new Latencies(200);
    for (let ms = 100; ms >= 1; ms--) latencies.add(ms, 1);
    assert.deepEqual(latencies.summary(), { minMs: 1, p50Ms: 50, p95Ms: 95, p99Ms: 99, maxMs: 100 });
  });

  it('count a batch as so many requests, up to what was expected', () => {
    const latencies = new Latencies(10);
    latencies.add(2, 8);
    latencies.add(4, 8);
    assert.equal(latencies.count, 10);
    assert.deepEqual(latencies.summary(), { minMs: 2, p50Ms: 2, p95Ms: 4, p99Ms: 4, maxMs: 4 });
  });

  it('have no summary of nothing', () => {
    assert.equal(new Latencies(5).summary(), undefined);
  });
});

describe('The time that a server says it took', () => {
  const reply = (text: string) => ({ type: 'bulk', bytes: Buffer.from(text), omitted: 0 }) as const;
  const INFO = '# Commandstats\r\ncmdstat_set:calls=10,usec=50,usec_per_call=5.00,rejected_calls=0,failed_calls=0\r\ncmdstat_get:calls=3,usec=9,usec_per_call=3.00\r\n';

  it('is read from INFO commandstats', () => {
    assert.deepEqual(commandCount(reply(INFO), 'SET'), { calls: 10, usec: 50 });
    assert.deepEqual(commandCount(reply(INFO), 'GET'), { calls: 3, usec: 9 });
    assert.equal(commandCount(reply(INFO), 'PING'), undefined);
    assert.equal(commandCount({ type: 'error', text: 'NOPERM' }, 'SET'), undefined);
  });

  it('is the average between two counts, where there is one', () => {
    assert.equal(averageUs({ calls: 10, usec: 50 }, { calls: 20, usec: 80 }), 3);
    assert.equal(averageUs(undefined, { calls: 4, usec: 8 }), 2);
    assert.equal(averageUs({ calls: 10, usec: 50 }, { calls: 10, usec: 50 }), undefined);
    assert.equal(averageUs({ calls: 10, usec: 50 }, { calls: 12, usec: 1 }), undefined, 'CONFIG RESETSTAT in between');
    assert.equal(averageUs({ calls: 10, usec: 50 }, undefined), undefined);
  });
});
