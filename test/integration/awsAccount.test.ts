import assert from 'node:assert/strict';
import type { InventoryPart } from '../../src/model/inventory';
import { eventually } from '../fixtures/eventually';
import type { AwsBench } from './awsBench';
import { awsBench } from './awsBench';

const FRANKFURT = 'eu-central-1';

describe('an account', () => {
  let bench: AwsBench;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
  });
  afterEach(() => bench.close());

  async function partsOf(profile: string, region = FRANKFURT, only?: readonly string[]): Promise<InventoryPart[]> {
    const all: InventoryPart[] = [];
    for await (const part of bench.aws.inventory.discover({ profile, region }, signal, only)) all.push(part);
    return all;
  }
  const aliases = (parts: readonly InventoryPart[]): (string | undefined)[] => parts.flatMap((part) => (part.kind === 'account' ? [part.alias] : []));

  it('is told by its number first and then by its alias, which is asked for once per profile', async () => {
    // Nobody waits for it here, so it may be late the first time.
    await eventually(async () => assert.deepEqual(aliases(await partsOf('dev')), [undefined, 'shop-dev']) ?? true);
    await eventually(async () => assert.deepEqual(aliases(await partsOf('dev', 'us-east-1')), [undefined, 'shop-dev']) ?? true);
    assert.equal(bench.sandbox.requests.of('iam', 'ListAccountAliases').length, 1);
  });

  it('has no alias where there is none, or where nobody may know, and nothing is wrong then', async () => {
    assert.deepEqual(aliases(await partsOf('dev-second')), [undefined]);
    const denied = await partsOf('denied');
    assert.deepEqual(aliases(denied), [undefined]);
    assert.ok(denied.every((part) => part.kind !== 'fault' || !part.fault.message.includes('iam:')));
  });

  it('says that a region is not enabled, and of a wrong key that it is wrong', async () => {
    await assert.rejects(partsOf('dev', 'af-south-1'), { code: 'aws.regionNotEnabled', message: /af-south-1 is not enabled .*"dev"/ });
    await assert.rejects(partsOf('wrongkey', 'us-east-1'), { code: 'aws.invalidKey' });
    await assert.rejects(partsOf('wrongkey'), { code: 'aws.invalidKey' });
  });

  it('is asked by the given providers alone', async () => {
    const parts = await partsOf('dev', FRANKFURT, ['rds.proxies', 'memorydb.clusters']);
    const told = new Set(parts.flatMap((part) => (part.kind === 'account' ? [] : [part.provider])));
    const services = new Set(bench.sandbox.requests.all().map(({ service }) => service));
    assert.ok(told.size > 0 && [...told].every((id) => id === 'rds.proxies' || id === 'memorydb.clusters'), [...told].join());
    assert.ok(!services.has('elasticache') && !services.has('ssm'), [...services].join());
  });
});
