import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Target } from '../../src/model/target';
import { defaultEndpoint } from '../../src/model/target';
import { awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

const DATA = 'vpc-03000000000000090';
const REGION = 'eu-west-1';

describe('discovery of analytics, search and messages', () => {
  let bench: AwsBench;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
  });
  afterEach(() => bench.close());

  async function discover(profile = 'dev', region = REGION): Promise<{ targets: Map<string, Target>; faults: string[] }> {
    const targets = new Map<string, Target>();
    const faults: string[] = [];
    for await (const part of bench.aws.inventory.discover({ profile, region }, signal)) {
      if (part.kind === 'targets') for (const target of part.targets) targets.set(target.name, target);
      if (part.kind === 'fault') faults.push(`${part.provider} ${part.fault.code} ${/permission for (\S+)/.exec(part.fault.message)?.[1] ?? ''}`.trim());
    }
    return { targets, faults: faults.toSorted() };
  }

  const outline = (target: Target | undefined): string =>
    target ? [target.kind, target.engine, target.engineVersion ?? '-', target.status, target.tls, target.auth, target.endpoints.length].join(' ') : 'absent';

  it('tells each with its engine, version, status, security and network', async () => {
    const { targets, faults } = await discover();
    assert.deepEqual(faults, []);
    const expected: Readonly<Record<string, string>> = {
      'sales-redshift': 'redshift.cluster redshift 1.0 available preferred passwordOrIam 2',
      'open-redshift': 'redshift.cluster redshift 1.0 paused preferred passwordOrIam 1',
      'fresh-redshift': 'redshift.cluster redshift 1.0 creating preferred passwordOrIam 0',
      adhoc: 'redshift.workgroup redshift 1.0 AVAILABLE required passwordOrIam 1',
      'open-adhoc': 'redshift.workgroup redshift 1.0 AVAILABLE required passwordOrIam 1',
      'fresh-adhoc': 'redshift.workgroup redshift 1.0 CREATING preferred passwordOrIam 0',
      products: 'opensearch.domain opensearch 2.19 Active required password 1',
      logs: 'opensearch.domain elasticsearch 7.10 Modifying required iam 1',
      'fresh-search': 'opensearch.domain opensearch 2.19 Creating required iam 0',
      'orders-mq': 'mq.broker activemq 5.18 RUNNING required password 12',
      'events-mq': 'mq.broker rabbitmq 3.13 RUNNING required password 2',
      'fresh-mq': 'mq.broker activemq 5.18 CREATION_IN_PROGRESS required password 0',
      clicks: 'msk.cluster kafka 3.7.x ACTIVE preferred none 8',
      ledger: 'msk.cluster kafka 3.7.x UPDATING required certificate 2',
      bursts: 'msk.cluster kafka - ACTIVE required iam 1',
      'open-kafka': 'msk.cluster kafka 3.7.x ACTIVE required iam 4',
      'fresh-kafka': 'msk.cluster kafka 3.7.x CREATING required none 0',
    };
    for (const [name, line] of Object.entries(expected)) {
      assert.equal(outline(targets.get(name)), line, name);
      assert.equal(targets.get(name)?.vpcId, DATA, name);
      assert.ok(targets.get(name)!.subnetIds.length > 0 && targets.get(name)!.securityGroupIds.length > 0, name);
    }
    assert.deepEqual([outline(targets.get('open-search')), targets.get('open-search')?.vpcId], ['opensearch.domain opensearch 2.19 Active required iam 1', undefined]);
    assert.deepEqual(targets.get('sales-redshift')!.tags, [{ key: 'team', value: 'analytics 📈' }]);
    assert.deepEqual(targets.get('orders-mq')!.tags, [{ key: 'team', value: 'orders' }]);
    assert.deepEqual(targets.get('clicks')!.tags, [{ key: 'team', value: 'web' }]);
    assert.ok(bench.sandbox.requests.all().every(({ status }) => status === 200));
  });

  it('gives addresses that exist, and marks those that are public', async () => {
    const { targets } = await discover();
    const hosts = new Set(bench.sandbox.hosts().map(({ host, port }) => `${host}:${port}`));
    for (const { name, endpoints, vpcId } of targets.values()) {
      for (const { host, port } of endpoints) assert.ok(vpcId === undefined || hosts.has(`${host}:${port}`), `${name}: ${host}:${port}`);
    }
    const open = [...targets.values()].filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.public)).map(({ name }) => name);
    assert.deepEqual(open.toSorted(), ['events-mq', 'open-adhoc', 'open-cache', 'open-kafka', 'open-redshift', 'open-search']);
    const openCache = targets.get('open-cache')!;
    assert.deepEqual(
      [openCache.vpcId, openCache.subnetIds, openCache.endpoints.map(({ role, port, public: open_ }) => [role, port, open_])],
      [undefined, [], [['primary', 6379, true]]],
    );
    assert.deepEqual(
      targets.get('open-kafka')!.endpoints.map(({ name, port, public: open_ }) => [name, port, open_ ?? false]),
      [['b-1 SASL/IAM', 9098, false], ['b-2 SASL/IAM', 9098, false], ['b-1-public SASL/IAM', 9198, true], ['b-2-public SASL/IAM', 9198, true]],
    );
    assert.equal(defaultEndpoint(targets.get('orders-mq')!)?.name, '1 OpenWire');
    assert.equal(defaultEndpoint(targets.get('events-mq')!)?.port, 5671);
    assert.deepEqual(targets.get('orders-mq')!.endpoints.slice(-2).map(({ role, name, port }) => `${role} ${name} ${port}`), ['console 1 8162', 'console 2 8162']);
    assert.deepEqual(
      targets.get('clicks')!.endpoints.map(({ name, port, tls }) => `${name} ${port} ${tls}`),
      [
        'b-1 TLS 9094 required',
        'b-2 TLS 9094 required',
        'b-1 SASL/SCRAM 9096 required',
        'b-2 SASL/SCRAM 9096 required',
        'b-1 SASL/IAM 9098 required',
        'b-2 SASL/IAM 9098 required',
        'b-1 plaintext 9092 off',
        'b-2 plaintext 9092 off',
      ],
    );
    assert.deepEqual([targets.get('clicks')!.notes, targets.get('orders-mq')!.notes, targets.get('events-mq')!.notes], [['otherBrokersAreTold'], ['oneOfTwoAnswers'], undefined]);
  });

  it('puts the endpoints of Redshift in other VPCs there', async () => {
    const { targets } = await discover();
    const analysts = bench.sandbox.world.places.find(({ region }) => region === REGION)!.vpcs[1]!;
    for (const name of ['sales-analysts', 'adhoc-analysts']) {
      const target = targets.get(name)!;
      assert.equal(target.vpcId, analysts.id, name);
      assert.deepEqual(target.subnetIds, analysts.subnets.map(({ id }) => id), name);
      assert.equal(target.endpoints.length, 1, name);
    }
    assert.deepEqual(targets.get('sales-redshift')!.endpoints.map(({ name }) => name), [undefined, 'sales-here']);
  });

  it('shows what was listed, without endpoints and with one fault per service, when the details are denied', async () => {
    for (const [service, action] of [['mq', 'DescribeBroker'], ['kafka', 'GetBootstrapBrokers'], ['es', 'DescribeDomains']] as const) {
      bench.sandbox.faults.add({ service, action, kind: 'accessDenied' });
    }
    const { targets, faults } = await discover();
    assert.deepEqual(faults, [
      'mq.brokers aws.accessDenied mq:DescribeBroker',
      'msk.clusters aws.accessDenied kafka:GetBootstrapBrokers',
      'opensearch.domains aws.accessDenied es:DescribeDomains',
    ]);
    assert.equal(outline(targets.get('orders-mq')), 'mq.broker activemq - RUNNING required password 0');
    assert.equal(outline(targets.get('clicks')), 'msk.cluster kafka 3.7.x ACTIVE preferred none 0');
    assert.equal(outline(targets.get('products')), 'opensearch.domain opensearch - unknown required iam 0');
    assert.ok(targets.has('sales-redshift') && targets.has('adhoc'));
  });

  it('keeps Redshift when its subnets and further endpoints are denied, and the others without a VPC when subnets are', async () => {
    bench.sandbox.faults.add({ service: 'redshift', action: 'DescribeClusterSubnetGroups', kind: 'accessDenied' });
    bench.sandbox.faults.add({ service: 'redshift-serverless', action: 'ListEndpointAccess', kind: 'accessDenied' });
    bench.sandbox.faults.add({ service: 'ec2', action: 'DescribeSubnets', kind: 'accessDenied' });
    const { targets, faults } = await discover();
    assert.deepEqual(new Set(faults), new Set([
      'mq.brokers aws.accessDenied ec2:DescribeSubnets',
      'msk.clusters aws.accessDenied ec2:DescribeSubnets',
      'redshift.clusters aws.accessDenied redshift:DescribeClusterSubnetGroups',
      'redshift.serverless aws.accessDenied redshift-serverless:ListEndpointAccess',
      'redshift.serverless aws.accessDenied ec2:DescribeSubnets',
    ]));
    assert.deepEqual([targets.get('sales-redshift')!.vpcId, targets.get('sales-redshift')!.subnetIds], [DATA, []]);
    assert.deepEqual([targets.get('adhoc')!.vpcId, targets.get('clicks')!.vpcId], [DATA, undefined]);
  });

  it('describes no more than needed, and no more than five domains at a time', async () => {
    await discover('awkward', 'us-east-1');
    const { requests } = bench.sandbox;
    assert.equal(requests.of('es', 'ListDomainNames').length, 1);
    assert.deepEqual(requests.of('es', 'DescribeDomains').map(({ params }) => (params['DomainNames'] as string[]).length).toSorted((a, b) => a - b), [4, 5]);
    assert.equal(requests.of('mq', 'DescribeBroker').length, 9);
    requests.clear();
    await discover('dev', 'us-east-1');
    for (const service of ['redshift', 'redshift-serverless', 'es', 'mq', 'kafka']) assert.equal(requests.of(service).length, 1, service);
  });
});
