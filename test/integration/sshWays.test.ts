import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { eventually } from '../fixtures/eventually';
import { makeSshKey } from '../sandbox/servers/sshd';
import { startBulk, startEcho } from '../sandbox/servers/tcp';
import { builtinClient } from './sshClients';
import { greets, moves, never, SshWorkbench } from './sshWorkbench';

const PIECE = randomBytes(64 * 1024);

describe('the ways of the built-in client to a server', function () {
  this.timeout(30_000);
  let bench: SshWorkbench;

  beforeEach(() => {
    bench = new SshWorkbench(builtinClient());
  });

  afterEach(() => bench.close());

  /** A ProxyCommand that leaves its process id in a file. */
  const proxyScript = (body: string): string => {
    const script = join(bench.home, 'proxy.sh');
    writeFileSync(script, `#!/bin/sh\necho $$ > ${bench.home}/pid\n${body}\n`, { mode: 0o700 });
    return script;
  };
  const proxyRuns = (): boolean => {
    try {
      const pid = Number(/^(\d+)\n$/.exec(readFileSync(join(bench.home, 'pid'), 'utf8'))?.[1] ?? 0);
      return pid > 0 && process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('lead through a ProxyCommand, which ends with the connection together with what it started', async () => {
    const server = await bench.sshd();
    const bulk = await bench.serve(startBulk());
    const script = proxyScript('sleep 1000 & exec "$1" -e "const s=require(\'net\').connect(+process.argv[1],process.argv[2]);process.stdin.pipe(s).pipe(process.stdout)" "$3" "$2"');
    bench.configureFor(server, `ProxyCommand ${script} ${process.execPath} %h %p`);
    const link = await bench.dial(bulk);
    await moves(link, bulk, 'down', 4e6, PIECE);
    await moves(link, bulk, 'up', 4e6, PIECE);
    assert.ok(proxyRuns());
    await link.dispose();
    await eventually(() => !proxyRuns(), 'the command to end');
    await eventually(() => server.connections === 0, 'the connection to be closed');
  });

  it('say what a ProxyCommand that fails has said last', async () => {
    const server = await bench.sshd();
    bench.configureFor(server, `ProxyCommand ${proxyScript('echo first >&2; echo the token has expired >&2; exit 3')}`);
    const fault = await bench.fails('ssh.proxyCommandFailed', bench.dial({ host: 'x', port: 1 }));
    assert.match(fault.message, /the token has expired/);
    bench.configureFor(server, 'ProxyCommand /nowhere/at/all');
    await bench.fails('ssh.proxyCommandFailed', bench.dial({ host: 'x', port: 1 }));
  });

  it('end a ProxyCommand that hangs when the person no longer waits', async () => {
    const server = await bench.sshd();
    bench.configureFor(server, `ProxyCommand ${proxyScript('exec sleep 1000')}`);
    const abort = new AbortController();
    const dialing = bench.fails('operation.cancelled', bench.dial({ host: 'x', port: 1 }, 'bastion', abort.signal));
    await eventually(proxyRuns, 'the command to run');
    abort.abort();
    await dialing;
    await eventually(() => !proxyRuns(), 'the command to end');
  });

  it('wait for no agent that hangs', async () => {
    const server = await bench.sshd();
    const echo = await bench.serve(startEcho());
    const sockets = new Set<{ destroy(): void }>();
    const agent = createServer((socket) => sockets.add(socket));
    const path = join(bench.home, 'hanging');
    await new Promise<void>((resolve) => {
      agent.listen(path, resolve);
    });
    try {
      bench.env['SSH_AUTH_SOCK'] = path;
      bench.configureFor(server);
      await greets(await bench.dial(echo), echo);
      assert.equal(sockets.size, 1, 'it was asked');
    } finally {
      for (const socket of sockets) socket.destroy();
      agent.close();
    }
  });
});

describe('a connection of the built-in client', function () {
  this.timeout(60_000);

  it('asks for new keys after an hour, and loses nothing under load', async () => {
    const passed = { hours: 0 };
    const clock = { ...systemClock, now: () => systemClock.now() + passed.hours * 3_600_000 };
    const events: string[] = [];
    const logger = { log: (_level: string, event: string) => void events.push(event) };
    const bench = new SshWorkbench(builtinClient({ clock, logger }));
    try {
      const server = await bench.sshd();
      bench.configureFor(server, 'ServerAliveInterval 1');
      const bulk = await bench.serve(startBulk());
      const link = await bench.dial(bulk);
      const busy = async (direction: 'up' | 'down'): Promise<void> => {
        while (passed.hours < 3) await moves(link, bulk, direction, 8e6, PIECE);
      };
      const timer = setInterval(() => passed.hours++, 1000);
      await Promise.all([busy('up'), busy('down')]).finally(() => clearInterval(timer));
      await moves(link, bulk, 'down', 1e6, PIECE);
      assert.ok(events.filter((event) => event === 'ssh.keysChanged').length >= 2, events.join(' '));
    } finally {
      await bench.close();
    }
  });

  it('gives one stream that nobody reads no more than its first window, and lets the others go on', async () => {
    const bench = new SshWorkbench(builtinClient());
    try {
      const server = await bench.sshd();
      bench.configureFor(server);
      const bulk = await bench.serve(startBulk());
      const link = await bench.dial(bulk);
      const unread = await link.open({ host: bulk.host, port: bulk.port }, never);
      unread.write('DOWN 50000000\n');
      await eventually(() => unread.readableLength >= 512 * 1024, 'the window to be used up');
      await moves(link, bulk, 'down', 8e6, PIECE);
      assert.equal(unread.readableLength, 512 * 1024);
    } finally {
      await bench.close();
    }
  });

  it('leaves no connection, process, socket or timer behind', async () => {
    const bench = new SshWorkbench(builtinClient());
    // Mocha's own timer begins only now.
    await immediate();
    const before = socketsAndTimers();
    const server = await bench.sshd();
    const echo = await bench.serve(startEcho());
    const key = join(bench.home, 'stranger');
    await makeSshKey(key);
    bench.configure({ bastion: bench.linesFor(server), refused: bench.linesFor({ ...server, privateKeyFile: key }) });
    const link = await bench.dial(echo);
    await greets(link, echo);
    await bench.fails('ssh.permissionDenied', bench.dial(echo, 'refused'));
    await link.dispose();
    await eventually(() => server.connections === 0, 'the server to see the end');
    await bench.close();
    // Not by `eventually`, whose own timer would be seen.
    for (const end = Date.now() + 5000; socketsAndTimers().length > before.length && Date.now() < end; ) await immediate();
    assert.deepEqual(socketsAndTimers(), before);
  });
});

const immediate = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** What keeps the process alive, but for pipes to processes, which take a moment to go. */
function socketsAndTimers(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|Timeout|Process)/.test(kind)).toSorted();
}
