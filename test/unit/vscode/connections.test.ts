import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import type { StartOptions } from '../../../src/model/tunnel';
import { plainText } from '../../../src/vscode/localizer';
import { asTunnelRow, connectionsView, rowIdOf } from '../../../src/vscode/connectionsRows';
import { targetNodeId } from '../../../src/vscode/regionNodes';
import type { ViewNode } from '../../../src/vscode/viewNode';
import { eventually } from '../../fixtures/eventually';
import { ConnectionBench } from './connectionBench';
import { bastion, denied, parts, place, target, tunnel } from './samples';

const orders = { name: 'orders', target: { id: 'orders-cache' } };
const reader = { name: 'orders reader', target: { id: target().id }, endpoint: 'reader', group: 'backend' };
const custom = { name: 'db', target: { host: 'db.internal', port: 5432, engine: 'postgres' }, bastion: { ssh: 'jump' } };
const jump = { alias: 'jump', hostName: 'jump.example', user: 'dev', port: 22, file: '/home/dev/.ssh/config', line: 1 };

describe('saved connections', () => {
  let bench: ConnectionBench;

  beforeEach(() => {
    bench = new ConnectionBench();
    bench.inventory.sshConfig = { hosts: [jump], faults: [] };
  });

  afterEach(() => bench.dispose());

  const start = (name: string): Promise<void> => bench.commands.handlers.startConnection(`saved:${name}`);
  const startedWith = (): readonly StartOptions[] => bench.service.started.map(({ options }) => options);
  const error = (): string => bench.ui.errors.at(-1)!.text;
  const outline = (nodes: readonly ViewNode[] = view(), depth = 0): string[] =>
    nodes.flatMap(({ label, description, children }) => [`${'  '.repeat(depth)}${label} | ${description ?? ''}`, ...outline(children ?? [], depth + 1)]);
  const view = (): readonly ViewNode[] => connectionsView(bench.rows, bench.board.tunnels, plainText, String);

  describe('lead', () => {
    it('to a resource by name, ARN or tag, through the best bastion, discovering first if need be', async () => {
      const tagged = target({ name: 'reports', id: 'arn:reports', tags: [{ key: 'service', value: 'reports' }] });
      bench.inventory.answer = parts({ targets: [target(), tagged] });
      bench.settings.write('user', orders, reader, { name: 'reports', target: { tag: 'service=reports' } });
      for (const name of ['orders', 'orders reader', 'reports']) await start(name);
      assert.deepEqual(bench.destinations, ['orders-cache.example via i-0a1', 'orders-cache-ro.example via i-0a1', 'reports.example via i-0a1']);
      assert.deepEqual(bench.ui.errors, []);
      assert.deepEqual(bench.revealed, ['t1', 't2', 't3']);
    });

    it('through the bastion that is named, by id, name or tag, and by the method that is named', async () => {
      const other = bastion({ id: 'i-0b2', name: 'bastion-b', platform: 'Amazon Linux', publicAddress: '198.51.100.7', tags: { role: 'jump' } });
      bench.inventory.answer = parts({ bastions: [bastion(), other], targets: ['a', 'b', 'c', 'd'].map((name) => target({ name })) });
      bench.settings.write(
        'user',
        { name: 'a', target: { id: 'a' }, bastion: 'bastion-b' },
        { name: 'b', target: { id: 'b' }, bastion: { tag: 'role=jump' }, method: 'ssm' },
        { name: 'c', target: { id: 'c' }, bastion: 'i-0b2', method: 'ssh-over-ssm' },
        { name: 'd', target: { id: 'd' }, bastion: 'i-0b2', method: 'ssh' },
      );
      for (const name of ['a', 'b', 'c', 'd']) await start(name);
      const routes = bench.service.started.map(({ route }) => [route.bastion?.id, route.method, route.ssh?.host, route.ssh?.via]);
      assert.deepEqual(routes, [
        ['i-0b2', 'ssm', undefined, undefined],
        ['i-0b2', 'ssm', undefined, undefined],
        ['i-0b2', 'ssh', 'i-0b2', 'ssm'],
        ['i-0b2', 'ssh', '198.51.100.7', 'direct'],
      ]);
    });

    it('to a host of one’s own through a host of the SSH configuration, asking nobody at AWS', async () => {
      bench.settings.write('user', custom);
      await start('db');
      const [started] = bench.service.started;
      assert.deepEqual([started!.route.endpoint, started!.route.bastion?.id, started!.route.target.engine], [{ host: 'db.internal', port: 5432 }, 'ssh:jump', 'postgres']);
      assert.deepEqual([bench.inventory.discoveries.length, bench.inventory.profileReads], [0, 0]);
    });

    it('directly to what is public, with the bastions of its VPC for when that fails', async () => {
      const [primary, ...others] = target().endpoints;
      bench.inventory.answer = parts({ targets: [target({ endpoints: [{ ...primary!, public: true }, ...others] })] });
      bench.settings.write('user', orders, reader);
      await start('orders');
      await start('orders reader');
      const ways = bench.service.started.map(({ route, options }) => [route.method, route.bastion?.id, options.alternates?.map(({ bastion: other }) => other?.id)]);
      assert.deepEqual(ways, [
        ['direct', undefined, ['i-0a1']],
        ['ssm', 'i-0a1', undefined],
      ]);
    });

    it('by the method that is named, and then no other way', async () => {
      const open = target({ name: 'open', endpoints: [{ role: 'primary', host: 'open.example', port: 6379, public: true }] });
      bench.inventory.answer = parts({ targets: [target(), open] });
      bench.settings.write('user', { ...orders, method: 'direct' }, { name: 'open', target: { id: 'open' }, method: 'ssm' });
      await start('orders');
      await start('open');
      const ways = bench.service.started.map(({ route, options }) => [route.endpoint.host, route.method, route.bastion?.id, options.alternates]);
      assert.deepEqual(ways, [
        ['orders-cache.example', 'direct', undefined, undefined],
        ['open.example', 'ssm', 'i-0a1', undefined],
      ]);
    });

    it('directly to a host of one’s own, asking nobody at AWS', async () => {
      bench.settings.write('user', { name: 'db', target: { host: 'db.example', port: 5432, engine: 'postgres' }, method: 'direct' });
      await start('db');
      const [{ route }] = bench.service.started as [(typeof bench.service.started)[0]];
      assert.deepEqual([route.endpoint, route.method, route.bastion, route.target.engine], [{ host: 'db.example', port: 5432 }, 'direct', undefined, 'postgres']);
      assert.deepEqual([bench.inventory.discoveries.length, bench.inventory.profileReads], [0, 0]);
      const [row] = view();
      assert.match(row!.label, /db/);
    });

    it('to a host of one’s own through a bastion of the account', async () => {
      bench.settings.write('user', { ...custom, bastion: 'bastion-a' });
      await start('db');
      assert.deepEqual(bench.destinations, ['db.internal via i-0a1']);
      assert.deepEqual(bench.service.started[0]!.route.place, place);
    });

    it('to another profile and region without changing what is selected; what starts together shares one discovery', async () => {
      bench.inventory.profileList = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod', region: 'us-east-1' }];
      bench.chosen = [{ profile: 'dev', regions: [] }];
      await bench.store.refresh();
      bench.inventory.answer = undefined;
      bench.settings.write('user', { ...orders, profile: 'prod', group: 'g' }, { ...reader, profile: 'prod', group: 'g' });
      const starting = bench.commands.handlers.startGroup('savedGroup:g');
      const discovery = await eventually(() => bench.inventory.discoveries[1], 'the discovery');
      for (const part of parts()) discovery.push(part);
      discovery.end();
      await starting;
      assert.deepEqual(bench.inventory.discoveries.map(({ scope }) => scope), [{ profile: 'dev', region: 'eu-central-1' }, { profile: 'prod', region: 'us-east-1' }]);
      assert.equal(bench.service.started.length, 2);
    });

    const refusals: readonly [string, object, RegExp][] = [
      ['nothing of that name', { target: { id: 'nope' } }, /The profile "dev" shows no "nope" in eu-central-1\. Correct/],
      ['nothing with that tag', { target: { tag: 'a=b' } }, /no target with the tag a=b in eu-central-1\. Correct/],
      ['no such endpoint', { endpoint: 'writer' }, /"orders-cache" has no writer endpoint\. Name one that it has: primary, reader/],
      ['no such bastion', { bastion: 'nope' }, /There is no bastion called "nope" in eu-central-1/],
      ['a bastion without a public address', { bastion: 'i-0a1', method: 'ssh' }, /cannot be reached by SSH/],
      ['no such SSH host', { bastion: { ssh: 'nope' } }, /no host "nope" in your SSH configuration/],
      ['no such profile', { profile: 'nope' }, /profile "nope" is not in your AWS configuration/],
    ];
    for (const [what, change, sentence] of refusals) {
      it(`nowhere, and say why in a notification and on the row: ${what}`, async () => {
        bench.settings.write('user', { ...orders, ...change });
        await start('orders');
        assert.match(error(), sentence);
        assert.equal(bench.service.started.length, 0);
        const [row] = view();
        assert.ok(error().startsWith(row!.description!), row!.description);
        assert.equal(row!.icon!.id, 'error');
      });
    }

    it('to a cache by a tag that is told after the cache', async () => {
      const cache = target({ name: 'reports' });
      bench.inventory.answer = [...parts({ targets: [target(), cache] }), { kind: 'targets', provider: 'elasticache.replicationGroups', targets: [{ ...cache, tags: [{ key: 'service', value: 'reports' }] }] }];
      bench.settings.write('user', { name: 'reports', target: { tag: 'service=reports' } });
      await start('reports');
      assert.deepEqual(bench.destinations, ['reports.example via i-0a1']);
      assert.deepEqual(bench.service.started[0]!.route.target.tags, [{ key: 'service', value: 'reports' }]);
    });

    it('nowhere by a tag while tags cannot be read, and say that; by a name as ever', async () => {
      bench.inventory.answer = [...parts(), { kind: 'fault', provider: 'resource.tags', fault: { ...denied, message: 'No permission for tag:GetResources.' } }];
      bench.settings.write('user', orders, { name: 'reports', target: { tag: 'service=reports' } }, { name: 'nope', target: { id: 'nope' } });
      await start('reports');
      assert.match(error(), /no target with the tag service=reports in eu-central-1\. Some tags could not be read: No permission for tag:GetResources\./);
      await start('nope');
      assert.match(error(), /shows no "nope" in eu-central-1\. Correct/);
      await start('orders');
      assert.deepEqual(bench.destinations, ['orders-cache.example via i-0a1']);
    });

    it('nowhere where two resources have the name', async () => {
      bench.inventory.answer = parts({ targets: [target(), target({ id: 'arn:other', kind: 'elasticache.serverless' })] });
      bench.settings.write('user', orders);
      await start('orders');
      assert.match(error(), /2 targets have that name: .*arn:other.* Name one of them by its ARN/);
      assert.deepEqual(bench.ui.errors[0]!.buttons, ['Edit Connection', 'Show Log']);
    });

    it('nowhere while the target does not serve, whatever bastion is named', async () => {
      bench.inventory.answer = parts({ targets: [target({ status: 'creating' })] });
      bench.settings.write('user', { ...orders, bastion: 'i-0a1' });
      await start('orders');
      assert.match(error(), /"orders-cache" is creating/);
    });

    it('nowhere while the bastion that is named is stopped', async () => {
      bench.inventory.answer = parts({ bastions: [bastion({ state: 'stopped' }), bastion({ id: 'i-2', name: 'other' })] });
      bench.settings.write('user', { ...orders, bastion: 'i-0a1' });
      await start('orders');
      assert.match(error(), /is stopped\. Start it with/);
    });
  });

  describe('have the port', () => {
    const taken = new Fault('tunnel.portTaken', 'Port 16379 is in use.', { remedy: { text: 'Choose.', action: 'chooseAnotherPort', subject: '54012' } });

    it('and the address of the settings', async () => {
      bench.settings.write('user', { ...orders, localPort: 16379, bindAddress: '::1' }, reader);
      await start('orders');
      await start('orders reader');
      assert.deepEqual(startedWith(), [{ localPort: 16379, keepPort: false, bindAddress: '::1' }, { localPort: 0, keepPort: false }]);
    });

    it('that the person chooses where it is taken; the settings remember it, since they would win', async () => {
      bench.settings.write('user', { ...orders, localPort: 16379 });
      bench.service.failures = [taken];
      bench.ui.choose = ['and Remember'];
      await start('orders');
      assert.deepEqual(startedWith()[1], { localPort: 54012, keepPort: true });
      assert.deepEqual(bench.settings.values.user, [{ ...orders, localPort: 54012 }]);
    });

    it('that was used once only, in no settings', async () => {
      bench.settings.write('user', { ...orders, localPort: 16379 });
      bench.service.failures = [taken];
      bench.ui.choose = ['Once'];
      await start('orders');
      assert.deepEqual(bench.settings.values.user, [{ ...orders, localPort: 16379 }]);
    });
  });

  describe('in the view', () => {
    it('stand above other tunnels, in their groups, and say where they lead', async () => {
      bench.settings.write('user', reader, orders);
      bench.settings.write('workspace', { ...orders, name: 'team', profile: 'dev', group: 'backend' }, { name: 'bad' });
      bench.inventory.answer = parts({ targets: [target(), target({ name: 'other' })] });
      await bench.store.refresh();
      await bench.connecting.handlers.connect(targetNodeId(target({ name: 'other' })));
      assert.deepEqual(outline(), [
        'orders | orders-cache',
        'backend | 0 of 2 open',
        '  orders reader | orders-cache · reader',
        '  team | orders-cache · dev · workspace',
        'Other tunnels | 1',
        '  other primary | 127.0.0.1:53211 · 2.1 ms',
        'Saved connection 2 ("bad") of the workspace cannot be used: target is missing. | ',
      ]);
    });

    it('are the row of their tunnel, whoever has opened it, and after a reload', async () => {
      bench.settings.write('user', orders);
      await bench.store.refresh();
      await bench.connecting.handlers.connect(targetNodeId(target()));
      const [row, more] = view();
      assert.equal(more, undefined);
      assert.deepEqual([row!.id, row!.label, row!.description, row!.words], ['saved:orders', 'orders', '127.0.0.1:53211 · 2.1 ms', ['tunnel', 'saved', 'redis']]);
      const [open] = bench.board.tunnels;
      assert.equal(rowIdOf(open!, bench.saved), 'saved:orders');
      assert.equal(asTunnelRow('saved:orders', bench.board.tunnels, bench.saved), 'tunnel:t1');
      assert.equal(asTunnelRow('saved:gone', bench.board.tunnels, bench.saved), 'saved:gone');
    });

    it('that lead by a tag know their tunnel again, until the tag changes', async () => {
      const tagged = { name: 'reports', target: { tag: 'service=reports' } };
      bench.inventory.answer = parts({ targets: [target({ tags: [{ key: 'service', value: 'reports' }] })] });
      bench.settings.write('user', tagged);
      await start('reports');
      assert.equal(view()[0]!.id, 'saved:reports');
      assert.equal(view()[0]!.words.includes('tunnel'), true);
      bench.settings.write('user', { ...tagged, target: { tag: 'service=other' } });
      assert.equal(view()[0]!.words.includes('tunnel'), false);
    });

    it('warn where other machines can reach them', () => {
      const [row] = connectionsView({ rows: [], faults: [] }, [tunnel({ exposedOn: '0.0.0.0' })], plainText, String);
      assert.match(row!.description!, /^⚠ open to others on 0\.0\.0\.0 · /);
      assert.match(row!.spoken!, /Warning: open to others on 0\.0\.0\.0/);
      assert.equal(row!.icon!.id, 'broadcast');
    });

    it('forget what went wrong once a tunnel leads there, however it was opened', async () => {
      bench.settings.write('user', orders);
      bench.service.failures = [new Fault('ssm.denied', 'Denied.')];
      await start('orders');
      assert.equal(view()[0]!.icon!.id, 'error');
      await bench.connecting.handlers.connect(targetNodeId(target()));
      await bench.board.stop(bench.board.tunnels[0]!.id);
      assert.equal(view()[0]!.icon!.id, 'circle-outline');
    });

    it('forget what went wrong once the entry is corrected', async () => {
      bench.settings.write('user', { ...orders, target: { id: 'nope' } });
      await start('orders');
      assert.equal(view()[0]!.icon!.id, 'error');
      bench.settings.write('user', orders);
      assert.equal(view()[0]!.icon!.id, 'circle-outline');
    });
  });

  describe('start together', () => {
    it('all but those that are open; what fails stands on its row, and one notification says how many', async () => {
      bench.settings.write('user', { ...orders, group: 'g' }, { ...reader, group: 'g' }, { name: 'x', target: { id: 'nope' }, group: 'g' }, { name: 'y', target: { id: 'neither' }, group: 'g' });
      await bench.commands.handlers.startGroup('savedGroup:g');
      assert.equal(bench.service.started.length, 2);
      assert.equal(bench.ui.errors.length, 1);
      assert.match(error(), /^2 of 4 connections could not be started\. The profile "dev" shows no "nope"/);
      assert.deepEqual(view()[0]!.children!.map(({ icon }) => icon!.id), ['pass-filled', 'pass-filled', 'error', 'error']);
      await bench.commands.handlers.startGroup('g');
      assert.equal(bench.service.started.length, 2);
    });

    it('in the group that the person picks', async () => {
      bench.settings.write('user', reader);
      bench.ui.choose = ['backend'];
      await bench.commands.handlers.startGroup(undefined);
      assert.equal(bench.service.started.length, 1);
      bench.settings.write('user', orders);
      await bench.commands.handlers.startGroup(undefined);
      assert.match(error(), /No saved connection has a group/);
    });
  });

  describe('of a workspace', () => {
    it('lead to its hosts only once the person has agreed, for that content in that workspace', async () => {
      bench.settings.write('workspace', custom);
      await start('db');
      assert.equal(bench.service.started.length, 0);
      assert.deepEqual(bench.ui.confirmed[0]!.detail.split('\n'), ['It leads to db.internal, port 5432.', 'It goes through the host "jump" of your SSH configuration.']);
      bench.ui.agree = [true];
      await start('db');
      assert.equal(bench.service.started.length, 1);
      const asks = async (): Promise<boolean> => {
        const before = bench.ui.confirmed.length;
        await Promise.all(bench.board.tunnels.map(({ id }) => bench.board.stop(id)));
        await start('db');
        return bench.ui.confirmed.length > before;
      };
      assert.equal(await asks(), false);
      bench.settings.write('workspace', { ...custom, group: 'renamed' });
      assert.equal(await asks(), false);
      bench.settings.write('workspace', { ...custom, target: { ...custom.target, port: 5433 } });
      assert.equal(await asks(), true);
      bench.settings.write('workspace', custom);
      bench.workspace = 'file:///elsewhere';
      assert.equal(await asks(), true);
      bench.settings.write('user', custom);
      assert.equal(await asks(), false);
    });
  });

  describe('that others can reach', () => {
    const open = { ...orders, bindAddress: '0.0.0.0' };

    it('are opened only once the address was typed, and not asked about again', async () => {
      bench.settings.write('user', open);
      await start('orders');
      assert.equal(bench.service.started.length, 0);
      const [question] = bench.ui.inputs;
      assert.equal(question!.validate!('0.0.0.0'), undefined);
      assert.ok(question!.validate!('127.0.0.1'));
      bench.ui.type = ['0.0.0.0'];
      await start('orders');
      await bench.board.stop('t1');
      await start('orders');
      assert.equal(bench.ui.inputs.length, 2);
      assert.deepEqual(startedWith().map(({ bindAddress }) => bindAddress), ['0.0.0.0', '0.0.0.0']);
      bench.settings.write('user', { ...open, bindAddress: '192.0.2.7' });
      await bench.board.stop('t2');
      await start('orders');
      assert.equal(bench.ui.inputs.length, 3);
    });
  });

  describe('start by themselves', () => {
    const auto = { ...orders, autoStart: true };

    it('where the person’s own settings say so, without a question', async () => {
      bench.settings.write('user', auto, reader);
      await bench.starter.startAutomatically();
      assert.deepEqual(bench.destinations, ['orders-cache.example via i-0a1']);
      await bench.starter.startAutomatically();
      assert.equal(bench.service.started.length, 1);
    });

    it('of a workspace only when it is trusted, and after one question for the whole set', async () => {
      bench.settings.write('workspace', auto, { ...reader, autoStart: true });
      bench.trusted = false;
      await bench.starter.startAutomatically();
      assert.deepEqual([bench.service.started.length, bench.ui.asked.length], [0, 0]);
      bench.trusted = true;
      await bench.starter.startAutomatically();
      assert.match(bench.ui.asked[0]!.text, /orders, orders reader$/);
      assert.equal(bench.service.started.length, 0);
      bench.ui.press = ['Start'];
      await bench.starter.startAutomatically();
      assert.equal(bench.service.started.length, 2);
      for (const { id } of bench.board.tunnels) await bench.board.stop(id);
      await bench.starter.startAutomatically();
      assert.deepEqual([bench.service.started.length, bench.ui.asked.length], [4, 2]);
    });

    it('never where something is to be agreed to first: the row says so', async () => {
      bench.settings.write('user', { ...auto, bindAddress: '0.0.0.0' });
      await bench.starter.startAutomatically();
      assert.deepEqual([bench.service.started.length, bench.ui.errors, bench.ui.inputs.length], [0, [], 0]);
      assert.match(view()[0]!.description!, /needs your confirmation before it starts by itself/);
    });
  });

  describe('can be', () => {
    it('saved from a tunnel’s row, here or in the workspace', async () => {
      await bench.store.refresh();
      await bench.connecting.handlers.connect(targetNodeId(target()));
      bench.ui.type = ['mine'];
      bench.ui.choose = ['This workspace'];
      await bench.commands.handlers.saveConnection('tunnel:t1');
      assert.deepEqual(bench.settings.values.workspace, [{ name: 'mine', target: { id: target().id }, endpoint: 'primary', profile: 'dev', region: 'eu-central-1' }]);
      assert.equal(view()[0]!.id, 'saved:mine');
      const [question] = bench.ui.inputs;
      assert.equal(question!.value, 'orders-cache primary');
      assert.match(question!.validate!('mine')!, /already/);
    });

    it('saved from a resource, or from what the person picks', async () => {
      await bench.store.refresh();
      bench.settings.hasWorkspace = false;
      bench.ui.type = ['a', 'b'];
      await bench.commands.handlers.saveConnection(targetNodeId(target()));
      bench.ui.choose = ['orders-cache'];
      await bench.commands.handlers.saveConnection(undefined);
      assert.deepEqual(bench.saved.entries.map(({ connection, origin }) => [connection.name, origin]), [['a', 'user'], ['b', 'user']]);
    });

    it('edited and forgotten where they are written', async () => {
      bench.settings.write('user', orders);
      bench.settings.write('workspace', reader);
      await bench.commands.handlers.editConnections('saved:orders reader');
      await bench.commands.handlers.editConnections(undefined);
      assert.deepEqual(bench.settings.edited, [{ origin: 'workspace', name: 'orders reader' }, undefined]);
      await bench.commands.handlers.forgetConnection('saved:orders reader');
      assert.equal(bench.saved.entries.length, 2);
      bench.ui.agree = [true];
      await bench.commands.handlers.forgetConnection('saved:orders reader');
      assert.deepEqual(bench.saved.entries.map(({ connection }) => connection.name), ['orders']);
      await bench.commands.handlers.startConnection('saved:orders reader');
      assert.match(error(), /no longer listed/);
    });

    it('picked from the palette, those that are open left out', async () => {
      bench.settings.write('user', orders, reader);
      bench.ui.choose = ['orders reader'];
      await bench.commands.handlers.startConnection(undefined);
      await bench.commands.handlers.startConnection(undefined);
      assert.deepEqual(bench.ui.picks.at(-1)!.items.map(({ label }) => label), ['orders']);
      await start('orders');
      await bench.commands.handlers.startConnection(undefined);
      assert.match(error(), /open already/);
    });
  });
});
