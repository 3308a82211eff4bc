import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { describeFault, isCancelled, isFault } from '../../src/base/fault';
import type { FaultData } from '../../src/base/fault';
import { formatLogLine, nullLogger } from '../../src/base/log';
import type { Bastion } from '../../src/model/bastion';
import { BASTION_PROVIDERS } from '../../src/model/inventory';
import type { InventoryPart } from '../../src/model/inventory';
import type { Target } from '../../src/model/target';
import { eventually } from '../fixtures/eventually';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { arrival, awsBench, impatient, PAGE_SIZE } from './awsBench';
import type { AwsBench } from './awsBench';

const DEV = '111122223333';
const SECOND = '444455556666';
const FRANKFURT = 'eu-central-1';

interface Found {
  readonly accountId: string | undefined;
  readonly bastions: Bastion[];
  readonly targets: Target[];
  readonly faults: (FaultData & { readonly provider: string })[];
}

async function gather(parts: AsyncIterable<InventoryPart>): Promise<Found> {
  const bastions: Bastion[] = [];
  const targets = new Map<string, Target>();
  const faults: (FaultData & { provider: string })[] = [];
  let accountId: string | undefined;
  for await (const part of parts) {
    if (part.kind === 'account') accountId = part.accountId;
    else if (part.kind === 'bastions') bastions.push(...part.bastions);
    // Told again, with its tags.
    else if (part.kind === 'targets') for (const target of part.targets) targets.set(target.id, target);
    else faults.push({ provider: part.provider, ...part.fault });
  }
  return { accountId, bastions, targets: [...targets.values()], faults };
}

describe('AWS access', () => {
  let bench: AwsBench;
  let aws: Aws;
  let sandbox: Sandbox;
  let directory: string;
  let env: Record<string, string>;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
    ({ aws, sandbox, directory, env } = bench);
  });

  afterEach(() => bench.close());

  const rightSecret = (): string => sandbox.env('dev')['AWS_SECRET_ACCESS_KEY']!;
  const discover = (profile: string, region = FRANKFURT): Promise<Found> => gather(aws.inventory.discover({ profile, region }, signal));

  async function refusal(profile: string, region = FRANKFURT): Promise<string> {
    let seen = 0;
    try {
      for await (const part of aws.inventory.discover({ profile, region }, signal)) seen += part.kind.length;
    } catch (error) {
      assert.ok(isFault(error), `not a Fault: ${String(error)}`);
      assert.equal(seen, 0, 'no part before the fault');
      assert.ok(error.remedy, 'has a next step');
      return `${error.code} ${describeFault(error)}`;
    }
    assert.fail('was not refused');
  }

  describe('discovery', () => {
    it('lists the profiles of the files, with their regions', async () => {
      const profiles = await aws.inventory.profiles();
      const regions = new Map(profiles.map(({ name, region }) => [name, region]));
      assert.deepEqual([regions.get('dev'), regions.has('noregion'), regions.get('noregion')], [FRANKFURT, true, undefined]);
      assert.equal(sandbox.requests.all().length, 0, 'no network');
    });

    it('finds bastions and every kind of target over many pages, in no more calls than there are pages', async () => {
      const { accountId, bastions, targets, faults } = await discover('dev');
      assert.deepEqual(faults, []);
      assert.equal(accountId, DEV);
      const vpcs = sandbox.world.places.find((place) => place.accountId === DEV && place.region === FRANKFURT)?.vpcs ?? [];
      const instances = vpcs.flatMap((vpc) => vpc.instances).filter(({ state }) => state !== 'terminated');
      assert.deepEqual(
        bastions.filter(({ kind }) => kind === 'ec2').map(({ id }) => id).toSorted(),
        instances.map(({ id }) => id).toSorted(),
      );
      assert.deepEqual(
        targets.map(({ name }) => name).toSorted(),
        vpcs
          .flatMap((vpc) => [
            ...[...vpc.replicationGroups, ...vpc.standaloneCaches, ...vpc.databases, ...vpc.databaseClusters].map(({ id }) => id),
            ...[...vpc.serverlessCaches, ...vpc.memoryDbClusters, ...vpc.databaseProxies].map(({ name }) => name),
          ])
          .toSorted(),
      );
      const rows = (name: 'memoryDbClusters' | 'databaseClusters' | 'databaseProxies'): number => vpcs.flatMap((vpc) => vpc[name] as unknown[]).length;
      for (const [service, action, count] of [
        ['memorydb', 'DescribeClusters', rows('memoryDbClusters')],
        ['memorydb', 'DescribeSubnetGroups', vpcs.length],
        ['rds', 'DescribeDBClusters', rows('databaseClusters')],
        ['rds', 'DescribeDBProxies', rows('databaseProxies')],
        ['rds', 'DescribeDBProxyEndpoints', 1],
        // The instances have told it all.
        ['rds', 'DescribeDBSubnetGroups', 0],
      ] as const) {
        assert.equal(sandbox.requests.of(service, action).length, Math.ceil(count / PAGE_SIZE), `${service}:${action}`);
      }
      for (const action of ['DescribeReplicationGroups', 'DescribeCacheClusters', 'DescribeCacheSubnetGroups']) {
        assert.ok(sandbox.requests.of('elasticache', action).length > 1, `${action} is paged`);
      }
      assert.ok(sandbox.requests.of('ec2', 'DescribeInstances').length >= instances.length / PAGE_SIZE);
      assert.ok(sandbox.requests.of('ssm', 'DescribeInstanceInformation').length > 1);
      assert.ok(sandbox.requests.all().every(({ status }) => status === 200));
    });

    it('joins what the services know of a bastion', async () => {
      const { bastions } = await discover('dev');
      const managed = (name: string): string | undefined => {
        const found = bastions.find((bastion) => bastion.name === name);
        return found && `${found.state} ${found.managed} ${found.agentVersion ?? '-'}`;
      };
      assert.equal(managed('shop-bastion'), 'running Online 3.3.1142.0');
      assert.equal(managed('shop-web'), 'running unmanaged -');
      assert.equal(managed('billing-bastion'), 'stopped ConnectionLost 3.3.1142.0');
      const bastion = bastions.find(({ name }) => name === 'shop-bastion');
      assert.deepEqual(bastion?.place, { profile: 'dev', region: FRANKFURT, accountId: DEV });
      assert.match(bastion.platform ?? '', /Amazon Linux 2023/);
    });

    it('gives each cache its endpoints, security and VPC', async () => {
      const { bastions, targets } = await discover('dev');
      const named = (name: string): Target => targets.find((target) => target.name === name) ?? assert.fail(`no ${name}`);
      const roles = (name: string): string => [...new Set(named(name).endpoints.map(({ role }) => role))].join(' ');
      const { vpcId } = bastions.find(({ name }) => name === 'shop-bastion') ?? assert.fail('no bastion');
      assert.ok(vpcId);
      for (const name of ['orders-cache', 'sessions-cache', 'catalog-cluster', 'events-serverless']) assert.equal(named(name).vpcId, vpcId, name);
      assert.equal(roles('orders-cache'), 'primary reader node');
      assert.equal(roles('catalog-cluster'), 'configuration node');
      assert.equal(roles('events-serverless'), 'primary reader');
      assert.deepEqual(
        named('events-serverless').endpoints.map(({ port }) => port),
        [6379, 6380],
      );
      for (const name of ['fresh-cache', 'fresh-cluster', 'fresh-serverless']) {
        assert.deepEqual([named(name).status, roles(name)], ['creating', ''], name);
      }
      assert.deepEqual([named('sessions-cache').tls, named('sessions-cache').auth], ['required', 'token']);
      assert.deepEqual([named('orders-cache').tls, named('orders-cache').auth], ['off', 'none']);
    });

    it('keeps accounts and regions apart', async () => {
      const [here, there, second] = await Promise.all([discover('dev'), discover('dev', 'us-east-1'), discover('dev-second')]);
      assert.deepEqual(
        there.targets.map(({ name }) => name),
        ['us-orders-cache'],
      );
      assert.ok(here.targets.every(({ place }) => place.region === FRANKFURT && place.accountId === DEV));
      assert.equal(second.accountId, SECOND);
      const [payments] = second.targets;
      assert.deepEqual([payments?.engine, payments?.tls, payments?.auth], ['valkey', 'preferred', 'users']);
      assert.equal(second.bastions[0]?.name.length, 255);
    });

    it('gives an empty part per provider when there is nothing', async () => {
      for (const { vpcs, hybridNodes, ecsClusters } of sandbox.world.places) for (const list of [vpcs, hybridNodes, ecsClusters]) list.length = 0;
      const parts: InventoryPart[] = [];
      for await (const part of aws.inventory.discover({ profile: 'dev', region: FRANKFURT }, signal)) parts.push(part);
      const telling = parts.flatMap((part) => (part.kind === 'bastions' ? [part.provider] : []));
      assert.deepEqual(new Set(telling), new Set(BASTION_PROVIDERS));
      // Beside the account, whose alias may come in a part of its own.
      const tellers = parts.map((part) => ('provider' in part ? part.provider : part.kind)).toSorted();
      assert.deepEqual(tellers.filter((teller, index) => teller !== 'account' || index === 0), [
        'account',
        'custom',
        'ec2.bastions',
        'ecs.tasks',
        'elasticache.replicationGroups',
        'elasticache.serverless',
        'memorydb.clusters',
        'mq.brokers',
        'msk.clusters',
        'opensearch.domains',
        'rds.databases',
        'rds.proxies',
        'redshift.clusters',
        'redshift.serverless',
        'ssm.hybridNodes',
      ]);
      assert.equal(sandbox.requests.of('memorydb').length, 1, 'one call finds that there is nothing');
      for (const service of ['redshift', 'redshift-serverless', 'es', 'mq', 'kafka']) assert.equal(sandbox.requests.of(service).length, 1, service);
      assert.equal(sandbox.requests.of('rds').length, 3, 'instances, clusters and proxies');
    });

    it("takes the profile's region when none is given", async () => {
      assert.equal((await discover('dev', '')).bastions[0]?.place.region, FRANKFURT);
    });

    it('works from environment variables alone', async () => {
      const other = createAws({ logger: nullLogger, clock: impatient, env: { ...sandbox.env(), AWS_CONFIG_FILE: join(directory, 'none') } });
      try {
        assert.equal((await gather(other.inventory.discover({ profile: 'environment', region: '' }, signal))).accountId, DEV);
      } finally {
        await other.dispose();
      }
    });

    it("assumes a role of another account through the profile's own endpoint", async () => {
      const role = `arn:aws:iam::${SECOND}:role/Support`;
      const lines = ['', '[profile support]', `role_arn = ${role}`, 'source_profile = dev', 'external_id = sallyport-support', `region = ${FRANKFURT}`];
      await appendFile(join(directory, 'config'), [...lines, `endpoint_url = ${sandbox.endpoint}`, ''].join('\n'));
      const { accountId, targets } = await discover('support');
      assert.equal(accountId, SECOND);
      assert.ok(targets.length > 0);
      assert.equal(sandbox.requests.of('sts', 'AssumeRole').length, 1, 'and only once');
    });

    it('works with a local clock that is an hour behind', async () => {
      const ahead = await startSandbox({ servers: false, now: () => Date.now() + 3_600_000 });
      try {
        await ahead.writeAwsConfig(directory);
        const { accountId, bastions, targets, faults } = await discover('dev');
        assert.deepEqual([accountId, faults], [DEV, []]);
        assert.ok(bastions.length > 0 && targets.length > 0);
      } finally {
        await ahead.close();
      }
    });

    it('sees changed credentials without being made anew', async () => {
      assert.match(await refusal('wrongkey'), /^aws\.invalidKey /);
      const file = join(directory, 'credentials');
      await writeFile(file, (await readFile(file, 'utf8')).replace('not/the-secret', rightSecret()));
      assert.equal((await discover('wrongkey')).accountId, DEV);
    });
  });

  it('asks the credential process again once AWS has refused what it gave', async () => {
    const script = join(directory, 'process.js');
    const give = (secret: string): Promise<void> =>
      writeFile(script, `console.log(JSON.stringify({ Version: 1, AccessKeyId: 'AKIASANDBOXDEV000001', SecretAccessKey: '${secret}' }))`);
    await appendFile(
      join(directory, 'config'),
      ['', '[profile process]', `credential_process = "${process.execPath}" "${script}"`, `endpoint_url = ${sandbox.endpoint}`, ''].join('\n'),
    );
    await give('stale');
    assert.match(await refusal('process'), /^aws\.invalidKey /);
    await give(rightSecret());
    assert.equal((await discover('process')).accountId, DEV);
  });

  it('keeps what a failed credential process printed, and its arguments, out of the log', async () => {
    const script = join(directory, 'failing.js');
    await writeFile(script, "console.error('s3cr3t-printed'); process.exit(1);");
    await appendFile(
      join(directory, 'config'),
      ['', '[profile failing]', `credential_process = "${process.execPath}" "${script}" --token s3cr3t-argument`, `endpoint_url = ${sandbox.endpoint}`, ''].join('\n'),
    );
    const lines: string[] = [];
    const logged = createAws({ logger: { log: (_level, event, fields) => void lines.push(formatLogLine(event, fields)) }, clock: impatient, env });
    try {
      await assert.rejects(gather(logged.inventory.discover({ profile: 'failing', region: FRANKFURT }, signal)), (error: Error) => {
        assert.ok(isFault(error) && error.code === 'aws.noCredentials', String(error));
        assert.ok(!/s3cr3t/.test(`${error.message} ${error.remedy?.text}`), error.message);
        return true;
      });
    } finally {
      await logged.dispose();
    }
    assert.ok(lines.some((line) => line.startsWith('aws.credentialsFailed ')));
    assert.ok(!lines.some((line) => line.includes('s3cr3t')), lines.join('\n'));
  });

  describe('partial failure', () => {
    it('shows every denied API as a fault that names the missing action', async () => {
      const { accountId, bastions, targets, faults } = await discover('denied');
      assert.equal(accountId, DEV);
      assert.deepEqual([bastions.length, targets.length], [0, 0]);
      const missing = faults.map(({ code, message }) => `${code} ${/No permission for (\S+)/.exec(message)?.[1]}`);
      assert.deepEqual(new Set(missing), new Set([
        'aws.accessDenied ec2:DescribeInstances',
        'aws.accessDenied ssm:DescribeInstanceInformation',
        'aws.accessDenied ecs:ListClusters',
        'aws.accessDenied elasticache:DescribeReplicationGroups',
        'aws.accessDenied elasticache:DescribeCacheClusters',
        'aws.accessDenied elasticache:DescribeServerlessCaches',
        'aws.accessDenied memorydb:DescribeClusters',
        'aws.accessDenied rds:DescribeDBInstances',
        'aws.accessDenied rds:DescribeDBClusters',
        'aws.accessDenied rds:DescribeDBProxies',
        'aws.accessDenied redshift:DescribeClusters',
        'aws.accessDenied redshift-serverless:ListWorkgroups',
        'aws.accessDenied es:ListDomainNames',
        'aws.accessDenied mq:ListBrokers',
        'aws.accessDenied kafka:ListClustersV2',
      ]));
      assert.ok(faults.every(({ remedy }) => remedy));
    });

    it('keeps the bastions and the databases when the caches are denied', async () => {
      const { bastions, targets, faults } = await discover('partial');
      assert.ok(bastions.length > 0);
      assert.ok(targets.length > 0 && targets.every(({ kind }) => !kind.startsWith('elasticache.')));
      assert.ok(faults.every(({ provider, code }) => provider.startsWith('elasticache.') && code === 'aws.accessDenied'));
    });

    it('keeps the instances, as unknown to Systems Manager, when that is denied', async () => {
      sandbox.faults.add({ service: 'ssm', action: 'DescribeInstanceInformation', kind: 'accessDenied' });
      const { bastions, targets, faults } = await discover('dev');
      assert.ok(bastions.length > 0 && targets.length > 0);
      assert.deepEqual(new Set(bastions.filter(({ kind }) => kind === 'ec2').map(({ managed }) => managed)), new Set(['unknown']));
      assert.deepEqual(
        faults.map(({ provider, code }) => `${provider} ${code}`).toSorted(),
        ['ec2.bastions aws.accessDenied', 'ssm.hybridNodes aws.accessDenied'],
      );
    });

    it('keeps the caches without their network when that is denied', async () => {
      sandbox.faults.add({ service: 'ec2', action: 'DescribeSubnets', kind: 'accessDenied' });
      sandbox.faults.add({ service: 'elasticache', action: 'DescribeCacheSubnetGroups', kind: 'accessDenied' });
      const { targets, faults } = await discover('dev');
      assert.ok(targets.some(({ kind }) => kind === 'elasticache.serverless'));
      assert.ok(targets.some(({ kind }) => kind === 'elasticache.replicationGroup'));
      assert.ok(targets.filter(({ kind }) => kind.startsWith('elasticache.')).every(({ vpcId }) => vpcId === undefined));
      assert.deepEqual(
        faults.map(({ provider }) => provider).toSorted(),
        ['ecs.tasks', 'elasticache.replicationGroups', 'elasticache.serverless'],
      );
    });

    it('waits out throttling', async () => {
      sandbox.faults.add({ service: 'ec2', action: 'DescribeInstances', kind: 'throttle', times: 2 });
      sandbox.faults.add({ service: 'elasticache', kind: 'throttle', times: 2 });
      sandbox.faults.add({ service: 'ssm', kind: 'serverError', times: 1 });
      const { bastions, targets, faults } = await discover('dev');
      assert.deepEqual(faults, []);
      assert.ok(bastions.length > 0 && targets.length > 0);
      assert.equal(sandbox.requests.all().filter(({ status }) => status !== 200).length, 5);
    });

    it('gives up on a throttled service after half a minute and a few calls; the rest arrives', async () => {
      sandbox.faults.add({ service: 'elasticache', kind: 'throttle' });
      const { bastions, targets, faults } = await discover('dev');
      assert.ok(bastions.length > 0);
      assert.ok(targets.every(({ kind }) => !kind.startsWith('elasticache.')));
      assert.deepEqual(new Set(faults.map(({ code, retryable }) => `${code} ${retryable}`)), new Set(['aws.throttled true']));
      const calls = sandbox.requests.of('elasticache').length;
      assert.ok(calls >= 16 && calls < 60, `${calls} calls`);
    });
  });

  describe('refusal before the first part', () => {
    it('is told for expired credentials', async () => {
      assert.match(await refusal('expired'), /^aws\.expiredCredentials Credentials have expired for AWS profile "expired"\./);
    });

    it('is told for a wrong key', async () => {
      assert.match(await refusal('wrongkey'), /^aws\.invalidKey .*"wrongkey"/);
    });

    it('is told for a missing region, without a call', async () => {
      assert.match(await refusal('noregion', ''), /^aws\.noRegion .*"noregion"/);
      assert.match(await refusal('dev', 'eu central/1'), /^aws\.invalidRegion /);
      assert.equal(sandbox.requests.all().length, 0);
    });

    it('is told for an unknown profile and for one without credentials', async () => {
      assert.match(await refusal('typo'), /^aws\.noProfile .*"typo"/);
      await appendFile(join(directory, 'config'), `\n[profile bare]\nregion = ${FRANKFURT}\n`);
      assert.match(await refusal('bare'), /^aws\.noCredentials .*"bare"/);
    });

    it('is told for a sign-in that is missing, with the command', async () => {
      const session = ['[sso-session corp]', 'sso_start_url = https://corp.awsapps.com/start', `sso_region = ${FRANKFURT}`];
      const profile = ['[profile sso]', 'sso_session = corp', `sso_account_id = ${DEV}`, 'sso_role_name = Developer', `region = ${FRANKFURT}`];
      await appendFile(join(directory, 'config'), ['', ...session, ...profile, ''].join('\n'));
      assert.match(await refusal('sso'), /^aws\.expiredCredentials .*`aws sso login --profile sso`/);
    });

    it('is told for a malformed file', async () => {
      await appendFile(join(directory, 'credentials'), '\nnonsense\n');
      assert.match(await refusal('dev'), /^aws\.configMalformed .*credentials/);
    });

    it('is told for an endpoint that cannot be reached', async () => {
      await sandbox.close();
      assert.match(await refusal('dev'), /^aws\.unreachable .*sts in eu-central-1 cannot be reached/);
    });

    it('takes seconds, not minutes, when the metadata service swallows the question', async () => {
      const held = new Set<Socket>();
      const silent = createServer((socket) => held.add(socket.on('error', () => {})));
      await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as AddressInfo;
      const metadata = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}` };
      const other = createAws({ logger: nullLogger, clock: impatient, env: { ...env, ...metadata } });
      try {
        const started = performance.now();
        await assert.rejects(gather(other.inventory.discover({ profile: 'default', region: FRANKFURT }, signal)), { code: 'aws.noCredentials' });
        assert.ok(performance.now() - started < 5_000);
        assert.ok(held.size > 0, 'it was asked');
      } finally {
        await other.dispose();
        for (const socket of held) socket.destroy();
        await new Promise<void>((resolve) => void silent.close(() => resolve()));
      }
    }).timeout(20_000);
  });

  describe('cancelling', () => {
    it('a discovery ends it at once and leaves no socket', async () => {
      sandbox.faults.add({ service: 'elasticache', kind: 'latency', latencyMs: 60_000 });
      const controller = new AbortController();
      const work = gather(aws.inventory.discover({ profile: 'dev', region: FRANKFURT }, controller.signal));
      // Every other provider has ended by then; the held calls are logged only when they are answered.
      await eventually(() => sandbox.requests.of('ec2', 'DescribeInstances').length > 1, 'bastions are read');
      const started = performance.now();
      controller.abort();
      await assert.rejects(work, isCancelled);
      assert.ok(performance.now() - started < 5_000);
    });

    it('by returning early ends every provider', async () => {
      sandbox.faults.add({ service: 'elasticache', kind: 'latency', latencyMs: 60_000 });
      for await (const part of aws.inventory.discover({ profile: 'dev', region: FRANKFURT }, signal)) if (part.kind === 'bastions') break;
    });

    it('by disposing ends what is under way, and nothing starts any more', async () => {
      const underWay = arrival(sandbox, { service: 'sts', kind: 'latency', latencyMs: 60_000 });
      const work = gather(aws.inventory.discover({ profile: 'dev', region: FRANKFURT }, signal));
      const ended = assert.rejects(work, isCancelled);
      await underWay;
      await aws.dispose();
      await ended;
      await assert.rejects(discover('dev'), isCancelled);
    });

    it('before the first step does nothing at all', async () => {
      await assert.rejects(gather(aws.inventory.discover({ profile: 'dev', region: FRANKFURT }, AbortSignal.abort())), isCancelled);
      assert.equal(sandbox.requests.all().length, 0);
    });
  });
});
