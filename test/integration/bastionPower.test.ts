// A bastion that is stopped, from the refusal to the tunnel through it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import type { BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import { chooseBastion, makeRoute } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint, type Target } from '../../src/model/target';
import { Attempts } from '../../src/vscode/attempts';
import { BastionStarter } from '../../src/vscode/bastionStarter';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { FakeUi } from '../unit/vscode/samples';

const never = new AbortController().signal;
const where = { profile: 'dev', region: 'eu-central-1' };

describe('a bastion that is stopped', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let directory: string;
  let core: BrokerClient;
  let starter: BastionStarter;

  beforeEach(async () => {
    sandbox = await startSandbox();
    directory = await mkdtemp(join(tmpdir(), 'sallyport-power-'));
    const { env } = await sandbox.writeAwsConfig(directory);
    core = createCore({ logger: nullLogger, targetCa: () => Promise.resolve(undefined), ssm: ssmSettings, env: { ...env } });
    const ui = new FakeUi();
    // Looks follow at once: the sandbox boots in no time.
    const clock = { ...systemClock, schedule: (_ms: number, callback: () => void) => systemClock.schedule(20, callback) };
    starter = new BastionStarter({ power: core.power, policy: () => 'ask', clock, ui, attempts: new Attempts(ui, nullLogger) });
    const bastion = sandbox.instance('shop-bastion');
    bastion.bootMs = 500;
    bastion.state = 'stopped';
    bastion.managed!.ping = 'ConnectionLost';
  });
  afterEach(async () => {
    await core.dispose();
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  const found = async (): Promise<{ readonly target: Target; readonly bastions: readonly Bastion[] }> => {
    const bastions: Bastion[] = [];
    let target: Target | undefined;
    for await (const part of core.inventory.discover(where, never)) {
      if (part.kind === 'bastions') bastions.push(...part.bastions.filter(({ kind, vpcId }) => kind === 'ec2' && vpcId !== undefined));
      if (part.kind === 'targets') target ??= part.targets.find(({ name }) => name === 'orders-cache');
    }
    return { target: target!, bastions: bastions.filter(({ name }) => name === 'shop-bastion') };
  };

  it('is started, waited for and connected through', async () => {
    const { target, bastions } = await found();
    const refusal = await Promise.resolve().then(() => chooseBastion(target, bastions)).catch((error: unknown) => error);
    assert.ok(isFault(refusal) && refusal.code === 'route.bastionStopped');
    assert.deepEqual([refusal.remedy?.action, refusal.remedy?.subject], ['startBastion', sandbox.instance('shop-bastion').id]);
    const said: string[] = [];
    await starter.start(where, refusal.remedy!.subject!, never, (text) => said.push(text));
    assert.ok(said.includes('waiting until Session Manager reports it online'), said.join(', '));
    assert.equal(sandbox.requests.of('ec2', 'StartInstances').length, 1);
    const now = await found();
    const tunnel = await core.tunnels.start(makeRoute(now.target, defaultEndpoint(now.target)!, chooseBastion(now.target, now.bastions)), {}, never);
    assert.equal(tunnel.health.level, 'ok');
  });

  it('cannot be started without the permission, which is named', async () => {
    sandbox.faults.add({ service: 'ec2', action: 'StartInstances', kind: 'accessDenied' });
    const { id } = sandbox.instance('shop-bastion');
    await assert.rejects(starter.start(where, id, never, () => {}), (error) => {
      assert.ok(isFault(error) && error.code === 'aws.accessDenied' && error.message.includes('ec2:StartInstances'), String(error));
      return true;
    });
  });

  it('cannot be started while it shuts down, and is gone once it is terminated', async () => {
    const { id } = sandbox.instance('shop-bastion');
    sandbox.instance('shop-bastion').state = 'stopping';
    await assert.rejects(core.power.start(where, id, never), { code: 'ec2.notStartable' });
    sandbox.instance('shop-bastion').state = 'terminated';
    assert.deepEqual(await core.power.condition(where, id, never), { instance: 'terminated', agent: 'unmanaged' });
    await assert.rejects(starter.start(where, id, never, () => {}), { code: 'bastion.gone' });
  });
});
