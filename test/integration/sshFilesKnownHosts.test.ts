import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { appendKnownHost, fingerprint, KnownHosts } from '../../src/ssh/knownHosts';
import type { PublicKey } from '../../src/ssh/knownHosts';
import { readPublicKey } from '../../src/ssh/keyFile';
import { candidates } from '../provision/programs';

const run = promisify(execFile);

describe('known hosts, compared with ssh-keygen', function () {
  this.timeout(30_000);
  let folder = '';
  let file = '';
  const keys: Record<string, PublicKey> = {};
  const text = (name: string): string => `${keys[name]!.type} ${keys[name]!.blob.toString('base64')}`;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-known-'));
    for (const [name, type, bits] of [['ed1', 'ed25519', ''], ['ed2', 'ed25519', ''], ['ec256', 'ecdsa', '256'], ['ec384', 'ecdsa', '384'], ['rsa', 'rsa', '2048']] as const) {
      await run('ssh-keygen', ['-q', '-t', type, ...(bits ? ['-b', bits] : []), '-N', '', '-C', `${name} comment`, '-f', join(folder, name)]);
      keys[name] = (await readPublicKey(join(folder, name)))!;
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  beforeEach(() => {
    file = join(folder, `known_hosts_${Math.random().toString(36).slice(2)}`);
  });

  async function verdict(host: string, key: string, port?: number): Promise<string> {
    const known = await KnownHosts.load([file]);
    return known.check({ host, ...(port !== undefined && { port }) }, keys[key]!).kind;
  }

  it('prints fingerprints as it does', async () => {
    for (const [name, { blob }] of Object.entries(keys)) {
      const { stdout } = await run('ssh-keygen', ['-lf', join(folder, `${name}.pub`)]);
      assert.equal(fingerprint(blob), stdout.split(' ')[1]);
    }
  });

  it('finds a host wherever ssh-keygen -F finds it', async () => {
    const hosts = ['plain', 'a,b,c', '*.wild.org', '*.neg.org,!bad.neg.org', '[port.org]:2222', 'w?b', '10.0.0.*', '!only', 'Upper.Org', '[*.any.org]:22*'];
    await writeFile(file, `# comment\n\nnonsense\n${hosts.map((name) => `${name} ${text('ed1')} said so\n`).join('')}\t indented ${text('ed1')}\r\n`);
    const names = ['plain', 'b', 'x.wild.org', 'wild.org', 'good.neg.org', 'bad.neg.org', 'port.org', 'web', '10.0.0.7', 'only', 'upper.org', 'UPPER.ORG', 'indented', 'none'];
    for (const name of [...names, '[port.org]:2222', '[x.any.org]:2200', '[x.any.org]:1', '[plain]:99']) {
      const found = await run('ssh-keygen', ['-F', name, '-f', file]).then(() => true, () => false);
      const [, host = name, port] = /^\[(.*)\]:(\d+)$/.exec(name) ?? [];
      const ours = await verdict(host, 'ed1', port ? Number(port) : undefined);
      // What is known without a port is good for all: ssh looks twice, ssh-keygen once.
      assert.equal(ours === 'match', found || name === '[plain]:99', `${name}: ${ours}`);
    }
  });

  it('reads what ssh-keygen -H hashed', async () => {
    await writeFile(file, `one ${text('ed1')}\n[two]:2222 ${text('ed1')}\n`);
    await run('ssh-keygen', ['-q', '-H', '-f', file]);
    assert.match(await readFile(file, 'utf8'), /^\|1\|/);
    assert.deepEqual([await verdict('one', 'ed1'), await verdict('ONE', 'ed1'), await verdict('two', 'ed1', 2222), await verdict('two', 'ed1')], ['match', 'match', 'match', 'unknown']);
  });

  it('writes what ssh-keygen -F finds, hashed or not, with port and address', async () => {
    for (const hashed of [false, true]) {
      await appendKnownHost(file, { name: { host: 'Some.Org', port: 2222, address: '10.0.0.1' }, key: keys['rsa']!, hashed });
      await appendKnownHost(file, { name: { host: 'other.org', port: 22 }, key: keys['ec256']!, hashed });
      for (const name of ['[some.org]:2222', '[10.0.0.1]:2222', 'other.org']) {
        const { stdout } = await run('ssh-keygen', ['-F', name, '-f', file]);
        assert.ok(stdout.includes(text(name === 'other.org' ? 'ec256' : 'rsa')), name);
      }
      assert.equal((await readFile(file, 'utf8')).includes('some.org'), !hashed);
      await rm(file);
    }
  });

  it('tells a changed key from one of another type, and names the lines', async () => {
    await writeFile(file, `# one\nh ${text('ed1')}\nh ${text('ec256')}\n`);
    const known = await KnownHosts.load([join(folder, 'missing'), file]);
    const line = (name: string, at: number): unknown => ({ file, line: at, type: keys[name]!.type, fingerprint: fingerprint(keys[name]!.blob) });
    assert.deepEqual(known.check({ host: 'h' }, keys['ed1']!), { kind: 'match', line: line('ed1', 2) });
    assert.deepEqual(known.check({ host: 'h' }, keys['ed2']!), { kind: 'changed', lines: [line('ed1', 2)] });
    assert.deepEqual(known.check({ host: 'h' }, keys['ec384']!), { kind: 'changed', lines: [line('ec256', 3)] });
    assert.deepEqual(known.check({ host: 'h' }, keys['rsa']!), { kind: 'unknown', others: [line('ed1', 2), line('ec256', 3)] });
    assert.deepEqual(known.check({ host: 'other' }, keys['rsa']!), { kind: 'unknown', others: [] });
  });

  it('never accepts a revoked key, and knows an authority when it sees one', async () => {
    await writeFile(file, `h ${text('ed1')}\n@revoked * ${text('ed1')}\n@cert-authority *.org ${text('rsa')}\nboth.org ${text('ed2')}\n@unknown x ${text('ed1')}\n`);
    assert.deepEqual(
      [await verdict('h', 'ed1'), await verdict('x', 'ed1', 7), await verdict('a.org', 'ed2'), await verdict('a.org', 'rsa'), await verdict('both.org', 'ed2'), await verdict('both.org', 'ed1')],
      ['revoked', 'revoked', 'certAuthority', 'certAuthority', 'match', 'revoked'],
    );
    assert.equal(await verdict('x', 'ed2'), 'unknown');
  });

  it('takes all files as one: a match anywhere counts', async () => {
    const second = `${file}2`;
    await writeFile(file, `h ${text('ed1')}\n`);
    await writeFile(second, `h ${text('ed2')}\n`);
    const known = await KnownHosts.load([file, second]);
    assert.equal(known.check({ host: 'h' }, keys['ed2']!).kind, 'match');
  });

  it('looks at the address only against a host that is known', async () => {
    await writeFile(file, `h ${text('ed1')}\n10.0.0.1 ${text('ed2')}\n10.0.0.2 ${text('ed1')}\n`);
    const known = await KnownHosts.load([file]);
    const at = (host: string, address: string): string => known.check({ host, address }, keys['ed1']!).kind;
    assert.deepEqual([at('h', '10.0.0.1'), at('h', '10.0.0.2'), at('h', '10.0.0.3'), at('new', '10.0.0.2')], ['changed', 'match', 'match', 'unknown']);
  });

  it('puts the algorithms of known keys first', async () => {
    await writeFile(file, `h ${text('rsa')}\nh ${text('ec256')}\n@revoked h ${text('ed1')}\n`);
    const known = await KnownHosts.load([file]);
    const offered = ['ssh-ed25519', 'rsa-sha2-512', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp256', 'rsa-sha2-256'];
    assert.deepEqual(known.orderAlgorithms({ host: 'h' }, offered), ['rsa-sha2-512', 'ecdsa-sha2-nistp256', 'rsa-sha2-256', 'ssh-ed25519', 'ecdsa-sha2-nistp384']);
    assert.deepEqual(known.orderAlgorithms({ host: 'n' }, offered), offered);
    assert.deepEqual(known.preferredKeyTypes({ host: 'h', port: 99 }), ['ssh-rsa', 'ecdsa-sha2-nistp256']);
  });

  it('creates folder and file for the person alone, and keeps the ends of lines', async () => {
    const fresh = join(folder, 'home', '.ssh', 'known_hosts');
    await appendKnownHost(fresh, { name: { host: 'a' }, key: keys['ed1']!, hashed: false });
    assert.deepEqual([(await stat(fresh)).mode & 0o777, (await stat(join(folder, 'home', '.ssh'))).mode & 0o777], [0o600, 0o700]);
    assert.equal(await readFile(fresh, 'utf8'), `a ${text('ed1')}\n`);
    await writeFile(file, `x ${text('ed1')}`);
    await appendKnownHost(file, { name: { host: 'b' }, key: keys['ed1']!, hashed: false });
    assert.equal(await readFile(file, 'utf8'), `x ${text('ed1')}\nb ${text('ed1')}\n`);
    await writeFile(file, `x ${text('ed1')}\r\ny ${text('ed1')}`);
    await appendKnownHost(file, { name: { host: 'b' }, key: keys['ed1']!, hashed: false });
    assert.equal(await readFile(file, 'utf8'), `x ${text('ed1')}\r\ny ${text('ed1')}\r\nb ${text('ed1')}\r\n`);
    assert.equal(await verdict('b', 'ed1'), 'match');
  });

  it('loses nothing when many write at once', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `host${at}`);
    const stranger = Promise.all(names.map((name) => appendFile(file, `stranger-${name} ${text('ed2')}\n`)));
    await Promise.all([...names.map((host) => appendKnownHost(file, { name: { host }, key: keys['rsa']!, hashed: true })), stranger]);
    const known = await KnownHosts.load([file]);
    for (const host of names) {
      assert.equal(known.check({ host }, keys['rsa']!).kind, 'match', host);
      assert.equal(known.check({ host: `stranger-${host}` }, keys['ed2']!).kind, 'match', host);
    }
  });

  it('says why a file cannot be read or written', async () => {
    const endless = KnownHosts.load(['/dev/zero']);
    await assert.rejects(endless, { code: 'ssh.knownHosts.unreadable' });
    await writeFile(file, '');
    const below = appendKnownHost(join(file, 'known_hosts'), { name: { host: 'a' }, key: keys['ed1']!, hashed: false });
    await assert.rejects(below, { code: 'ssh.knownHosts.unwritable' });
    assert.equal((await KnownHosts.load(['/dev/null', folder])).check({ host: 'a' }, keys['ed1']!).kind, 'unknown');
  });

  it('survives hostile files', async () => {
    const lines = [`${'x,'.repeat(500_000)}h ${text('ed1')}`, `\0h ${text('ed1')}`, `h ssh-ed25519 ${'A'.repeat(1 << 20)}`, `h ssh-rsa ${keys['ed1']!.blob.toString('base64')}`, '|1|x', '|2|a|b k', '@revoked', `h ${text('ed1')}`];
    await writeFile(file, lines.join('\n'));
    assert.equal(await verdict('h', 'ed1'), 'match');
    const started = performance.now();
    await writeFile(file, Array.from({ length: 10_000 }, (_, at) => `host${at},10.0.0.${at} ${text('ed1')}\n`).join(''));
    assert.equal(await verdict('host9999', 'ed2'), 'changed');
    assert.ok(performance.now() - started < 3000);
  });

  it('decides as a real ssh does', async () => {
    const port = await withServer(folder, async (listening) => {
      const ssh = async (alias: string): Promise<string> => {
        const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=none', 'BatchMode=yes', `HostKeyAlias=${alias}`];
        const { stderr } = await run('ssh', ['-F', 'none', '-p', String(listening), ...options.flatMap((one) => ['-o', one]), 'nobody@127.0.0.1', 'true'])
          .then(({ stderr: text_ }) => ({ stderr: text_ }), (error: { stderr: string }) => error);
        if (stderr.includes('Permission denied')) return 'match';
        if (stderr.includes('REVOKED')) return 'revoked';
        if (stderr.includes('IDENTIFICATION HAS CHANGED')) return 'changed';
        return stderr.includes('host key is known for') ? 'unknown' : stderr;
      };
      await writeFile(file, `same ${text('ed1')}\nchanged ${text('ed2')}\n@revoked revoked ${text('ed1')}\n*.pattern,!not.pattern ${text('ed1')}\ntwice ${text('ed2')}\ntwice ${text('ed1')}\n`);
      await appendKnownHost(file, { name: { host: 'hashed' }, key: keys['ed1']!, hashed: true });
      for (const alias of ['same', 'changed', 'revoked', 'new', 'a.pattern', 'not.pattern', 'hashed', 'twice']) {
        assert.equal(await verdict(alias, 'ed1'), await ssh(alias), alias);
      }
      return listening;
    });
    assert.ok(port > 0);
  });
});

/** A real sshd with `ed1` as its host key, for as long as the body runs. */
async function withServer<T>(folder: string, body: (port: number) => Promise<T>): Promise<T> {
  const program = candidates('sshd', process.platform, process.env).find((path) => existsSync(path));
  assert.ok(program, 'sshd is not installed');
  await chmod(join(folder, 'ed1'), 0o600);
  const config = join(folder, 'sshd_config');
  await writeFile(config, `HostKey ${join(folder, 'ed1')}\nPidFile none\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n`);
  // One `sshd -i` for each connection: the port is ours from the beginning, so nobody else can take it.
  const children = new Set<ReturnType<typeof spawn>>();
  const server = createServer((socket) => {
    const child = spawn(program, ['-i', '-e', '-f', config], { stdio: ['pipe', 'pipe', 'ignore'] });
    children.add(child);
    child.once('close', () => children.delete(child));
    child.stdout.pipe(socket);
    socket.pipe(child.stdin);
    socket.on('error', () => child.kill());
    child.stdin.on('error', () => socket.destroy());
    child.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const address = server.address();
    return await body(typeof address === 'object' && address ? address.port : 0);
  } finally {
    for (const child of children) child.kill();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}
