import { strict as assert } from 'node:assert';
import { isFault } from '../../../src/base/fault';
import { type Bastion, bastionObstacle, compareVersions } from '../../../src/model/bastion';
import { formatEndpoint, isEndpoint, isLoopback } from '../../../src/model/endpoint';
import { worstLevel } from '../../../src/model/health';
import { chooseBastion, makeRoute, sameDestination } from '../../../src/model/route';
import { isSessionTarget, sessionDocument } from '../../../src/model/ssmSession';
import type { EndpointRole, Target, TargetFamily, TargetKind } from '../../../src/model/target';
import { defaultEndpoint, familyOf, isServing, isUsualStatus } from '../../../src/model/target';

const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const target: Target = {
  id: 'arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:orders',
  kind: 'elasticache.replicationGroup',
  name: 'orders',
  place,
  engine: 'redis',
  status: 'available',
  endpoints: [
    { role: 'reader', host: 'orders-ro.example', port: 6379 },
    { role: 'primary', host: 'orders.example', port: 6379 },
  ],
  clusterMode: false,
  tls: 'off',
  auth: 'none',
  vpcId: 'vpc-a',
  subnetIds: [],
  securityGroupIds: [],
};
const bastion = (change: Partial<Bastion>): Bastion => ({
  id: 'i-1',
  kind: 'ec2',
  name: 'one',
  place,
  state: 'running',
  managed: 'Online',
  agentVersion: '3.3.1142.0',
  vpcId: 'vpc-a',
  securityGroupIds: [],
  ...change,
});
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isFault(error)) {
      assert.ok(error.message.length > 10 && error.remedy, 'a sentence and a next step');
      return error.code;
    }
    throw error;
  }
  return 'nothing thrown';
};

describe('chooseBastion', () => {
  it('takes a usable bastion of the VPC of the target and no other', () => {
    const others = [
      bastion({ id: 'i-other-vpc', name: 'a', vpcId: 'vpc-b' }),
      bastion({ id: 'i-other-account', name: 'b', place: { ...place, accountId: '999999999999' } }),
      bastion({ id: 'i-other-region', name: 'c', place: { ...place, region: 'us-east-1' } }),
      bastion({ id: 'i-stopped', name: 'd', state: 'stopped' }),
      bastion({ id: 'i-good', name: 'z' }),
    ];
    assert.equal(chooseBastion(target, others).id, 'i-good');
    assert.equal(chooseBastion(target, others.toReversed()).id, 'i-good');
  });

  const refusals: readonly [string, readonly Bastion[], string][] = [
    ['the VPC has none', [bastion({ vpcId: 'vpc-b' })], 'route.noBastion'],
    ['all are stopped', [bastion({ state: 'stopped' })], 'route.bastionStopped'],
    ['the agent is offline', [bastion({ managed: 'ConnectionLost' })], 'route.bastionOffline'],
    ['Systems Manager does not know it', [bastion({ managed: 'unmanaged' })], 'route.bastionUnmanaged'],
    ['the agent is too old', [bastion({ agentVersion: '3.1.1188.0' })], 'route.agentTooOld'],
    ['an old and an offline one: the one that an update mends', [bastion({ managed: 'ConnectionLost' }), bastion({ id: 'i-2', agentVersion: '2.3.1.0' })], 'route.agentTooOld'],
  ];
  for (const [name, bastions, code] of refusals) {
    it(`says what is wrong when ${name}`, () => {
      assert.equal(codeOf(() => chooseBastion(target, bastions)), code);
    });
  }

  it('does not match a target without a VPC to bastions without one', () => {
    const { vpcId: _target, ...nowhere } = target;
    const { vpcId: _bastion, ...adrift } = bastion({});
    assert.equal(codeOf(() => chooseBastion(nowhere, [adrift])), 'route.noBastion');
  });
});

describe('compareVersions', () => {
  it('compares numbers, not text', () => {
    assert.ok(compareVersions('3.1.1374.0', '3.1.999.0') > 0);
    assert.ok(compareVersions('3.3.40.0', '3.3.1142.0') < 0);
    assert.equal(compareVersions('3.1', '3.1.0.0'), 0);
  });

  it('lets the first agent that forwards to remote hosts pass and the one before fail', () => {
    assert.equal(bastionObstacle(bastion({ agentVersion: '3.1.1374.0' })), undefined);
    assert.equal(bastionObstacle(bastion({ agentVersion: '3.1.1373.9' })), 'agentTooOld');
  });
});

describe('routes and endpoints', () => {
  it('prefers the endpoint that takes writes', () => {
    assert.equal(defaultEndpoint(target)?.role, 'primary');
    assert.equal(defaultEndpoint({ endpoints: [] }), undefined);
    const of = (...roles: readonly EndpointRole[]): EndpointRole | undefined =>
      defaultEndpoint({ endpoints: roles.map((role) => ({ role, host: `${role}.example`, port: 1 })) })?.role;
    assert.equal(of('instance', 'custom', 'reader', 'writer'), 'writer');
    assert.equal(of('reader', 'proxy'), 'proxy');
    assert.equal(of('node', 'configuration'), 'configuration');
    assert.equal(of('reader', 'custom', 'instance'), 'instance');
    assert.equal(of('custom', 'reader'), 'reader');
    assert.equal(of('custom'), 'custom');
  });

  it('puts MemoryDB with the caches, and all that is neither cache nor custom with the databases', () => {
    const families: Readonly<Record<Exclude<TargetKind, 'custom'>, TargetFamily>> = {
      'elasticache.replicationGroup': 'caches',
      'elasticache.serverless': 'caches',
      'elasticache.cluster': 'caches',
      'memorydb.cluster': 'caches',
      'rds.instance': 'databases',
      'rds.cluster': 'databases',
      'rds.proxy': 'databases',
      'docdb.cluster': 'databases',
      'neptune.cluster': 'databases',
      'redshift.cluster': 'databases',
      'redshift.workgroup': 'databases',
      'opensearch.domain': 'databases',
      'mq.broker': 'databases',
      'msk.cluster': 'databases',
    };
    for (const [kind, family] of Object.entries(families)) assert.equal(familyOf({ kind: kind as TargetKind, engine: 'redis' }), family, kind);
  });

  it('puts what the person has named where its engine belongs', () => {
    const of = (engine: string): TargetFamily => familyOf({ kind: 'custom', engine });
    for (const engine of ['redis', 'Valkey', 'memcached']) assert.equal(of(engine), 'caches', engine);
    for (const engine of ['postgres', 'kafka', 'unknown', 'redislike']) assert.equal(of(engine), 'databases', engine);
  });

  it('takes the encryption of an endpoint before that of its target', () => {
    const [endpoint] = target.endpoints;
    assert.equal(makeRoute({ ...target, tls: 'required' }, { ...endpoint!, tls: 'off' }, bastion({})).target.tls, 'off');
    assert.equal(makeRoute({ ...target, tls: 'required' }, endpoint!, bastion({})).target.tls, 'required');
  });

  it('serves in whichever words a service says so', () => {
    for (const status of ['available', 'Active', 'RUNNING', 'AVAILABLE', 'UpdatingServiceSoftware', 'available, prep-for-resize', 'REBOOTING_BROKER']) {
      assert.ok(isServing({ status }), status);
    }
    for (const status of ['Creating', 'paused', 'CREATION_IN_PROGRESS', 'CRITICAL_ACTION_REQUIRED', 'DELETING', 'Isolated']) {
      assert.ok(!isServing({ status }), status);
    }
    for (const status of ['available', 'ACTIVE', 'Running']) assert.ok(isUsualStatus({ status }), status);
    for (const status of ['modifying', 'UPDATING', 'available, prep-for-resize']) assert.ok(!isUsualStatus({ status }), status);
  });

  it('knows the same destination over another bastion, and not in another profile', () => {
    const route = makeRoute(target, target.endpoints[1]!, bastion({}));
    assert.ok(sameDestination(route, makeRoute(target, target.endpoints[1]!, bastion({ id: 'i-2' }))));
    assert.ok(!sameDestination(route, makeRoute(target, target.endpoints[0]!, bastion({}))));
    assert.ok(!sameDestination(route, { ...route, place: { ...place, profile: 'prod' } }));
  });

  it('accepts only hosts that no program could read as something else', () => {
    for (const host of ['a.b-c.example', '10.0.0.1', 'fd00::1', 'my_cache.local']) assert.ok(isEndpoint({ host, port: 1 }), host);
    for (const host of ['', '-oProxyCommand=x', 'a b', 'a\nb', 'a;b', '$(x)', 'ä.example']) assert.ok(!isEndpoint({ host, port: 1 }), host);
    for (const port of [0, -1, 65536, 1.5, Number.NaN]) assert.ok(!isEndpoint({ host: 'a', port }), String(port));
  });

  it('writes IPv6 addresses in brackets', () => {
    assert.equal(formatEndpoint({ host: 'fd00::1', port: 6379 }), '[fd00::1]:6379');
    assert.equal(formatEndpoint({ host: 'a.b', port: 6379 }), 'a.b:6379');
  });

  it('finds the worst health, and calls no tunnel at all fine', () => {
    assert.equal(worstLevel([]), 'ok');
    assert.equal(worstLevel(['ok', 'degraded', 'unknown']), 'degraded');
    assert.equal(worstLevel(['down', 'degraded']), 'down');
  });

  it('knows which statuses serve requests', () => {
    assert.ok(isServing({ status: 'available' }) && isServing({ status: 'AVAILABLE' }));
    for (const status of ['snapshotting', 'updating', 'backing-up', 'storage-optimization', 'storage-full', 'upgrading']) assert.ok(isServing({ status }), status);
    for (const status of ['creating', 'deleting', 'stopped', 'starting', 'incompatible-network', 'inaccessible-encryption-credentials', 'unknown', '']) {
      assert.ok(!isServing({ status }), status);
    }
  });
});

describe('what a session is asked for', () => {
  it('knows the hosts that mean the bastion itself', () => {
    for (const host of ['localhost', 'LOCALHOST.', 'db.localhost', '127.0.0.1', '127.1', '127.255.0.9', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(host), host);
    for (const host of ['localhost.example', 'mylocalhost', '10.127.0.1', '127.example', '1270.0.0.1', '::2', '::ffff:10.0.0.1']) assert.ok(!isLoopback(host), host);
  });

  it('is the document that can reach the destination, unless one is named', () => {
    assert.equal(sessionDocument({ to: { host: 'cache.internal', port: 6379 } }), 'AWS-StartPortForwardingSessionToRemoteHost');
    assert.equal(sessionDocument({ to: { host: '127.0.0.1', port: 6379 } }), 'AWS-StartPortForwardingSession');
    assert.equal(sessionDocument({ to: { host: 'localhost', port: 6379 }, documentName: 'Our-Own' }), 'Our-Own');
  });

  it('takes EC2 instances, hybrid nodes and ECS tasks as targets, and nothing that merely looks like one', () => {
    const task = '0123456789abcdef0123456789abcdef';
    const good = ['i-0123456789abcdef0', 'i-01234567', 'mi-0123456789abcdef0', `ecs:shop_${task}_${task}-1234567890`, `ecs:my_shop-1_${task}_${task}${task}`];
    for (const id of good) assert.ok(isSessionTarget(id), id);
    for (const id of ['', 'i-', 'shop-bastion', 'i-0 --profile x', 'i-0\n', 'ecs:shop', `ecs:shop_${task}`, `ecs:_${task}_${task}`, `arn:aws:ecs:${task}`]) {
      assert.ok(!isSessionTarget(id), id);
    }
  });
});
