// The port book on a real disk, between real processes, and who really holds a port.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import type { Health } from '../../src/model/health';
import { bookFileIn } from '../../src/tunnel/bookFile';
import { parseBook, portOf } from '../../src/tunnel/portBook';
import { findPortHolder } from '../../src/tunnel/portHolder';
import { PortStore } from '../../src/tunnel/portStore';
import { Tunnels } from '../../src/tunnel/tunnels';
import { eventually } from '../fixtures/eventually';
import { FakeTransport, testRoute } from '../fixtures/fakeTransport';
import { tcpServer } from '../fixtures/tcpServer';
import { MemoryLogger } from '../unit/vscode/samples';

const never = new AbortController().signal;

describe('the port book on disk', () => {
  let root: string;
  let folder: string;
  let logger: MemoryLogger;

  let echo: Awaited<ReturnType<typeof tcpServer>>;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'ports-'));
    folder = join(root, 'state');
    logger = new MemoryLogger();
    // Throughout, so that it is never given the port that a tunnel is to have again.
    echo = await tcpServer((socket) => socket.pipe(socket));
  });

  afterEach(async () => {
    await echo.close();
    rmSync(root, { recursive: true, force: true });
  });

  const storeIn = (): PortStore => new PortStore(bookFileIn(folder, 'ports.json', systemClock), logger);
  const path = (): string => join(folder, 'ports.json');

  /** One run of the program: opens the tunnel, stops everything, and says which port it had. */
  async function run(from = storeIn()): Promise<number> {
    const probe = (): Promise<Health> => Promise.resolve({ level: 'ok', latencyMs: 1, checkedAt: 1 });
    const tunnels = new Tunnels({ transports: [new FakeTransport(() => echo.address)], probe, logger, ports: from });
    try {
      return (await tunnels.start(testRoute, {}, never)).local.port;
    } finally {
      await tunnels.dispose();
    }
  }

  it('gives a destination its port again after a restart', async () => {
    const port = await run();
    assert.equal(await run(), port);
    assert.equal(await run(), port);
  });

  it('is one private file in a private folder, and nothing else is left beside it', async () => {
    await run();
    assert.deepEqual(readdirSync(folder), ['ports.json']);
    if (process.platform === 'win32') return;
    assert.deepEqual([statSync(folder).mode & 0o777, statSync(path()).mode & 0o777], [0o700, 0o600]);
  });

  it('names the program that took the port between two runs, and proposes another', async () => {
    const port = await run();
    const thief = createServer();
    await new Promise<void>((resolve) => {
      thief.listen(port, '127.0.0.1', resolve);
    });
    try {
      await assert.rejects(run(), (error) => {
        assert.ok(isFault(error) && error.code === 'tunnel.portTaken', String(error));
        assert.notEqual(Number(error.remedy?.subject), port);
        return true;
      });
      // Whom the system does not name within a second is not waited for: a busy machine may need another try.
      const name = new RegExp(`is in use by \\S+.* \\(process ${process.pid}\\)`);
      const named = (): Promise<boolean> => run().then(() => false, (error: unknown) => name.test(String(error)));
      if (process.platform === 'linux') await eventually(named, 'it is named', 10_000);
    } finally {
      thief.close();
    }
    assert.equal(await run(), port, 'and the port is still promised');
  });

  it('loses nothing of two processes that write at once', async function () {
    this.timeout(30_000);
    const writer = join(__dirname, 'portBookWriter.js');
    const ends = ['one', 'two'].map(
      (name) => new Promise<number | null>((resolve) => void fork(writer, [folder, name, '24']).once('exit', (code) => resolve(code))),
    );
    assert.deepEqual(await Promise.all(ends), [0, 0]);
    const book = parseBook(readFileSync(path(), 'utf8'));
    assert.ok(typeof book !== 'string');
    assert.equal(book.length, 48);
    assert.deepEqual([portOf(book, 'one-24'), portOf(book, 'two-1')], [24, 1]);
    assert.deepEqual(readdirSync(folder), ['ports.json']);
  });

  it('goes on past a lock that a dead process left behind', async () => {
    mkdirSync(folder);
    writeFileSync(`${path()}.lock`, '');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(`${path()}.lock`, longAgo, longAgo);
    const port = await run();
    assert.equal(await run(), port);
    assert.deepEqual(readdirSync(folder), ['ports.json']);
  });

  it('keeps a broken file aside, says so, and begins anew', async () => {
    mkdirSync(folder);
    writeFileSync(path(), 'no JSON at all');
    const port = await run();
    assert.equal(await run(), port);
    assert.equal(readFileSync(join(folder, 'ports.json.broken'), 'utf8'), 'no JSON at all');
    assert.equal(logger.lines.filter(({ event }) => event === 'ports.setAside').length, 1);
  });

  it('opens tunnels all the same where nothing can be written', async () => {
    // A file where the folder should be: no permission and no user can make a difference to that.
    writeFileSync(folder, '');
    const store = storeIn();
    const port = await run(store);
    assert.equal(await run(store), port, 'the same store remembers in memory');
    assert.equal(logger.lines.filter(({ event }) => event === 'ports.notKept').length, 1);
  });
});

describe('who really holds a port', () => {
  it('is this process, for a listener of its own', async function () {
    // Elsewhere it is asked of a program of the system; what such programs print is tested without them.
    if (process.platform !== 'linux') this.skip();
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { port } = server.address() as { port: number };
      const holder = await findPortHolder(port);
      assert.equal(holder?.pid, process.pid);
      assert.equal(holder.name, readFileSync('/proc/self/comm', 'utf8').trim());
    } finally {
      server.close();
    }
  });

  it('is nobody for a port that is free', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => {
      server.close(resolve);
    });
    assert.equal(await findPortHolder(port), undefined);
  });
});
