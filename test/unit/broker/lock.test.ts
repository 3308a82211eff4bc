import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock, holdsLock, type LockRecord, readLock, releaseLock } from '../../../src/broker/lock';
import { ensurePrivateFolder } from '../../../src/broker/privateFolder';
import { identify, isSame, startCommand } from '../../../src/broker/processIdentity';

describe('the lock of the broker', () => {
  let folder: string;
  let file: string;
  let own: LockRecord;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sp-lock-'));
    file = join(folder, 'broker.lock');
    own = { ...(await identify(process.pid))!, nonce: 'mine', address: '/nowhere' };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const old = (path: string): void => utimesSync(path, new Date(0), new Date(0));
  const leave = (content: string): void => {
    writeFileSync(file, content);
    old(file);
  };

  it('is taken by one of those who come at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, index) => acquireLock(file, { ...own, nonce: `${index}` })));
    assert.equal(all.filter(Boolean).length, 1);
    assert.equal(all[Number((await readLock(file))!.nonce)], true);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('is not taken from a process that lives', async () => {
    assert.ok(await acquireLock(file, own));
    old(file);
    assert.equal(await acquireLock(file, { ...own, nonce: 'other' }), false);
    assert.ok(await holdsLock(file, own));
  });

  it('is taken over from one that is dead, by one of those who come', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    leave(JSON.stringify({ ...own, pid, started: 'then' }));
    const all = await Promise.all(Array.from({ length: 10 }, (_, index) => acquireLock(file, { ...own, nonce: `${index}` })));
    assert.equal(all.filter(Boolean).length, 1);
  });

  it('is taken over when another process has the number of the dead one', async () => {
    leave(JSON.stringify({ ...own, started: 'at another time' }));
    assert.ok(await acquireLock(file, own));
  });

  it('is taken over when it is torn, but not while somebody is just writing it', async () => {
    writeFileSync(file, '{"pid":');
    assert.equal(await acquireLock(file, own), false);
    old(file);
    assert.ok(await acquireLock(file, own));
  });

  it('is taken over although somebody has died over taking it over', async () => {
    leave('');
    mkdirSync(`${file}.recovery`);
    assert.equal(await acquireLock(file, own), false);
    old(`${file}.recovery`);
    assert.ok(await acquireLock(file, own));
    assert.ok(!existsSync(`${file}.recovery`));
  });

  it('is taken over by one of those who all see that somebody has died over taking it over', async () => {
    for (let round = 0; round < 30; round++) {
      leave('');
      mkdirSync(`${file}.recovery`);
      old(`${file}.recovery`);
      const all = await Promise.all(Array.from({ length: 8 }, (_, index) => acquireLock(file, { ...own, nonce: `${index}` })));
      assert.ok(all.filter(Boolean).length <= 1, `round ${round}: ${all.join(' ')}`);
      if (!all.some(Boolean)) assert.ok(await acquireLock(file, own));
      rmSync(file);
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is only given back by whoever has it', async () => {
    assert.ok(await acquireLock(file, own));
    await releaseLock(file, { ...own, nonce: 'other' });
    assert.ok(existsSync(file));
    await releaseLock(file, own);
    assert.ok(!existsSync(file));
  });

  it('says why it cannot be written', async () => {
    await assert.rejects(acquireLock(join(folder, 'none', 'broker.lock'), own), { code: 'ENOENT' });
  });
});

describe('a process', () => {
  it('is the same only as long as it lives and began at the same time', async () => {
    const self = (await identify(process.pid))!;
    assert.ok(await isSame(self));
    assert.equal(await isSame({ ...self, started: 'another time' }), process.platform !== 'linux' && self.started === undefined);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    assert.equal(await isSame({ pid }), false);
    for (const nonsense of [0, 1, -5, 1.5, NaN]) assert.equal(await identify(nonsense), undefined);
  });

  it('is asked for with the tool that each system has', () => {
    assert.deepEqual(startCommand('darwin', 42), ['/bin/ps', '-o', 'lstart=', '-p', '42']);
    const [program, ...args] = startCommand('win32', 42, String.raw`D:\Windows`);
    assert.equal(program, String.raw`D:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`);
    assert.match(args.at(-1)!, /Get-Process -Id 42\)\.StartTime/);
  });
});

describe('a private folder', () => {
  const uid = process.getuid!();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sp-private-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made with everything above it, for the user alone', async () => {
    await ensurePrivateFolder(join(folder, 'a/b/c'), uid);
    assert.equal(statSync(join(folder, 'a/b/c')).mode & 0o777, 0o700);
  });

  it('is closed when it stood open', async () => {
    chmodSync(folder, 0o755);
    await ensurePrivateFolder(folder, uid);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it('is refused when it is a link, a file, or somebody else’s', async () => {
    const link = join(folder, 'link');
    symlinkSync(folder, link);
    await assert.rejects(ensurePrivateFolder(link, uid), { code: 'broker.folderUnsafe' });
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(ensurePrivateFolder(join(folder, 'file'), uid), { code: 'broker.folderFailed' });
    await assert.rejects(ensurePrivateFolder(folder, uid + 1), { code: 'broker.folderUnsafe' });
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), '');
  });
});
