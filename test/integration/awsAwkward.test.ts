import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isFault } from '../../src/base/fault';
import type { Bastion } from '../../src/model/bastion';
import { isEndpoint } from '../../src/model/endpoint';
import type { Target } from '../../src/model/target';
import { eventually } from '../fixtures/eventually';
import { awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

const SERVICES = ['redshift', 'redshift-serverless', 'es', 'mq', 'kafka', 'rds', 'elasticache', 'memorydb', 'ecs', 'tagging'] as const;

describe('discovery of what is rare but happens', () => {
  let bench: AwsBench;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
  });
  afterEach(() => bench.close());

  interface Found {
    readonly targets: Map<string, Target>;
    readonly bastions: Bastion[];
    readonly faults: string[];
  }

  async function discover(profile: string, region: string): Promise<Found> {
    const targets = new Map<string, Target>();
    const bastions: Bastion[] = [];
    const faults: string[] = [];
    for await (const part of bench.aws.inventory.discover({ profile, region }, signal)) {
      if (part.kind === 'targets') for (const target of part.targets) targets.set(target.name, target);
      if (part.kind === 'bastions') bastions.push(...part.bastions);
      if (part.kind === 'fault') faults.push(`${part.provider} ${part.fault.code}`);
    }
    return { targets, bastions, faults: faults.toSorted() };
  }

  it('shows a cluster without a configuration endpoint and a group without a primary by what they have', async () => {
    const { targets, faults } = await discover('awkward', 'eu-central-1');
    assert.deepEqual(faults, []);
    const roles = (name: string): string => targets.get(name)!.endpoints.map(({ role }) => role).join(' ');
    assert.deepEqual([targets.get('clusterless')!.status, targets.get('clusterless')!.clusterMode, roles('clusterless')], ['creating', true, '']);
    assert.equal(roles('headless'), 'reader node node');
    assert.equal(targets.get('resizing-redshift')!.status, 'available, prep-for-resize');
  });

  it('leaves out what is gone between the list and its description, without a fault', async () => {
    const { targets, faults } = await discover('awkward', 'eu-central-1');
    assert.deepEqual(faults, []);
    assert.deepEqual([...targets.keys()].filter((name) => name.startsWith('gone-')), []);
    for (const name of ['kept', 'kept-mq', 'kept-kafka']) assert.ok(targets.get(name)!.endpoints.length > 0, name);
    assert.deepEqual(
      bench.sandbox.requests.all().filter(({ status }) => status !== 200).map(({ action, status }) => `${action} ${status}`).toSorted(),
      ['DescribeBroker 404', 'GetBootstrapBrokers 404'],
      'asked for once',
    );
  });

  it('carries emoji and 255 characters as they are', async () => {
    const { targets, bastions } = await discover('awkward', 'eu-central-1');
    assert.deepEqual([bastions[0]?.name.length, bastions[0]?.name.startsWith('🦄')], [255, true]);
    for (const name of ['tagged-db', 'resizing-redshift', 'kept-mq', 'kept-kafka', 'kept', 'headless']) {
      assert.deepEqual(targets.get(name)!.tags?.map(({ key, value }) => [key, value.length]), [['note', 255], ['🔑 schlüssel', 0]], name);
    }
  });

  it('reads everything to its fifth page, and every address can be dialled', async () => {
    const { targets, bastions, faults } = await discover('awkward', 'us-east-1');
    assert.deepEqual(faults, []);
    assert.equal(bastions.length, 9);
    const kinds: Record<string, number> = {};
    for (const { kind } of targets.values()) kinds[kind] = (kinds[kind] ?? 0) + 1;
    assert.deepEqual(
      kinds,
      {
        'elasticache.replicationGroup': 9,
        'memorydb.cluster': 9,
        'rds.instance': 9,
        'rds.cluster': 9,
        'redshift.cluster': 9,
        'redshift.workgroup': 9,
        'opensearch.domain': 9,
        'mq.broker': 9,
        'msk.cluster': 9,
      },
    );
    const { requests } = bench.sandbox;
    for (const [service, action] of [['redshift', 'DescribeClusters'], ['redshift-serverless', 'ListWorkgroups'], ['mq', 'ListBrokers'], ['kafka', 'ListClustersV2']] as const) {
      assert.equal(requests.of(service, action).length, 5, action);
    }
    for (const { endpoints } of targets.values()) for (const endpoint of endpoints) assert.ok(isEndpoint(endpoint), endpoint.host);
  });

  it('has nothing to show, and no fault, where there is nothing', async () => {
    const { targets, bastions, faults } = await discover('awkward', 'eu-west-1');
    assert.deepEqual([targets.size, bastions.length, faults], [0, 0, []]);
  });

  it('shows one fault per service and the rest of the tree, whichever service is denied', async () => {
    for (const service of SERVICES) {
      const restore = bench.sandbox.faults.add({ service, kind: 'accessDenied' });
      const { targets, faults, bastions } = await discover('awkward', 'eu-central-1');
      restore();
      assert.ok(faults.length > 0 && faults.every((fault) => fault.endsWith(' aws.accessDenied')), `${service}: ${faults.join()}`);
      assert.equal(bastions.length, 1, service);
      const lost: Readonly<Record<string, number>> = { redshift: 1, es: 1, mq: 1, kafka: 1, rds: 1, elasticache: 2 };
      assert.equal(targets.size, 7 - (lost[service] ?? 0), service);
    }
  });

  it('has only the databases in an account of which only rds:Describe* is permitted', async () => {
    const { targets, bastions, faults } = await discover('rds-only', 'eu-central-1');
    assert.ok(targets.has('orders-db') && targets.has('shop-aurora') && targets.has('shop-proxy'));
    assert.ok([...targets.values()].every(({ vpcId }) => vpcId !== undefined));
    assert.equal(bastions.length, 0);
    assert.deepEqual(new Set(faults), new Set([
      'ec2.bastions aws.accessDenied',
      'ecs.tasks aws.accessDenied',
      'elasticache.replicationGroups aws.accessDenied',
      'elasticache.serverless aws.accessDenied',
      'memorydb.clusters aws.accessDenied',
      'mq.brokers aws.accessDenied',
      'msk.clusters aws.accessDenied',
      'opensearch.domains aws.accessDenied',
      'redshift.clusters aws.accessDenied',
      'redshift.serverless aws.accessDenied',
      'resource.tags aws.accessDenied',
      'ssm.hybridNodes aws.accessDenied',
    ]));
  });

  it('is refused as a whole in a region that the account has not opted in to', async () => {
    await assert.rejects(discover('dev', 'af-south-1'), (error) => {
      assert.ok(isFault(error) && error.code === 'aws.regionNotEnabled', String(error));
      assert.match(error.message, /Region af-south-1 is not enabled/);
      // STS's own word, where EC2 says AuthFailure and the JSON services UnrecognizedClientException.
      assert.match(String(error.cause), /in af-south-1 \(InvalidClientTokenId\)/);
      return true;
    });
  });

  it('says so of a service that the account is not signed up for, in the words of each protocol', async () => {
    for (const service of ['redshift', 'redshift-serverless', 'mq']) bench.sandbox.faults.add({ service, kind: 'notSubscribed' });
    const { faults, targets } = await discover('awkward', 'us-east-1');
    assert.deepEqual(faults, ['mq.brokers aws.notSubscribed', 'redshift.clusters aws.notSubscribed', 'redshift.serverless aws.notSubscribed']);
    assert.ok(targets.size > 0);
    const codes = new Set(bench.sandbox.requests.all().flatMap(({ errorCode }) => errorCode ?? []));
    assert.deepEqual(codes, new Set(['OptInRequired', 'SubscriptionRequiredException']));
  });
});

describe('discovery while a service throttles for ten seconds', () => {
  it('ends at once with one fault of that service, and is whole again when it is over', async () => {
    let now = Date.now();
    const bench = await awsBench({ now: () => now });
    const { signal } = new AbortController();
    const discover = async (): Promise<{ faults: string[]; brokers: number; others: number }> => {
      const faults: string[] = [];
      const found = new Map<string, Target>();
      for await (const part of bench.aws.inventory.discover({ profile: 'awkward', region: 'us-east-1' }, signal)) {
        if (part.kind === 'targets') for (const target of part.targets) found.set(target.id, target);
        if (part.kind === 'fault') faults.push(`${part.provider} ${part.fault.code}`);
      }
      const targets = [...found.values()];
      const brokers = targets.filter(({ kind }) => kind === 'mq.broker').length;
      return { faults, brokers, others: targets.length - brokers };
    };
    try {
      bench.sandbox.faults.add({ service: 'mq', kind: 'throttle', forMs: 10_000 });
      now += 9_999;
      assert.deepEqual(await discover(), { faults: ['mq.brokers aws.throttled'], brokers: 0, others: 72 });
      await eventually(() => bench.sandbox.requests.of('mq').every(({ status }) => status === 429), 'all calls were throttled');
      now += 1;
      assert.deepEqual(await discover(), { faults: [], brokers: 9, others: 72 });
    } finally {
      await bench.close();
    }
  });
});
