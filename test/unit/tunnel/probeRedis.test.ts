import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { systemClock } from '../../../src/base/clock';
import { isCancelled } from '../../../src/base/fault';
import { targetProbe } from '../../../src/tunnel/probe';
import { eventually } from '../../fixtures/eventually';
import { FakeLink, testRoute } from '../../fixtures/fakeTransport';
import { type TcpServer, tcpServer } from '../../fixtures/tcpServer';

const never = new AbortController().signal;
const targetCa = (): Promise<undefined> => Promise.resolve(undefined);

describe('targetProbe', () => {
  let server: TcpServer;
  let link: FakeLink;

  const against = async (behave: (socket: Socket) => void): Promise<void> => {
    server = await tcpServer(behave);
    link = new FakeLink(() => server.address);
  };

  afterEach(async () => {
    await eventually(() => link.streams.size === 0, 'the probe left no stream');
    await server.close();
  });

  const answering = (reply: string) => (socket: Socket) => {
    socket.on('data', (request: Buffer) => {
      assert.equal(request.toString(), '*1\r\n$4\r\nPING\r\n');
      socket.write(reply);
    });
  };

  for (const reply of ['+PONG\r\n', '-NOAUTH Authentication required.\r\n', "-NOPERM User default has no permissions to run the 'ping' command\r\n"]) {
    it(`takes ${reply.trim().split(' ')[0]} for a passed round trip, with its time`, async () => {
      await against(answering(reply));
      const health = await targetProbe({ clock: systemClock, targetCa })(link, testRoute, never);
      assert.equal(health.level, 'ok');
      assert.ok(health.latencyMs! > 0 && health.latencyMs! < 5000);
    });
  }

  it('measures the second round trip: the first waits for the connection behind the bastion', async () => {
    let requests = 0;
    await against((socket) => {
      socket.on('data', () => {
        if (++requests === 1) setTimeout(() => socket.write('+PONG\r\n'), 1000);
        else socket.write('+PONG\r\n');
      });
    });
    const health = await targetProbe({ clock: systemClock, targetCa })(link, testRoute, never);
    assert.equal(requests, 2);
    assert.ok(health.latencyMs! < 900, String(health.latencyMs));
  });

  it('takes the refusal of a server that closes right after it for an answer', async () => {
    await against((socket) => void socket.once('data', () => socket.end('-DENIED Redis is running in protected mode\r\n')));
    assert.equal((await targetProbe({ clock: systemClock, targetCa })(link, testRoute, never)).level, 'ok');
  });

  it('calls a server that is still loading degraded', async () => {
    await against(answering('-LOADING Redis is loading the dataset in memory\r\n'));
    const health = await targetProbe({ clock: systemClock, targetCa })(link, testRoute, never);
    assert.equal(health.level, 'degraded');
    assert.match(health.detail!, /LOADING/);
  });

  it('says that the far end is no Redis', async () => {
    await against(answering('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await assert.rejects(targetProbe({ clock: systemClock, targetCa })(link, testRoute, never), { code: 'target.notRedis' });
  });

  it('says that the connection was closed without an answer', async () => {
    await against((socket) => void socket.once('data', () => socket.end()));
    await assert.rejects(targetProbe({ clock: systemClock, targetCa })(link, testRoute, never), { code: 'target.closedConnection' });
  });

  it('says that nobody answers, after its time-out, and names the security group as the thing to check', async () => {
    await against((socket) => void socket.resume());
    await assert.rejects(targetProbe({ clock: systemClock, targetCa, timeoutMs: 50 })(link, testRoute, never), (error: { code: string; remedy: { text: string } }) => {
      assert.equal(error.code, 'target.unreachable');
      assert.match(error.remedy.text, /security group/);
      return true;
    });
  });

  it('can be cancelled', async () => {
    await against((socket) => void socket.resume());
    const abort = new AbortController();
    const probing = targetProbe({ clock: systemClock, targetCa })(link, testRoute, abort.signal);
    await eventually(() => server.sockets.size === 1, 'connected');
    abort.abort();
    await assert.rejects(probing, isCancelled);
  });

  it('says that TLS is not spoken there', async () => {
    await against((socket) => void socket.once('data', () => socket.end('-ERR unknown command\r\n')));
    const secure = { ...testRoute, target: { ...testRoute.target, tls: 'required' as const } };
    await assert.rejects(targetProbe({ clock: systemClock, targetCa })(link, secure, never), { code: 'target.tlsFailed' });
  });
});
