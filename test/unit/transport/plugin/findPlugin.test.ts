import assert from 'node:assert/strict';
import { findPlugin, variable } from '../../../../src/transport/plugin/findPlugin';
import type { PluginSearch } from '../../../../src/transport/plugin/findPlugin';

/** Where it is found when exactly the given paths are programs; undefined: nowhere. */
function found(search: Partial<PluginSearch>, programs: readonly string[]): string | undefined {
  const whole = { platform: 'linux', env: {}, configured: '', current: '/code', untrusted: [], ...search } as const;
  try {
    return findPlugin(whole, (path) => programs.includes(path));
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'plugin.notFound');
    return undefined;
  }
}

describe('looking for session-manager-plugin', () => {
  it('takes what the setting names and nothing else', () => {
    const programs = ['/opt/plugin', '/usr/bin/session-manager-plugin'];
    assert.equal(found({ configured: '/opt/plugin' }, programs), '/opt/plugin');
    const search: PluginSearch = { platform: 'linux', env: {}, configured: '/opt/other', current: '/code', untrusted: [] };
    assert.throws(() => findPlugin(search, (path) => programs.includes(path)), { code: 'plugin.badPath' });
  });

  it('refuses a path that depends on the current folder or drive', () => {
    const refuses = (platform: NodeJS.Platform, configured: string): void => {
      const search: PluginSearch = { platform, env: {}, configured, current: '/code', untrusted: [] };
      assert.throws(() => findPlugin(search, () => true), { code: 'plugin.badPath' }, `${platform}: ${configured}`);
    };
    for (const path of ['session-manager-plugin', './bin/plugin', '../plugin', '~/plugin']) refuses('linux', path);
    for (const path of ['plugin.exe', '.\\plugin.exe', '\\tools\\plugin.exe', 'C:plugin.exe', '/tools/plugin.exe', '\\\\?\\C:\\plugin.exe']) refuses('win32', path);
    for (const path of ['C:\\tools\\plugin.exe', 'd:/tools/plugin.exe', '\\\\server\\share\\plugin.exe']) {
      assert.equal(found({ platform: 'win32', configured: path }, [path]), path);
    }
  });

  it('prefers the first of PATH', () => {
    const env = { PATH: '/first:/second' };
    assert.equal(found({ env }, ['/second/session-manager-plugin', '/usr/bin/session-manager-plugin']), '/second/session-manager-plugin');
    assert.equal(found({ env }, ['/second/session-manager-plugin', '/first/session-manager-plugin']), '/first/session-manager-plugin');
  });

  it('knows the places that the PATH of a window lacks', () => {
    const places: readonly [NodeJS.Platform, string][] = [
      ['darwin', '/usr/local/sessionmanagerplugin/bin/session-manager-plugin'],
      ['darwin', '/opt/homebrew/bin/session-manager-plugin'],
      ['darwin', '/usr/local/bin/session-manager-plugin'],
      ['linux', '/usr/local/sessionmanagerplugin/bin/session-manager-plugin'],
      ['linux', '/usr/bin/session-manager-plugin'],
      ['linux', '/snap/bin/session-manager-plugin'],
      ['win32', 'C:\\Program Files\\Amazon\\SessionManagerPlugin\\bin\\session-manager-plugin.exe'],
    ];
    for (const [platform, path] of places) assert.equal(found({ platform }, [path]), path);
    const elsewhere = 'E:\\Programs\\Amazon\\SessionManagerPlugin\\bin\\session-manager-plugin.exe';
    assert.equal(found({ platform: 'win32', env: { PROGRAMFILES: 'E:\\Programs' } }, [elsewhere]), elsewhere);
    assert.equal(found({ platform: 'freebsd' }, ['/usr/bin/session-manager-plugin']), undefined);
  });

  it('passes over the current folder, relative entries and whatever lies in a workspace', () => {
    const everywhere = (search: Partial<PluginSearch>): string[] => {
      const asked: string[] = [];
      const whole: PluginSearch = { platform: 'linux', env: {}, configured: '', current: '/code', untrusted: [], ...search };
      assert.throws(() => findPlugin(whole, (path) => (asked.push(path), false)), { code: 'plugin.notFound' });
      return asked;
    };
    const env = { PATH: ':.:bin:/code:/code/:/home/me/project/node_modules/.bin:/home/me/project:/home/me/projects/bin' };
    const asked = everywhere({ env, untrusted: ['/home/me/project', ''] });
    assert.deepEqual(asked.slice(0, asked.indexOf('/usr/local/sessionmanagerplugin/bin/session-manager-plugin')), [
      '/home/me/projects/bin/session-manager-plugin',
    ]);
    const mac = everywhere({ platform: 'darwin', env: { PATH: '/Users/Me/Project/bin' }, untrusted: ['/Users/me/project'] });
    assert.ok(!mac.some((path) => path.startsWith('/Users/')), 'names without case');
    const windows = { Path: ';.;tools;\\tools;C:tools;c:\\CODE\\project\\bin;C:\\Work;"C:\\My Tools"' };
    assert.deepEqual(everywhere({ platform: 'win32', env: windows, current: 'C:\\work', untrusted: ['C:\\code\\project'] }).slice(0, -1), [
      'C:\\My Tools\\session-manager-plugin.exe',
    ]);
  });

  it('takes on Windows only what starts without a shell', () => {
    const at = (kind: string): string => `C:\\tools\\session-manager-plugin${kind}`;
    const env = { Path: 'C:\\tools', PATHEXT: '.COM;.EXE;.BAT;.CMD' };
    assert.equal(found({ platform: 'win32', env }, [at('.bat'), at('.exe')]), at('.exe'));
    assert.equal(found({ platform: 'win32', env }, [at('.bat'), at('.cmd'), at('')]), undefined);
    assert.equal(found({ platform: 'win32', env: { PATH: 'C:\\tools' } }, [at('.exe')]), at('.exe'));
  });
});

describe('a variable', () => {
  it('has a name without case on Windows, and with it elsewhere', () => {
    assert.equal(variable({ Path: 'x' }, 'PATH', 'win32'), 'x');
    assert.equal(variable({ Path: 'x' }, 'PATH', 'linux'), undefined);
  });
});
