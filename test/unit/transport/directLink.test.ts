import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { networkInterfaces } from 'node:os';
import type { Route } from '../../../src/model/route';
import type { Link } from '../../../src/model/link';
import { DirectTransport, systemAddresses } from '../../../src/transport/direct/directTransport';
import { FakeClock } from '../../fixtures/fakeClock';
import { testRoute } from '../../fixtures/fakeTransport';

const never = new AbortController().signal;
const to = { host: 'db.example', port: 5432 };
const { bastion: _none, ssh: _neither, ...ends } = testRoute;
const route: Route = { ...ends, method: 'direct' };

describe('a direct link', () => {
  let clock: FakeClock;
  let asked: { readonly signal: AbortSignal; readonly connect: (socket: Socket) => void; readonly fail: (error: Error) => void }[];
  let link: Link;
  let addresses: string[];
  /** Whether who connects gives up when told. */
  let obeys: boolean;

  beforeEach(async () => {
    clock = new FakeClock();
    asked = [];
    obeys = true;
    addresses = ['127.0.0.1', '10.0.0.7', '192.0.2.1'];
    const viaProxy = (_to: unknown, signal: AbortSignal): Promise<Socket> =>
      new Promise((connect, reject) => {
        asked.push({ signal, connect, fail: reject });
        signal.addEventListener('abort', () => obeys && reject(new Error('aborted')), { once: true });
      });
    link = await new DirectTransport({ clock, logger: { log: () => {} }, viaProxy, ownAddresses: () => addresses }).dial(route, never);
  });

  it('waits no longer for a server that does not answer than a probe would, and ends then', async () => {
    const opening = link.open(to, never);
    const failed = assert.rejects(opening, { code: 'direct.timeout' });
    clock.advance(8_000);
    await failed;
    assert.equal((await link.closed)?.code, 'direct.timeout');
    assert.ok(asked[0]!.signal.aborted);
    await assert.rejects(link.open(to, never), { code: 'link.closed' });
  });

  it('lives on when one who waits gives up', async () => {
    const gone = new AbortController();
    const opening = link.open(to, gone.signal);
    gone.abort();
    await assert.rejects(opening, { code: 'operation.cancelled' });
    const socket = new Socket();
    const next = link.open(to, never);
    asked[1]!.connect(socket);
    assert.equal(await next, socket);
    assert.ok(socket.allowHalfOpen);
    await link.dispose();
    assert.ok(socket.destroyed);
    assert.equal(await link.closed, undefined);
  });

  it('lives on while other connections are being made, and ends with the last one', async () => {
    const first = link.open(to, never);
    const second = link.open(to, never);
    const third = link.open(to, never);
    asked[0]!.fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    await assert.rejects(first, { code: 'direct.refused' });
    const socket = new Socket();
    asked[1]!.connect(socket);
    assert.equal(await second, socket);
    socket.destroy();
    await once(socket, 'close');
    asked[2]!.fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    await assert.rejects(third, { code: 'direct.refused' });
    assert.equal((await link.closed)?.code, 'direct.refused');
  });

  it('ends without a fault while a connection is being made, and destroys one that comes too late', async () => {
    obeys = false;
    const opening = link.open(to, never);
    await link.dispose();
    await assert.rejects(opening, { code: 'link.closed' });
    assert.equal(await link.closed, undefined);
    const late = new Socket();
    asked[0]!.connect(late);
    await once(late, 'close');
    await link.dispose();
  });

  it('cuts what was connected from an address that is gone, and nothing else', async () => {
    const sockets = ['10.0.0.7', '192.0.2.1'].map((localAddress) => Object.defineProperty(new Socket(), 'localAddress', { value: localAddress }));
    for (const socket of sockets) {
      const opening = link.open(to, never);
      asked.at(-1)!.connect(socket);
      await opening;
    }
    link.check!();
    assert.deepEqual(sockets.map(({ destroyed }) => destroyed), [false, false]);
    addresses = [];
    link.check!();
    assert.deepEqual(sockets.map(({ destroyed }) => destroyed), [false, false], 'there is no network yet');
    addresses = ['127.0.0.1', '192.0.2.1'];
    link.check!();
    assert.deepEqual(sockets.map(({ destroyed }) => destroyed), [true, false]);
    await link.dispose();
  });

  it('knows no addresses where none leads out, or the system tells of none', () => {
    const given = (...addresses: readonly [string, boolean][]): typeof networkInterfaces => () =>
      ({ all: addresses.map(([address, internal]) => ({ address, internal })) }) as unknown as ReturnType<typeof networkInterfaces>;
    assert.deepEqual(systemAddresses(given(['127.0.0.1', true], ['10.0.0.7', false])), ['127.0.0.1', '10.0.0.7']);
    assert.deepEqual(systemAddresses(given(['127.0.0.1', true], ['169.254.1.1', false], ['fe80::1', false])), []);
    assert.deepEqual(systemAddresses(() => { throw new Error('refused'); }), []);
  });

  it('cannot be dialled by somebody who has given up', async () => {
    const transport = new DirectTransport({ clock, logger: { log: () => {} }, viaProxy: () => undefined });
    await assert.rejects(transport.dial(route, AbortSignal.abort()), { code: 'operation.cancelled' });
  });
});
