import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatLogLine } from '../../src/base/log';
import { connectInProcess, type BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Answers, Ask, Question } from '../../src/model/question';
import type { Route } from '../../src/model/route';
import type { SshAccess, SshSettings } from '../../src/model/ssh';
import { ssmSettings } from '../../src/model/ssmSettings';
import { pingOnce } from '../../src/redis';
import { eventually } from '../fixtures/eventually';
import { COMPANION } from './sshSystemRig';
import { requireProgram } from '../provision/systemPrograms';
import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startRedis, type RedisServer } from '../sandbox/servers/redis';
import { startSshd, type SshServer } from '../sandbox/servers/sshd';

const never = new AbortController().signal;

describe('SSH tunnels of the core', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  let redis: RedisServer;
  let sshd: SshServer;
  let directory: string;
  let configFile: string;
  let knownHosts: string;
  let broker: BrokerClient;
  let settings: SshSettings;
  let asked: Question[];
  let log: string[];
  let accept: boolean;

  before(async () => {
    sandbox = await startSandbox();
    redis = await startRedis();
  });

  after(async () => {
    await redis.stop();
    await sandbox.close();
  });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-coressh-'));
    sshd = await startSshd(requireProgram('sshd'));
    knownHosts = join(directory, 'known_hosts');
    configFile = join(directory, 'ssh_config');
    const identity = ['bastion-a', 'bastion-b'].map((alias) => `Host ${alias}\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  IdentityFile ${sshd.privateKeyFile}\n`);
    await writeFile(configFile, `${identity.join('')}Host *\n  User ${sshd.username}\n  UserKnownHostsFile ${knownHosts}\n  IdentityAgent none\n`);
    settings = { client: 'builtin', configFile, programPath: '' };
    asked = [];
    log = [];
    accept = true;
    const ask: Ask = <Q extends Question>(question: Q) => {
      asked.push(question);
      return Promise.resolve((question.kind === 'hostKey' ? accept : undefined) as Answers[Q['kind']] | undefined);
    };
    broker = connectInProcess(
      {
        logger: { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) },
        targetCa: () => Promise.resolve(undefined),
        ssm: ssmSettings,
        ssh: () => settings,
        ask,
        companion: COMPANION,
        env: { ...process.env, ...(await sandbox.writeAwsConfig(directory)).env },
      },
      () => Promise.resolve(createCore),
    );
  });

  afterEach(async () => {
    sandbox.sshKeys.deliver = () => Promise.resolve();
    await broker.dispose();
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await eventually(() => sshd.connections === 0, 'every connection to end');
    await sshd.stop();
    for (const line of log) assert.ok(!/PRIVATE KEY|TokenValue":"(?!\[)/.test(line), line);
    await rm(directory, { recursive: true, force: true });
  });

  const route = (id: string, ssh: SshAccess): Route => ({
    target: { id: 'cache', name: 'cache', engine: 'redis', tls: 'off', auth: 'none' },
    endpoint: { host: '127.0.0.1', port: redis.port },
    bastion: { id, name: id },
    method: 'ssh',
    ssh,
    place: { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' },
  });
  const fingerprint = (): string => `SHA256:${createHash('sha256').update(Buffer.from(sshd.hostKey.split(' ')[1]!, 'base64')).digest('base64').replaceAll('=', '')}`;
  /** A tunnel over which a PING has come back. */
  const open = async (id: string, ssh: SshAccess): Promise<void> => {
    const tunnel = await broker.tunnels.start(route(id, ssh), {}, never);
    assert.equal(tunnel.health.level, 'ok');
    const ms = await pingOnce({ local: tunnel.local, endpoint: tunnel.route.endpoint, tls: 'off' }, never);
    assert.ok(ms > 0);
    await broker.tunnels.stop(tunnel.id);
  };

  it('know the hosts of the configuration', async () => {
    const { hosts, faults } = await broker.inventory.sshHosts();
    assert.deepEqual(faults, []);
    assert.deepEqual(hosts.map(({ alias, port, user }) => [alias, port, user]), [['bastion-a', sshd.port, sshd.username], ['bastion-b', sshd.port, sshd.username]]);
    assert.deepEqual(hosts.map(({ file, line }) => [file, line]), [[configFile, 1], [configFile, 5]]);
  });

  for (const client of ['builtin', 'system'] as const) {
    it(`lead through a host of the configuration once its key is accepted: ${client}`, async () => {
      settings = { ...settings, client };
      await open('ssh:bastion-a', { host: 'bastion-a', via: 'direct', instanceConnect: false });
      assert.deepEqual(asked.map((question) => (question.kind === 'hostKey' ? question.fingerprint : question.kind)), [fingerprint()]);
      assert.ok((await readFile(knownHosts, 'utf8')).includes(sshd.hostKey.split(' ')[1]!));
      await open('ssh:bastion-a', { host: 'bastion-a', via: 'direct', instanceConnect: false });
      assert.equal(asked.length, 1, 'a known host is no question');
    });

    it(`are not opened to a host whose key is refused: ${client}`, async () => {
      settings = { ...settings, client };
      accept = false;
      await assert.rejects(broker.tunnels.start(route('ssh:bastion-b', { host: 'bastion-b', via: 'direct', instanceConnect: false }), {}, never), {
        code: 'ssh.hostKeyUnknown',
      });
      assert.deepEqual(await broker.tunnels.list(), []);
    });
  }

  const ways = (['builtin', 'system'] as const).flatMap((client) => [[client, 'direct'], [client, 'ssm']] as const);
  for (const [client, via] of ways) {
    it(`log in to an instance with a key that EC2 Instance Connect has brought it: ${client}, ${via}`, async () => {
      const instance = sandbox.instance('shop-bastion');
      const brought: string[] = [];
      sandbox.sshKeys.deliver = async ({ instanceId, osUser, publicKey }) => {
        brought.push(`${instanceId} ${osUser}`);
        await sshd.authorize(publicKey);
      };
      Object.assign(instance, { ports: { [sshd.port]: { loopbackPort: sshd.port } } });
      const access = { host: via === 'ssm' ? instance.id : '127.0.0.1', user: sshd.username, port: sshd.port, via, instanceConnect: true };
      settings = { ...settings, client };
      await open(instance.id, access);
      assert.deepEqual(brought, [`${instance.id} ${sshd.username}`]);
      const [question] = asked;
      assert.ok(question?.kind === 'hostKey' && question.fingerprint === fingerprint());
    });
  }
});
