// Targets that are no caches, the whole way: discovery, route, session, tunnel, probe, and a real PostgreSQL behind it.
import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { nullLogger } from '../../src/base/log';
import { connectInProcess, type BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import { chooseBastion, makeRoute } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint, type Target } from '../../src/model/target';
import { requireProgram } from '../provision/systemPrograms';
import { startSandbox, type Sandbox } from '../sandbox/sandbox';
import { startPostgres, type DatabaseServer } from '../sandbox/servers/databases';
import type { RedshiftCluster } from '../sandbox/worldDataTypes';

const never = new AbortController().signal;

describe('from discovery to a database', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let postgres: DatabaseServer;
  let directory: string;
  let broker: BrokerClient;
  let custom: unknown;

  before(async () => {
    postgres = await startPostgres(requireProgram('postgres'));
  });
  after(() => postgres.stop());

  beforeEach(async () => {
    custom = undefined;
    sandbox = await startSandbox({ servers: false });
    directory = await mkdtemp(join(tmpdir(), 'sallyport-targets-'));
    const { env } = await sandbox.writeAwsConfig(directory);
    broker = connectInProcess(
      { logger: nullLogger, targetCa: async () => undefined, ssm: ssmSettings, env: { ...env, HOME: directory }, customTargets: () => custom },
      () => Promise.resolve(createCore),
    );
  });
  afterEach(async () => {
    await broker.dispose();
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function discover(region: string): Promise<{ targets: Target[]; bastions: Bastion[]; faults: string[] }> {
    const found = { targets: [] as Target[], bastions: [] as Bastion[], faults: [] as string[] };
    for await (const part of broker.inventory.discover({ profile: 'dev', region }, never)) {
      if (part.kind === 'targets') found.targets.push(...part.targets);
      if (part.kind === 'bastions') found.bastions.push(...part.bastions);
      if (part.kind === 'fault') found.faults.push(part.fault.message);
    }
    return found;
  }

  async function connectTo(name: string, region: string): Promise<{ bastion: string; health: string }> {
    const { targets, bastions } = await discover(region);
    const target = targets.find((one) => one.name === name) ?? assert.fail(`no ${name}`);
    const bastion = chooseBastion(target, bastions);
    const { id, health } = await broker.tunnels.start(makeRoute(target, defaultEndpoint(target)!, bastion), {}, never);
    await broker.tunnels.stop(id);
    return { bastion: bastion.name, health: `${health.level} ${health.latencyMs === undefined ? 'unmeasured' : 'measured'}` };
  }

  function redshift(): RedshiftCluster {
    const place = sandbox.world.places.find(({ region }) => region === 'eu-west-1')!;
    return place.vpcs[0]!.data!.redshiftClusters.find(({ id }) => id === 'sales-redshift')!;
  }

  it('reaches Redshift through the bastion of its VPC, and its endpoint elsewhere through the bastion there', async () => {
    redshift().backing = { loopbackPort: postgres.port };
    assert.deepEqual(await connectTo('sales-redshift', 'eu-west-1'), { bastion: 'data-bastion', health: 'ok measured' });
    assert.deepEqual(await connectTo('sales-analysts', 'eu-west-1'), { bastion: 'analysts-bastion', health: 'ok measured' });
  });

  it('reaches a custom target through a bastion of the VPC that it names', async () => {
    redshift().backing = { loopbackPort: postgres.port };
    const { host, port } = sandbox.hosts().find(({ resource }) => resource === 'sales-redshift')!;
    const data = sandbox.world.places.find(({ region }) => region === 'eu-west-1')!.vpcs[0]!.id;
    custom = [{ name: 'mine', host, port, engine: 'postgres', vpcId: data, region: 'eu-west-1' }];
    assert.deepEqual(await connectTo('mine', 'eu-west-1'), { bastion: 'data-bastion', health: 'ok measured' });
    const elsewhere = await discover('us-east-1');
    assert.ok(!elsewhere.targets.some(({ kind }) => kind === 'custom'), 'it names its region');
  });

  it('shows a bad custom target as one fault that names it, and everything else', async () => {
    custom = [{ name: 'typo', host: 'db.internal', port: 'many' }, { name: 'fine', host: 'db.internal', port: 5432 }];
    const { targets, faults } = await discover('eu-west-1');
    assert.deepEqual(faults, ['Not usable in sallyport.targets: "typo" (entry 1): its port is no whole number from 1 to 65535.']);
    assert.deepEqual(targets.filter(({ kind }) => kind === 'custom').map(({ name }) => name), ['fine']);
    assert.ok(targets.length > 10);
  });
});
