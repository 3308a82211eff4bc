import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ConnectionEntry, SavedConnection } from '../../../src/model/connection';
import { CONNECTION_METHODS, ENDPOINT_ROLES, parseConnection, parseConnections, TARGET_KINDS } from '../../../src/model/connection';
import { concernsOf, connectionTo, formatConnection, leadsTo, selectorKey } from '../../../src/model/connectionEntry';
import { makeDirectRoute, makeSshRoute } from '../../../src/model/route';
import { bastion, target, tunnel } from '../vscode/samples';

const parse = (value: unknown): SavedConnection => parseConnection(value);
const orders = { name: 'orders', target: { id: 'orders-cache' } };

/** What is said of one bad entry of the person's own settings. */
function complaint(value: unknown): string {
  const { entries, faults } = parseConnections([{ origin: 'user', value: [value] }]);
  assert.deepEqual([entries.length, faults.length], [0, 1]);
  assert.equal(faults[0]!.code, 'connections.invalid');
  return faults[0]!.message;
}

describe('a saved connection', () => {
  it('needs a name and a target', () => {
    assert.deepEqual(parse(orders), { name: 'orders', target: { by: 'id', id: 'orders-cache' }, autoStart: false, env: {} });
  });

  it('can say everything about a tunnel', () => {
    const full = {
      name: 'reports',
      target: { tag: 'service=reports', kind: 'rds.cluster' },
      endpoint: 'reader',
      profile: 'dev',
      region: 'eu-central-1',
      bastion: { tag: 'sallyport=bastion' },
      method: 'ssm',
      localPort: 15432,
      bindAddress: '::1',
      autoStart: true,
      group: 'backend',
      env: { DATABASE_URL: '{url}', PGHOST: '{host}' },
    };
    const parsed = parse(full);
    assert.deepEqual(parsed.target, { by: 'tag', tag: { key: 'service', value: 'reports' }, kind: 'rds.cluster' });
    assert.deepEqual(parsed.bastion, { by: 'tag', tag: { key: 'sallyport', value: 'bastion' } });
    assert.deepEqual([parsed.localPort, parsed.autoStart, parsed.group, parsed.env], [15432, true, 'backend', full.env]);
    assert.deepEqual(formatConnection(parsed), full);
  });

  it('can lead to a host of one’s own through a named bastion or a host of the SSH configuration', () => {
    const own = { name: 'x', target: { host: 'db.internal', port: 5432, engine: 'postgres' }, bastion: { ssh: 'jump' } };
    assert.deepEqual(parse(own).target, { by: 'host', host: 'db.internal', port: 5432, engine: 'postgres' });
    assert.deepEqual(parse(own).bastion, { by: 'ssh', alias: 'jump' });
    assert.deepEqual(parse({ ...own, bastion: 'i-0a1' }).bastion, { by: 'name', name: 'i-0a1' });
  });

  const bad: readonly [string, unknown, RegExp][] = [
    ['no object', 'orders', /Saved connection 1 of your settings cannot be used: is not an object\./],
    ['no name', { target: { id: 'a' } }, /: name is missing/],
    ['an empty name', { ...orders, name: '  ' }, /: name is not a text/],
    ['a name with control characters', { ...orders, name: 'a\u0007b' }, /: name has characters/],
    ['no target', { name: 'a' }, /Saved connection 1 \("a"\) of your settings cannot be used: target is missing/],
    ['a target that is a text', { name: 'a', target: 'orders' }, /: target is not an object/],
    ['two ways to name the target', { name: 'a', target: { id: 'x', tag: 'a=b' } }, /: target needs exactly one of/],
    ['an empty tag', { name: 'a', target: { tag: '=x' } }, /: target\.tag is not KEY=VALUE/],
    ['an unknown kind', { name: 'a', target: { tag: 'a', kind: 'queue' } }, /: target\.kind is none of elasticache/],
    ['a host that is an option', { name: 'a', target: { host: '-oProxyCommand=x', port: 1 }, bastion: 'b' }, /: target\.host is not the name/],
    ['a host without a port', { name: 'a', target: { host: 'x' }, bastion: 'b' }, /: target\.port is missing/],
    ['a host without a bastion', { name: 'a', target: { host: 'x', port: 1 } }, /: bastion is missing/],
    ['a host with an endpoint', { name: 'a', target: { host: 'x', port: 1 }, bastion: 'b', endpoint: 'reader' }, /: endpoint is for discovered targets/],
    ['a port that is a text', { ...orders, localPort: '6379' }, /: localPort is not a port/],
    ['a port out of range', { ...orders, localPort: 65536 }, /: localPort is not a port/],
    ['an address that is a name', { ...orders, bindAddress: 'localhost' }, /: bindAddress is not a literal/],
    ['a region that is none', { ...orders, region: 'eu-central-1.evil' }, /: region is not the code/],
    ['an unknown role', { ...orders, endpoint: 'leader' }, /: endpoint is none of primary/],
    ['an unknown method', { ...orders, method: 'plugin' }, /: method is none of ssm, ssh, ssh-over-ssm/],
    ['a bastion for the method without one', { ...orders, bastion: 'b', method: 'direct' }, /: bastion does not fit the method "direct"/],
    ['a method that does not fit', { ...orders, bastion: { ssh: 'jump' }, method: 'ssm' }, /: method cannot be "ssm"/],
    ['a bastion with two selectors', { ...orders, bastion: { ssh: 'jump', tag: 'a' } }, /: bastion is an id or a name, or/],
    ['autoStart that is a text', { ...orders, autoStart: 'yes' }, /: autoStart is neither/],
    ['a variable that is none', { ...orders, env: { 'A B': 'x' } }, /: env\.A B is no name/],
    ['an unknown placeholder', { ...orders, env: { URL: '{user}' } }, /: env\.URL has the unknown placeholder \{user\}/],
    ['a misspelled key', { ...orders, localport: 1 }, /: localport is not a key that is known here; "localPort" is\./],
    ['an unknown key within', { name: 'a', target: { id: 'a', port: 1 } }, /: target\.port is not a key that is known here\./],
  ];
  for (const [what, value, expected] of bad) {
    it(`is refused with its place: ${what}`, () => assert.match(complaint(value), expected));
  }

  it('is refused for a name that an entry above has; others are kept', () => {
    const { entries, faults } = parseConnections([{ origin: 'workspace', value: [orders, { ...orders, target: { id: 'other' } }, 5, { ...orders, name: 'third' }] }]);
    assert.deepEqual(entries.map(({ connection }) => connection.name), ['orders', 'third']);
    assert.deepEqual(faults.map(({ message }) => /connection (\d)/.exec(message)![1]), ['2', '3']);
    assert.match(faults[0]!.message, /of the workspace cannot be used: name is used/);
  });

  it('of the person’s own wins over the workspace’s of the same name', () => {
    const theirs = { ...orders, target: { host: 'evil', port: 1 }, bastion: 'b' };
    const { entries } = parseConnections([{ origin: 'user', value: [orders] }, { origin: 'workspace', value: [theirs] }]);
    assert.deepEqual(entries.map(({ origin, connection }) => [origin, connection.target.by]), [['user', 'id']]);
  });

  it('is read from nothing, and not from what is no list', () => {
    assert.deepEqual(parseConnections([{ origin: 'user', value: undefined }]), { entries: [], faults: [] });
    assert.match(parseConnections([{ origin: 'user', value: { orders } }]).faults[0]!.message, /is not a list/);
    assert.equal(parseConnections([{ origin: 'user', value: Array.from({ length: 600 }, (_, index) => ({ ...orders, name: `n${index}` })) }]).entries.length, 500);
  });

  it('never throws, whatever a settings file says', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const { entries, faults } = parseConnections([{ origin: 'user', value: [value] }]);
      assert.equal(entries.length + faults.length, 1);
    }));
  });

  it('reads back what was written', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9 -]{0,20}[a-z]$/);
    // In the order in which they are written.
    const some = fc.record(
      {
        name,
        target: fc.oneof(fc.record({ id: name }), fc.record({ tag: fc.constantFrom('a', 'a=b', 'a=') }), fc.record({ tag: fc.constant('x=y'), kind: fc.constantFrom(...TARGET_KINDS) })),
        endpoint: fc.constantFrom(...ENDPOINT_ROLES),
        bastion: fc.oneof(name, fc.record({ tag: fc.constantFrom('a', 'a=b') })),
        method: fc.constantFrom(...CONNECTION_METHODS),
        localPort: fc.integer({ min: 1, max: 65535 }),
        autoStart: fc.constant(true),
        env: fc.constant({ A: '{host}:{port}' }),
      },
      { requiredKeys: ['name', 'target'], noNullPrototype: true },
    );
    const fitting = some.filter(({ bastion: through, method }) => through === undefined || method !== 'direct');
    fc.assert(fc.property(fitting, (value) => assert.deepEqual(JSON.stringify(formatConnection(parse(value))), JSON.stringify(value))));
  });
});

describe('a tunnel as a saved connection', () => {
  it('names the target and its endpoint, and leaves the bastion open', () => {
    const { route } = tunnel();
    assert.deepEqual(formatConnection(connectionTo(route, 'mine')), {
      name: 'mine',
      target: { id: target().id },
      endpoint: 'primary',
      profile: 'dev',
      region: 'eu-central-1',
    });
  });

  it('names a bastion that only the person can have chosen', () => {
    const byHost = makeSshRoute(target(), target().endpoints[0]!, { id: 'ssh:jump', name: 'jump' }, { host: 'jump', via: 'direct', instanceConnect: false });
    assert.deepEqual(connectionTo(byHost, 'a').bastion, { by: 'ssh', alias: 'jump' });
    const over = makeSshRoute(target(), target().endpoints[0]!, bastion(), { host: 'i-0a1', via: 'ssm', instanceConnect: true });
    assert.deepEqual([connectionTo(over, 'a').bastion, connectionTo(over, 'a').method], [{ by: 'name', name: 'i-0a1' }, 'ssh-over-ssm']);
  });

  it('says that there is no bastion, of a custom host too', () => {
    const directly = connectionTo(makeDirectRoute(target(), target().endpoints[0]!), 'a');
    assert.deepEqual([directly.method, directly.bastion, directly.endpoint], ['direct', undefined, 'primary']);
    const host = parse({ name: 'b', target: { host: 'db.example', port: 5432, engine: 'postgres' }, method: 'direct' });
    const { target: selector } = host;
    assert.ok(selector.by === 'host');
    const custom = target({ id: 'custom:db.example:5432', engine: 'postgres', endpoints: [{ role: 'endpoint', host: 'db.example', port: 5432 }] });
    const back = connectionTo(makeDirectRoute(custom, custom.endpoints[0]!), 'b');
    assert.deepEqual([back.target, back.method, back.bastion], [selector, 'direct', undefined]);
    assert.deepEqual(parse(formatConnection(back)), back);
  });

  it('is recognised by where it leads', () => {
    const there = (change: object): boolean => leadsTo(parse({ ...orders, ...change }), tunnel());
    assert.deepEqual([there({}), there({ target: { id: target().id } }), there({ endpoint: 'primary' })], [true, true, true]);
    assert.deepEqual([there({ endpoint: 'reader' }), there({ profile: 'prod' }), there({ region: 'us-east-1' }), there({ target: { tag: 'a' } })], [false, false, false, false]);
    // Of instances and nodes there may be many, and a name alone means none of them.
    const { route: toPrimary } = tunnel();
    for (const role of ['instance', 'node'] as const) assert.equal(leadsTo(parse(orders), { route: { ...toPrimary, role } }), false);
    const custom = parse({ name: 'x', target: { host: 'db', port: 5432 }, bastion: 'i-0a1' });
    const { route } = tunnel();
    assert.equal(leadsTo(custom, { route: { ...route, target: { ...route.target, id: 'custom:db:5432' } } }), true);
    assert.equal(leadsTo(custom, tunnel()), false);
  });

  it('leads elsewhere once its selectors change', () => {
    const keys = [{}, { endpoint: 'reader' }, { profile: 'x' }, { region: 'eu-west-1' }, { target: { id: 'b' } }].map((change) => selectorKey(parse({ ...orders, ...change })));
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(selectorKey(parse({ ...orders, name: 'z', localPort: 5 })), keys[0]);
  });
});

describe('what a person has to agree to', () => {
  const concerns = (origin: ConnectionEntry['origin'], change: object, trusted = true): readonly string[] =>
    concernsOf({ origin, connection: parse({ ...orders, ...change }) }, trusted);
  const custom = { target: { host: 'db', port: 1 }, bastion: { ssh: 'jump' } };

  it('is nothing for what discovery finds, whoever names it', () => {
    assert.deepEqual([concerns('user', {}), concerns('workspace', {}), concerns('workspace', {}, false)], [[], [], []]);
  });

  it('is a workspace’s custom host and SSH host, trusted or not', () => {
    assert.deepEqual(concerns('workspace', custom), ['customHost', 'sshHost']);
    assert.deepEqual(concerns('workspace', custom, false), ['customHost', 'sshHost']);
    assert.deepEqual(concerns('user', custom), []);
  });

  it('is a profile that an untrusted workspace names', () => {
    assert.deepEqual([concerns('workspace', { profile: 'prod' }), concerns('workspace', { profile: 'prod' }, false)], [[], ['profile']]);
  });

  it('is an address that others can reach, whoever wrote it', () => {
    assert.deepEqual(concerns('user', { bindAddress: '0.0.0.0' }), ['bindAddress']);
    for (const bindAddress of ['127.0.0.1', '::1', '127.0.0.2']) assert.deepEqual(concerns('user', { bindAddress }), []);
  });
});
