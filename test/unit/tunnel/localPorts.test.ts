import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { isFault } from '../../../src/base/fault';
import type { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { StartOptions } from '../../../src/model/tunnel';
import type { Listener } from '../../../src/tunnel/listener';
import { LocalPorts } from '../../../src/tunnel/localPorts';
import type { LocalPortsDeps } from '../../../src/tunnel/localPorts';
import { PortStore } from '../../../src/tunnel/portStore';
import { testRoute } from '../../fixtures/fakeTransport';

const other = { ...testRoute, target: { ...testRoute.target, id: 'arn:test:other', name: 'other' } };

describe('local ports', () => {
  let store: PortStore;
  const open: (Listener | { dispose(): Promise<void> })[] = [];

  beforeEach(() => {
    store = new PortStore(undefined, nullLogger);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.dispose()));
  });

  const ports = (change: Partial<LocalPortsDeps> = {}): LocalPorts =>
    new LocalPorts({ store, logger: nullLogger, own: () => [], holderOf: () => Promise.resolve(undefined), ...change });
  const listen = async (route = testRoute, options: StartOptions = {}, from = ports()): Promise<Listener> => {
    const listener = await from.for(route, options)(() => {});
    open.push(listener);
    return listener;
  };
  const refusal = async (options: StartOptions, from = ports()): Promise<Fault> => {
    try {
      await listen(testRoute, options, from);
    } catch (error) {
      assert.ok(isFault(error));
      return error;
    }
    throw new Error('the port was bound');
  };
  const holder = async (): Promise<number> => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    open.push({ dispose: () => new Promise((resolve) => void server.close(() => resolve())) });
    return (server.address() as { port: number }).port;
  };

  it('stay the same for a destination', async () => {
    const first = await listen();
    await first.dispose();
    const between = await listen(other);
    assert.notEqual(between.local.port, first.local.port, 'a promised port is not given away');
    assert.equal((await listen()).local.port, first.local.port);
  });

  it('are those that are asked for, which is remembered only on request', async () => {
    const kept = await listen();
    await kept.dispose();
    const wanted = await holder();
    await open.pop()!.dispose();
    const once = await listen(testRoute, { localPort: wanted });
    assert.equal(once.local.port, wanted);
    await once.dispose();
    const again = await listen();
    assert.equal(again.local.port, kept.local.port);
    await again.dispose();
    await (await listen(testRoute, { localPort: wanted, keepPort: true })).dispose();
    assert.equal((await listen()).local.port, wanted);
  });

  it('are never renumbered: a taken one is a fault that names the holder and proposes another', async () => {
    const port = await holder();
    store.remember({ destination: 'arn:test:orders orders.cache.internal 6379 dev', port });
    const fault = await refusal({}, ports({ holderOf: () => Promise.resolve({ pid: 12, name: 'redis-server' }) }));
    assert.equal(fault.code, 'tunnel.portTaken');
    assert.equal(fault.message, `Port ${port} on 127.0.0.1 is in use by redis-server (process 12).`);
    assert.equal(fault.remedy?.action, 'chooseAnotherPort');
    const proposed = Number(fault.remedy?.subject);
    assert.ok(proposed > 0 && proposed !== port, fault.remedy?.subject);
    assert.equal((await listen(testRoute, { localPort: proposed })).local.port, proposed);
  });

  it('say so when a tunnel of our own has it, and wait for one that is just ending', async () => {
    const port = await holder();
    const own = [{ local: { host: '127.0.0.1', port }, route: other }];
    const fault = await refusal({ localPort: port }, ports({ own: () => own }));
    assert.equal(fault.message, `Port ${port} on 127.0.0.1 is in use by your tunnel to other.`);
    let ended = 0;
    const ending = (): Promise<void> => {
      ended++;
      return open.shift()!.dispose();
    };
    assert.equal((await listen(testRoute, { localPort: port }, ports({ ending }))).local.port, port);
    assert.equal(ended, 1);
  });

  it('are in use by somebody where nobody can tell who', async () => {
    const port = await holder();
    assert.equal((await refusal({ localPort: port })).message, `Port ${port} on 127.0.0.1 is in use already.`);
    const nameless = ports({ holderOf: () => Promise.resolve({ pid: 9, name: '' }) });
    assert.match((await refusal({ localPort: port }, nameless)).message, /in use by process 9\.$/);
  });

  it('are bound on the address that was asked for, and say when others can reach it', async () => {
    const local = await listen();
    assert.deepEqual([local.local.host, local.exposedOn], ['127.0.0.1', undefined]);
    const everywhere = await listen(other, { bindAddress: '0.0.0.0' });
    assert.deepEqual([everywhere.local.host, everywhere.exposedOn], ['127.0.0.1', '0.0.0.0']);
  });

  it('are bound on literal addresses of this machine alone', async () => {
    for (const bindAddress of ['localhost', 'example.com', '', '192.0.2.1']) {
      assert.equal((await refusal({ bindAddress })).code, 'tunnel.addressInvalid', bindAddress);
    }
  });
});
