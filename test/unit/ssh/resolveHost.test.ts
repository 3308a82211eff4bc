import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { isFault } from '../../../src/base/fault';
import { isOwnersOnly } from '../../../src/ssh/configProgram';
import { localSources, usualFiles } from '../../../src/ssh/localSources';
import { listHosts, resolveHops, resolveHost } from '../../../src/ssh/resolveHost';
import { isInside } from '../../../src/ssh/workspaceTrust';
import { Home } from './configFiles';

describe('the configuration of a host', () => {
  let home: Home;

  beforeEach(async () => {
    home = await Home.create();
  });

  afterEach(() => home.remove());

  it('comes from the person first and the system second, with default files of its own', async () => {
    await home.write('.ssh/config', 'Host a\n Port 7\n IdentityFile ~/k\n');
    await home.write('etc/ssh_config', 'Port 8\nUser sys\n');
    const config = await resolveHost({ host: 'a' }, home.sources());
    assert.deepEqual([config.port, config.user], [7, 'sys']);
    const origin = { file: join(home.path, '.ssh/config'), line: 3 };
    assert.deepEqual(config.identityFiles, [{ path: join(home.path, 'k'), origin, fromWorkspace: false }]);
    const other = await resolveHost({ host: 'b' }, home.sources());
    assert.equal(other.identityFiles[0]?.path, join(home.path, '.ssh/id_rsa'));
    assert.equal(other.identityFiles[0]?.origin, undefined);
    assert.equal(other.userKnownHostsFiles[0]?.path, join(home.path, '.ssh/known_hosts'));
    assert.equal(other.globalKnownHostsFiles[0]?.path, '/etc/ssh/ssh_known_hosts');
  });

  it('needs no file at all, except one that the person named', async () => {
    assert.equal((await resolveHost({ host: 'a' }, home.sources())).hostName, 'a');
    const missing = home.sources({ files: [{ path: join(home.path, 'none'), kind: 'explicit' }] });
    await assert.rejects(resolveHost({ host: 'a' }, missing), { code: 'ssh.config.missing' });
  });

  it('replaces every token of files', async () => {
    await home.write('.ssh/config', 'HostName %h.x\nPort 7\nUser u\nProxyJump j\nIdentityFile /%%/%C/%d/%h/%i/%j/%k/%L/%l/%n/%p/%r/%u/${V}\n');
    const { identityFiles } = await resolveHost({ host: 'a' }, home.sources({ uid: process.getuid!(), env: { V: 'v' } }));
    const hash = '[0-9a-f]{40}';
    assert.match(identityFiles[0]!.path, new RegExp(`^/%/${hash}/${home.path}/a.x/${process.getuid!()}/j/a/laptop/laptop.example.com/a/7/u/me/v$`));
  });

  it('refuses a file that others can write, as OpenSSH does', async () => {
    const path = await home.write('.ssh/config', 'Port 7\n');
    await chmod(path, 0o664);
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.permissions', message: new RegExp(`^Bad owner or permissions on ${path}`) });
    await chmod(path, 0o644);
    await resolveHost({ host: 'a' }, home.sources());
    await chmod(path, 0o666);
    assert.equal((await resolveHost({ host: 'a' }, home.sources({ platform: 'win32' }))).port, 7, 'modes mean nothing on Windows');
    const owners = [0, 500, 501].map((owner) => isOwnersOnly({ owner, mode: 0o644 }, { platform: 'linux', uid: 500 }));
    assert.deepEqual(owners, [true, true, false]);
  });

  it('checks included files whoever includes them', async () => {
    const included = await home.write('.ssh/more', 'Port 7\n', 0o600);
    await chmod(included, 0o622);
    await home.write('etc/ssh_config', `Include ${included}\n`);
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.permissions' });
  });

  it('looks for relative Includes in ~/.ssh, and beside the file for the system', async () => {
    await home.write('.ssh/config', 'Include conf.d/*\n');
    await home.write('.ssh/conf.d/b', 'User b\nPort 1\n');
    await home.write('.ssh/conf.d/a', 'User a\n');
    await home.write('etc/ssh_config', 'Include more\n');
    await home.write('etc/more', 'HostName sys\n');
    const config = await resolveHost({ host: 'x' }, home.sources());
    assert.deepEqual([config.user, config.port, config.hostName], ['a', 1, 'sys']);
  });

  it('stops where files include themselves', async () => {
    await home.write('.ssh/config', 'Include config\n');
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.includeDepth' });
    await home.write('.ssh/config', 'Include l0 l0\n');
    for (let at = 0; at < 15; at++) await home.write(`.ssh/l${at}`, `Include l${at + 1} l${at + 1}\n`);
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.tooLarge' });
  });

  it('names file and line of what is wrong', async () => {
    const path = await home.write('.ssh/config', 'Host a\n\n Prot 7\n');
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.syntax', message: `${path} line 3: Bad configuration option: prot` });
  });

  it('refuses what can only end badly', async () => {
    const table = [['ConnectionAttempts 0', 'ssh.config.syntax'], ['RefuseConnection use the new gate', 'ssh.config.refused'], ['IdentityFile ~you/k', 'ssh.config.expansion']];
    for (const [line, code] of table) {
      await home.write('.ssh/config', `${line}\n`);
      await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code });
    }
    await home.write('.ssh/config', 'Include ~you/*\n');
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.expansion' });
  });

  it('never runs the program of a Match line, and says so', async () => {
    const mark = join(home.path, 'ran');
    await home.write('.ssh/config', `Match host b exec "touch ${mark}"\n Port 1\nMatch exec "touch ${mark}"\n Port 2\nMatch !exec "touch ${mark}"\n Port 3\n`);
    const config = await resolveHost({ host: 'a' }, home.sources());
    assert.equal(config.port, 22);
    assert.deepEqual(config.unsupported.map(({ option, origin, blocks }) => [option, origin.line, blocks]), [['Match exec', 3, false], ['Match exec', 5, false]]);
    await assert.rejects(readFile(mark));
  });

  it('reports what the built-in client cannot honour', async () => {
    const lines = ['PKCS11Provider /p', 'SecurityKeyProvider none', 'GSSAPIAuthentication yes', 'ProxyUseFdpass yes', 'CertificateFile ~/c', 'RevokedHostKeys /r', 'HostbasedAuthentication no', 'CanonicalizeHostname yes', 'CanonicalDomains x.org'];
    await home.write('.ssh/config', `${lines.join('\n')}\n`);
    const { unsupported } = await resolveHost({ host: 'a' }, home.sources());
    assert.deepEqual(unsupported.filter(({ blocks }) => blocks).map(({ option }) => option), ['RevokedHostKeys', 'ProxyUseFdpass', 'CanonicalizeHostname']);
    assert.deepEqual(unsupported.filter(({ blocks }) => !blocks).map(({ option }) => option), ['PKCS11Provider', 'GSSAPIAuthentication', 'CertificateFile']);
    const dotted = await resolveHost({ host: 'a.b.c' }, home.sources());
    assert.ok(!dotted.unsupported.some(({ option }) => option === 'CanonicalizeHostname'), 'enough dots: nothing to look up');
  });

  it('refuses names with which a proxy command could be made to do something else', async () => {
    for (const line of ['HostName -oProxyCommand=x', 'HostName a;b', 'User $(x)`y`', 'ProxyJump -x', 'ProxyJump u;v@b', 'ProxyJump %r.b\nUser "a b"']) {
      await home.write('.ssh/config', `${line}\n`);
      await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.host.invalid' }, line);
    }
    await home.write('.ssh/config', '');
    await assert.rejects(resolveHost({ host: '-oX' }, home.sources()), { code: 'ssh.host.invalid' });
    await assert.rejects(resolveHost({ host: 'a', user: '-x' }, home.sources()), { code: 'ssh.host.invalid' });
    await home.write('.ssh/config', 'HostKeyAlias $(x)\nProxyCommand nc %k\n');
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.host.invalid' });
  });

  it('finds the agent that is meant', async () => {
    const env = { SSH_AUTH_SOCK: '/usual', OTHER: '/other' };
    const agent = async (line: string): Promise<unknown> => {
      await home.write('.ssh/config', `${line}\n`);
      const { identityAgent } = await resolveHost({ host: 'a' }, home.sources({ env }));
      return 'path' in identityAgent ? [identityAgent.kind, identityAgent.path] : identityAgent.kind;
    };
    assert.deepEqual(await agent(''), ['environment', '/usual']);
    assert.deepEqual(await agent('IdentityAgent SSH_AUTH_SOCK'), ['environment', '/usual']);
    assert.deepEqual(await agent('IdentityAgent none'), 'none');
    assert.deepEqual(await agent('IdentityAgent $OTHER'), ['configured', '/other']);
    assert.deepEqual(await agent('IdentityAgent $MISSING'), 'none');
    assert.deepEqual(await agent('IdentityAgent "~/a %h"'), ['configured', join(home.path, 'a a')]);
    assert.deepEqual(await agent('IdentityAgent ${OTHER}/x'), ['configured', '/other/x']);
    await assert.rejects(agent('IdentityAgent $1x'), { code: 'ssh.config.syntax' });
  });

  it('marks what a workspace decides', async () => {
    const workspace = join(home.path, 'project');
    await mkdir(workspace);
    await home.write('project/ssh', 'Host a\n ProxyCommand run-me\n IdentityFile ~/k\nMatch all\n IdentityFile ~/own\n');
    await symlink(join(workspace, 'ssh'), join(home.path, '.ssh/linked'));
    await symlink(workspace, join(home.path, 'short'));
    await home.write('.ssh/config', 'IdentityFile ~/short/key\nIdentityFile ~/mine\nInclude linked\n');
    const sources = home.sources({ workspaceFolders: [join(home.path, 'short')] });
    const config = await resolveHost({ host: 'a' }, sources);
    assert.deepEqual(config.identityFiles.map(({ fromWorkspace }) => fromWorkspace), [true, false, true, true]);
    assert.equal(config.proxyCommand?.fromWorkspace, true);
    assert.deepEqual(config.workspaceFiles, [join(home.path, '.ssh/linked')]);
    const elsewhere = await resolveHost({ host: 'a' }, home.sources({ workspaceFolders: [join(home.path, 'proj')] }));
    assert.ok(!elsewhere.identityFiles.some(({ fromWorkspace }) => fromWorkspace) && elsewhere.proxyCommand?.fromWorkspace === false);
  });

  it('takes relative key files from the home, never from wherever the process runs', async () => {
    await home.write('.ssh/config', 'IdentityFile keys/k\n');
    assert.equal((await resolveHost({ host: 'a' }, home.sources())).identityFiles[0]?.path, join(home.path, 'keys/k'));
  });

  it('follows jumps as the ssh of each hop would', async () => {
    await home.write(
      '.ssh/config',
      'Host dest\n ProxyJump u@second:2\nHost second\n ProxyJump first,middle\n HostName second.x\nHost first\n ProxyCommand nc %h %p\nHost middle\n ProxyJump ignored\n',
    );
    const hops = await resolveHops({ host: 'dest' }, home.sources());
    assert.deepEqual(hops.map(({ user, hostName, port }) => `${user}@${hostName}:${port}`), ['me@first:22', 'me@middle:22', 'u@second.x:2', 'me@dest:22']);
    assert.equal(hops[0]?.proxyCommand?.command, 'nc first 22');
  });

  it('finds jumps that lead round in a circle', async () => {
    await home.write('.ssh/config', 'Host a b\n ProxyJump c\nHost c\n ProxyJump b\n');
    await assert.rejects(resolveHops({ host: 'a' }, home.sources()), { code: 'ssh.config.jumpLoop' });
    await home.write('.ssh/config', 'Host gate\n HostName gate.x\nHost *\n ProxyJump gate\n');
    await assert.rejects(resolveHops({ host: 'a' }, home.sources()), { code: 'ssh.config.jumpLoop' });
    await home.write('.ssh/config', 'ProxyJump x%h\n');
    await assert.rejects(resolveHops({ host: 'a' }, home.sources()), { code: 'ssh.config.jumpLoop' });
  });

  it('starts algorithm lists from the client at hand', async () => {
    await home.write('.ssh/config', 'Ciphers ^c2\n');
    const only = { ciphers: ['c1', 'c2'], macs: ['m'], kexAlgorithms: ['k'], hostKeyAlgorithms: ['h'], pubkeyAcceptedAlgorithms: ['p'] };
    const { algorithms, configuredAlgorithms } = await resolveHost({ host: 'a' }, home.sources({ algorithms: only }));
    assert.deepEqual(algorithms, { ...only, ciphers: ['c2', 'c1'] });
    assert.deepEqual([...configuredAlgorithms], ['ciphers']);
  });

  it('survives hostile files', async () => {
    await home.write('.ssh/config', `User ${'x'.repeat(1 << 20)}\nPort 7\0junk\n`);
    assert.equal((await resolveHost({ host: 'a' }, home.sources())).port, 7);
    await home.write('.ssh/config', 'Host a\n'.repeat(1_300_000));
    await assert.rejects(resolveHost({ host: 'a' }, home.sources()), { code: 'ssh.config.tooLarge' });
    const endless = home.sources({ files: [{ path: '/dev/zero', kind: 'explicit' }] });
    await assert.rejects(resolveHost({ host: 'a' }, endless), { code: 'ssh.config.tooLarge' });
    await home.write('.ssh/config', 'Include ~\nPort 7\n');
    assert.equal((await resolveHost({ host: 'a' }, home.sources())).port, 7, 'folders are empty files');
  });

  it('answers to any text with a configuration or a Fault', async () => {
    const piece = fc.constantFrom('Host ', 'Match ', 'User ', 'ProxyJump ', 'IdentityFile ', 'Include ', '\n', ' ', '=', '"', '%', '${', '}', '~', '*', '!', ',', ':', '[', '\0', 'é', 'final', 'exec', 'x');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        await home.write('.ssh/config', pieces.join(''));
        try {
          await resolveHops({ host: 'x' }, home.sources());
          await listHosts(home.sources());
        } catch (error) {
          assert.ok(isFault(error) && error.code.startsWith('ssh.'), String(error));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('knows where Windows keeps its files', () => {
    assert.deepEqual(
      usualFiles('C:\\Users\\me', 'win32', { ProgramData: 'D:\\Data' }).map(({ path }) => path),
      ['C:\\Users\\me\\.ssh\\config', 'D:\\Data\\ssh\\ssh_config'],
    );
    assert.deepEqual(usualFiles('/home/me', 'linux', {}).map(({ path }) => path), ['/home/me/.ssh/config', '/etc/ssh/ssh_config']);
    assert.ok(isInside('c:\\Work\\k', 'C:\\work', 'win32') && !isInside('C:\\workers\\k', 'C:\\work', 'win32') && !isInside('D:\\k', 'C:\\', 'win32'));
    assert.ok(!isInside('/Code/k', '/code', 'linux') && isInside('/Code/k', '/code', 'darwin') && isInside('/code/..k', '/code', 'linux'));
    assert.deepEqual(localSources({ configFile: '/c', workspaceFolders: ['/w'] }).files, [{ path: '/c', kind: 'explicit' }]);
    assert.equal(localSources({ configFile: '', workspaceFolders: [] }).files.length, 2);
  });
});
