import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { Fault } from '../../../src/base/fault';
import type { Health } from '../../../src/model/health';
import type { TlsMode } from '../../../src/model/target';
import { targetProbe } from '../../../src/tunnel/probe';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeLink, testRoute } from '../../fixtures/fakeTransport';
import { ANSWERS } from '../../fixtures/probeAnswers';
import { type TcpServer, tcpServer } from '../../fixtures/tcpServer';

const never = new AbortController().signal;

describe('a probe', () => {
  let server: TcpServer;
  let link: FakeLink;
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  afterEach(async () => {
    await eventually(() => link.streams.size === 0, 'the probe left no stream');
    assert.equal(clock.pending, 0, 'timers');
    await server.close();
  });

  async function begin(engine: string, tls: TlsMode, behave: (socket: Socket) => void, signal = never): Promise<{ readonly health: Promise<Health> }> {
    server = await tcpServer(behave);
    link = new FakeLink(() => server.address);
    const probe = targetProbe({ clock, targetCa: () => Promise.resolve(undefined) });
    const health = probe(link, { ...testRoute, target: { ...testRoute.target, engine, tls } }, signal);
    // Whoever asks for the outcome sees the failure; until then it is nobody's.
    health.catch(() => {});
    return { health };
  }

  it('gives a server that may not speak TLS four seconds for the handshake, and then asks without', async () => {
    const { health } = await begin('docdb', 'preferred', (socket) => {
      socket.on('data', (request: Buffer) => {
        if (request[0] !== 0x16) socket.write(ANSWERS['MongoDB']!);
      });
    });
    await eventually(() => clock.nextIn === 4_000, 'the handshake');
    clock.advance(4_000);
    assert.equal((await health).level, 'ok');
  });

  it('takes a silent connection for one after two seconds', async () => {
    const { health } = await begin('unknown', 'off', (socket) => void socket.resume());
    await eventually(() => clock.nextIn === 2_000, 'listening');
    clock.advance(2_000);
    assert.deepEqual(Object.keys(await health).toSorted(), ['checkedAt', 'detail', 'level']);
  });

  it('fails after ten seconds when only the first of two requests is answered', async () => {
    let requests = 0;
    const { health } = await begin('redis', 'off', (socket) => {
      socket.on('data', () => {
        if (++requests === 1) socket.write('+PONG\r\n');
      });
    });
    await eventually(() => requests === 2, 'the second request');
    clock.advance(10_000);
    await assert.rejects(health, { code: 'target.unreachable' });
  });

  it('fails with the Fault of a link that dies, in the midst of a handshake too', async () => {
    const lost = new Fault('ssm.sessionEnded', 'The session ended.', { retryable: true });
    const { health } = await begin('redis', 'required', (socket) => void socket.resume());
    await eventually(() => [...server.sockets].some(({ bytesRead }) => bytesRead > 0), 'the handshake');
    link.fail(lost);
    await assert.rejects(health, lost);
  });

  it('can be cancelled while it waits for an answer', async () => {
    const abort = new AbortController();
    const { health } = await begin('postgres', 'preferred', (socket) => void socket.resume(), abort.signal);
    await eventually(() => server.sockets.size === 1, 'connected');
    abort.abort();
    await assert.rejects(health, { code: 'operation.cancelled' });
  });
});
