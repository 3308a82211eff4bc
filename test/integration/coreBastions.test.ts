// Tunnels to a real redis-server through what is no EC2 instance: a hybrid node and a container of an ECS task.
import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import { connectInProcess } from '../../src/broker/client';
import type { BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import { makeRoute } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import type { Target } from '../../src/model/target';
import { defaultEndpoint } from '../../src/model/target';
import { openRedisSession } from '../../src/redis';
import { eventually } from '../fixtures/eventually';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';

const never = new AbortController().signal;

describe('through bastions that are no EC2 instances', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let directory: string;
  let broker: BrokerClient;
  let bastions: Bastion[];
  let targets: Target[];

  before(async () => {
    sandbox = await startSandbox();
    directory = await mkdtemp(join(tmpdir(), 'sallyport-bastions-'));
    const { env } = await sandbox.writeAwsConfig(directory);
    broker = connectInProcess({ logger: nullLogger, targetCa: async () => undefined, ssm: ssmSettings, env: { ...env } }, () => Promise.resolve(createCore));
    bastions = [];
    targets = [];
    for await (const part of broker.inventory.discover({ profile: 'dev', region: 'eu-central-1' }, never)) {
      if (part.kind === 'bastions') bastions.push(...part.bastions);
      if (part.kind === 'targets') targets.push(...part.targets);
    }
  });

  after(async () => {
    await broker.dispose();
    const left = sandbox.sessions.activeSessions();
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
    assert.deepEqual(left, [], 'no session is left at the service');
  });

  const through = (name: string, cache = 'orders-cache') => {
    const target = targets.find((one) => one.name === cache) ?? assert.fail(`no ${cache}`);
    return makeRoute(target, defaultEndpoint(target)!, bastions.find((one) => one.name === name) ?? assert.fail(`no ${name}`));
  };

  for (const [name, id] of [
    ['office-gateway', /^mi-[0-9a-f]{17}$/],
    ['tools/tools', /^ecs:shop-tasks_[0-9a-f]{32}_[0-9a-f]{32}-\d+$/],
  ] as const) {
    it(`reaches a real Redis through ${name}`, async () => {
      const tunnel = await broker.tunnels.start(through(name), {}, never);
      assert.equal(tunnel.health.level, 'ok');
      const [session] = sandbox.sessions.activeSessions();
      assert.match(session?.target ?? '', id);
      const redis = await openRedisSession({ local: tunnel.local, endpoint: tunnel.route.endpoint, tls: 'off' }, never);
      try {
        assert.equal((await redis.run(`SET through "${name}"`, never)).text, 'OK');
        assert.equal((await redis.run('GET through', never)).text, `"${name}"`);
      } finally {
        await redis.dispose();
        await broker.tunnels.stop(tunnel.id);
      }
      await eventually(() => sandbox.sessions.activeSessions().length === 0, 'the session was terminated');
    });
  }

  it('refuses a container whose exec agent has stopped, and one of an old agent', async () => {
    const refused = async (name: string): Promise<string> => {
      try {
        await broker.tunnels.start(through(name), {}, never);
      } catch (error) {
        assert.ok(isFault(error) && error.remedy, String(error));
        return error.code;
      }
      return assert.fail('nothing failed');
    };
    assert.equal(await refused('tools/sidecar'), 'ssm.targetNotConnected');
    const [task] = sandbox.world.places.flatMap(({ ecsClusters }) => ecsClusters.flatMap(({ tasks }) => tasks));
    const old = { ...task!, id: 'f'.repeat(32), group: 'service:old', containers: [{ ...task!.containers[0]!, runtimeId: `${'f'.repeat(32)}-1`, agentVersion: '3.1.1188.0' }] };
    sandbox.world.places.find(({ ecsClusters }) => ecsClusters.length > 0)!.ecsClusters[0]!.tasks.push(old);
    bastions.push({ ...bastions.find(({ name }) => name === 'tools/tools')!, id: `ecs:shop-tasks_${old.id}_${old.containers[0]!.runtimeId}`, name: 'old' });
    assert.equal(await refused('old'), 'ssm.agentTooOld');
  });
});
