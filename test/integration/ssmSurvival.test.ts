// Everything that the service and the network do to a tunnel's sessions. After each test the service has none left.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Fault } from '../../src/base/fault';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import type { TunnelInfo } from '../../src/model/tunnel';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { Tunnels } from '../../src/tunnel/tunnels';
import { eventually } from '../fixtures/eventually';
import { digestOf, readLine } from '../fixtures/streams';
import { pattern, patternDigest, startBulk, startEcho, startSource, type TcpServer } from '../sandbox/servers/tcp';
import type { Cut } from '../sandbox/sessionManager/service';
import { never, SsmServiceBench } from './ssmServiceBench';

const MODES = { mux: '', basic: 'Sandbox-BasicPortSession' } as const;
const MB = 1_000_000;
const SOURCE_BYTES = 8 * MB;
const WAYS: readonly [Cut, ...Cut[]] = ['close1000', 'fin', 'rst'];

describe('a tunnel through Session Manager survives', function () {
  this.timeout(60_000);
  let bench: SsmServiceBench;
  let tunnels: Tunnels;
  let settings: SsmSettings;
  let servers: TcpServer[];
  let clients: Socket[];
  /** What the tunnel went through: phases, with the code of what it waits for. */
  let history: string[];

  beforeEach(async () => {
    bench = await new SsmServiceBench().listen();
    servers = [await startEcho(), await startBulk(), await startSource(SOURCE_BYTES)];
    for (const [index, name] of ['echo', 'bulk', 'source'].entries()) {
      const { host, port } = servers[index]!;
      bench.hosts.set(`${name}.internal:7000`, { kind: 'server', host, port });
    }
    settings = ssmSettings({ maxSessions: 1 });
    tunnels = new Tunnels({
      transports: [new SsmTransport({ ...bench.deps, settings: () => settings })],
      probe: () => Promise.resolve({ level: 'ok', checkedAt: 0 }),
      logger: bench.deps.logger,
      limits: { backoff: { baseMs: 100, capMs: 400 } },
    });
    clients = [];
    history = [];
    tunnels.onDidChange(({ state }) => {
      const entry = state.phase === 'waiting' ? `waiting: ${state.cause.code}` : state.phase;
      if (history.at(-1) !== entry) history.push(entry);
    });
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await tunnels.dispose();
    await bench.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  const open = (name: string, documentName = ''): Promise<TunnelInfo> => {
    settings = ssmSettings({ maxSessions: 1, document: documentName });
    return tunnels.start(bench.route({ host: `${name}.internal`, port: 7000 }), {}, never);
  };
  const dial = async ({ local }: TunnelInfo): Promise<Socket> => {
    const client = connect({ ...local, noDelay: true, allowHalfOpen: true });
    clients.push(client);
    client.on('error', () => {});
    await once(client, 'connect');
    return client;
  };
  /** An error comes first, and is no surprise. */
  const closed = (client: Socket): Promise<void> => new Promise((resolve) => client.once('close', () => resolve()));
  const echoes = async (client: Socket, text: string): Promise<void> => {
    client.write(`${text}\n`);
    assert.equal(await readLine(client), text);
  };
  const upload = async (client: Socket, length: number): Promise<void> => {
    client.write(`UP ${length}\n`);
    for (let at = 0; at < length; at += 65_536) {
      if (!client.write(pattern(at, Math.min(65_536, length - at)))) await once(client, 'drain');
    }
    assert.equal(await readLine(client), patternDigest(length), 'upload');
  };
  const download = async (client: Socket, length: number): Promise<void> => {
    client.write(`DOWN ${length}\n`);
    assert.equal(await digestOf(client, length), patternDigest(length), 'download');
  };
  const sessionId = (): string => bench.service.activeSessions()[0]!.sessionId;
  const reopened = (): Promise<unknown> =>
    eventually(() => history.at(-1) === 'open' && history.filter((entry) => entry === 'open').length > 1, 'another link', 20_000);

  for (const [mode, documentName] of Object.entries(MODES)) {
    it(`closes, ends and resets of its socket without losing or doubling a byte: ${mode}`, async () => {
      bench.service.setLimits({ cuts: { everyMs: 120, ways: WAYS } });
      const client = await dial(await open('bulk', documentName));
      await upload(client, 12 * MB);
      await download(client, 12 * MB);
      const [session] = bench.service.activeSessions();
      assert.ok(session!.connects >= 3, `${session!.connects} sockets`);
      assert.deepEqual(history, ['connecting', 'open']);
    });

    it(`256 MB each way, whole, with a cut every two seconds: ${mode}`, async function () {
      this.timeout(180_000);
      bench.service.setLimits({ cuts: { everyMs: 2000, ways: WAYS } });
      const client = await dial(await open('bulk', documentName));
      await upload(client, 256 * MB);
      await download(client, 256 * MB);
      const [session] = bench.service.activeSessions();
      assert.ok(session!.connects >= 3, `${session!.connects} sockets`);
      assert.deepEqual(history, ['connecting', 'open']);
    });

    it(`cuts while a client that has ended its side waits for the whole reply: ${mode}`, async () => {
      bench.service.setLimits({ cuts: { everyMs: 60, ways: WAYS } });
      const client = await dial(await open('source', documentName));
      client.end('the whole request');
      assert.equal(await digestOf(client, SOURCE_BYTES), patternDigest(SOURCE_BYTES));
      // The basic mode does not tell the target's end: there it is silence that ends the stream.
      await once(client.resume(), 'end');
    });

    it(`cuts while a target that has ended its side is read to its end: ${mode}`, async () => {
      bench.service.setLimits({ cuts: { everyMs: 60, ways: WAYS } });
      const client = await dial(await open('source', documentName));
      client.write('a request, and more may follow');
      assert.equal(await digestOf(client, SOURCE_BYTES), patternDigest(SOURCE_BYTES));
      if (mode === 'mux') await once(client.resume(), 'end');
      assert.equal(client.destroyed, false);
    });

    it(`a ResumeSession that is throttled, fails and brings expired tokens, one after the other: ${mode}`, async () => {
      const client = await dial(await open('echo', documentName));
      await echoes(client, 'before');
      bench.service.throttle('resume', { ms: 1000 });
      const { resume } = bench.api;
      let failures = 1;
      bench.api.resume = (...args) => {
        const unreachable = new Fault('aws.unreachable', 'AWS cannot be reached.', { retryable: true });
        return failures-- > 0 ? Promise.reject(unreachable) : resume(...args);
      };
      bench.service.expireTokens(1);
      bench.service.cutSockets('rst');
      await echoes(client, 'after');
      const calls = bench.service.callTimes('resume');
      assert.ok(calls.length >= 3 && calls.length <= 5, `${calls.length} calls`);
      assert.equal(bench.service.callTimes('start').length, 1);
    });
  }

  for (const [what, end, code, words] of [
    ['its idle time-out', () => bench.service.setLimits({ idleMs: 50 }), 'ssm.sessionIdle', /because it was idle/],
    ['its maximum duration', () => bench.service.setLimits({ maxSessionMs: 1 }), 'ssm.sessionExpired', /maximum duration/],
    ['an administrator', () => bench.service.terminateInConsole(sessionId()), 'ssm.sessionTerminated', /was terminated/],
    ['the API', () => void bench.service.terminate(sessionId()), 'ssm.channelClosed', /without a reason/],
  ] as const) {
    it(`a session that was ended by ${what}: it says so, resets its clients and dials again by itself`, async () => {
      const tunnel = await open('echo');
      let cause: { readonly code: string; readonly message: string } | undefined;
      tunnels.onDidChange(({ state }) => {
        if (state.phase !== 'waiting') return;
        cause ??= state.cause;
        bench.service.setLimits({});
      });
      const client = await dial(tunnel);
      await echoes(client, 'before');
      const cut = closed(client);
      end();
      await eventually(() => cause, 'the loss');
      await cut;
      assert.equal(cause!.code, code);
      assert.match(cause!.message, words);
      await reopened();
      await echoes(await dial(tunnel), 'after');
      assert.equal(bench.service.callTimes('start').length, 2);
    });
  }

  it('a session that ended while its socket was away', async () => {
    const tunnel = await open('echo');
    await echoes(await dial(tunnel), 'before');
    bench.service.throttle('resume', { calls: 1 });
    bench.service.cutSockets('rst');
    await eventually(() => bench.service.callTimes('resume').length === 1, 'the first try');
    bench.service.terminate(sessionId());
    await reopened();
    assert.ok(history.includes('waiting: ssm.sessionEnded'), String(history));
    await echoes(await dial(tunnel), 'after');
  });

  it('a restart of the agent: it waits for it, without a burst of calls', async () => {
    const tunnel = await open('echo');
    const client = await dial(tunnel);
    await echoes(client, 'before');
    const cut = closed(client);
    bench.service.restartAgent('i-0abc', { noticeMs: 300, backMs: 1500 });
    await cut;
    await reopened();
    assert.ok(history.includes('waiting: ssm.channelClosed') && history.includes('waiting: ssm.targetNotConnected'), String(history));
    await echoes(await dial(tunnel), 'after');
    const starts = bench.service.callTimes('start').length;
    assert.ok(starts <= 25, `${starts} calls`);
  });

  it('a service that throttles StartSession while the link is replaced', async () => {
    const tunnel = await open('echo');
    bench.service.throttle('start', { ms: 1000 });
    bench.service.terminateInConsole(sessionId());
    await reopened();
    assert.ok(history.includes('waiting: aws.throttled'), String(history));
    await echoes(await dial(tunnel), 'after');
  });

  it('its own end in the midst of a lost socket, a dial and a replacement', async () => {
    const tunnel = await open('echo');
    await echoes(await dial(tunnel), 'before');
    bench.service.throttle('resume', {});
    bench.service.cutSockets('fin');
    await eventually(() => bench.service.callTimes('resume').length > 0, 'a try');
    const starting = tunnels.start(bench.route({ host: 'bulk.internal', port: 7000 }), {}, never).catch(() => 'cancelled');
    const began = performance.now();
    await tunnels.dispose();
    assert.ok(performance.now() - began < 4500);
    assert.equal(await starting, 'cancelled');
    assert.deepEqual(bench.service.activeSessions(), []);
  });
});
