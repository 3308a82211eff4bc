// Bastions that are no EC2 instances, and what the network says of them, from the sandbox's APIs.
import { strict as assert } from 'node:assert';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { systemClock } from '../../src/base/clock';
import { isCancelled } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import { bastionObstacle } from '../../src/model/bastion';
import type { Bastion } from '../../src/model/bastion';
import { rankBastions } from '../../src/model/ranking';
import type { Target } from '../../src/model/target';
import type { Place } from '../sandbox/worldTypes';
import { arrival, awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

const scope = { profile: 'dev', region: 'eu-central-1' };
const never = new AbortController().signal;

describe('bastions of every kind', function () {
  this.timeout(20_000);
  let bench: AwsBench;
  /** Over a clock that keeps time, since a look at the network gives up after a while. */
  let aws: Aws;

  beforeEach(async () => {
    bench = await awsBench();
    aws = createAws({ logger: nullLogger, clock: systemClock, env: bench.env });
  });

  afterEach(async () => {
    await aws.dispose();
    await bench.close();
  });

  const placeOf = (): Place => bench.sandbox.world.places.find(({ region, ecsClusters }) => region === scope.region && ecsClusters.length > 0)!;

  async function discover(): Promise<{ bastions: Bastion[]; targets: Target[]; faults: string[] }> {
    const found = { bastions: [] as Bastion[], targets: [] as Target[], faults: [] as string[] };
    for await (const part of bench.aws.inventory.discover(scope, never)) {
      if (part.kind === 'bastions') found.bastions.push(...part.bastions);
      if (part.kind === 'targets') found.targets.push(...part.targets);
      if (part.kind === 'fault') found.faults.push(`${part.provider} ${part.fault.code}`);
    }
    return found;
  }

  it('are found over many pages, with what makes them usable or not', async () => {
    const { tasks } = placeOf().ecsClusters[0]!;
    for (let more = 10; more < 15; more++) tasks.push({ ...tasks[0]!, id: `${more}`.padStart(32, '0') });
    const { bastions, faults } = await discover();
    assert.deepEqual(faults, []);
    const rows = (kind: Bastion['kind']): string[] => bastions.filter((one) => one.kind === kind).map((one) => `${one.name} ${bastionObstacle(one) ?? 'usable'}`);
    assert.deepEqual(rows('hybrid'), ['office-gateway usable', 'office-spare offline']);
    assert.deepEqual(new Set(rows('ecs')), new Set(['tools/tools usable', 'tools/sidecar offline', 'nightly/nightly notRunning']));
    assert.equal(bastions.filter(({ name }) => name === 'tools/tools').length, 6);
    assert.ok(bench.sandbox.requests.of('ecs', 'ListTasks').length >= 4, 'ListTasks is paged');
    const shop = bastions.find(({ name }) => name === 'shop-bastion');
    assert.ok(bastions.filter(({ kind }) => kind === 'ecs').every(({ vpcId }) => vpcId === shop?.vpcId));
    assert.deepEqual([shop?.tags?.['sallyport'], shop?.privateAddresses], ['bastion', ['10.10.0.11']]);
  });

  it('are kept when a cluster is gone or its tasks are denied, with the missing action', async () => {
    bench.sandbox.faults.add({ service: 'ecs', action: 'ListTasks', kind: 'accessDenied', times: 1 });
    const { bastions, faults } = await discover();
    assert.deepEqual(faults, ['ecs.tasks aws.accessDenied']);
    assert.ok(bastions.some(({ kind }) => kind === 'ec2') && bastions.some(({ kind }) => kind === 'hybrid'));
  });

  it('come without their VPC where subnets cannot be read', async () => {
    const { ecsClusters, vpcs } = placeOf();
    const [task] = ecsClusters[0]!.tasks;
    for (const [index, { id }] of vpcs.flatMap(({ subnets }) => subnets).entries()) {
      ecsClusters.push({ name: `more-${index}`, tasks: [{ ...task!, id: `${index}`.padStart(32, 'e'), subnetId: id }] });
    }
    bench.sandbox.faults.add({ service: 'ec2', action: 'DescribeSubnets', kind: 'accessDenied' });
    const { bastions, faults } = await discover();
    const asked = bench.sandbox.requests.of('ec2', 'DescribeSubnets').length;
    assert.ok(asked === 1 || asked === 2, `${asked} times: once for the tasks, once for the serverless caches, or for both`);
    assert.ok(faults.includes('ecs.tasks aws.accessDenied'));
    const tasks = bastions.filter(({ kind }) => kind === 'ecs');
    assert.ok(tasks.length > 0 && tasks.every(({ vpcId }) => vpcId === undefined));
  });

  it('are ranked by peerings and security groups that the APIs tell', async () => {
    const { bastions, targets } = await discover();
    const orders = targets.find(({ name }) => name === 'orders-cache')!;
    const partner = targets.find(({ name }) => name === 'partner-cache')!;
    placeOf().peerings.push({ id: 'pcx-0123456789abcdef0', requesterVpcId: partner.vpcId!, accepterVpcId: orders.vpcId!, status: 'active' });
    placeOf().peerings.push({ id: 'pcx-0123456789abcdef1', requesterVpcId: partner.vpcId!, accepterVpcId: 'vpc-0123456789abcdef0', status: 'deleted' });
    const groups = [...new Set([...orders.securityGroupIds, ...bastions.flatMap(({ securityGroupIds }) => securityGroupIds)])];
    const network = await aws.inventory.network(scope, groups, never);
    assert.deepEqual(network.peerings, [[partner.vpcId, orders.vpcId]]);
    assert.deepEqual(network.groups?.map(({ id }) => id).toSorted(), groups.toSorted());
    const [best] = rankBastions(orders, bastions, { network, port: 6379 });
    assert.equal(best?.bastion.name, 'shop-bastion');
    assert.deepEqual(best.reasons, ['tagged', 'sameVpc', 'permitted', 'online', 'agentSuffices']);
    const through = rankBastions(partner, bastions, { network, port: 6379 });
    assert.ok(through[0]?.bastion.name === 'shop-bastion' && through[0].reach === 'peered');
  });

  it('stand in VPCs whose names can be asked for, those that are gone left out', async () => {
    const [vpc] = placeOf().vpcs;
    const names = await aws.inventory.vpcNames(scope, [vpc!.id, vpc!.id, 'vpc-0123456789abcdef0'], never);
    assert.deepEqual(names, { [vpc!.id]: vpc!.name });
    assert.deepEqual(await aws.inventory.vpcNames(scope, [], never), {});
    assert.equal(bench.sandbox.requests.of('ec2', 'DescribeVpcs').length, 1);
    bench.sandbox.faults.add({ service: 'ec2', action: 'DescribeVpcs', kind: 'throttle' });
    await assert.rejects(aws.inventory.vpcNames(scope, [vpc!.id], never), { code: 'aws.throttled' });
    assert.equal(bench.sandbox.requests.of('ec2', 'DescribeVpcs').length, 2, 'names are not worth a second try');
  });

  it('are judged without what is denied, and asked for it once', async () => {
    for (const action of ['DescribeVpcPeeringConnections', 'DescribeSecurityGroups']) bench.sandbox.faults.add({ service: 'ec2', action, kind: 'throttle' });
    assert.deepEqual(await aws.inventory.network(scope, ['sg-0123456789abcdef0'], never), {});
    assert.equal(bench.sandbox.requests.of('ec2', 'DescribeSecurityGroups').length, 1);
    assert.equal(bench.sandbox.requests.of('ec2', 'DescribeVpcPeeringConnections').length, 1);
    bench.sandbox.faults.clear();
    assert.deepEqual(await aws.inventory.network(scope, [], never), { peerings: [], groups: [] });
  });

  it('are judged without what does not come soon', async () => {
    // The clock of this bench calls at once whatever is scheduled.
    bench.sandbox.faults.add({ service: 'ec2', action: 'DescribeSecurityGroups', kind: 'latency', latencyMs: 5_000 });
    bench.sandbox.faults.add({ service: 'ec2', action: 'DescribeVpcPeeringConnections', kind: 'latency', latencyMs: 5_000 });
    const before = performance.now();
    assert.deepEqual(await bench.aws.inventory.network(scope, ['sg-0123456789abcdef0'], never), {});
    assert.ok(performance.now() - before < 3_000);
  });

  it('are no longer looked at once nobody waits', async () => {
    const abort = new AbortController();
    const asked = arrival(bench.sandbox, { service: 'ec2', action: 'DescribeSecurityGroups', kind: 'latency', latencyMs: 5_000 });
    const looking = aws.inventory.network(scope, ['sg-0123456789abcdef0'], abort.signal);
    await asked;
    abort.abort();
    await assert.rejects(looking, (error) => isCancelled(error));
  });

  describe('by their roles', () => {
    const DEV = '111122223333';
    const profile = (name: string): string => `arn:aws:iam::${DEV}:instance-profile/${name}`;
    const asked = (action?: string): number => bench.sandbox.requests.of('iam', action).length;

    it('are ranked by the names of policies that IAM tells, each role asked for once', async () => {
      const [shop] = placeOf().vpcs;
      const [model] = shop!.instances;
      for (const [index, instanceProfile] of ['admin', 'app', 'managed', 'empty', ''].entries()) {
        shop!.instances.push({ ...model!, id: `i-0123456789abcde0${index}`, name: 'same', tags: [], instanceProfile });
      }
      placeOf().ecsClusters[0]!.tasks[0]!.role = 'admin';
      const { bastions, targets } = await discover();
      const same = bastions.filter(({ name }) => name === 'same');
      assert.deepEqual(same.map(({ identityArn }) => identityArn), [profile('admin'), profile('app'), profile('managed'), profile('empty'), undefined]);
      const task = bastions.find(({ name }) => name === 'tools/tools')!;
      assert.equal(task.identityArn, `arn:aws:iam::${DEV}:role/admin`);
      bench.sandbox.requests.clear();
      const identities = [...same, task].flatMap(({ identityArn }) => identityArn ?? []);
      const policies = await aws.inventory.privileges(scope, [...identities, ...identities], never);
      const orders = targets.find(({ name }) => name === 'orders-cache')!;
      const ranking = rankBastions(orders, [...same, task], { policies });
      const why = ranking.map(({ bastion, reasons, widePolicy }) => [bastion.identityArn?.split('/')[1] ?? '-', reasons.at(-1), widePolicy ?? '-'].join(' '));
      assert.deepEqual(why, ['managed minimalRole -', 'empty minimalRole -', '- noRole -', 'app agentSuffices -', 'admin wideRole AdministratorAccess', 'admin wideRole AdministratorAccess']);
      assert.ok(bench.sandbox.requests.of('iam').every(({ status, region }) => status === 200 && region === 'us-east-1'));
      assert.deepEqual([asked('GetInstanceProfile'), asked('ListAttachedRolePolicies'), asked('ListRolePolicies')], [4, 4, 4]);
      assert.deepEqual(await aws.inventory.privileges(scope, identities, never), policies);
      assert.equal(asked(), 12, 'known for a while');
    });

    it('are judged without what is denied, which is not asked for again; without what failed, which is', async () => {
      const lift = bench.sandbox.faults.add({ service: 'iam', action: 'ListRolePolicies', kind: 'accessDenied' });
      assert.deepEqual(await aws.inventory.privileges(scope, [profile('managed')], never), { [profile('managed')]: { attached: ['arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'] } });
      bench.sandbox.faults.add({ service: 'iam', action: 'GetInstanceProfile', kind: 'accessDenied', times: 1 });
      assert.deepEqual(await aws.inventory.privileges(scope, [profile('app')], never), {});
      lift();
      const before = asked();
      assert.deepEqual(await aws.inventory.privileges(scope, [profile('app')], never), {});
      assert.equal(asked(), before);
      bench.sandbox.faults.add({ service: 'iam', action: 'ListAttachedRolePolicies', kind: 'throttle', times: 1 });
      assert.deepEqual(await aws.inventory.privileges(scope, [profile('admin'), profile('gone')], never), {});
      const again = await aws.inventory.privileges(scope, [profile('admin'), profile('gone')], never);
      assert.deepEqual([Object.keys(again), again[profile('admin')]?.attached?.length], [[profile('admin')], 3]);
    });

    it('are asked about for eight roles at most, and for no longer than somebody waits', async () => {
      const many = Array.from({ length: 12 }, (_, index) => profile(`none-${index}`));
      assert.deepEqual(await aws.inventory.privileges(scope, many, never), {});
      assert.equal(asked('GetInstanceProfile'), 8);
      // The clock of this bench calls at once whatever is scheduled.
      bench.sandbox.faults.add({ service: 'iam', kind: 'latency', latencyMs: 5_000 });
      const before = performance.now();
      assert.deepEqual(await bench.aws.inventory.privileges(scope, [profile('managed')], never), {});
      assert.ok(performance.now() - before < 3_000);
      bench.sandbox.faults.clear();
      assert.deepEqual(await bench.aws.inventory.privileges(scope, [profile('managed')], never), {}, 'nobody waits for it again at once');
      const abort = new AbortController();
      const looking = aws.inventory.privileges(scope, [profile('managed')], abort.signal);
      abort.abort();
      await assert.rejects(looking, (error) => isCancelled(error));
    });
  });
});
