import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { eventually } from '../fixtures/eventually';
import { type Servers, startServers } from '../sandbox/servers';
import { startRedis } from '../sandbox/servers/redis';
import { pattern, patternDigest, startBulk, startDeaf, startDying, startEcho, startHalfClose, startLate, startSource, type TcpServer } from '../sandbox/servers/tcp';
import { Flag, flagPayload, PayloadType } from '../sandbox/sessionManager/frames';
import { type Resolution, type SessionGrant, SessionManagerService, type SessionManagerOptions } from '../sandbox/sessionManager/service';
import { WebSocket } from 'ws';
import { TinyClient, TinyMux } from './sandboxSessionManagerClient';

const PLACE = { region: 'eu-central-1', accountId: '111122223333' };
const BASIC = 'Sandbox-BasicPortSession';

describe('sandbox Session Manager on real sockets', function () {
  this.timeout(20_000);

  let api: Server;
  let service: SessionManagerService;
  const clients: TinyClient[] = [];
  const targets: TcpServer[] = [];
  const hosts = new Map<string, Resolution>();

  const serve = (options: Partial<SessionManagerOptions> = {}): SessionManagerService => {
    service = new SessionManagerService({
      baseUrl: () => `ws://127.0.0.1:${(api.address() as { port: number }).port}`,
      findInstance: (id) => ({ id, agentVersion: '3.3.1142.0', online: true, ...PLACE }),
      resolve: (host, port) => {
        const resolution = hosts.get(host);
        return typeof resolution === 'object' && port !== 6379 ? 'refused' : resolution;
      },
      ...options,
    });
    return service;
  };

  before(async () => {
    api = createServer();
    api.on('upgrade', (request, socket, head) => {
      if (!service.handleUpgrade(request, socket, head)) socket.destroy();
    });
    api.listen(0, '127.0.0.1');
    await once(api, 'listening');
  });
  after((done) => {
    api.close(done);
  });
  beforeEach(() => {
    serve();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await service.close();
    await Promise.all(targets.splice(0).map((target) => target.close()));
    hosts.clear();
  });

  const target = async (server: Promise<TcpServer>): Promise<TcpServer> => {
    const started = await server;
    targets.push(started);
    hosts.set('target.internal', { kind: 'server', host: started.host, port: started.port });
    return started;
  };

  const start = (documentName?: string, host = 'target.internal', portNumber = '6379'): SessionGrant =>
    service.start({
      target: 'i-0',
      documentName: documentName ?? 'AWS-StartPortForwardingSessionToRemoteHost',
      parameters: { host: [host], portNumber: [portNumber], localPortNumber: ['0'] },
      ...PLACE,
    });

  const client = (): TinyClient => {
    const made = new TinyClient();
    clients.push(made);
    return made;
  };

  const ready = async (grant: SessionGrant): Promise<TinyClient> => {
    const made = client();
    await made.connect(grant);
    await eventually(() => made.ready, 'the handshake is complete');
    return made;
  };

  const resume = (sessionId: string): SessionGrant => {
    const grant = service.resume(sessionId);
    assert.ok('TokenValue' in grant, 'the session is resumable');
    return grant;
  };

  describe('with real servers', () => {
    let servers: Servers;
    before(async () => {
      servers = await startServers();
    });
    after(() => servers.stop());

    it('carries PING to a real redis-server over several smux streams', async () => {
      hosts.set('target.internal', { kind: 'server', host: servers.plain.host, port: servers.plain.port });
      const mux = new TinyMux(await ready(start()));
      const [first, second] = [mux.open(), mux.open()];
      first.write('*1\r\n$4\r\nPING\r\n');
      second.write('*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n');
      await eventually(() => first.size > 0 && second.size > 0, 'both replies');
      assert.deepEqual([first.data.toString(), second.data.toString()], ['+PONG\r\n', '$5\r\nhello\r\n']);
      assert.equal(service.activeSessions()[0]?.mode, 'mux');
    });

    it('carries PING in basic mode, and dials again after DisconnectToPort', async () => {
      hosts.set('target.internal', { kind: 'server', host: servers.plain.host, port: servers.plain.port });
      const made = await ready(start(BASIC));
      let replies = '';
      made.onOutput = (payload) => (replies += payload.toString());
      made.send(PayloadType.output, Buffer.from('*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$3\r\none\r\n'));
      await eventually(() => replies === '+OK\r\n', 'the first reply');
      made.send(PayloadType.flag, flagPayload(Flag.disconnectToPort));
      made.send(PayloadType.output, Buffer.from('*2\r\n$6\r\nCLIENT\r\n$7\r\nGETNAME\r\n'));
      await eventually(() => replies.length > 5, 'the reply on the new connection');
      assert.equal(replies, '+OK\r\n$-1\r\n', 'a new connection has no name');
      assert.equal(service.activeSessions()[0]?.mode, 'basic');
    });

    it('offers TLS under the endpoint\'s name, and a server under a wrong one', async () => {
      const ca = await readFile(servers.caFile);
      const hello = (port: number): Promise<string> =>
        new Promise((resolve) => {
          const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'tls.sandbox.internal' }, () => {
            socket.write(`*2\r\n$4\r\nAUTH\r\n$${servers.tls.password.length}\r\n${servers.tls.password}\r\n`);
          });
          socket.once('data', (chunk) => socket.destroy() && resolve(chunk.toString()));
          socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        });
      assert.equal(await hello(servers.tls.port), '+OK\r\n');
      assert.equal(await hello(servers.wrongName.port), 'ERR_TLS_CERT_ALTNAME_INVALID');
    });

    it('finds another port when one is taken, and leaves no process behind', async () => {
      const { random } = Math;
      const fractions = [(servers.plain.port - 20_000) / 12_000 + 1e-9];
      Math.random = () => fractions.shift() ?? random();
      const other = await startRedis().finally(() => (Math.random = random));
      assert.notEqual(other.port, servers.plain.port);
      await other.stop();
      assert.throws(() => process.kill(other.pid, 0), { code: 'ESRCH' });
    });
  });

  it('kills its redis-servers even when their owner is killed', async function () {
    // The watch is a POSIX shell, and there is no redis-server of Windows' own.
    if (process.platform === 'win32') this.skip();
    const script = `
      const { startRedis } = require(${JSON.stringify(require.resolve('../sandbox/servers/redis'))});
      startRedis().then(({ port }) => console.log(port));`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    const listens = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port });
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      });
    assert.equal(await listens(), true);
    owner.kill('SIGKILL');
    await eventually(async () => !(await listens()), 'the server is gone');
  });

  describe('opening', () => {
    it('takes a token once only, and leaves the first client undisturbed', async () => {
      await target(startEcho());
      const grant = start();
      const first = await ready(grant);
      const second = client();
      await second.connect(grant);
      await eventually(() => second.closing, 'the second is closed');
      assert.deepEqual([second.closing?.code, second.inbox, first.closing], [1008, [], undefined]);
    });

    it('takes only the newest token', async () => {
      const old = start();
      resume(old.SessionId);
      const made = client();
      await made.connect(old);
      await eventually(() => made.closing?.code === 1008, 'the old token is refused');
    });

    it('refuses a token past its life', async () => {
      serve({ tokenLifeMs: -1 });
      const made = client();
      await made.connect(start());
      await eventually(() => made.closing?.code === 1008, 'the token is refused');
    });

    it('refuses a malformed open message, and data before it', async () => {
      const malformed = client();
      await malformed.connect(start(), { ClientVersion: '1.2' });
      await eventually(() => malformed.closing?.code === 1008, 'the malformed one is closed');
      const early = new WebSocket(start().StreamUrl);
      early.on('open', () => early.send(Buffer.alloc(120)));
      const [code] = (await once(early, 'close')) as [number];
      assert.equal(code, 1008);
    });

    it('refuses another client on a resumed session', async () => {
      const grant = start();
      await ready(grant);
      const other = client();
      await other.connect(resume(grant.SessionId));
      await eventually(() => other.closing?.code === 1008, 'the other client is refused');
    });

    it('answers 404 for a session that is not, or no longer', async () => {
      const grant = start();
      service.terminate(grant.SessionId);
      await assert.rejects(client().connect(grant), /404/);
      await assert.rejects(client().connect({ ...grant, StreamUrl: grant.StreamUrl.replace(grant.SessionId, 'nobody') }), /404/);
    });
  });

  describe('ending', () => {
    it('says channel_closed with the reason, then closes', async () => {
      const grant = start();
      const made = await ready(grant);
      service.endSession(grant.SessionId, 'The session timed out.');
      await eventually(() => made.closing, 'the socket is closed');
      assert.equal(made.closing?.code, 1000);
      const content = JSON.parse(made.control[0]!.payload.toString()) as Record<string, unknown>;
      assert.deepEqual(Object.keys(content), ['MessageId', 'CreatedDate', 'DestinationId', 'SessionId', 'MessageType', 'SchemaVersion', 'Output']);
      assert.deepEqual([content['SessionId'], content['MessageType'], content['Output']], [grant.SessionId, 'channel_closed', 'The session timed out.']);
    });

    it('follows the client\'s TerminateSession flag, and closes what the agent had open', async () => {
      const echo = await target(startEcho());
      const grant = start();
      const made = await ready(grant);
      new TinyMux(made).open();
      await eventually(() => echo.connections === 1, 'the target is reached');
      made.send(PayloadType.flag, flagPayload(Flag.terminateSession));
      await eventually(() => made.closing && echo.connections === 0, 'all is closed');
      assert.deepEqual([service.activeSessions(), service.history()[0]?.ending], [[], 'terminated by the client']);
      assert.deepEqual(service.terminate(grant.SessionId), { SessionId: grant.SessionId });
    });

    it('answers a dial that fails with the flag and FIN, and goes on with the session', async () => {
      const echo = await target(startEcho());
      const made = await ready(start(undefined, 'target.internal', '1'));
      const stream = new TinyMux(made).open();
      await eventually(() => stream.ended, 'the FIN');
      assert.deepEqual(made.inbox.at(-2)?.payload, flagPayload(Flag.connectToPortError));
      assert.deepEqual([echo.accepted, service.activeSessions().length], [0, 1]);
    });

    it('ends a basic session whose first dial fails, with the agent\'s words', async () => {
      const made = await ready(start(BASIC, 'nowhere.internal'));
      await eventually(() => made.closing, 'the socket is closed');
      assert.match(made.control[0]!.payload.toString(), /Unable to connect to specified port: .*no such host/);
    });

    it('answers nothing for a black hole, and gives it up at the end', async () => {
      hosts.set('dark.internal', 'blackhole');
      const made = await ready(start(undefined, 'dark.internal'));
      const mux = new TinyMux(made);
      const stream = mux.open();
      stream.write('hello');
      await eventually(() => made.outstanding === 0, 'everything is acknowledged all the same');
      assert.deepEqual([stream.ended, made.inbox.length], [false, 2]);
    });
  });

  describe('targets', () => {
    it('lose their reply when the client closes: FIN closes the connection fully', async () => {
      const server = await target(startHalfClose());
      const stream = new TinyMux(await ready(start())).open();
      stream.write('four');
      stream.end();
      await eventually(() => stream.ended && server.connections === 0, 'both ends are closed');
      assert.deepEqual([stream.size, server.received], [0, 4]);
    });

    it('that end get everything delivered first', async () => {
      await target(startSource(300_000));
      const stream = new TinyMux(await ready(start())).open();
      stream.write('go');
      await eventually(() => stream.ended, 'the FIN');
      assert.equal(createHash('sha256').update(stream.data).digest('hex'), patternDigest(300_000));
    });

    it('that die mid-stream end theirs and no other', async () => {
      await target(startDying(50_000));
      const mux = new TinyMux(await ready(start()));
      const [dying, living] = [mux.open(), mux.open()];
      dying.write('go');
      await eventually(() => dying.ended, 'the FIN');
      living.write('go');
      await eventually(() => living.size > 0, 'the other stream works');
    });

    it('that read late get every byte in order, though the whole session stood still', async () => {
      const size = 24_000_000;
      await target(startLate(size));
      const made = await ready(start());
      const stream = new TinyMux(made).open();
      for (let sent = 0; sent < size; sent += 16_000) stream.write(pattern(sent, 16_000));
      await eventually(() => stream.size === 64, 'the digest comes', 15_000);
      assert.equal(stream.data.toString(), patternDigest(size));
      await eventually(() => made.outstanding === 0, 'everything is acknowledged');
    });

    it('that do not read stop the acknowledgements of their session, and of no other', async () => {
      await target(startDeaf());
      const grant = start();
      const made = await ready(grant);
      const stream = new TinyMux(made).open();
      let sent = 0;
      const chunk = Buffer.alloc(16_384, 0x61);
      // Stalled: not one acknowledgement in many looks, though something is outstanding. Looks and not
      // milliseconds, since service and client share this process: a busy machine delays both.
      for (let idle = 0; idle < 25; ) {
        for (; made.outstanding < 64; sent += chunk.length) stream.write(chunk);
        const before = made.outstanding;
        await new Promise((resolve) => {
          setTimeout(resolve, 10);
        });
        idle = made.outstanding < before ? 0 : idle + 1;
        assert.ok(sent < 64e6, 'the session never stalled');
      }
      assert.ok(sent > 4 * 1024 * 1024, `${sent} bytes`);
      await target(startEcho());
      const echoed = new TinyMux(await ready(start())).open();
      echoed.write('hello');
      await eventually(() => echoed.data.toString() === 'hello', 'another session works');
    });

    it('are read no faster than a kilobyte per millisecond by a paced agent', async () => {
      serve({ pace: true });
      await target(startSource(200_000));
      const made = await ready(start());
      const stream = new TinyMux(made).open();
      stream.write('go');
      const from = performance.now();
      await eventually(() => stream.ended, 'all has come');
      assert.equal(stream.size, 200_000);
      assert.ok(performance.now() - from > 200_000 / 1024 - 20, `${performance.now() - from} ms`);
      assert.ok(made.inbox.every(({ payload }) => payload.length <= 1024));
    });
  });

  describe('faults', () => {
    const upload = 400_000;

    /** Both ways at once through one stream, in messages of 1 kB, while `disturb` does its worst. */
    const transfer = async (made: TinyClient, disturb: (sent: number) => Promise<void>): Promise<void> => {
      const mux = new TinyMux(made);
      const [up, down] = [mux.open(), mux.open()];
      up.write(`UP ${upload}\n`);
      down.write(`DOWN ${upload}\n`);
      for (let sent = 0; sent < upload; ) {
        await eventually(() => made.outstanding < 100, 'acknowledgements', 15_000);
        for (let burst = 0; burst < 50 && sent < upload; burst++) {
          const size = Math.min(1016, upload - sent);
          up.write(pattern(sent, size));
          sent += size;
        }
        await disturb(sent);
      }
      await eventually(() => up.size >= 65 && down.size >= upload, 'everything has come', 15_000);
      assert.equal(up.data.toString(), `${patternDigest(upload)}\n`);
      assert.equal(createHash('sha256').update(down.data).digest('hex'), patternDigest(upload));
    };

    for (const how of ['rst', 'close1000', 'silence'] as const) {
      it(`lose nothing when the socket is cut (${how}) and resumed`, async () => {
        await target(startBulk());
        const grant = start();
        const made = await ready(grant);
        let next = 100_000;
        await transfer(made, async (sent) => {
          if (sent < next) return;
          next += 100_000;
          assert.equal(service.cutSockets(how), 1);
          if (how !== 'silence') await eventually(() => made.closing, 'the client notices');
          await made.connect(resume(grant.SessionId));
        });
        const [session] = service.activeSessions();
        assert.ok((session?.connects ?? 0) >= 4, `${session?.connects} connects`);
      });
    }

    it('in single frames are survived by resending', async () => {
      await target(startBulk());
      const made = await ready(start());
      service.setFrameFaults({
        seed: 7,
        toAgent: { drop: 0.002, duplicate: 0.02, reorder: 0.02 },
        toClient: { drop: 0.002, duplicate: 0.02, reorder: 0.02, corrupt: 0.002 },
      });
      await transfer(made, () => Promise.resolve());
    });

    it('end a session whose client does not come back in time', async () => {
      serve({ resumableMs: 1000 });
      const grant = start();
      await ready(grant);
      service.cutSockets('rst');
      await eventually(() => service.activeSessions().length === 0, 'the session is over');
      assert.equal(service.history()[0]?.ending, 'not resumed in time');
      assert.deepEqual(service.resume(grant.SessionId), { SessionId: grant.SessionId });
    });

    it('of the agent\'s process are silent: no acknowledgement, no word', async () => {
      const echo = await target(startEcho());
      const made = await ready(start());
      const stream = new TinyMux(made).open();
      await eventually(() => echo.connections === 1, 'the target is reached');
      await eventually(() => made.outstanding === 0, 'all is acknowledged');
      service.killAgent('i-0');
      await eventually(() => echo.connections === 0, 'its connections are gone');
      stream.write('hello');
      await assert.rejects(eventually(() => made.outstanding === 0 || made.closing, 'never', 500));
    });
  });

  it('leaves no socket and no timer behind when it closes in the middle of everything', async () => {
    const kinds = new Set(['TCPSocketWrap', 'TCPServerWrap', 'Timeout']);
    const census = (): number => process.getActiveResourcesInfo().filter((kind) => kinds.has(kind)).length;
    // The runner sets its own timer once the test has returned its promise.
    await new Promise(setImmediate);
    const before = census();
    const source = await target(startSource(50e6));
    hosts.set('dark.internal', 'blackhole');
    for (const host of ['target.internal', 'target.internal', 'dark.internal']) new TinyMux(await ready(start(undefined, host))).open().write('go');
    const fresh = start();
    await ready(start(BASIC));
    await eventually(() => source.connections === 3 && clients[0]!.inbox.length > 100, 'much is going on');
    service.cutSockets('silence', service.activeSessions()[0]!.sessionId);
    await service.close();
    assert.deepEqual([service.activeSessions(), service.openTargets()], [[], 0]);
    assert.ok(service.history().some(({ sessionId }) => sessionId === fresh.SessionId));
    for (const made of clients.splice(0)) made.close();
    await Promise.all(targets.splice(0).map((server) => server.close()));
    await eventually(() => census() <= before, 'only what was there before is left');
  });
});
