import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { nullLogger } from '../../src/base/log';
import type { InventoryPart } from '../../src/model/inventory';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { FEW, largeWorld, rowsOf } from '../sandbox/worldLarge';
import { impatient } from './awsBench';

/** What the product promises, whatever it is built of. */
const MAX_PER_SERVICE = 4;
const MAX_AT_ONCE = 32;

const FRANKFURT = 'eu-central-1';
const REFUSING_MS = 10_000;

describe('calls to AWS in an organisation', () => {
  let sandbox: Sandbox;
  let aws: Aws;
  let directory: string;
  const { signal } = new AbortController();
  setMaxListeners(0, signal);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-rates-'));
    sandbox = await startSandbox({ servers: false, pageSize: 1000, world: largeWorld(FEW) });
    const { env } = await sandbox.writeAwsConfig(directory);
    aws = createAws({ logger: nullLogger, clock: impatient, env: { ...env, HOME: directory } });
  });

  afterEach(async () => {
    await aws.dispose();
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function discover(profile: string, region = FRANKFURT): Promise<{ readonly rows: number; readonly faults: string[] }> {
    const parts: InventoryPart[] = [];
    for await (const part of aws.inventory.discover({ profile, region }, signal)) parts.push(part);
    const rows = parts.flatMap((part) => (part.kind === 'bastions' ? part.bastions.map(({ id }) => id) : part.kind === 'targets' ? part.targets.map(({ id }) => id) : []));
    return { rows: new Set(rows).size, faults: parts.flatMap((part) => (part.kind === 'fault' ? `${part.provider} ${part.fault.code}` : [])) };
  }

  it('find everything, and ask for the account once per profile', async () => {
    const regions = sandbox.world.regions.map(({ name }) => name);
    const found = await Promise.all(regions.map((region) => discover('account-1', region)));
    assert.deepEqual(found, regions.map(() => ({ rows: rowsOf(FEW), faults: [] })));
    assert.equal(sandbox.requests.of('sts').length, 1);
  });

  it('keep to their bounds when twenty regions are asked at once', async () => {
    // Who they are is asked for beside the bounds, and here it is known.
    for (const { name } of sandbox.world.profiles) await discover(name);
    // Long enough for the next call to come meanwhile.
    sandbox.faults.add({ kind: 'latency', latencyMs: 100 });
    const scopes = sandbox.world.profiles.flatMap(({ name }) => sandbox.world.regions.map((region) => [name, region.name] as const));
    assert.equal(scopes.length, 20);
    const found = await Promise.all(scopes.map(([profile, region]) => discover(profile, region)));
    assert.deepEqual(found.flatMap(({ faults }) => faults), []);
    assert.ok(sandbox.load.peak > MAX_PER_SERVICE && sandbox.load.peak <= MAX_AT_ONCE, `${sandbox.load.peak} at once`);
    const busiest = Math.max(...sandbox.load.peaks.values());
    assert.ok(busiest > 1 && busiest <= MAX_PER_SERVICE, `${busiest} of one service at once`);
  });

  it('survive a service that refuses all for ten seconds, with few calls and no fault', async () => {
    const began = impatient.now();
    const restore = sandbox.faults.add({
      service: 'rds',
      kind: 'throttle',
      // Asked at each call that it meets.
      get latencyMs(): number {
        if (impatient.now() - began >= REFUSING_MS) restore();
        return 0;
      },
    });
    assert.deepEqual(await discover('account-1'), { rows: rowsOf(FEW), faults: [] });
    const inVain = sandbox.requests.of('rds').filter(({ status }) => status !== 200).length;
    assert.ok(inVain > 3 && inVain <= 25, `${inVain} calls in vain`);
  });

  it('make a person wait for nobody: a session starts while its service refuses discovery', async () => {
    const restore = sandbox.faults.add({ service: 'ssm', action: 'DescribeInstanceInformation', kind: 'throttle' });
    const discovery = discover('account-1');
    const place = { profile: 'account-1', region: FRANKFURT };
    const bastionId = sandbox.world.places[0]!.vpcs[0]!.instances[0]!.id;
    const before = sandbox.requests.of('ssm').length;
    const grant = await aws.sessions.start({ place, bastionId, to: { host: 'database.internal', port: 5432 } }, signal);
    await aws.sessions.terminate(place, grant.sessionId, signal);
    assert.deepEqual(
      sandbox.requests.of('ssm').slice(before).filter(({ action }) => action !== 'DescribeInstanceInformation').map(({ action, status }) => `${action} ${status}`),
      ['StartSession 200', 'TerminateSession 200'],
    );
    restore();
    assert.deepEqual((await discovery).faults, []);
  });
});
