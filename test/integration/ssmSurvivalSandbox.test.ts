// What the sandbox's service does to sessions by itself, seen by a client that shares nothing with the product.
import assert from 'node:assert/strict';
import { sessionParameters } from '../../src/model/ssmSession';
import { eventually } from '../fixtures/eventually';
import { startEcho, type TcpServer } from '../sandbox/servers/tcp';
import { acknowledgement, type Frame } from '../sandbox/sessionManager/frames';
import { DURATION_OUTPUT, IDLE_OUTPUT, type SessionGrant, TERMINATED_OUTPUT } from '../sandbox/sessionManager/service';
import { TinyClient, TinyMux } from './sandboxSessionManagerClient';
import { place, SsmServiceBench } from './ssmServiceBench';

describe('what the sandbox\'s Session Manager does to sessions', function () {
  this.timeout(20_000);
  let bench: SsmServiceBench;
  let echo: TcpServer;
  let client: TinyClient;

  beforeEach(async () => {
    bench = await new SsmServiceBench().listen();
    echo = await startEcho();
    bench.hosts.set('echo.internal:7000', { kind: 'server', host: echo.host, port: echo.port });
    client = new TinyClient();
  });
  afterEach(async () => {
    client.close();
    for (const { sessionId } of bench.service.activeSessions()) bench.service.endSession(sessionId, '');
    await bench.close();
    await echo.close();
  });

  const start = (): SessionGrant =>
    bench.service.start({
      target: 'i-0',
      documentName: 'AWS-StartPortForwardingSessionToRemoteHost',
      parameters: sessionParameters({ to: { host: 'echo.internal', port: 7000 } }),
      region: place.region,
      accountId: place.accountId,
    });
  const ready = async (): Promise<SessionGrant> => {
    const grant = start();
    await client.connect(grant);
    await eventually(() => client.ready, 'the handshake is complete');
    return grant;
  };
  const resume = async ({ SessionId }: SessionGrant): Promise<void> => {
    const grant = bench.service.resume(SessionId);
    assert.ok('TokenValue' in grant, 'the session is resumable');
    await client.connect(grant);
  };
  const over = ({ SessionId }: SessionGrant): void => assert.deepEqual(bench.service.resume(SessionId), { SessionId });
  const closedWith = async (output: string): Promise<void> => {
    const isClosed = ({ messageType }: Frame): boolean => messageType === 'channel_closed';
    await eventually(() => client.control.some(isClosed) && client.closing, 'channel_closed and the close');
    const { Output } = JSON.parse(client.control.find(isClosed)!.payload.toString()) as { Output: string };
    assert.equal(Output, output);
  };

  it('closes each socket with "Bye" after a while; what was under way arrives over the next', async () => {
    const grant = await ready();
    bench.service.setLimits({ cuts: { everyMs: 40, ways: ['close1000'] } });
    const stream = new TinyMux(client).open();
    for (let round = 1; round <= 3; round++) {
      await eventually(() => client.closing, 'the close');
      assert.deepEqual(client.closing, { code: 1000, reason: 'Bye' });
      stream.write(`round ${round}.`);
      await resume(grant);
    }
    await eventually(async () => {
      if (client.closing) await resume(grant);
      return stream.data.toString() === 'round 1.round 2.round 3.';
    }, 'the echo');
  });

  for (const [how, code] of [['fin', 1006], ['rst', 1006]] as const) {
    it(`cuts a socket without a word (${how}), and can be resumed`, async () => {
      const grant = await ready();
      const stream = new TinyMux(client).open();
      bench.service.cutSockets(how);
      await eventually(() => client.closing, 'the cut');
      assert.equal(client.closing?.code, code);
      stream.write('after');
      await resume(grant);
      await eventually(() => stream.data.toString() === 'after', 'the echo');
    });
  }

  it('ends an idle session with a reason; acknowledgements keep none alive, stream data does', async () => {
    bench.service.setLimits({ idleMs: 1000 });
    const grant = await ready();
    const stream = new TinyMux(client).open();
    const began = performance.now();
    await eventually(() => {
      stream.write('.');
      return performance.now() - began > 2300;
    }, 'time to pass');
    assert.equal(bench.service.activeSessions().length, 1);
    await eventually(() => {
      client.sendRaw(acknowledgement(client.inbox[0]!));
      return bench.service.activeSessions().length === 0;
    }, 'the end');
    await closedWith(IDLE_OUTPUT);
    over(grant);
    assert.equal(bench.service.openTargets(), 0);
  });

  it('ends a session of the maximum duration with a reason', async () => {
    bench.service.setLimits({ maxSessionMs: 300 });
    const grant = await ready();
    await closedWith(DURATION_OUTPUT);
    over(grant);
  });

  it('says that someone terminated it', async () => {
    const grant = await ready();
    bench.service.terminateInConsole(grant.SessionId);
    await closedWith(TERMINATED_OUTPUT);
    over(grant);
  });

  it('refuses a token that expired on its way, and takes the next', async () => {
    const grant = await ready();
    bench.service.cutSockets('rst');
    await eventually(() => client.closing, 'the cut');
    bench.service.expireTokens(1);
    await resume(grant);
    await eventually(() => client.closing, 'the refusal');
    assert.equal(client.closing?.code, 1008);
    await resume(grant);
    await eventually(() => bench.service.activeSessions()[0]?.status === 'Connected', 'the new socket');
  });

  it('restarts an agent: silence, targets cut, no new session, then channel_closed, then new sessions', async () => {
    const grant = await ready();
    const stream = new TinyMux(client).open();
    stream.write('before');
    await eventually(() => stream.data.toString() === 'before', 'the echo');
    bench.service.restartAgent('i-0', { noticeMs: 1000, backMs: 1500 });
    stream.write('lost');
    await eventually(() => bench.service.openTargets() === 0 && echo.connections === 0, 'the targets to be cut');
    assert.deepEqual([client.outstanding, client.closing], [1, undefined]);
    assert.throws(start, { code: 'TargetNotConnected' });
    await closedWith('');
    over(grant);
    await eventually(() => start(), 'the agent to be back');
  });
});
