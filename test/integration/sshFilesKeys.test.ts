import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readKeyFile, readPublicKey } from '../../src/ssh/keyFile';
import type { KeyFile, KeyFileEnvironment } from '../../src/ssh/keyFile';
import { fingerprint, writeString } from '../../src/ssh/publicKey';

const run = promisify(execFile);
const me: KeyFileEnvironment = { platform: 'linux', uid: process.getuid?.() ?? 0 };

describe('key files, compared with ssh-keygen', function () {
  this.timeout(30_000);
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-keys-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function generate(name: string, type: string, passphrase: string, ...options: string[]): Promise<string> {
    const path = join(folder, name);
    await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'c', '-f', path, ...options]);
    return path;
  }

  it('recognises every format, and finds the public half in it or beside it', async () => {
    const formats = { RFC4716: 'openssh', PEM: 'pem', PKCS8: 'pkcs8' } as const;
    for (const [option, format] of Object.entries(formats)) {
      for (const passphrase of ['', 'secret']) {
        for (const type of ['rsa', 'ecdsa', 'ed25519']) {
          // ssh-keygen writes Ed25519 in its own format whatever it is asked for.
          if (type === 'ed25519' && format !== 'openssh') continue;
          const bits = type === 'rsa' ? ['-b', '1024'] : [];
          const path = await generate(`${type}-${option}-${passphrase}`, type, passphrase, '-m', option, ...bits);
          const { stdout } = await run('ssh-keygen', ['-lf', `${path}.pub`]);
          const key = await readKeyFile(path, me);
          assert.deepEqual([key.format, key.encrypted, key.securityKey, key.permissionsChecked], [format, passphrase !== '', false, true], path);
          assert.equal(fingerprint(key.publicKey!.blob), stdout.split(' ')[1], path);
          await rm(`${path}.pub`);
          const alone = await readKeyFile(path, me);
          const isHidden = passphrase !== '' && format !== 'openssh';
          assert.deepEqual(alone.publicKey, isHidden ? undefined : key.publicKey, `${path} without .pub`);
        }
      }
    }
  });

  it('reads Ed25519 in PKCS#8, as other programs write it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const path = join(folder, 'k');
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const key = await readKeyFile(path, me);
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
    assert.deepEqual(key.publicKey, { type: 'ssh-ed25519', blob: Buffer.concat([writeString('ssh-ed25519'), writeString(raw)]) });
  });

  it('judges permissions as it does, with its words', async () => {
    const path = await generate('k', 'ed25519', '');
    for (const mode of [0o600, 0o400, 0o700, 0o640, 0o644, 0o604, 0o620, 0o777]) {
      await chmod(path, mode);
      const theirs = await run('ssh-keygen', ['-y', '-f', path]).then(() => 'fine', (error: { stderr: string }) => error.stderr);
      const ours = await readKeyFile(path, me).then(() => 'fine', (error: Error) => error.message);
      assert.ok(ours === 'fine' ? theirs === 'fine' : theirs.includes(ours), `${mode.toString(8)}: ${ours} / ${theirs}`);
    }
    await assert.rejects(readKeyFile(path, me), { code: 'ssh.key.permissions', message: `Permissions 0777 for '${path}' are too open.` });
    assert.equal((await readKeyFile(path, { platform: 'win32' })).permissionsChecked, false);
    await readKeyFile(path, { platform: 'linux', uid: me.uid! + 1 });
  });

  it('chooses an agent key by a public key alone, or by the private file', async () => {
    const path = await generate('k', 'ed25519', 'secret');
    const key = await readPublicKey(path);
    assert.equal(key?.type, 'ssh-ed25519');
    assert.deepEqual(await readPublicKey(`${path}.pub`), key);
    await rm(path);
    assert.deepEqual(await readPublicKey(path), key, 'only the .pub is left');
    await rm(`${path}.pub`);
    assert.equal(await readPublicKey(path), undefined);
  });

  it('recognises security keys', async () => {
    const blob = Buffer.concat([writeString('sk-ssh-ed25519@openssh.com'), writeString(Buffer.alloc(32)), writeString('ssh:')]);
    const none = writeString('none');
    const body = Buffer.concat([Buffer.from('openssh-key-v1\0'), none, none, writeString(''), Buffer.of(0, 0, 0, 1), writeString(blob), writeString('')]);
    const path = join(folder, 'sk');
    await writeFile(path, `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`, { mode: 0o600 });
    assert.equal((await readKeyFile(path, me)).securityKey, true);
  });

  it('says what is wrong with other files', async () => {
    const path = await generate('k', 'ed25519', '');
    const write = async (text: string): Promise<Promise<KeyFile>[]> => {
      await writeFile(join(folder, 'x'), text, { mode: 0o600 });
      return [readKeyFile(join(folder, 'x'), me)];
    };
    await assert.rejects(readKeyFile(join(folder, 'none'), me), { code: 'ssh.key.notFound' });
    const publicOnly = { code: 'ssh.key.format', message: /holds a public key only/ };
    await assert.rejects((await write(await readFile(`${path}.pub`, 'utf8')))[0]!, publicOnly);
    await assert.rejects((await write('PuTTY-User-Key-File-3: ssh-ed25519\n'))[0]!, { code: 'ssh.key.format', message: /PuTTY/ });
    await assert.rejects((await write('nothing\n'))[0]!, { code: 'ssh.key.format' });
    await assert.rejects((await write('-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n'))[0]!, { code: 'ssh.key.format' });
    await assert.rejects((await write('x'.repeat((1 << 20) + 1)))[0]!, { code: 'ssh.key.tooLarge' });
    await assert.rejects(readKeyFile('/dev/zero', { platform: 'win32' }), { code: 'ssh.key.tooLarge' });
    await assert.rejects(readKeyFile(folder, me), { code: /ssh\.key\.(format|permissions)/ });
  });
});
