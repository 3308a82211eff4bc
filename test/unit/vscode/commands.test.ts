import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import type { Target } from '../../../src/model/target';
import { parsePort } from '../../../src/vscode/connectionsPorts';
import { endpointNodeId, targetNodeId } from '../../../src/vscode/regionNodes';
import type { PickItem } from '../../../src/vscode/ui';
import { bastion, denied, parts, target } from './samples';
import { eventually } from '../../fixtures/eventually';
import { Bench } from './commandBench';

describe('commands', () => {
  let bench: Bench;
  const use = async (targets?: Target[]): Promise<Bench> => {
    bench = new Bench(targets);
    await bench.store.refresh();
    return bench;
  };
  afterEach(() => bench.dispose());

  describe('Connect', () => {
    it('opens the row at once, to the endpoint that takes writes, and shows where', async () => {
      const { connecting, ui, revealed } = await use();
      await connecting.handlers.connect(targetNodeId(target()));
      assert.deepEqual(bench.destinations, ['orders-cache.example via i-0a1']);
      assert.equal(ui.picks.length, 0);
      assert.deepEqual(revealed, ['t1']);
      assert.deepEqual(ui.shown, ['Connected: orders-cache primary at 127.0.0.1:53211']);
    });

    it('opens the endpoint whose row it is', async () => {
      const { connecting } = await use();
      await connecting.handlers.connect(endpointNodeId(target(), target().endpoints[1]!));
      assert.deepEqual(bench.destinations, ['orders-cache-ro.example via i-0a1']);
    });

    it('asks from the palette which cache and which endpoint, discovering first if need be', async () => {
      bench = new Bench([target(), target({ name: 'other' })]);
      bench.ui.choose = ['other', 'reader'];
      await bench.connecting.handlers.connectTo(undefined);
      assert.deepEqual(bench.destinations, ['other-ro.example via i-0a1']);
    });

    it('does nothing when a question is dismissed', async () => {
      const { connecting, ui } = await use();
      await connecting.handlers.connectTo(undefined);
      ui.choose = ['orders'];
      await connecting.handlers.connectTo(undefined);
      await connecting.handlers.connectOnPort(targetNodeId(target()));
      assert.deepEqual(bench.destinations, []);
      assert.deepEqual(ui.errors, []);
    });

    it('says so when the row is gone, or nothing was found', async () => {
      const { connecting, ui } = await use([]);
      await connecting.handlers.connect('target:gone');
      assert.match(ui.errors[0]!.text, /no longer listed/);
      await connecting.handlers.connectTo({ hostile: true });
      assert.match(ui.errors[1]!.text, /nothing to connect to in eu-central-1/);
      assert.deepEqual(ui.errors[1]!.buttons, ['Select Region', 'Show Log']);
    });

    it('shows the fault with its next step, once, and logs it', async () => {
      const { connecting, ui, logger, inventory, store } = await use();
      inventory.answer = parts({ bastions: [bastion({ state: 'stopped' })] });
      await store.refresh();
      await connecting.handlers.connect(targetNodeId(target()));
      assert.equal(ui.errors.length, 1);
      assert.match(ui.errors[0]!.text, /is stopped\. Start it with/);
      assert.deepEqual(ui.errors[0]!.buttons, ['Try Again', 'Show Log']);
      assert.ok(logger.lines.some(({ event, fields }) => event === 'connect.failed' && fields?.['code'] === 'route.bastionStopped'));
      assert.deepEqual(bench.destinations, []);
    });

    it('looks anew and tries again when asked to', async () => {
      const { connecting, ui, inventory, store } = await use();
      inventory.answer = parts({ bastions: [] });
      await store.refresh();
      ui.press = ['Try Again'];
      const connecting_ = connecting.handlers.connect(targetNodeId(target()));
      inventory.answer = parts();
      await connecting_;
      await eventually(() => bench.destinations.length === 1, 'the second try');
    });

    it('does not say "no bastion" where the bastions could not be listed', async () => {
      const { connecting, ui, inventory, store } = await use();
      inventory.answer = [parts()[2]!, { kind: 'fault', provider: 'ec2.bastions', fault: denied }];
      await store.refresh();
      await store.refresh();
      inventory.answer = [parts()[2]!, { kind: 'fault', provider: 'ec2.bastions', fault: denied }];
      const fresh = new Bench();
      fresh.inventory.answer = inventory.answer;
      await fresh.store.refresh();
      await fresh.connecting.handlers.connect(targetNodeId(target()));
      assert.match(fresh.ui.errors[0]!.text, /is not allowed/);
      await fresh.dispose();
      assert.deepEqual(ui.errors, []);
      await connecting.handlers.connect(targetNodeId(target()));
      assert.deepEqual(bench.destinations, ['orders-cache.example via i-0a1'], 'the bastions of before are still good');
    });

    it('refuses a cache that does not serve, and one without an endpoint', async () => {
      const { connecting, ui } = await use([target({ name: 'soon', status: 'creating' }), target({ name: 'bare', endpoints: [] })]);
      await connecting.handlers.connect(targetNodeId(target({ name: 'soon' })));
      await connecting.handlers.connect(targetNodeId(target({ name: 'bare' })));
      assert.match(ui.errors[0]!.text, /"soon" is creating/);
      assert.match(ui.errors[1]!.text, /"bare" has no endpoint/);
    });

    it('offers another port when the wanted one is taken', async () => {
      const { connecting, ui, service } = await use();
      service.failures = [new Fault('tunnel.portTaken', 'Port 6379 is in use.', { remedy: { text: 'Use another port.', action: 'chooseAnotherPort', subject: '54012' } })];
      ui.type = ['6379'];
      ui.choose = ['primary', 'Use 54012 Once'];
      await connecting.handlers.connectOnPort(targetNodeId(target()));
      assert.deepEqual(service.started.map(({ options: { localPort, keepPort } }) => [localPort, keepPort]), [[6379, true], [54012, false]]);
    });

    it('says where a tunnel is that was open already on another port', async () => {
      const { connecting, ui, service } = await use();
      const row = endpointNodeId(target(), target().endpoints[0]!);
      await connecting.handlers.connect(row);
      ui.type = ['7000'];
      await connecting.handlers.connectOnPort(row);
      assert.equal(service.started.length, 1);
      assert.equal(ui.shown.at(-1), 'orders-cache primary is already open at 127.0.0.1:53211.');
    });

    it('stays silent when it is cancelled', async () => {
      const { connecting, ui, service } = await use();
      service.failures = [new Fault('operation.cancelled', 'The operation was cancelled.')];
      await connecting.handlers.connect(targetNodeId(target()));
      assert.deepEqual(ui.errors, []);
    });

    it('through a way of choice: Session Manager, hosts of the OpenSSH configuration, SSH over Session Manager, public addresses', async () => {
      const { inventory, ui, service, connecting } = await use();
      inventory.answer = parts({ bastions: [bastion({ publicAddress: '198.51.100.7' }), bastion({ id: 'i-far', name: 'far', vpcId: 'vpc-other', publicAddress: '198.51.100.8' })] });
      inventory.sshConfig = { hosts: [{ alias: 'jump', hostName: 'jump.example', user: 'dev', port: 22, file: '/c', line: 1 }], faults: [] };
      await bench.store.refresh();
      for (const wanted of ['Session Manager', 'jump', 'SSH over', '198.51.100.7']) {
        ui.pick = <T>(items: readonly PickItem<T>[]): Promise<T | undefined> => {
          ui.picks.push({ items, options: { title: '', placeholder: '' } });
          return Promise.resolve(items.find(({ label, description }) => `${label} ${description}`.includes(wanted))?.value);
        };
        const before = service.started.length;
        await connecting.handlers.connectThrough(endpointNodeId(target(), target().endpoints[0]!));
        assert.equal(service.started.length, before + 1, wanted);
      }
      assert.equal(ui.picks[0]!.items.length, 4);
      assert.deepEqual(
        service.started.map(({ route }) => [route.method, route.bastion.id, route.ssh]),
        [
          ['ssm', bastion().id, undefined],
          ['ssh', 'ssh:jump', { host: 'jump', via: 'direct', instanceConnect: false }],
          ['ssh', bastion().id, { host: bastion().id, user: 'ec2-user', via: 'ssm', instanceConnect: true }],
          ['ssh', bastion().id, { host: '198.51.100.7', user: 'ec2-user', via: 'direct', instanceConnect: true }],
        ],
      );
      assert.ok(service.started.every(({ route }) => route.place.accountId === target().place.accountId));
    });

    it('says why there is no way where there is none', async () => {
      const { inventory, ui, service, connecting } = await use();
      inventory.answer = parts({ bastions: [] });
      await bench.store.refresh();
      await connecting.handlers.connectThrough(endpointNodeId(target(), target().endpoints[0]!));
      assert.equal(service.started.length, 0);
      assert.match(ui.errors.at(-1)!.text, /no bastion/);
    });

    it('takes only a port for a port', () => {
      assert.deepEqual([' 6379 ', '1', '65535'].map(parsePort), [6379, 1, 65535]);
      assert.deepEqual(['', '0', '65536', '-1', '1e3', '63 79', '0x10', '123456'].filter((text) => parsePort(text) !== undefined), []);
    });
  });

  describe('Redis', () => {
    it('pings through the tunnel that is open, and opens one where none is', async () => {
      const { redis, ui, service } = await use();
      await redis.handlers.pingRedis(targetNodeId(target()));
      assert.equal(service.started.length, 1);
      assert.equal(ui.shown.at(-1), 'PONG from orders-cache in 2.1 ms');
      await redis.handlers.pingRedis(targetNodeId(target()));
      await redis.handlers.pingRedis('tunnel:t1');
      assert.equal(service.started.length, 1);
      await redis.handlers.openConsole('tunnel:t1');
      assert.deepEqual(bench.consoles, ['t1']);
    });

    it('benchmarks the tunnel of the row, of the console in front, or one that is asked for', async () => {
      const { redis, ui, service } = await use();
      await redis.handlers.benchmark(targetNodeId(target()));
      assert.equal(service.started.length, 1);
      bench.front = { ...bench.board.tunnels[0]!, id: 'front', route: { ...bench.board.tunnels[0]!.route, target: target({ name: 'in front' }) } };
      await redis.handlers.benchmark({ scheme: 'webview-panel' });
      await redis.handlers.benchmark(undefined);
      await redis.handlers.benchmark('tunnel:t1');
      assert.deepEqual(bench.benchmarks, ['orders-cache', 'in front', 'in front', 'orders-cache']);
      ui.choose = ['orders-cache'];
      await redis.handlers.openConsole(undefined);
      assert.deepEqual(bench.consoles, ['t1'], 'a console that is in front is not what a person opens another one for');
    });

    it('unlocks and locks writes of the console in front', async () => {
      const { redis } = await use();
      await redis.handlers.unlockWrites(undefined);
      await redis.handlers.lockWrites(undefined);
      assert.deepEqual(bench.consoles, ['unlock', 'lock']);
    });

    it('asks from the palette: a tunnel that is open, or another cache', async () => {
      const { redis, ui, service } = await use([target(), target({ name: 'other', endpoints: [target().endpoints[0]!] })]);
      ui.choose = ['other'];
      await redis.handlers.pingRedis(undefined);
      assert.equal(service.started.length, 1);
      ui.choose = ['other'];
      await redis.handlers.pingRedis(undefined);
      assert.equal(service.started.length, 1);
      ui.choose = ['Another cache', 'orders'];
      await redis.handlers.openConsole(undefined);
      assert.equal(service.started.length, 2);
      assert.deepEqual(bench.consoles, ['t2']);
      const before = ui.picks.length;
      await redis.handlers.openConsole(undefined);
      assert.equal(ui.picks.length, before + 1, 'a dismissed question leads to no other');
    });

    it('offers nothing that does not speak it', async () => {
      const { redis, ui, service } = await use([target({ name: 'orders-db', kind: 'rds.instance', engine: 'postgres' }), target()]);
      ui.choose = ['orders-db'];
      await redis.handlers.pingRedis(undefined);
      assert.equal(service.started.length, 0);
      ui.choose = ['orders-cache'];
      await redis.handlers.pingRedis(undefined);
      assert.equal(service.started.length, 1);
    });

    it('opens nothing for what does not speak it', async () => {
      const { redis, ui, service } = await use([target({ engine: 'memcached' })]);
      await redis.handlers.pingRedis(targetNodeId(target()));
      assert.match(ui.errors[0]!.text, /does not speak the Redis protocol/);
      assert.equal(service.started.length, 0);
    });

    it('changes the login of a row, and opens no tunnel for it', async () => {
      const { redis, service, ui } = await use();
      await redis.handlers.changeLogin(targetNodeId(target()));
      assert.equal(service.started.length, 0);
      await redis.handlers.pingRedis(targetNodeId(target()));
      await redis.handlers.changeLogin('tunnel:t1');
      await redis.handlers.changeLogin(undefined);
      ui.choose = ['orders'];
      await redis.handlers.changeLogin(undefined);
      assert.deepEqual(bench.logins, ['orders-cache of dev', 'orders-cache of dev', 'orders-cache of dev']);
    });

    it('goes on with another login where one was refused', async () => {
      const { redis, ui } = await use();
      bench.pings.push(new Fault('redis.iamRefused', 'The token was refused.', { remedy: { text: 'Check it.', action: 'changeLogin' } }), 3);
      ui.press = ['Change Login'];
      await redis.handlers.pingRedis(targetNodeId(target()));
      await eventually(() => ui.shown.includes('PONG from orders-cache in 3.0 ms'), 'the second ping');
      assert.deepEqual(bench.logins, ['orders-cache of dev']);
    });

    it('asks again for a password that was not given', async () => {
      const { redis, ui } = await use();
      bench.pings.push(new Fault('redis.passwordNeeded', 'A password is needed.', { remedy: { text: 'Enter it.', action: 'enterPassword' } }), 3);
      ui.press = ['Enter Password'];
      await redis.handlers.pingRedis(targetNodeId(target()));
      await eventually(() => ui.shown.includes('PONG from orders-cache in 3.0 ms'), 'the second ping');
    });
  });
});
