import assert from 'node:assert/strict';
import { join } from 'node:path';
import { listHosts, resolveHost } from '../../../src/ssh/resolveHost';
import { Home } from './configFiles';
import { stopwatch } from '../../fixtures/stopwatch';

describe('the hosts of the SSH configuration', () => {
  let home: Home;

  beforeEach(async () => {
    home = await Home.create();
  });

  afterEach(() => home.remove());

  it('are the concrete aliases of all files, each once, with where they stand', async () => {
    const config = await home.write('.ssh/config', 'Host web db\n HostName %h.x\nHost web !old *.y\n Port 7\nInclude more\nHost *\n User u\nHost a;b -x\n');
    const more = await home.write('.ssh/more', 'Host inner\n');
    const system = await home.write('etc/ssh_config', 'Host sys web\n Port 9\n');
    const { hosts, faults } = await listHosts(home.sources());
    assert.deepEqual(faults, []);
    assert.deepEqual(
      hosts.map(({ alias, hostName, user, port, origin }) => [alias, hostName, user, port, origin.file, origin.line]),
      [
        ['web', 'web.x', 'u', 7, config, 1],
        ['db', 'db.x', 'u', 22, config, 1],
        ['inner', 'inner', 'u', 22, more, 1],
        ['sys', 'sys', 'u', 9, system, 1],
      ],
    );
  });

  it('are what resolving each of them gives', async () => {
    await home.write(
      '.ssh/config',
      'Host a\n HostName r\nMatch final host r\n Port 7\nHost r\n User late\nMatch host b\n Include more\nHost b c\n User x\nHost b\n Port 1\n',
    );
    await home.write('.ssh/more', 'Host b\n User inner\nHost c\n User never\n');
    for (const { alias, hostName, user, port } of (await listHosts(home.sources())).hosts) {
      const config = await resolveHost({ host: alias }, home.sources());
      assert.deepEqual([hostName, user, port], [config.hostName, config.user, config.port], alias);
    }
  });

  it('keeps those of the other file when one is broken', async () => {
    await home.write('.ssh/config', 'Host a\nPort x\n');
    await home.write('etc/ssh_config', 'Host sys\n');
    const { hosts, faults } = await listHosts(home.sources());
    assert.deepEqual(hosts.map(({ alias }) => alias), ['sys']);
    assert.deepEqual(faults.map(({ code }) => code), ['ssh.config.syntax']);
  });

  it('says once what keeps all of them from being used', async () => {
    await home.write('.ssh/config', 'Host a\nHost b\nNonsense x\n');
    const { hosts, faults } = await listHosts(home.sources());
    assert.deepEqual([hosts.length, faults.length], [0, 1]);
  });

  it('lists ten thousand in a moment', async () => {
    const blocks = Array.from({ length: 10_000 }, (_, at) => `Host h${at}\n  HostName 10.0.${at >> 8}.${at & 255}\n  User u${at}\n`);
    await home.write('.ssh/config', `${blocks.join('')}Host *\n  Port 7\n`);
    const times: number[] = [];
    for (let round = 0; round < 4; round++) {
      // The processor's time, for others may be using it too.
      const ownTime = stopwatch();
      const { hosts } = await listHosts(home.sources());
      times.push(ownTime());
      assert.equal(hosts.length, 10_000);
      assert.deepEqual([hosts[9999]?.hostName, hosts[9999]?.user, hosts[9999]?.port], ['10.0.39.15', 'u9999', 7]);
    }
    assert.ok(Math.min(...times) < 200, `${times.map(Math.round).join(', ')} ms`);
  });

  it('does not compare a hostile number of hosts with a hostile number of patterns', async function () {
    this.timeout(60_000);
    const lines = Array.from({ length: 10_000 }, (_, at) => `Host h${at}\nHost *x${at}\n`);
    await home.write('.ssh/config', lines.join(''));
    const ownTime = stopwatch();
    assert.equal((await listHosts(home.sources())).hosts.length, 10_000);
    assert.ok(ownTime() < 5000);
  });

  it('marks those of a workspace', async () => {
    await home.write('project/hosts', 'Host ours\n');
    await home.write('.ssh/config', 'Host mine\nInclude ~/project/hosts\n');
    const { hosts } = await listHosts(home.sources({ workspaceFolders: [join(home.path, 'project')] }));
    assert.deepEqual(hosts.map(({ alias, fromWorkspace }) => [alias, fromWorkspace]), [['mine', false], ['ours', true]]);
  });
});
