import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { TAGGED_LATER, TAGS_PROVIDER, withTags } from '../../../src/model/inventory';
import { DISCOVERY_ACTIONS, discoveryPolicy, isListing, serviceOf } from '../../../src/model/discoveryActions';

const AWS = resolve('src/aws');

/** The text of a module and of all that it imports in its folder or beside it, without what is shared by every call. */
function textWithImports(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/^import (?!type).* from '(\.[^']*)';$/gm)].map(([, path]) => `${resolve(dirname(file), path!)}.ts`);
  // Clients and the session name no action of a provider; the rest of `aws/` is followed.
  const followed = imports.filter((path) => path.startsWith(`${AWS}/`) && !/\/(?:clients\/|session\.ts|faults\.ts|discovery\.ts)/.test(path));
  return [text, ...followed.map((path) => textWithImports(path, seen))].join('\n');
}

/** Provider id → the actions in the code that it runs. */
function actionsInCode(): Record<string, string[]> {
  const folder = join(AWS, 'providers');
  const files = readdirSync(folder).map((name) => join(folder, name));
  const entries = files.flatMap((file) => {
    const id = /^const ID = '([^']+)';$/m.exec(readFileSync(file, 'utf8'))?.[1];
    if (id === undefined) return [];
    const actions = [...textWithImports(file).matchAll(/'([a-z0-9-]+:[A-Z][A-Za-z0-9]+)'/g)].map(([, action]) => action!);
    // Custom targets come from a setting.
    return actions.length === 0 ? [] : [[id, [...new Set(actions)].toSorted()] as const];
  });
  return Object.fromEntries(entries);
}

describe('the table of what discovery may do', () => {
  it('has exactly the calls that each provider makes', () => {
    const called = actionsInCode();
    assert.ok(Object.keys(called).length >= 8, relative('.', AWS));
    assert.deepEqual(called, Object.fromEntries(Object.entries(DISCOVERY_ACTIONS).map(([id, actions]) => [id, actions.toSorted()])));
  });

  it('has a provider for each that the inventory runs', () => {
    const imported = readFileSync(join(AWS, 'inventory.ts'), 'utf8').match(/^import \{ \w+ \} from '\.\/providers\/(?!customTargets')/gm) ?? [];
    assert.equal(imported.length, Object.keys(DISCOVERY_ACTIONS).length, imported.join('\n'));
  });

  it('has nothing that changes anything', () => {
    const all = Object.values(DISCOVERY_ACTIONS).flat();
    assert.deepEqual(all.filter((action) => !/^[a-z0-9-]+:(?:Describe|List|GetBootstrapBrokers$|GetResources$)[A-Za-z0-9]*$/.test(action)), []);
    assert.ok(all.every(isListing));
  });
});

describe('the providers that are asked', () => {
  it('have the one that tells tags among them where somebody leaves them out, and those whose tags it is to tell', () => {
    assert.deepEqual(withTags(['rds.databases', 'mq.brokers']), ['rds.databases', 'mq.brokers']);
    assert.deepEqual(withTags(['memorydb.clusters', 'rds.databases']), ['memorydb.clusters', 'rds.databases', TAGS_PROVIDER]);
    assert.deepEqual(withTags(['memorydb.clusters', TAGS_PROVIDER]), ['memorydb.clusters', TAGS_PROVIDER]);
    assert.deepEqual(withTags([TAGS_PROVIDER]), [TAGS_PROVIDER, ...Object.keys(TAGGED_LATER)]);
  });

  it('exist', () => {
    for (const id of [TAGS_PROVIDER, ...Object.keys(TAGGED_LATER)]) assert.ok(Object.hasOwn(DISCOVERY_ACTIONS, id), id);
  });
});

describe('the policy', () => {
  it('allows each action once, in order, and no more', () => {
    const policy = JSON.parse(discoveryPolicy(['rds:DescribeDBProxies', 'ec2:DescribeSubnets', 'rds:DescribeDBProxies'])) as unknown;
    assert.deepEqual(policy, {
      Version: '2012-10-17',
      Statement: [{ Sid: 'SallyportDiscovery', Effect: 'Allow', Action: ['ec2:DescribeSubnets', 'rds:DescribeDBProxies'], Resource: '*' }],
    });
  });

  it('never allows what changes something, or everything', () => {
    assert.deepEqual(['ssm:StartSession', '*', 'rds:*', 'rds:Describe*', 'ec2:DescribeX"', 'a:Delete', 'x:Describe\n'].filter(isListing), []);
    assert.ok(!discoveryPolicy(['ssm:StartSession', 'ecs:ListTasks']).includes('StartSession'));
    assert.equal(serviceOf('rds:DescribeDBProxies'), 'rds');
  });
});
