import assert from 'node:assert/strict';
import { findPortHolder, listeningInodes, parseLsof, parseNetstat, parseTasklist } from '../../../src/tunnel/portHolder';
import type { HolderSystem } from '../../../src/tunnel/portHolder';

const PROC_TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 48211 1 0000000000000000 100 0 0 10 0
   1: 0100007F:18EB 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000  1000        0 48300 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1201 1 0000000000000000 100 0 0 10 0
   3: 0100007F:18EB 0100007F:D2F2 06 00000000:00000000 03:00000F2A 00000000     0        0 0 3 0000000000000000
`;
const PROC_TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:18EB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 48212 1 0000000000000000 100 0 0 10 0
`;
const NETSTAT = `
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1040
  TCP    127.0.0.1:6379         0.0.0.0:0              LISTENING       5512
  TCP    127.0.0.1:6379         127.0.0.1:50211        ESTABLISHED     5512
  TCP    127.0.0.1:50211        127.0.0.1:6379         ESTABLISHED     9000
`.replaceAll('\n', '\r\n');
const NETSTAT_GERMAN = '  TCP    [::1]:6379             [::]:0                 ABHÖREN         77\r\n';

describe('who holds a port', () => {
  it('is found in the tables of Linux by the inode of the listener alone', () => {
    assert.deepEqual(listeningInodes(PROC_TCP, 6379), ['48211']);
    assert.deepEqual(listeningInodes(PROC_TCP6, 6379), ['48212']);
    assert.deepEqual(listeningInodes(PROC_TCP, 22), ['1201']);
    assert.deepEqual(listeningInodes(PROC_TCP, 53997), []);
    assert.deepEqual(listeningInodes('', 22), []);
  });

  it('is read from the fields of lsof', () => {
    assert.deepEqual(parseLsof('p1234\ncredis-server\nf6\nn127.0.0.1:6379\n'), { pid: 1234, name: 'redis-server' });
    assert.deepEqual(parseLsof('p9\ncGoogle\\x20Chrome\nf6\n'), { pid: 9, name: 'Google Chrome' });
    assert.deepEqual(parseLsof('p9\nf6\np10\ncother\n'), { pid: 9, name: '' });
    assert.equal(parseLsof(''), undefined);
  });

  it('is read from netstat in any language, and from tasklist', () => {
    assert.equal(parseNetstat(NETSTAT, 6379), 5512);
    assert.equal(parseNetstat(NETSTAT_GERMAN, 6379), 77);
    assert.equal(parseNetstat(NETSTAT, 50211), undefined);
    assert.equal(parseNetstat(NETSTAT, 379), undefined);
    assert.equal(parseTasklist('"redis-server.exe","5512","Console","1","9,876 K"\r\n', 5512), 'redis-server');
    assert.equal(parseTasklist('INFO: No tasks are running which match the specified criteria.\r\n', 5512), undefined);
  });

  const system = (platform: NodeJS.Platform, answers: Readonly<Record<string, string>>, asked: string[] = []): HolderSystem => ({
    platform,
    proc: '/nowhere',
    run: (program, args) => {
      asked.push(`${program} ${args.join(' ')}`);
      const key = Object.keys(answers).find((name) => program.includes(name));
      return key === undefined ? Promise.reject(new Error('not found')) : Promise.resolve(answers[key]!);
    },
  });

  it('is asked of lsof on macOS, by its full path', async () => {
    const asked: string[] = [];
    assert.deepEqual(await findPortHolder(6379, system('darwin', { lsof: 'p1\ncredis\n' }, asked)), { pid: 1, name: 'redis' });
    assert.deepEqual(asked, ['/usr/sbin/lsof -nP -iTCP:6379 -sTCP:LISTEN -Fpcn']);
  });

  it('is asked of netstat and tasklist on Windows', async () => {
    assert.deepEqual(await findPortHolder(6379, system('win32', { netstat: NETSTAT, tasklist: '"r.exe","5512","Console","1","9 K"' })), { pid: 5512, name: 'r' });
    assert.deepEqual(await findPortHolder(6379, system('win32', { netstat: NETSTAT })), { pid: 5512, name: '' });
  });

  it('is nobody where the system cannot tell', async () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) assert.equal(await findPortHolder(6379, system(platform, {})), undefined);
  });

  it('is not waited for longer than a second', async () => {
    const silent: HolderSystem = { platform: 'darwin', proc: '', run: () => new Promise(() => {}) };
    const begun = Date.now();
    assert.equal(await findPortHolder(6379, silent), undefined);
    assert.ok(Date.now() - begun < 4000);
  });
});
