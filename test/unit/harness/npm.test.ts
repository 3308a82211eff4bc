import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isFault } from '../../../src/base/fault';
import { npmProgram, tarballName, verifyIntegrity } from '../../provision/npm';
import { RELEASES, serverRunsHere } from '../../provision/vscodeServer';

describe('a pinned package', () => {
  const bytes = Buffer.from('the package');
  const pinned = { name: 'p', version: '1.0.0', integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}` };

  it('is accepted when its bytes are the pinned ones', () => {
    verifyIntegrity(pinned, bytes);
  });

  it('is refused when a single bit differs', () => {
    const altered = Buffer.from(bytes);
    altered[0]! ^= 1;
    assert.throws(
      () => verifyIntegrity(pinned, altered),
      (error) => isFault(error) && error.code === 'provision.integrity' && error.message.includes('p@1.0.0'),
    );
  });

  it('is refused when the pin is empty or shorter', () => {
    assert.throws(() => verifyIntegrity({ ...pinned, integrity: '' }, bytes));
    assert.throws(() => verifyIntegrity({ ...pinned, integrity: pinned.integrity.slice(0, 20) }, bytes));
  });

  it('has a whole SHA-512 in the table', () => {
    for (const { server, node, prebuilt } of Object.values(RELEASES)) {
      for (const { name, integrity } of [server, ...(node ? [node] : []), ...prebuilt.map((entry) => entry.package)]) {
        assert.equal(Buffer.from(integrity.replace('sha512-', ''), 'base64').length, 64, name);
      }
    }
  });
});

describe('the reply of npm pack', () => {
  it('names the file, in the shapes of different npm versions', () => {
    assert.equal(tarballName('[{"filename":"a-1.tgz"}]'), 'a-1.tgz');
    assert.equal(tarballName('{"a@1":{"filename":"a-1.tgz"}}'), 'a-1.tgz');
  });

  it('may have other lines before it', () => {
    assert.equal(tarballName('npm notice something\n[\n {"filename":"a-1.tgz"}\n]'), 'a-1.tgz');
  });

  it('cannot lead out of the folder', () => {
    assert.equal(tarballName('[{"filename":"../../a-1.tgz"}]'), 'a-1.tgz');
  });

  it('is refused without a file', () => {
    assert.throws(() => tarballName('[]'), (error) => isFault(error) && error.code === 'provision.npmFailed');
  });
});

describe('the npm that is run', () => {
  it('is the one that started us', () => {
    assert.deepEqual(npmProgram({ npm_execpath: '/lib/npm-cli.js' }), { command: process.execPath, args: ['/lib/npm-cli.js'] });
  });

  it('is the one on the PATH when something else did', () => {
    assert.deepEqual(npmProgram({ npm_execpath: '/lib/pnpm.cjs' }), { command: 'npm', args: [] });
    assert.deepEqual(npmProgram({}), { command: 'npm', args: [] });
  });
});

describe('the VS Code server of the tests', () => {
  it('is for Linux on x64 only', () => {
    assert.equal(serverRunsHere('linux', 'x64'), true);
    assert.equal(serverRunsHere('linux', 'arm64'), false);
    assert.equal(serverRunsHere('darwin', 'arm64'), false);
    assert.equal(serverRunsHere('win32', 'x64'), false);
  });

  it('begins with the release that the manifest requires', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { vscode: string } };
    const [major, minor] = manifest.engines.vscode.replace('^', '').split('.');
    assert.ok(RELEASES.oldest.version.startsWith(`${major}.${minor}.`));
  });
});
