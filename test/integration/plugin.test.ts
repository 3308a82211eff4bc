// Tunnels through session-manager-plugin: the whole way with a stand-in of it, and every way in which it can fail.
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FaultCode, isFault } from '../../src/base/fault';
import { formatLogLine, type Logger } from '../../src/base/log';
import type { BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import { chooseBastion, makeRoute, type Route } from '../../src/model/route';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint, type Target } from '../../src/model/target';
import type { Bastion } from '../../src/model/bastion';
import type { TunnelInfo } from '../../src/model/tunnel';
import { encodeCommand, RespDecoder, type RespValue } from '../../src/wire/resp';
import { eventually } from '../fixtures/eventually';
import { heldBytes } from '../fixtures/heldMemory';
import { isAlive } from '../fixtures/isAlive';
import { installPlugin, type PluginInstallation } from '../fixtures/pluginInstallation';
import type { PluginManner } from '../fixtures/sessionManagerPlugin';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';

const never = new AbortController().signal;
const place = { profile: 'dev', region: 'eu-central-1' };

describe('tunnels through session-manager-plugin', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let config: string;
  let env: Record<string, string>;
  let directory: string;
  let plugin: PluginInstallation;
  let settings: SsmSettings;
  let core: BrokerClient;
  let log: string[];
  const clients: Socket[] = [];

  before(async function () {
    // Its stand-in is a shell script.
    if (process.platform === 'win32') this.skip();
    sandbox = await startSandbox();
    config = await mkdtemp(join(tmpdir(), 'sallyport-plugin-'));
    ({ env } = await sandbox.writeAwsConfig(config));
  });

  after(async () => {
    await sandbox?.close();
    if (config) await rm(config, { recursive: true, force: true });
  });

  beforeEach(async () => {
    log = [];
    directory = await mkdtemp(join(tmpdir(), 'sallyport-plugin-'));
    await install();
    const logger: Logger = { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) };
    core = createCore({ logger, targetCa: async () => readFileSync(sandbox.caFile!, 'utf8'), ssm: () => settings, env });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await core.dispose();
    sandbox.faults.clear();
    try {
      assert.deepEqual(sandbox.sessions.activeSessions(), [], 'no session is left at the service');
      for (const { pid, childPid, cwd } of await plugin.starts()) {
        await eventually(() => !isAlive(pid) && !isAlive(childPid!), `the end of ${pid} and its child ${childPid}`);
        assert.ok(!existsSync(cwd), 'its private folder is gone');
      }
      const text = log.join('\n');
      for (const { env: given } of await plugin.starts()) {
        for (const secret of secretsOf(given)) assert.ok(!text.includes(secret), 'no secret in the log');
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  const install = async (manner?: PluginManner, version?: string): Promise<void> => {
    plugin = await installPlugin(directory, manner, version);
    settings = ssmSettings({ client: 'plugin', pluginPath: plugin.program });
  };
  const routeTo = async (name: string): Promise<Route> => {
    const targets: Target[] = [];
    const bastions: Bastion[] = [];
    for await (const part of core.inventory.discover(place, never)) {
      if (part.kind === 'targets') targets.push(...part.targets);
      else if (part.kind === 'bastions') bastions.push(...part.bastions);
    }
    const target = targets.find((one) => one.name === name);
    assert.ok(target, `${name} was found`);
    return makeRoute(target, defaultEndpoint(target)!, chooseBastion(target, bastions));
  };
  const open = async (name = 'orders-cache'): Promise<TunnelInfo> => core.tunnels.start(await routeTo(name), {}, never);
  const dial = async ({ local }: TunnelInfo): Promise<Socket> => {
    const socket = connect({ ...local, noDelay: true, allowHalfOpen: true });
    clients.push(socket);
    await once(socket, 'connect');
    return socket.on('error', () => {});
  };
  const failure = async (work: Promise<unknown>): Promise<{ readonly code: FaultCode; readonly message: string }> => {
    try {
      await work;
    } catch (error) {
      assert.ok(isFault(error), String(error));
      assert.match(error.message, /^[A-Z"].+\.$/s, 'a sentence');
      assert.ok(error.remedy?.text.endsWith('.'), 'a next step');
      return error;
    }
    return assert.fail('nothing failed');
  };

  it('carries commands to a private Redis, for many clients at once', async () => {
    const tunnel = await open();
    assert.equal(tunnel.health.level, 'ok');
    const replies = await Promise.all(
      Array.from({ length: 20 }, async (_, client) => {
        const reply = await command(await dial(tunnel), 'ECHO', `client ${client}`);
        return reply.type === 'bulk' ? reply.bytes.toString() : reply.type;
      }),
    );
    assert.deepEqual(replies, replies.map((_, client) => `client ${client}`));
    const value = Buffer.alloc(300_000, 'sallyport ');
    const redis = await dial(tunnel);
    assert.deepEqual(await command(redis, 'SET', 'plugin:bulk', value), { type: 'status', text: 'OK' });
    const reply = await command(redis, 'GET', 'plugin:bulk');
    assert.ok(reply.type === 'bulk' && value.equals(reply.bytes));
    assert.equal((await plugin.starts()).length, 1);
    assert.equal(sandbox.sessions.activeSessions().length, 1);
  });

  it('delivers the reply to a client that has ended its own side', async () => {
    const socket = await dial(await open());
    let reply = '';
    socket.on('data', (chunk) => (reply += String(chunk)));
    socket.end(Buffer.concat([encodeCommand(['ECHO', 'the last words']), encodeCommand(['QUIT'])]));
    await once(socket, 'end');
    assert.match(reply, /the last words\r\n\+OK\r\n$/);
  });

  it('calls it as the AWS CLI does, with no secret in its arguments and nothing of ours in its environment', async () => {
    process.env['SALLYPORT_TEST_SECRET'] = 'must not be inherited';
    try {
      await open();
    } finally {
      delete process.env['SALLYPORT_TEST_SECRET'];
    }
    const [start] = await plugin.starts();
    assert.ok(start);
    const [session] = sandbox.sessions.activeSessions();
    const { host, port } = (await routeTo('orders-cache')).endpoint;
    assert.equal(start.args.length, 6);
    assert.deepEqual(start.args.slice(0, 4), ['AWS_SSM_START_SESSION_RESPONSE', place.region, 'StartSession', '']);
    assert.equal(new URL(start.args[5]!).origin, sandbox.endpoint);
    assert.deepEqual(JSON.parse(start.args[4]!), {
      Target: session!.target,
      DocumentName: session!.documentName,
      Parameters: { host: [host], portNumber: [String(port)], localPortNumber: ['0'] },
    });
    const names = Object.keys(start.env).filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD', 'NODE_PATH'].includes(name) && !/proxy$/i.test(name) && !name.startsWith('SSL_CERT_'));
    assert.deepEqual(names.toSorted(), [
      'AWS_ACCESS_KEY_ID',
      'AWS_CONFIG_FILE',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SHARED_CREDENTIALS_FILE',
      'AWS_SSM_START_SESSION_RESPONSE',
      'SSM_PLUGIN_LOCAL_HOST',
      'TMPDIR',
    ]);
    if (process.platform === 'linux') {
      const commandLine = readFileSync(`/proc/${start.pid}/cmdline`, 'utf8');
      assert.ok(commandLine.includes('AWS_SSM_START_SESSION_RESPONSE'), commandLine);
      for (const secret of secretsOf(start.env)) assert.ok(!commandLine.includes(secret), 'no secret in its arguments');
    }
  });

  it('has what it needs to resume its session when the connection to the service is lost', async () => {
    const tunnel = await open();
    const redis = await dial(tunnel);
    assert.deepEqual(await command(redis, 'PING'), { type: 'status', text: 'PONG' });
    sandbox.sessions.cutSockets('rst');
    assert.deepEqual(await command(redis, 'PING'), { type: 'status', text: 'PONG' });
    assert.equal(sandbox.requests.of('ssm', 'ResumeSession').length, 1);
    assert.equal((await plugin.starts()).length, 1);
  });

  it('goes on under the same port when the plugin is killed, and a reply that was cut is no end', async () => {
    const tunnel = await open();
    const [first] = await plugin.starts();
    const socket = await dial(tunnel);
    assert.deepEqual(await command(socket, 'PING'), { type: 'status', text: 'PONG' });
    const over = new Promise((resolve) => {
      socket.once('end', () => resolve('end')).once('close', () => resolve('reset'));
    });
    process.kill(first!.pid, 'SIGKILL');
    assert.equal(await over, 'reset');
    await reopened(tunnel);
    assert.ok(!isAlive(first!.childPid!), 'what it had started is gone too');
    assert.deepEqual(await command(await dial(tunnel), 'PING'), { type: 'status', text: 'PONG' });
    assert.equal((await plugin.starts()).length, 2);
  });

  it('starts another when the service has ended the session, and says why', async () => {
    const tunnel = await open();
    sandbox.sessions.endSession(sandbox.sessions.activeSessions()[0]!.sessionId, 'Maximum session duration reached');
    await reopened(tunnel);
    assert.ok(log.some((line) => line.includes('tunnel.linkLost') && line.includes('Maximum session duration reached')));
  });

  it('ends the session at the service when the tunnel stops, also with a plugin that does not want to end', async () => {
    await install('clings');
    const tunnel = await open();
    const [start] = await plugin.starts();
    await core.tunnels.stop(tunnel.id);
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    // A killed process closes its pipes a moment before it is seen as dead.
    await eventually(() => !isAlive(start!.pid) && !isAlive(start!.childPid!), 'both are dead', 1000);
  });

  it('keeps a plugin that prints 100 MB from harm to the log and to memory', async () => {
    await install('floods');
    const before = await heldBytes();
    const tunnel = await open();
    assert.deepEqual(await command(await dial(tunnel), 'PING'), { type: 'status', text: 'PONG' });
    await eventually(() => log.some((line) => line.includes('plugin.saysTooMuch')), 'the flood');
    assert.ok(log.length < 1000, `${log.length} lines`);
    assert.ok((await heldBytes()) - before < 50 * 1024 * 1024, 'bounded memory');
  });

  it('uses the native client as soon as the setting says so', async () => {
    settings = ssmSettings({ client: 'native' });
    await open();
    assert.deepEqual(await plugin.starts(), []);
  });

  describe('says in one sentence what is wrong, and leaves nothing running:', () => {
    it('a plugin that takes the token as an argument is not started', async () => {
      await install('healthy', '1.2.497.0');
      const route = await routeTo('orders-cache');
      assert.equal((await failure(core.tunnels.start(route, {}, never))).code, 'plugin.tooOld');
      assert.deepEqual(await plugin.starts(), []);
      assert.deepEqual(sandbox.sessions.activeSessions(), []);
      await install('healthy', '1.2.536.0');
      await core.tunnels.start(route, {}, never);
    });

    it('no plugin where the setting says', async () => {
      settings = ssmSettings({ client: 'plugin', pluginPath: join(directory, 'nowhere', 'session-manager-plugin') });
      assert.equal((await failure(open())).code, 'plugin.badPath');
      settings = ssmSettings({ client: 'plugin', pluginPath: 'bin/session-manager-plugin' });
      assert.equal((await failure(open())).code, 'plugin.badPath');
      await mkdir(join(directory, 'folder'));
      settings = ssmSettings({ client: 'plugin', pluginPath: join(directory, 'folder') });
      assert.equal((await failure(open())).code, 'plugin.badPath');
    });

    it('another program under its name', async () => {
      await install('versionless');
      assert.equal((await failure(open())).code, 'plugin.unusable');
      assert.deepEqual(await plugin.starts(), []);
    });

    it('a plugin that ends before it is ready, with its last words and without their secret', async () => {
      await install('fails');
      const { code, message } = await failure(open());
      assert.equal(code, 'plugin.ended');
      assert.match(message, /Cannot perform start session: \[redacted\] is not what was wanted/);
    });

    it('a start that is cancelled while the plugin hangs', async () => {
      await install('hangs');
      const abort = new AbortController();
      const starting = core.tunnels.start(await routeTo('orders-cache'), {}, abort.signal);
      await eventually(async () => (await plugin.starts()).length === 1, 'it has begun', 10_000);
      abort.abort();
      await assert.rejects(starting, { code: 'operation.cancelled' });
      assert.deepEqual(sandbox.sessions.activeSessions(), []);
    });

    it('a target that refuses the connection', async () => {
      assert.equal((await failure(open('closed-cache'))).code, 'ssm.connectFailed');
    });

    it('access denied: nothing is started', async () => {
      const route = await routeTo('orders-cache');
      sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'accessDenied' });
      assert.equal((await failure(core.tunnels.start(route, {}, never))).code, 'aws.accessDenied');
      assert.deepEqual(await plugin.starts(), []);
    });
  });

  /** Waits until the tunnel is open again over another session, and nothing of the one before is left. */
  const reopened = async (tunnel: TunnelInfo): Promise<void> => {
    await eventually(
      async () => {
        const [now] = await core.tunnels.list();
        assert.equal(now?.local.port, tunnel.local.port);
        return now.state.phase === 'open' && (await plugin.starts()).length === 2 && sandbox.sessions.activeSessions().length === 1;
      },
      'a new link',
      10_000,
    );
  };
});

function secretsOf(env: Readonly<Record<string, string>>): string[] {
  const { TokenValue, StreamUrl } = JSON.parse(env['AWS_SSM_START_SESSION_RESPONSE']!) as { TokenValue: string; StreamUrl: string };
  return [TokenValue, StreamUrl, env['AWS_SECRET_ACCESS_KEY']!];
}

/** The reply to one command; the connection can be used again. */
function command(socket: Socket, ...args: (string | Buffer)[]): Promise<RespValue> {
  return new Promise((resolve, reject) => {
    const decoder = new RespDecoder();
    const onClose = (): void => reject(new Error('the connection was closed'));
    const onData = (chunk: Buffer): void => {
      const [value] = decoder.push(chunk);
      if (!value) return;
      socket.off('data', onData).off('close', onClose);
      resolve(value);
    };
    socket.on('data', onData).once('close', onClose);
    socket.write(encodeCommand(args));
  });
}
