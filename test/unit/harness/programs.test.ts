import assert from 'node:assert/strict';
import { isFault } from '../../../src/base/fault';
import type { ManagerName } from '../../provision/programs';
import { candidates, installPlan, MANAGERS, PROGRAMS } from '../../provision/programs';
import type { Machine } from '../../provision/systemPrograms';
import { ensurePrograms, findProgram, requireProgram } from '../../provision/systemPrograms';

/** A machine that has the given files; commands are noted, and each succeeds or fails as told. */
function machine(options: {
  readonly files: string[];
  readonly root?: boolean;
  readonly platform?: NodeJS.Platform;
  readonly env?: NodeJS.ProcessEnv;
  readonly run?: (command: readonly string[]) => boolean;
}): Machine & { readonly commands: string[][]; readonly lines: string[] } {
  const commands: string[][] = [];
  const lines: string[] = [];
  return {
    platform: options.platform ?? 'linux',
    env: options.env ?? { PATH: '/usr/bin:/bin' },
    root: options.root ?? false,
    isProgram: (path) => options.files.includes(path),
    run: async (command) => {
      commands.push([...command]);
      return options.run?.(command) ?? true;
    },
    announce: (line) => lines.push(line),
    commands,
    lines,
  };
}

describe('finding a program', () => {
  it('goes by the PATH, best name first', () => {
    const { files } = { files: ['/bin/chromium', '/usr/bin/google-chrome'] };
    assert.equal(findProgram('chromium', machine({ files })), '/bin/chromium');
  });

  it('prefers the browser that the variable names', () => {
    const env = { PATH: '/usr/bin', CHROMIUM: '/opt/browser' };
    assert.equal(findProgram('chromium', machine({ files: ['/opt/browser', '/usr/bin/chromium'], env })), '/opt/browser');
  });

  it('finds sshd although ordinary people do not have it on their PATH', () => {
    assert.equal(findProgram('sshd', machine({ files: ['/usr/sbin/sshd'] })), '/usr/sbin/sshd');
  });

  it('knows where browsers are on macOS and Windows', () => {
    assert.ok(candidates('chromium', 'darwin', {}).some((path) => path.startsWith('/Applications/')));
    const windows = candidates('redis-server', 'win32', { Path: 'C:\\redis;C:\\x' });
    assert.deepEqual(windows.slice(0, 2), ['C:\\redis\\redis-server.exe', 'C:\\x\\redis-server.exe']);
  });

  it('says how to install what is required and absent', () => {
    assert.throws(
      () => requireProgram('openssl', machine({ files: ['/usr/bin/dnf'] })),
      (error) => isFault(error) && error.remedy?.text === 'Install with: sudo dnf install -y openssl',
    );
  });
});

describe('installing programs', () => {
  it('does and says nothing when all are there', async () => {
    const complete = machine({ files: ['/usr/bin/redis-server', '/usr/bin/openssl', '/usr/bin/apt-get'] });
    await ensurePrograms(['redis-server', 'openssl'], complete);
    assert.deepEqual([complete.commands, complete.lines], [[], []]);
  });

  it('announces the command in one line and runs it as root', async () => {
    const files = ['/usr/bin/apt-get'];
    const fresh = machine({ files, root: true, run: (command) => Boolean(command.includes('redis-server') && files.push('/usr/bin/redis-server')) || true });
    await ensurePrograms(['redis-server'], fresh);
    assert.deepEqual(fresh.lines, [
      'Installing redis-server: apt-get update && apt-get install -y --no-install-recommends redis-server',
    ]);
    assert.deepEqual(fresh.commands[0], ['apt-get', 'update', '-q']);
    assert.deepEqual(fresh.commands[1]?.slice(-5), ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server']);
  });

  it('uses sudo only when it asks for no password', async () => {
    const files = ['/usr/bin/dnf'];
    const fresh = machine({ files, run: () => Boolean(files.push('/usr/bin/chromium')) });
    await ensurePrograms(['chromium'], fresh);
    assert.deepEqual(fresh.commands, [
      ['sudo', '-n', 'true'],
      ['sudo', '-n', 'dnf', 'install', '-y', 'chromium'],
    ]);
  });

  it('names the exact command in one line without the rights', async () => {
    const poor = machine({ files: ['/usr/bin/apt-get'], run: () => false });
    await assert.rejects(ensurePrograms(['redis-server', 'chromium'], poor), (error) => {
      assert.ok(isFault(error));
      assert.equal(error.code, 'provision.missingProgram');
      assert.equal(error.message, 'Missing on this machine: redis-server, chromium.');
      assert.equal(
        error.remedy?.text,
        'Install with: sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server chromium',
      );
      return true;
    });
    assert.deepEqual(poor.commands, [['sudo', '-n', 'true']]);
    assert.deepEqual(poor.lines, []);
  });

  it('fails when the program is still absent afterwards', async () => {
    await assert.rejects(ensurePrograms(['openssl'], machine({ files: ['/bin/apk'], root: true })), /Missing on this machine: openssl/);
  });

  it('needs no rights for brew, and separates casks from formulae', () => {
    const plan = installPlan(['redis-server', 'chromium'], 'brew', false);
    assert.equal(plan.asRoot, false);
    assert.equal(plan.shown, 'brew install redis && brew install --cask chromium');
  });

  it('knows the package of every program for every manager', () => {
    for (const { packages } of Object.values(PROGRAMS)) {
      assert.deepEqual(Object.keys(packages).toSorted(), [...MANAGERS].toSorted() satisfies ManagerName[]);
    }
  });

  it('keeps Debian from starting the services of what it installs', () => {
    const script = installPlan(['redis-server', 'sshd'], 'apt-get', true).steps[1]?.[2] ?? '';
    assert.match(script, /policy-rc\.d/);
    assert.match(script, /systemctl disable --quiet redis-server ssh ssh\.socket/);
  });
});
