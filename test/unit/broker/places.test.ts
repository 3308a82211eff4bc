import assert from 'node:assert/strict';
import { type Machine, placesOf } from '../../../src/broker/places';

const linux: Machine = { platform: 'linux', env: {}, home: '/home/ada', temporary: '/tmp', host: 'box', uid: 1000 };
const mac: Machine = { platform: 'darwin', env: {}, home: '/Users/ada', temporary: '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/', host: 'box', uid: 501 };
const windows: Machine = { platform: 'win32', env: { LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' }, home: 'C:\\Users\\ada', temporary: 'C:\\Temp', host: 'box' };
const NONCE = '0123456789abcdef';

describe('the places of the broker', () => {
  it('are where each system keeps such files', () => {
    assert.equal(placesOf(linux).stateFolder, '/home/ada/.local/state/sallyport');
    assert.equal(placesOf(mac).stateFolder, '/Users/ada/Library/Application Support/Sallyport');
    assert.equal(placesOf(windows).stateFolder, 'C:\\Users\\ada\\AppData\\Local\\Sallyport');
    assert.match(placesOf(windows).lockFile, /^C:\\Users\\ada\\AppData\\Local\\Sallyport\\broker-[\da-f]{8}\.lock$/);
    assert.match(placesOf(linux).journalFile, /^\/home\/ada\/\.local\/state\/sallyport\/broker-[\da-f]{8}\.journal$/);
  });

  it('follow the variables that are absolute, and no others', () => {
    const state = (env: NodeJS.ProcessEnv): string => placesOf({ ...linux, env }).stateFolder;
    assert.equal(state({ XDG_STATE_HOME: '/data/state' }), '/data/state/sallyport');
    assert.equal(state({ XDG_STATE_HOME: 'relative' }), '/home/ada/.local/state/sallyport');
    assert.equal(state({ SALLYPORT_STATE_HOME: '/tmp/demo' }), '/tmp/demo');
    assert.equal(state({ SALLYPORT_STATE_HOME: 'demo' }), '/home/ada/.local/state/sallyport');
    assert.equal(placesOf({ ...windows, env: {} }).stateFolder, 'C:\\Users\\ada\\AppData\\Local\\Sallyport');
    assert.deepEqual(placesOf({ ...linux, env: { XDG_RUNTIME_DIR: '/run/user/1000' } }).runtimeFolders, ['/run/user/1000/sallyport', '/tmp/sallyport-1000']);
    assert.deepEqual(placesOf({ ...linux, env: { XDG_RUNTIME_DIR: 'run' } }).runtimeFolders, ['/tmp/sallyport-1000']);
  });

  it('give sockets a path that every system takes', () => {
    const long = '/very'.repeat(20);
    for (const machine of [linux, mac, { ...linux, temporary: long }, { ...linux, env: { XDG_RUNTIME_DIR: long } }]) {
      const { runtimeFolders, address } = placesOf(machine);
      assert.ok(runtimeFolders.length > 0);
      for (const folder of runtimeFolders) assert.ok(Buffer.byteLength(address(folder, NONCE)) <= 103, address(folder, NONCE));
    }
  });

  it('name a pipe where there are no sockets in folders', () => {
    const { runtimeFolders, address } = placesOf(windows);
    assert.deepEqual(runtimeFolders, []);
    assert.match(address(undefined, NONCE), /^\\\\\.\\pipe\\sallyport-[\da-f]{8}-0123456789abcdef$/);
  });

  it('differ between machines that share a home', () => {
    assert.notEqual(placesOf(linux).lockFile, placesOf({ ...linux, host: 'other' }).lockFile);
  });
});
