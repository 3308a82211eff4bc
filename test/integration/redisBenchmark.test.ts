import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import type { BenchmarkPlan } from '../../src/model/benchmark';
import type { Endpoint } from '../../src/model/endpoint';
import { directOptions } from '../../src/redis/benchmark/plan';
import { benchmarkRunner } from '../../src/redis/benchmark/run';
import { engine, openRedisSession } from '../../src/redis/index';
import type { BenchmarkFigures, BenchmarkOptions, BenchmarkProgress, BenchmarkReport, RedisSessionOptions } from '../../src/redis/types';
import { RespDecoder } from '../../src/wire/resp';
import { eventually } from '../fixtures/eventually';
import { tcpServer } from '../fixtures/tcpServer';
import { type Servers, startServers } from '../sandbox/servers';
import type { RedisServer } from '../sandbox/servers/redis';
import { FakeTunnel } from './redisTunnel';

const never = new AbortController().signal;
const NAME = 'cache.sandbox.internal';
const PLAN: BenchmarkPlan = { tests: ['PING', 'SET', 'GET'], clients: 5, requests: 500, pipeline: 1, valueBytes: 100 };

describe('A benchmark of a real server', () => {
  let servers: Servers;
  let ca: string;
  let server: RedisServer;
  let tunnel: FakeTunnel;
  let told: BenchmarkFigures[];
  let progress: BenchmarkProgress[];

  before(async function () {
    this.timeout(30_000);
    servers = await startServers({ tlsNames: [NAME], users: [{ name: 'few', password: 'few', rules: '~* +ping +get' }] });
    server = servers.plain;
    ca = await readFile(servers.caFile, 'utf8');
  });
  after(() => servers?.stop());
  beforeEach(async () => {
    tunnel = await FakeTunnel.to(server.port);
    told = [];
    progress = [];
  });
  afterEach(async () => {
    await tunnel.dispose();
    for (const to of [{}, secure()]) await eventually(async () => (await ask('DBSIZE', to)) === '(integer) 0', 'nothing that was written is left');
  });

  /** The server that proves by its certificate who it is. */
  function secure(): Partial<RedisSessionOptions> {
    const { host, port, password } = servers.tls;
    return { local: { host, port }, endpoint: { host: NAME, port: 6379 }, tls: 'required', ca, login: { password } };
  }

  async function ask(line: string, to: Partial<RedisSessionOptions> = {}): Promise<string> {
    const local = { host: server.host, port: server.port };
    const session = await openRedisSession({ local, endpoint: local, tls: 'off', ...to }, never);
    try {
      return (await session.run(line, never)).text;
    } finally {
      await session.dispose();
    }
  }

  function optionsOf(plan: Partial<BenchmarkPlan> = {}, to: Partial<RedisSessionOptions> = {}): BenchmarkOptions {
    return {
      plan: { ...PLAN, ...plan },
      tunnel: { endpoint: { host: NAME, port: 6379 }, tls: 'off', ...to, local: tunnel.local },
      isDirect: false,
      onProgress: (now) => progress.push(now),
      onFigures: (figures) => told.push(figures),
    };
  }

  function run(plan: Partial<BenchmarkPlan> = {}, to: Partial<RedisSessionOptions> = {}, signal = never): Promise<BenchmarkReport> {
    return engine.runBenchmark(optionsOf(plan, to), signal);
  }

  /** In a network in which the name of the cache leads to `at`. */
  function runThere(at: Endpoint, options: BenchmarkOptions): Promise<BenchmarkReport> {
    const settings = { clock: systemClock, openTimeoutMs: 10_000, limits: { keepBytes: 1024 * 1024 } };
    return benchmarkRunner(settings, (to) => ({ ...directOptions(to), local: at }))(options, never);
  }

  it('measures each test through the tunnel and directly, with what the server says it took', async () => {
    tunnel.lead(servers.tls.port);
    const report = await runThere({ host: servers.tls.host, port: servers.tls.port }, optionsOf({}, secure()));
    assert.deepEqual(report.figures, told);
    assert.equal(report.noDirect, undefined);
    assert.deepEqual(told.map(({ way, test }) => `${way} ${test}`), ['tunnel PING', 'tunnel SET', 'tunnel GET', 'direct PING', 'direct SET', 'direct GET']);
    for (const { requests, errors, perSecond, latency, serverUs } of told) {
      assert.deepEqual({ requests, errors }, { requests: 500, errors: 0 });
      assert.ok(latency && latency.minMs > 0 && latency.minMs <= latency.p50Ms && latency.p50Ms <= latency.p99Ms && latency.p99Ms <= latency.maxMs);
      assert.ok(perSecond > 0);
      assert.ok(serverUs !== undefined && serverUs >= 0 && serverUs < latency.maxMs * 1000);
    }
    assert.deepEqual(progress.findLast(({ way }) => way === 'tunnel'), { test: 'GET', way: 'tunnel', done: 500, of: 500 });
  });

  it('sends no more than was asked for, in batches as long as the pipeline', async () => {
    const [figures] = (await run({ tests: ['SET'], clients: 3, requests: 101, pipeline: 16, valueBytes: 65_536 })).figures;
    assert.equal(figures?.requests, 101);
    assert.equal(figures.errors, 0);
  });

  it('says why it cannot be asked directly', async () => {
    const closed = await tcpServer(() => {});
    await closed.close();
    tunnel.lead(servers.tls.port);
    const { figures, noDirect } = await runThere(closed.address, optionsOf({ tests: ['PING'] }, secure()));
    assert.equal(figures.length, 1);
    assert.equal(noDirect?.code, 'redis.unreachable');
    const another = await runThere({ host: server.host, port: servers.wrongName.port }, optionsOf({ tests: ['PING'] }, secure()));
    assert.deepEqual([another.figures.length, another.noDirect?.code], [1, 'redis.tlsNameMismatch']);
  });

  it('touches nothing that answers at the address without a proof of who it is', async () => {
    let visits = 0;
    const stranger = await tcpServer((socket) => {
      visits++;
      socket.destroy();
    });
    try {
      for (const endpoint of [{ host: NAME, port: 6379 }, stranger.address]) {
        const { figures, noDirect } = await runThere(stranger.address, optionsOf({ tests: ['SET'] }, { endpoint }));
        assert.deepEqual([figures.length, noDirect?.code], [1, 'redis.notDirect']);
      }
      assert.equal(visits, 0);
    } finally {
      await stranger.close();
    }
  });

  it('does not measure a tunnel twice that goes directly itself', async () => {
    tunnel.lead(servers.tls.port);
    const { figures, noDirect } = await runThere({ host: servers.tls.host, port: servers.tls.port }, { ...optionsOf({ tests: ['PING'] }, secure()), isDirect: true });
    assert.deepEqual(figures.map(({ way }) => way), ['tunnel']);
    assert.match(noDirect?.message ?? '', /directly already/);
  });

  it('goes on where a test is refused, and tells the reason', async () => {
    const { figures } = await run({ requests: 100 }, { login: { username: 'few', password: 'few' } });
    assert.deepEqual(figures.map(({ test, errors }) => `${test} ${errors}`), ['PING 0', 'SET 100', 'GET 0']);
    assert.match(figures[1]?.error ?? '', /^NOPERM/);
    assert.deepEqual(figures.map(({ serverUs }) => serverUs), [undefined, undefined, undefined]);
  });

  it('ends when it is stopped, and takes its keys and connections with it', async () => {
    const stop = new AbortController();
    const running = run({ tests: ['SET'], requests: 200_000, clients: 20 }, {}, stop.signal);
    running.catch(() => {});
    await eventually(() => progress.length > 0);
    stop.abort();
    await assert.rejects(running, (error) => isFault(error) && error.code === 'operation.cancelled');
    assert.deepEqual(told, []);
    await eventually(() => tunnel.clients === 0);
  });

  it('ends with the connection, and its keys expire', async () => {
    const running = run({ tests: ['SET'], requests: 200_000 });
    running.catch(() => {});
    await eventually(() => progress.length > 0);
    tunnel.cut();
    await assert.rejects(running, (error) => isFault(error) && error.code === 'redis.connectionLost');
    const [key] = /sallyport:benchmark:[^"]*/.exec(await ask('RANDOMKEY')) ?? [];
    assert.match(await ask(`TTL "${key}"`), /^\(integer\) (300|2\d\d)$/);
    await ask('FLUSHALL');
  });

  it('refuses a plan outside of its bounds before it connects', async () => {
    await assert.rejects(run({ clients: 1000 }), (error) => isFault(error) && error.code === 'redis.benchmarkPlan');
    assert.equal(tunnel.sent, '');
  });

  it('finds keys that the node of a cluster serves', async () => {
    const keys = new Set<string>();
    const node = await tcpServer((socket) => {
      const decoder = new RespDecoder();
      socket.on('data', (chunk: Buffer) => {
        for (const command of decoder.push(chunk)) {
          assert.ok(command.type === 'array');
          const [name, key = ''] = command.items.map((item) => (item.type === 'bulk' ? item.bytes.toString() : ''));
          keys.add(key.replace(/\d+$/, ''));
          if (name === 'SET' && keys.size < 4) socket.write('-MOVED 1 10.0.0.1:6379\r\n');
          else if (name === 'PING') socket.write('+PONG\r\n');
          else if (name === 'UNLINK') socket.write(':1\r\n');
          else socket.write(name === 'INFO' ? '-NOPERM\r\n' : '+OK\r\n');
        }
      });
    });
    tunnel.lead(node.address.port);
    try {
      const { figures } = await run({ tests: ['SET'], requests: 100 }, { endpoint: node.address });
      assert.equal(figures[0]?.errors, 0);
    } finally {
      await node.close();
    }
  });
});
