import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../../src/base/clock';
import { FileInventoryCache } from '../../../src/vscode/inventoryCache';
import type { KeptInventory } from '../../../src/vscode/inventoryState';
import { bastion, MemoryLogger, place, target } from './samples';

const scope = { profile: 'dev', region: 'eu-central-1' };

function kept(count = 2): KeptInventory {
  const targets = Array.from({ length: count }, (_, index) => target({ name: `cache-${index}`, tags: [{ key: 'team', value: 'shop 🛒' }] }));
  return {
    accountId: place.accountId,
    accountAlias: 'shop-dev',
    at: 1_700_000_000_000,
    providers: [
      { id: 'ec2.bastions', bastions: [bastion({ tags: { Name: 'ü' } })], targets: [] },
      { id: 'elasticache.replicationGroups', bastions: [], targets },
      { id: 'rds.databases', bastions: [], targets: [] },
    ],
  };
}

describe('the inventory that is kept on disk', () => {
  let parent: string;
  let folder: string;
  let logger: MemoryLogger;
  let cache: FileInventoryCache;
  let breaths: number;
  const make = (version = '1.0.0'): FileInventoryCache => {
    const breathe = (): Promise<void> => {
      breaths++;
      return new Promise((resolve) => setImmediate(resolve));
    };
    return new FileInventoryCache({ folder, version, clock: systemClock, logger, breathe });
  };
  const file = async (): Promise<string> => {
    const [name] = await readdir(folder);
    return join(folder, name!);
  };

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sallyport-cache-'));
    folder = join(parent, 'inventory');
    logger = new MemoryLogger();
    breaths = 0;
    cache = make();
  });
  afterEach(async () => {
    await cache.dispose();
    await rm(parent, { recursive: true, force: true });
  });

  it('comes back as it was', async () => {
    await cache.write(scope, 'role', kept(100));
    assert.deepEqual(await cache.read(scope, 'role'), kept(100));
    await cache.write(scope, 'role', kept(1));
    assert.deepEqual(await cache.read(scope, 'role'), kept(1));
    assert.equal((await readdir(folder)).length, 1);
    assert.deepEqual(logger.lines, []);
  });

  it('is nobody else’s to read', async function () {
    // Windows has no such modes: there the folder above it keeps others out.
    if (process.platform === 'win32') this.skip();
    await cache.write(scope, undefined, kept());
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(await file())).mode & 0o777, 0o600);
  });

  it('is not given for another place, other settings or another version, and nothing is wrong then', async () => {
    await cache.write(scope, 'role', kept());
    assert.equal(await cache.read({ ...scope, region: 'us-east-1' }, 'role'), undefined);
    assert.equal(await cache.read({ ...scope, profile: '../../etc' }, 'role'), undefined);
    assert.equal(await cache.read(scope, 'another'), undefined);
    assert.equal(await cache.read(scope, undefined), undefined);
    assert.equal(await make('1.0.1').read(scope, 'role'), undefined);
    assert.deepEqual(logger.lines, []);
  });

  const damages: readonly [string, (text: string) => string][] = [
    ['cut in a line', (text) => text.slice(0, text.length >> 1)],
    ['cut between lines', (text) => text.split('\n').slice(0, 3).join('\n') + '\n'],
    ['without a line', (text) => text.split('\n').filter((_, index) => index !== 2).join('\n')],
    ['continued', (text) => `${text}{}\n`],
    ['empty', () => ''],
    ['no JSON', () => 'hello\n'],
    ['no object', () => '[]\n'],
    ['of another account', (text) => text.replace(`"accountId":"${place.accountId}","accountAlias"`, '"accountId":"1","accountAlias"')],
    ['of another place', (text) => text.replace('"place":{"profile":"dev"', '"place":{"profile":"prod"')],
    ['with a port that is none', (text) => text.replace('"port":6379', '"port":"6379"')],
    ['with a resource that has no groups', (text) => text.replace('"securityGroupIds":["sg-1"]', '"securityGroupIds":null')],
    ['with a tag that is none', (text) => text.replace('"Name":"ü"', '"Name":{}')],
    ['without a time', (text) => text.replace(/"at":\d+/, '"at":"now"')],
  ];
  for (const [name, damage] of damages) {
    it(`is ignored, and this is logged, when it is ${name}`, async () => {
      await cache.write(scope, undefined, kept());
      const path = await file();
      const before = await readFile(path, 'utf8');
      assert.notEqual(damage(before), before);
      await writeFile(path, damage(before));
      assert.equal(await cache.read(scope, undefined), undefined);
      assert.deepEqual(logger.lines.map(({ event }) => event), ['inventoryCache.unreadable']);
      await cache.write(scope, undefined, kept());
      assert.deepEqual(await cache.read(scope, undefined), kept());
    });
  }

  it('complains once when nothing can be kept, and harms nothing', async () => {
    await writeFile(folder, 'in the way');
    await cache.write(scope, undefined, kept());
    await cache.write(scope, undefined, kept());
    assert.deepEqual(logger.lines.map(({ event }) => event), ['inventoryCache.notKept']);
  });

  it('is of a bounded number of places, and leaves no rest of what was interrupted', async () => {
    await cache.write(scope, undefined, kept());
    const old = new Date(Date.now() - 7_200_000);
    for (let index = 0; index < 205; index++) {
      const path = join(folder, `${index}.jsonl`);
      await writeFile(path, '');
      await utimes(path, old, old);
    }
    const rest = join(folder, 'x.jsonl.1.1.part');
    await writeFile(rest, '');
    await utimes(rest, old, old);
    await cache.write({ ...scope, region: 'us-east-1' }, undefined, { ...kept(0), providers: [] });
    const left = await readdir(folder);
    assert.equal(left.length, 200);
    assert.ok(!left.includes('x.jsonl.1.1.part'));
    assert.deepEqual(await cache.read(scope, undefined), kept());
  });

  it('writes nothing once it is disposed', async () => {
    const writing = cache.write(scope, undefined, kept());
    await cache.dispose();
    await writing;
    await cache.write({ ...scope, region: 'us-east-1' }, undefined, kept());
    assert.ok((await readdir(parent)).length === 0 || (await readdir(folder)).length <= 1);
  });

  it('gives the event loop to others while it reads and writes 10,000 resources', async () => {
    const many = kept(10_000);
    const started = performance.now();
    await cache.write(scope, undefined, many);
    const written = performance.now();
    const again = await cache.read(scope, undefined);
    const took = performance.now() - started;
    assert.equal(again?.providers[1]!.targets.length, 10_000);
    // By its own account, not by the wall: this machine may be busy with something else.
    assert.ok(breaths >= took / 100, `${breaths} turns in ${took} ms (${written - started} to write)`);
  });
});
