// Links through session-manager-plugin below the tunnel: streams, modes, and time limits without waiting for them.
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import type { Link } from '../../src/model/link';
import type { PluginAccess } from '../../src/model/pluginAccess';
import type { Route } from '../../src/model/route';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { PluginTransport } from '../../src/transport/plugin/pluginTransport';
import { eventually } from '../fixtures/eventually';
import { isAlive } from '../fixtures/isAlive';
import { installPlugin, type PluginInstallation } from '../fixtures/pluginInstallation';
import type { PluginManner } from '../fixtures/sessionManagerPlugin';
import { digestOf, readLine } from '../fixtures/streams';
import { patternDigest, startBulk, startEcho, startHalfClose, startSource, type TcpServer } from '../sandbox/servers/tcp';
import { TestClock } from '../unit/transport/testClock';
import { never, place, SsmServiceBench } from './ssmServiceBench';

const BASIC = 'Sandbox-BasicPortSession';
const to = { host: 'cache.internal', port: 6379 };

const route: Route = {
  target: { id: 'target', name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
  endpoint: to,
  bastion: { id: 'i-0abc', name: 'bastion' },
  method: 'ssm',
  place,
};

describe('a link through session-manager-plugin', function () {
  this.timeout(20_000);
  let bench: SsmServiceBench;
  let clock: TestClock;
  let directory: string;
  let plugin: PluginInstallation;
  let settings: SsmSettings;
  let transport: PluginTransport;
  let link: Link | undefined;
  const servers: TcpServer[] = [];
  const access: PluginAccess = {
    grant: async () => ({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example', region: place.region, endpoint: 'http://127.0.0.1:9' }),
  };

  before(function () {
    // The stand-in is a shell script.
    if (process.platform === 'win32') this.skip();
  });

  beforeEach(async () => {
    bench = await new SsmServiceBench().listen();
    clock = new TestClock();
    transport = new PluginTransport({ api: bench.api, access, clock, logger: nullLogger, settings: () => settings, env: {} });
    directory = await mkdtemp(join(tmpdir(), 'sallyport-plugin-'));
  });

  afterEach(async () => {
    await link?.dispose();
    link = undefined;
    for (const server of servers.splice(0)) await server.close();
    for (const { pid, childPid, cwd } of await plugin.starts()) {
      await eventually(() => !isAlive(pid) && !isAlive(childPid!), `the end of ${pid} and ${childPid}`);
      assert.ok(!existsSync(cwd), 'its private folder is gone');
    }
    await rm(directory, { recursive: true, force: true });
    await bench.close();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  const target = async (server: Promise<TcpServer>): Promise<TcpServer> => {
    const started = await server;
    servers.push(started);
    bench.hosts.set(`${to.host}:${to.port}`, { kind: 'server', host: started.host, port: started.port });
    return started;
  };
  const dial = async (document = '', manner: PluginManner = 'healthy', signal = never): Promise<Link> => {
    plugin = await installPlugin(directory, manner);
    settings = ssmSettings({ client: 'plugin', pluginPath: plugin.program, document });
    link = await transport.dial(route, signal);
    return link;
  };
  const open = (): Promise<Duplex> => link!.open(to, never);

  it('moves megabytes both ways unchanged, many at once, and counts its streams', async () => {
    await target(startBulk());
    await dial();
    const length = 2_000_000;
    const streams = await Promise.all([open(), open(), open()]);
    assert.equal(link!.reading?.sessions[0]?.streams, 3);
    await Promise.all(
      streams.map(async (stream) => {
        stream.write(`DOWN ${length}\n`);
        assert.equal(await digestOf(stream, length), patternDigest(length));
      }),
    );
    const payload = Buffer.alloc(300_000, 'up ');
    streams[0].write(`UP ${payload.length}\n`);
    streams[0].write(payload);
    assert.equal(await readLine(streams[0]), createHash('sha256').update(payload).digest('hex'));
    for (const stream of streams) stream.destroy();
    await eventually(() => link!.reading?.sessions[0]?.streams === 0, 'the streams to end');
  });

  it('holds what a client does not read within bounds, and loses nothing of it', async () => {
    await target(startBulk());
    await dial();
    const stream = await open();
    const length = 6_000_000;
    stream.write(`DOWN ${length}\n`);
    let held = 0;
    let polls = 0;
    const atRest = (): boolean => {
      polls = stream.readableLength === held ? polls + 1 : 0;
      held = stream.readableLength;
      return held > 1_000_000 && polls > 30;
    };
    await eventually(atRest, 'the plugin to be kept waiting');
    assert.ok(held < 1_300_000, `${held} bytes`);
    assert.equal(await digestOf(stream, length), patternDigest(length));
    stream.destroy();
  });

  it('ends a stream cleanly when the target has ended it', async () => {
    await target(startSource(10_000));
    await dial();
    const stream = await open();
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.write('go');
    await once(stream, 'end');
    assert.equal(bytes, 10_000);
    stream.end();
    await once(stream, 'close');
  });

  it("keeps a client's end back while nothing has answered, but not for ever", async () => {
    await target(startHalfClose());
    await dial();
    const stream = await open();
    stream.resume();
    stream.end('a question');
    await eventually(() => servers[0]!.received === 10, 'the question to arrive');
    assert.equal(servers[0]!.connections, 1);
    clock.skip(5_100);
    await eventually(() => servers[0]!.connections === 0, 'the end to be passed on');
    clock.skip(10_100);
    await eventually(() => stream.closed, 'the stream to be over');
  });

  it('serves one connection after the other where the agent cannot multiplex', async () => {
    await target(startEcho());
    await dial(BASIC);
    const order: number[] = [];
    const use = async (number: number): Promise<void> => {
      const stream = await open();
      order.push(number);
      stream.write(`hello ${number}\n`);
      assert.equal(await readLine(stream), `hello ${number}`);
      stream.destroy();
    };
    await Promise.all([use(1), use(2), use(3)]);
    assert.deepEqual(order, [1, 2, 3]);
    const abort = new AbortController();
    const held = await open();
    const waiting = link!.open(to, abort.signal);
    abort.abort();
    await assert.rejects(waiting, { code: 'operation.cancelled' });
    held.destroy();
  });

  it('resets its streams and refuses new ones when the plugin dies, and says so', async () => {
    await target(startEcho());
    await dial();
    const stream = await open();
    stream.write('before\n');
    assert.equal(await readLine(stream), 'before');
    let ended = false;
    stream.once('end', () => (ended = true)).resume();
    const failed = new Promise<unknown>((resolve) => void stream.once('error', resolve));
    process.kill((await plugin.starts())[0]!.pid, 'SIGKILL');
    const error = await failed;
    assert.ok(isFault(error) && error.code === 'plugin.ended', String(error));
    assert.equal(ended, false);
    assert.equal((await link!.closed)?.code, 'plugin.ended');
    await assert.rejects(open(), { code: 'ssm.linkClosed' });
    await eventually(() => bench.service.activeSessions().length === 0, 'the session to be terminated without being asked to');
  });

  it('counts a plugin that runs and passes nothing on as lost', async () => {
    await target(startEcho());
    await dial();
    process.kill((await plugin.starts())[0]!.pid, 'SIGSTOP');
    const unanswered = async (ms: number): Promise<void> => {
      const stream = await open();
      await new Promise((resolve) => void stream.write('anyone there?', resolve));
      clock.skip(ms);
      stream.destroy();
      await once(stream, 'close');
    };
    const idle = await open();
    await unanswered(10_000);
    await unanswered(10_000);
    await unanswered(2_000);
    clock.skip(30_000);
    assert.equal(await Promise.race([link!.closed, Promise.resolve('open')]), 'open', 'a connection must have been kept waiting');
    const broken = once(idle, 'error').catch((error: unknown) => [error]);
    await unanswered(10_000);
    assert.equal((await link!.closed)?.code, 'plugin.silent');
    assert.ok(isFault((await broken)[0]));
    // Its end is asked for in vain.
    clock.skip(2_100);
    await link!.dispose();
  });

  it('leads to one destination', async () => {
    await target(startEcho());
    await dial();
    await assert.rejects(link!.open({ host: 'other.internal', port: 1 }, never), { code: 'ssm.wrongDestination' });
    assert.equal(await Promise.race([link!.closed, Promise.resolve('open')]), 'open');
    await link!.dispose();
    assert.equal(await link!.closed, undefined);
  });

  it('gives up on a plugin that opens no port within 15 seconds', async () => {
    const dialing = dial('', 'hangs');
    dialing.catch(() => {});
    await eventually(async () => plugin && (await plugin.starts()).length === 1, 'the start');
    clock.skip(15_100);
    await assert.rejects(dialing, { code: 'plugin.notReady' });
    assert.deepEqual(bench.service.activeSessions(), []);
  });

  it('gives up on a program that does not tell its version within 5 seconds', async () => {
    const dialing = dial('', 'versionHangs');
    dialing.catch(() => {});
    await eventually(() => clock.pending > 0, 'the question');
    clock.skip(5_100);
    await assert.rejects(dialing, { code: 'plugin.unusable' });
    assert.deepEqual(await plugin.starts(), []);
  });

  it('kills a plugin that does not end by itself', async () => {
    await target(startEcho());
    await dial('', 'clings');
    const disposing = link!.dispose();
    await eventually(() => clock.pending > 0, 'the wait for its end');
    await eventually(() => bench.service.activeSessions().length === 0, 'the session to be terminated meanwhile');
    clock.skip(2_100);
    await disposing;
    assert.ok(!isAlive((await plugin.starts())[0]!.pid));
  });

  it('does not start it for a data channel that others could read', async () => {
    const { start } = bench.api;
    bench.api.start = async (request, signal) => ({ ...(await start(request, signal)), streamUrl: 'ws://stream.example/x' });
    await assert.rejects(dial(), { code: 'ssm.insecureStream' });
    assert.deepEqual(await plugin.starts(), []);
    assert.deepEqual(bench.service.activeSessions(), []);
  });

  it('asks for the version once as long as the program stays the same', async () => {
    await target(startEcho());
    await dial();
    await link!.dispose();
    link = await transport.dial(route, never);
    await link.dispose();
    assert.equal(await plugin.versionsAsked(), 1);
    await assert.rejects(dial('', 'versionless'), { code: 'plugin.unusable' });
  });
});
