import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { desktopCommand, findDesktop } from '../../demo/desktopVscode';
import { createRunFolders } from '../../vscode/harness/folders';
import { readyLine } from '../../vscode/harness/sandboxProcess';
import { workbenchAddress } from '../../vscode/harness/server';

describe('the address of a workbench', () => {
  it('names the folder, the suite and the token, escaped', () => {
    const address = new URL(workbenchAddress(1234, 't&k', '/a b/ö&c', [['extensionTestsPath', 'vscode-remote://x/y?z']]));
    assert.equal(address.origin, 'http://127.0.0.1:1234');
    assert.equal(address.searchParams.get('folder'), '/a b/ö&c');
    assert.deepEqual(JSON.parse(address.searchParams.get('payload') ?? ''), [['extensionTestsPath', 'vscode-remote://x/y?z']]);
    assert.equal(address.searchParams.get('tkn'), 't&k');
  });

  it('has no payload and no token when there is none', () => {
    assert.equal(workbenchAddress(1, 'k', '/w'), 'http://127.0.0.1:1/?tkn=k&folder=%2Fw');
  });
});

describe('the line that the sandbox prints when it is ready', () => {
  it('counts only once it is whole', () => {
    const line = '{"env":{"A":"b"},"caFile":"/c"}';
    assert.equal(readyLine(line), undefined);
    assert.deepEqual(readyLine(`${line}\n`), { env: { A: 'b' }, caFile: '/c' });
  });

  it('may come after others', () => {
    assert.deepEqual(readyLine('warning: x\n{"env":{},"caFile":"/c"}\nmore\n'), { env: {}, caFile: '/c' });
  });
});

describe('the folders of a run', () => {
  it('exist, and are gone afterwards', () => {
    const folders = createRunFolders();
    for (const folder of [folders.home, folders.workspace, folders.extensions, folders.temporary]) assert.ok(existsSync(folder));
    folders.dispose();
    assert.equal(existsSync(folders.root), false);
  });

  it('leave room for the names of sockets', () => {
    const folders = createRunFolders();
    folders.dispose();
    assert.ok(join(folders.temporary, 'vscode-ipc-00000000-0000-0000-0000-000000000000.sock').length <= 107);
  });
});

describe('the desktop VS Code of the demo', () => {
  const has = (wanted: string) => (path: string) => path === wanted;

  it('is the `code` of the PATH', () => {
    assert.equal(findDesktop('linux', { PATH: '/a:/b' }, has('/b/code')), '/b/code');
    assert.equal(findDesktop('win32', { Path: 'C:\\a;C:\\b' }, has('C:\\b\\code.cmd')), 'C:\\b\\code.cmd');
    assert.equal(findDesktop('linux', { PATH: '/a' }, () => false), undefined);
  });

  it('is not the stub in the terminal of a remote window', () => {
    assert.equal(findDesktop('linux', { PATH: '/b', VSCODE_IPC_HOOK_CLI: '/s' }, has('/b/code')), undefined);
  });

  it('is started on fresh folders, and on Windows without the command interpreter', () => {
    const folders = createRunFolders();
    folders.dispose();
    const [unix, ...unixArguments] = desktopCommand('/b/code', folders, '/ext', 'linux');
    assert.equal(unix, '/b/code');
    assert.ok(unixArguments.includes('--wait') && unixArguments.includes(`--user-data-dir=${folders.userData}`));
    const [windows, ...windowsArguments] = desktopCommand('C:\\VS Code\\bin\\code.cmd', folders, 'C:\\ext', 'win32');
    assert.equal(windows, 'C:\\VS Code\\Code.exe');
    assert.ok(windowsArguments.includes('--extensionDevelopmentPath=C:\\ext'));
  });
});
