import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { ssmSettings } from '../../src/model/ssmSettings';
import { SessionPool } from '../../src/transport/ssm/sessionPool';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { eventually } from '../fixtures/eventually';
import { tcpServer, type TcpServer } from '../fixtures/tcpServer';
import { faultCode, readBytes, roundTrip } from '../unit/transport/rig';
import { TestClock } from '../unit/transport/testClock';
import { never, place, SsmServiceBench } from './ssmServiceBench';

const MIB = 1024 * 1024;
const to = { host: 'server.internal', port: 7000 };

describe('an upload that its target does not read', function () {
  this.timeout(30_000);
  let bench: SsmServiceBench;
  let server: TcpServer;
  let pool: SessionPool;
  let clock: TestClock;
  /** What the pool said. */
  let events: string[];
  /** What the target has read of the connections that it let wait. */
  let uploaded: number;

  const begin = async (maxSessions: number): Promise<void> => {
    const settings = () => ssmSettings({ maxSessions });
    const logger = { log: (_level: string, event: string) => void (event.startsWith('ssm.stall') && events.push(event)) };
    const link = await new SsmTransport({ ...bench.deps, clock, logger, settings }).dial(
      {
        target: { id: 'target', name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
        endpoint: to,
        bastion: { id: 'i-0abc', name: 'bastion' },
        method: 'ssm',
        place,
      },
      never,
    );
    assert.ok(link instanceof SessionPool);
    pool = link;
  };
  /** An upload that has stopped its session; resolves when the pool has noticed. */
  const stall = async (bytes: number): Promise<Duplex> => {
    const upload = await pool.open(to, never);
    upload.write('WAIT');
    assert.equal((await readBytes(upload, 4)).toString(), 'WAIT');
    for (let left = bytes; left > 0; left -= MIB) upload.write(Buffer.alloc(MIB));
    // Only time without an acknowledgement shows it; small steps, in which the agent could answer.
    await eventually(() => {
      clock.skip(100);
      return upload.writableLength < bytes && events.at(-1) === 'ssm.stalled';
    }, 'the session to stall', 20_000);
    return upload;
  };

  beforeEach(async () => {
    uploaded = 0;
    events = [];
    clock = new TestClock();
    server = await tcpServer((socket) => {
      socket.once('data', (chunk: Buffer) => {
        socket.write(chunk);
        if (chunk.toString('latin1') === 'WAIT') {
          socket.on('data', (more: Buffer) => (uploaded += more.length)).pause();
        } else socket.on('data', (more: Buffer) => socket.write(more));
      });
      socket.on('end', () => socket.end());
    });
    bench = await new SsmServiceBench().listen();
    bench.hosts.set('server.internal:7000', { kind: 'server', ...server.address });
  });

  afterEach(async () => {
    await pool.dispose();
    for (const socket of server.sockets) socket.destroy();
    await bench.close();
    await server.close();
    assert.equal(clock.pending, 0, 'timers left');
  });

  it('keeps new streams away from its session', async () => {
    await begin(2);
    const upload = await stall(32 * MIB);
    assert.equal(await roundTrip(await pool.open(to, never)), 'ping');
    assert.deepEqual(pool.reading.sessions.map(({ streams }) => streams), [1, 1]);
    assert.equal(upload.destroyed, false);
  });

  it('costs those their connection who share its session and write, after half a minute, and no one else', async () => {
    await begin(1);
    const idle = await pool.open(to, never);
    const caught = await pool.open(to, never);
    for (const stream of [idle, caught]) assert.equal(await roundTrip(stream), 'ping');
    const upload = await stall(32 * MIB);
    const failed = once(caught, 'error');
    await eventually(() => {
      if (!caught.destroyed) caught.write('anyone?');
      clock.skip(250);
      return caught.destroyed;
    }, 'the caught stream to be given up', 20_000);
    const [error] = (await failed) as [unknown];
    faultCode('ssm.caughtInStall')(error);
    assert.deepEqual([idle.destroyed, upload.destroyed], [false, false]);
    for (const socket of server.sockets) socket.resume();
    await eventually(() => uploaded === 32 * MIB, 'the whole upload to arrive', 20_000);
    assert.equal(await roundTrip(idle), 'ping');
  });

  it('costs no one anything when it shares its session with nobody who writes', async () => {
    await begin(1);
    const idle = await pool.open(to, never);
    assert.equal(await roundTrip(idle), 'ping');
    const upload = await stall(32 * MIB);
    for (let second = 0; second < 60; second++) {
      clock.skip(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual([idle.destroyed, upload.destroyed], [false, false]);
  });
});
