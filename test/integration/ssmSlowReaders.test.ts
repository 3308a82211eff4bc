import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Link } from '../../src/model/link';
import { ssmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { TunnelStream } from '../../src/transport/ssm/tunnelStream';
import { eventually } from '../fixtures/eventually';
import { digestOf } from '../fixtures/streams';
import { patternDigest, startBulk, type TcpServer } from '../sandbox/servers/tcp';
import { never, place, SsmServiceBench } from './ssmServiceBench';
import { faultCode } from '../unit/transport/rig';

const MB = 1_000_000;
const to = { host: 'bulk.internal', port: 7000 };
/** Generous: what is measured is that nobody is stuck, not how fast a shared machine is. */
const STUCK_MS = 5000;
const BOUND = 64 * 1024 * 1024;

describe('clients that do not read, on one session with others', function () {
  this.timeout(60_000);
  let bench: SsmServiceBench;
  let bulk: TcpServer;
  let link: Link;

  const begin = async (pace: boolean): Promise<void> => {
    bench = await new SsmServiceBench({ pace }).listen();
    bench.hosts.set('bulk.internal:7000', { kind: 'server', host: bulk.host, port: bulk.port });
    const settings = () => ssmSettings({ maxSessions: 1 });
    link = await new SsmTransport({ ...bench.deps, settings }).dial(
      {
        target: { id: 'target', name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
        endpoint: to,
        bastion: { id: 'i-0abc', name: 'bastion' },
        method: 'ssm',
        place,
      },
      never,
    );
  };
  const open = async (): Promise<TunnelStream> => {
    const stream = await link.open(to, never);
    assert.ok(stream instanceof TunnelStream);
    return stream;
  };
  /** Asks for `length` bytes and reads none of them. */
  const askOnly = async (length: number): Promise<TunnelStream> => {
    const stream = await open();
    stream.write(`DOWN ${length}\n`);
    await eventually(() => stream.behind, 'the client to fall behind', 20_000);
    return stream;
  };
  /** A small request and its reply. @returns how long they took, ms. */
  const ping = async (stream: TunnelStream): Promise<number> => {
    const began = performance.now();
    stream.write('DOWN 8\n');
    assert.equal(await digestOf(stream, 8), patternDigest(8));
    return performance.now() - began;
  };
  const pingUntil = async (stream: TunnelStream, over: () => boolean): Promise<void> => {
    let slowest = 0;
    while (!over()) slowest = Math.max(slowest, await ping(stream));
    assert.ok(slowest < STUCK_MS, `${slowest} ms`);
  };

  before(async () => {
    bulk = await startBulk();
  });

  afterEach(async () => {
    await link.dispose();
    await bench.close();
  });

  after(() => bulk.close());

  it('lose nothing of 50 MB while the others work, and delay none of them', async () => {
    await begin(false);
    const length = 50 * MB;
    const before = process.memoryUsage().arrayBuffers;
    const other = await open();
    await ping(other);
    const slow = await askOnly(length);
    await pingUntil(other, () => slow.unread === length);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 4 * length, `${Math.round(grown / MB)} MB for ${length / MB}`);
    assert.equal(await digestOf(slow, length), patternDigest(length));
    await ping(other);
  });

  it('are not read for while the others are quiet, who are answered at once all the same', async () => {
    await begin(false);
    const length = 50 * MB;
    const other = await open();
    await ping(other);
    const slow = await askOnly(length);
    const began = performance.now();
    await eventually(() => performance.now() - began > 4000 || slow.unread > 40 * MB, 'some seconds', 10_000);
    assert.ok(slow.unread < 30 * MB, `${slow.unread} bytes kept`);
    await pingUntil(other, () => slow.unread > 30 * MB);
    assert.equal(await digestOf(slow, length), patternDigest(length));
  });

  it('wait beside others for an agent at its real pace', async () => {
    await begin(true);
    const length = 3 * MB;
    const other = await open();
    const slow = await askOnly(length);
    const seen = slow.unread;
    await pingUntil(other, () => slow.unread > seen + MB / 4);
    assert.equal(await digestOf(slow, length), patternDigest(length));
  });

  it('are reset beyond 64 MiB, and no one else is', async () => {
    await begin(false);
    const other = await open();
    const slow = await askOnly(2 * BOUND);
    const failed = once(slow, 'error');
    let most = 0;
    await pingUntil(other, () => {
      most = Math.max(most, slow.unread);
      return slow.destroyed;
    });
    const [error] = (await failed) as [unknown];
    faultCode('ssm.slowReader')(error);
    assert.ok(most <= BOUND, `${most} bytes kept`);
    await ping(other);
  });
});
