import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Client } from 'ssh2';
import { requireProgram } from '../provision/systemPrograms';
import { isFault } from '../../src/base/fault';
import { dialSshStream } from '../../src/transport/ssm/sshStream';
import type { TcpServer } from '../sandbox/servers/tcp';
import { startSshd } from '../sandbox/servers/sshd';
import { startEcho } from '../sandbox/servers/tcp';
import { never, place, SsmServiceBench } from './ssmServiceBench';
import { eventually } from '../fixtures/eventually';
import { readLine } from '../fixtures/streams';

const TASK = '0123456789abcdef0123456789abcdef';

describe('session documents', function () {
  this.timeout(20_000);
  let bench: SsmServiceBench;
  let echo: TcpServer;

  beforeEach(async () => {
    bench = await new SsmServiceBench().listen();
    echo = await startEcho();
  });

  afterEach(async () => {
    await bench.close();
    await echo.close();
  });

  async function echoed(host: string, documentName?: string, bastionId?: string): Promise<string | undefined> {
    const to = { host, port: 7000 };
    const link = await bench.dial(to, documentName, bastionId);
    const session = bench.service.activeSessions()[0];
    const stream = await link.open(to, never);
    stream.write('hello\n');
    assert.equal(await readLine(stream), 'hello');
    await link.dispose();
    return session?.documentName;
  }

  it('lead to the bastion itself by the one for its own ports, to other hosts by the other', async () => {
    for (const host of ['localhost', 'cache.internal']) bench.hosts.set(`${host}:7000`, { kind: 'server', host: echo.host, port: echo.port });
    assert.equal(await echoed('localhost'), 'AWS-StartPortForwardingSession');
    assert.equal(await echoed('127.0.0.1'), 'AWS-StartPortForwardingSession');
    assert.equal(await echoed('cache.internal'), 'AWS-StartPortForwardingSessionToRemoteHost');
    assert.equal(await echoed('cache.internal', 'Sandbox-BasicPortSession'), 'Sandbox-BasicPortSession');
  });

  it('run on EC2 instances, hybrid nodes and ECS tasks', async () => {
    bench.hosts.set('cache.internal:7000', { kind: 'server', host: echo.host, port: echo.port });
    for (const id of ['mi-0123456789abcdef0', `ecs:shop_${TASK}_${TASK}-1234567890`]) await echoed('cache.internal', undefined, id);
  });

  for (const [agent, host, needed] of [
    ['3.0.196.0', 'localhost', '3.0.222.0'],
    ['3.1.1188.0', 'cache.internal', '3.1.1374.0'],
  ] as const) {
    it(`are refused by agent ${agent} for ${host}, with the command that updates it`, async () => {
      bench.agentVersion = agent;
      await assert.rejects(bench.dial({ host, port: 7000 }), (error: unknown) => {
        assert.ok(isFault(error) && error.code === 'ssm.agentTooOld' && !error.retryable, String(error));
        assert.ok(error.message.includes(agent) && error.message.includes(needed));
        assert.match(error.remedy!.text, /aws ssm send-command --document-name AWS-UpdateSSMAgent --instance-ids i-0abc\b/);
        return true;
      });
      await assert.rejects(bench.dial({ host, port: 7000 }, undefined, `ecs:shop_${TASK}_${TASK}-1`), (error: unknown) => {
        assert.ok(isFault(error) && /Redeploy the task/.test(error.remedy!.text));
        return true;
      });
    });
  }

  it('work from the first version on that can carry them', async () => {
    for (const host of ['localhost', 'cache.internal']) bench.hosts.set(`${host}:7000`, { kind: 'server', host: echo.host, port: echo.port });
    bench.agentVersion = '3.0.222.0';
    await echoed('localhost');
    bench.agentVersion = '3.1.1374.0';
    await echoed('cache.internal');
  });
});

describe('SSH over Session Manager', function () {
  this.timeout(20_000);
  let bench: SsmServiceBench;

  beforeEach(async () => {
    bench = await new SsmServiceBench().listen();
  });

  afterEach(() => bench.close());

  it('carries a whole connection to a real OpenSSH server, and its session ends with the stream', async () => {
    const server = await startSshd(requireProgram('sshd'));
    try {
      bench.hosts.set('localhost:2222', { kind: 'server', host: '127.0.0.1', port: server.port });
      const { stream, closed, dispose } = await dialSshStream(bench.deps, { place, bastionId: 'i-0abc', port: 2222 }, never);
      const [session] = bench.service.activeSessions();
      assert.equal(session?.documentName, 'AWS-StartSSHSession');
      const client = new Client();
      let hostKey = '';
      client.connect({
        sock: stream,
        username: server.username,
        privateKey: server.privateKey,
        hostVerifier: (key: Buffer) => {
          hostKey = `ssh-ed25519 ${key.toString('base64')}`;
          return true;
        },
      });
      await once(client, 'ready');
      assert.equal(hostKey, server.hostKey, 'nobody is in between');
      const payload = randomBytes(1024 * 1024);
      const output = await new Promise<Buffer>((resolve, reject) => {
        client.exec('cat', (error, channel) => {
          if (error) {
            reject(error);
            return;
          }
          const chunks: Buffer[] = [];
          channel.on('data', (chunk: Buffer) => chunks.push(chunk));
          channel.on('close', () => resolve(Buffer.concat(chunks)));
          channel.end(payload);
        });
      });
      assert.ok(output.equals(payload), 'a megabyte there and back');
      client.on('error', () => {});
      client.end();
      stream.destroy();
      assert.equal(await closed, undefined);
      await dispose();
      assert.deepEqual(bench.service.activeSessions(), []);
    } finally {
      await server.stop();
    }
  });

  it('goes on over another socket, and fails with the reason when the service ends it', async () => {
    const echo = await startEcho();
    try {
      bench.hosts.set('localhost:22', { kind: 'server', host: echo.host, port: echo.port });
      const ssh = await dialSshStream(bench.deps, { place, bastionId: 'i-0abc' }, never);
      ssh.stream.write('before\n');
      assert.equal(await readLine(ssh.stream), 'before');
      bench.service.cutSockets('rst');
      ssh.stream.write('after\n');
      assert.equal(await readLine(ssh.stream), 'after');
      const failed = once(ssh.stream, 'error');
      bench.service.endSession(bench.service.activeSessions()[0]!.sessionId, 'Enough for today.');
      const [error] = (await failed) as [unknown];
      assert.ok(isFault(error) && error.code === 'ssm.channelClosed' && /Enough for today/.test(error.message), String(error));
      assert.equal((await ssh.closed)?.code, 'ssm.channelClosed');
      await ssh.dispose();
    } finally {
      await echo.close();
    }
  });

  it('ends when nothing listens there', async () => {
    const ssh = dialSshStream(bench.deps, { place, bastionId: 'i-0abc' }, never);
    await assert.rejects(
      ssh.then(async ({ stream }) => {
        const [error] = (await once(stream, 'error')) as [Error];
        throw error;
      }),
      (error: unknown) => isFault(error) && error.code === 'ssm.channelClosed' && /Unable to connect to specified port/.test(error.message),
    );
    await eventually(() => bench.service.activeSessions().length === 0, 'the session to be terminated');
  });
});
