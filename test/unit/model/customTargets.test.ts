import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customTargetsOf, CUSTOM_TARGETS_SETTING, parseCustomTargets } from '../../../src/model/customTargets';
import { chooseBastion } from '../../../src/model/route';
import type { Bastion } from '../../../src/model/bastion';
import type { Place } from '../../../src/model/target';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const entry = { name: 'legacy', host: 'db.corp.internal', port: 5432 };

function trouble(setting: unknown): string | undefined {
  return parseCustomTargets(setting).fault?.message;
}

describe('custom targets', () => {
  it('need a name, a host and a port', () => {
    const { targets, fault } = parseCustomTargets([entry]);
    assert.equal(fault, undefined);
    assert.deepEqual(customTargetsOf(targets, place), [
      {
        id: 'custom:legacy@db.corp.internal:5432',
        kind: 'custom',
        name: 'legacy',
        place,
        engine: 'unknown',
        status: 'available',
        endpoints: [{ role: 'endpoint', host: 'db.corp.internal', port: 5432 }],
        clusterMode: false,
        tls: 'preferred',
        auth: 'password',
        subnetIds: [],
        securityGroupIds: [],
      },
    ]);
  });

  it('are none where the setting is not there', () => {
    for (const setting of [undefined, null, []]) assert.deepEqual(parseCustomTargets(setting), { targets: [] });
  });

  it('have what is told, and TLS by their engine unless told', () => {
    const of = (more: object): string => {
      const [target] = customTargetsOf(parseCustomTargets([{ ...entry, ...more }]).targets, place);
      return `${target?.engine} ${target?.tls} ${target?.auth} ${target?.vpcId}`;
    };
    assert.equal(of({ engine: 'redis', vpcId: 'vpc-0a1b2c3d' }), 'redis off none vpc-0a1b2c3d');
    assert.equal(of({ engine: 'valkey', tls: 'required' }), 'valkey required none undefined');
    assert.equal(of({ engine: 'mysql' }), 'mysql preferred password undefined');
    assert.equal(of({ engine: 'postgres', tls: 'off' }), 'postgres off password undefined');
  });

  it('are shown under the profile and region that they name, else under every one', () => {
    const { targets } = parseCustomTargets([
      { ...entry, name: 'everywhere' },
      { ...entry, name: 'here', profile: 'dev', region: 'eu-central-1' },
      { ...entry, name: 'other profile', profile: 'prod' },
      { ...entry, name: 'other region', region: 'us-east-1' },
    ]);
    assert.deepEqual(customTargetsOf(targets, place).map(({ name }) => name), ['everywhere', 'here']);
    assert.deepEqual(customTargetsOf(targets, { ...place, region: 'us-east-1' }).map(({ name }) => name), ['everywhere', 'other region']);
  });

  it('are left out with one fault that names them and says why, and the others are kept', () => {
    const { targets, fault } = parseCustomTargets([entry, { ...entry, name: 'typo', port: '5432' }, 'nonsense', { ...entry, name: 'fine' }]);
    assert.deepEqual(targets.map(({ name }) => name), ['legacy', 'fine']);
    assert.equal(fault?.code, 'settings.targets');
    assert.equal(
      fault.message,
      `Not usable in ${CUSTOM_TARGETS_SETTING}: "typo" (entry 2): its port is no whole number from 1 to 65535; entry 3: it is no object.`,
    );
    assert.ok(fault.remedy);
  });

  it('are refused for each thing that could not be used', () => {
    const refused: readonly (readonly [entry: unknown, why: RegExp])[] = [
      [{ ...entry, name: ' ' }, /its name/],
      [{ ...entry, name: 'x'.repeat(256) }, /its name/],
      [{ host: 'a', port: 1 }, /^Not usable in sallyport.targets: entry 1: its name/],
      [{ ...entry, host: '-oProxyCommand=x' }, /its host/],
      [{ ...entry, host: 'a b' }, /its host/],
      [{ ...entry, host: 7 }, /its host/],
      [{ ...entry, port: 0 }, /its port/],
      [{ ...entry, port: 65536 }, /its port/],
      [{ ...entry, port: 1.5 }, /its port/],
      [{ ...entry, engine: '' }, /its engine/],
      [{ ...entry, tls: true }, /its tls/],
      [{ ...entry, profile: '' }, /its profile/],
      [{ ...entry, region: 'EU Central' }, /its region/],
      [{ ...entry, vpcId: 'vpc-1' }, /its vpcId/],
      [[entry], /it is no object/],
      [null, /it is no object/],
    ];
    for (const [bad, why] of refused) assert.match(trouble([bad]) ?? 'accepted', why, JSON.stringify(bad));
    assert.match(trouble({ 0: entry }) ?? 'accepted', /it is no list/);
    assert.match(trouble([entry, entry]) ?? 'accepted', /entry 2\): another entry has this name/);
    assert.equal(trouble([entry, { ...entry, region: 'us-east-1' }]), undefined);
  });

  it('do not flood the tree, whatever the setting holds', () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ ...entry, name: `n${index}` }));
    const { targets, fault } = parseCustomTargets(many);
    assert.equal(targets.length, 500);
    assert.match(fault!.message, /there are too many/);
    assert.ok(trouble(Array.from({ length: 100 }, () => 'x'))!.length < 300);
  });

  it('get a bastion of their VPC where they name it', () => {
    const bastion = (id: string, vpcId: string): Bastion => ({
      id,
      kind: 'ec2',
      name: id,
      place,
      vpcId,
      state: 'running',
      managed: 'Online',
      agentVersion: '3.3.1142.0',
      securityGroupIds: [],
    });
    const bastions = [bastion('i-1', 'vpc-11111111'), bastion('i-2', 'vpc-22222222')];
    const [target] = customTargetsOf(parseCustomTargets([{ ...entry, vpcId: 'vpc-22222222' }]).targets, place);
    assert.equal(chooseBastion(target!, bastions).id, 'i-2');
    const [lost] = customTargetsOf(parseCustomTargets([entry]).targets, place);
    assert.throws(() => chooseBastion(lost!, bastions), { code: 'route.noBastion' });
  });

  it('are described to the editor by the same rules', () => {
    const { contributes } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as {
      contributes: { configuration: { properties: Record<string, { items: { required: string[]; properties: Record<string, { pattern?: string; enum?: string[] }> } }> } };
    };
    const { items } = contributes.configuration.properties[CUSTOM_TARGETS_SETTING]!;
    assert.deepEqual(items.required, ['name', 'host', 'port']);
    assert.deepEqual(Object.keys(items.properties), ['name', 'host', 'port', 'engine', 'tls', 'profile', 'region', 'vpcId']);
    for (const [name, { pattern, enum: values = [] }] of Object.entries(items.properties)) {
      for (const value of [...values, 'redis', 'sqlserver-ex', 'eu-central-1', 'vpc-0a1b2c3d', 'db.corp.internal', '::1', '-x', 'a b', '']) {
        if (pattern === undefined && !values.includes(value)) continue;
        const accepted = trouble([{ ...entry, [name]: value }]) === undefined;
        assert.equal(accepted, pattern === undefined || new RegExp(pattern).test(value), `${name}: ${value}`);
      }
    }
  });
});
