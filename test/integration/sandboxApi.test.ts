import { strict as assert } from 'node:assert';
import {
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  paginateDescribeInstances,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import {
  DescribeCacheClustersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeServerlessCachesCommand,
  ListTagsForResourceCommand,
  paginateDescribeCacheClusters,
  paginateDescribeCacheSubnetGroups,
  paginateDescribeReplicationGroups,
  paginateDescribeServerlessCaches,
} from '@aws-sdk/client-elasticache';
import type { DescribeInstancesCommandInput } from '@aws-sdk/client-ec2';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { clientsOf, collect, destroy, failure } from './sandboxClients';
import type { Clients } from './sandboxClients';

const ACCOUNT = '111122223333';

describe("the sandbox's API, asked by the real SDK clients", () => {
  let sandbox: Sandbox;
  let clients: Clients;

  before(async () => {
    sandbox = await startSandbox({ servers: false });
    clients = clientsOf(sandbox);
  });
  after(async () => {
    destroy(clients);
    await sandbox.close();
  });

  describe('EC2', () => {
    it('pages every machine of the account and region, two at a time', async () => {
      const pages = await collect(paginateDescribeInstances({ client: clients.ec2 }, {}), (page) =>
        page.Reservations?.flatMap(({ Instances = [] }) => Instances),
      );
      assert.ok(pages.length >= 3);
      assert.ok(pages.every((page) => page.length <= 2));
      const seen = pages.flat().map(({ InstanceId = '', State, Tags }) => {
        return [Tags?.[0]?.Value, State?.Name, InstanceId.slice(0, 4)];
      });
      assert.deepEqual(seen, [
        ['shop-bastion', 'running', 'i-0a'],
        ['shop-web', 'running', 'i-0a'],
        ['shop-batch', 'terminated', 'i-0a'],
        ['billing-bastion', 'stopped', 'i-0b'],
        ['reporting-bastion', 'running', 'i-0c'],
        ['archive-bastion', 'running', 'i-0d'],
        ['lab-host', 'running', 'i-0e'],
      ]);
    });

    it('tells where a machine stands, and nothing of the network of a terminated one', async () => {
      const [{ id: bastion }, { id: gone }] = [sandbox.instance('shop-bastion'), sandbox.instance('shop-batch')];
      const InstanceIds = [gone, bastion];
      const { Reservations = [] } = await clients.ec2.send(new DescribeInstancesCommand({ InstanceIds }));
      const [first, second] = Reservations.flatMap(({ Instances = [] }) => Instances);
      assert.equal(first?.VpcId, 'vpc-0a000000000000010');
      assert.equal(first?.SubnetId, 'subnet-0a00000000000001a');
      assert.deepEqual(first?.SecurityGroups, [{ GroupId: 'sg-0a00000000000001b', GroupName: 'bastion' }]);
      assert.equal(first?.Placement?.AvailabilityZone, 'eu-central-1a');
      assert.ok(first?.LaunchTime instanceof Date);
      assert.deepEqual(first?.Tags, [
        { Key: 'Name', Value: 'shop-bastion' },
        { Key: 'sallyport', Value: 'bastion' },
      ]);
      assert.equal(second?.State?.Code, 48);
      assert.equal(second?.VpcId, undefined);
    });

    it('keeps names with emoji and 255 characters', async () => {
      const second = clientsOf(sandbox, 'dev-second');
      const { Reservations = [] } = await second.ec2.send(new DescribeInstancesCommand({}));
      destroy(second);
      const name = Reservations[0]?.Instances?.[0]?.Tags?.[0]?.Value ?? '';
      assert.equal(name.length, 255);
      assert.match(name, /🏰/u);
    });

    it('filters by state, VPC, tag and wildcard, all filters together', async () => {
      const names = async (...filters: [string, ...string[]][]): Promise<(string | undefined)[]> => {
        const Filters = filters.map(([Name, ...Values]) => ({ Name, Values }));
        const all = paginateDescribeInstances({ client: clients.ec2 }, { Filters });
        const pages = await collect(all, ({ Reservations }) => Reservations);
        return pages.flat().map(({ Instances }) => Instances?.[0]?.Tags?.[0]?.Value);
      };
      const over = await names(['instance-state-name', 'stopped', 'terminated']);
      assert.deepEqual(over, ['shop-batch', 'billing-bastion']);
      assert.deepEqual(await names(['tag:sallyport', 'bastion']), ['shop-bastion']);
      assert.deepEqual(await names(['tag:Name', 'shop-*']), ['shop-bastion', 'shop-web', 'shop-batch']);
      assert.deepEqual(await names(['tag:Name', 'shop?web']), ['shop-web']);
      const both = await names(['vpc-id', 'vpc-0a000000000000010'], ['instance-state-name', 'running']);
      assert.deepEqual(both, ['shop-bastion', 'shop-web']);
      assert.deepEqual(await names(['tag:Name', 'nothing']), []);
    });

    it('complains as EC2 does', async () => {
      const ask = (input: DescribeInstancesCommandInput) =>
        failure(clients.ec2.send(new DescribeInstancesCommand(input)));
      const { id } = sandbox.instance('shop-bastion');
      const unknown = 'i-0123456789abcdef0';
      assert.deepEqual(await ask({ InstanceIds: [unknown] }), {
        name: 'InvalidInstanceID.NotFound',
        status: 400,
        message: `The instance ID '${unknown}' does not exist`,
      });
      assert.equal((await ask({ InstanceIds: ['bastion'] })).name, 'InvalidInstanceID.Malformed');
      assert.equal((await ask({ InstanceIds: [id], MaxResults: 5 })).name, 'InvalidParameterCombination');
      assert.equal((await ask({ MaxResults: 2 })).name, 'InvalidParameterValue');
      assert.equal((await ask({ NextToken: 'made-up' })).name, 'InvalidNextToken');
      assert.equal((await ask({ Filters: [{ Name: 'colour', Values: ['red'] }] })).name, 'InvalidParameterValue');
    });

    it("knows none of another account's or region's machines", async () => {
      const { id } = sandbox.instance('us-bastion');
      const { name } = await failure(clients.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] })));
      assert.equal(name, 'InvalidInstanceID.NotFound');
      const virginia = clientsOf(sandbox, 'dev', { region: 'us-east-1' });
      const { Reservations } = await virginia.ec2.send(new DescribeInstancesCommand({}));
      destroy(virginia);
      assert.deepEqual(Reservations?.map(({ Instances }) => Instances?.[0]?.InstanceId), [id]);
    });

    it('pages VPCs, subnets, security groups and route tables', async () => {
      const client = clients.ec2;
      const all = async <Page, Row>(...args: Parameters<typeof collect<Page, Row>>): Promise<Row[]> =>
        (await collect(...args)).flat();
      const vpcs = await all(paginateDescribeVpcs({ client }, {}), ({ Vpcs }) => Vpcs);
      const vpcNames = vpcs.map(({ Tags }) => Tags?.[0]?.Value);
      assert.deepEqual(vpcNames, ['shop', 'billing', 'reporting', 'archive', 'lab', 'partner']);
      assert.equal(vpcs[0]?.CidrBlock, '10.10.0.0/16');
      const subnets = await all(paginateDescribeSubnets({ client }, {}), ({ Subnets }) => Subnets);
      assert.equal(subnets.length, 12);
      assert.ok(subnets.every(({ VpcId, SubnetArn }) => VpcId && SubnetArn));
      const groups = await all(paginateDescribeSecurityGroups({ client }, {}), ({ SecurityGroups }) => SecurityGroups);
      assert.equal(groups.length, 18);
      assert.deepEqual(groups[1]?.IpPermissions?.[0], {
        IpProtocol: 'tcp',
        FromPort: 6379,
        ToPort: 6380,
        UserIdGroupPairs: [{ UserId: ACCOUNT, GroupId: 'sg-0a00000000000001b' }],
        IpRanges: [],
        Ipv6Ranges: [],
        PrefixListIds: [],
      });
      const tables = await all(paginateDescribeRouteTables({ client }, {}), ({ RouteTables }) => RouteTables);
      assert.equal(tables.filter(({ Associations }) => Associations?.[0]?.Main).length, 6);
      const gateways = tables[1]?.Routes?.map(({ GatewayId, NatGatewayId }) => GatewayId ?? NatGatewayId);
      assert.deepEqual(gateways, ['local', 'nat-0a000000000000011']);
    });

    it('names by id what it is asked for, and complains about ids that it does not know', async () => {
      const SubnetIds = ['subnet-0a00000000000001b'];
      const { Subnets } = await clients.ec2.send(new DescribeSubnetsCommand({ SubnetIds }));
      assert.deepEqual(Subnets?.map(({ AvailabilityZone }) => AvailabilityZone), ['eu-central-1b']);
      const unknown = '0123456789abcdef0';
      const codes = await Promise.all([
        failure(clients.ec2.send(new DescribeVpcsCommand({ VpcIds: [`vpc-${unknown}`] }))),
        failure(clients.ec2.send(new DescribeSubnetsCommand({ SubnetIds: [`subnet-${unknown}`] }))),
        failure(clients.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [`sg-${unknown}`] }))),
        failure(clients.ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [`rtb-${unknown}`] }))),
      ]);
      assert.deepEqual(
        codes.map(({ name }) => name),
        ['InvalidVpcID.NotFound', 'InvalidSubnetID.NotFound', 'InvalidGroup.NotFound', 'InvalidRouteTableID.NotFound'],
      );
    });

    it('tells the regions that are on, and all when asked', async () => {
      const names = async (input: { AllRegions?: boolean; RegionNames?: string[] }): Promise<unknown> =>
        (await clients.ec2.send(new DescribeRegionsCommand(input))).Regions?.map(({ RegionName }) => RegionName);
      assert.deepEqual(await names({}), ['eu-central-1', 'us-east-1', 'eu-west-1']);
      assert.deepEqual(await names({ AllRegions: true }), ['eu-central-1', 'us-east-1', 'eu-west-1', 'af-south-1']);
      assert.deepEqual(await names({ RegionNames: ['us-east-1'] }), ['us-east-1']);
      const { name } = await failure(clients.ec2.send(new DescribeRegionsCommand({ RegionNames: ['mars-north-1'] })));
      assert.equal(name, 'InvalidParameterValue');
    });
  });

  describe('ElastiCache', () => {
    it('pages replication groups, with the endpoints that their mode has', async () => {
      const all = paginateDescribeReplicationGroups({ client: clients.elastiCache }, {});
      const pages = await collect(all, ({ ReplicationGroups }) => ReplicationGroups);
      assert.ok(pages.length > 3 && pages.every((page) => page.length <= 2));
      const groups = new Map(pages.flat().map((group) => [group.ReplicationGroupId, group]));
      const orders = groups.get('orders-cache');
      assert.equal(orders?.Description, 'Orders in flight 📦');
      assert.equal(orders?.ARN, `arn:aws:elasticache:eu-central-1:${ACCOUNT}:replicationgroup:orders-cache`);
      assert.equal(orders?.TransitEncryptionEnabled, false);
      const [shard] = orders?.NodeGroups ?? [];
      assert.deepEqual(shard?.PrimaryEndpoint, {
        Address: 'orders-cache.x1y2z3.ng.0001.euc1.cache.amazonaws.com',
        Port: 6379,
      });
      assert.equal(shard?.ReaderEndpoint?.Address, 'orders-cache-ro.x1y2z3.ng.0001.euc1.cache.amazonaws.com');
      assert.deepEqual(
        shard?.NodeGroupMembers?.map(({ CurrentRole }) => CurrentRole),
        ['primary', 'replica'],
      );
      const sessions = groups.get('sessions-cache');
      assert.deepEqual(
        [sessions?.TransitEncryptionEnabled, sessions?.TransitEncryptionMode, sessions?.AuthTokenEnabled],
        [true, 'required', true],
      );
      const catalog = groups.get('catalog-cluster');
      const { Address, Port } = catalog?.ConfigurationEndpoint ?? {};
      assert.equal(`${Address}:${Port}`, 'catalog-cluster.x1y2z3.clustercfg.euc1.cache.amazonaws.com:6379');
      assert.deepEqual(catalog?.NodeGroups?.map(({ Slots, PrimaryEndpoint }) => [Slots, PrimaryEndpoint]), [
        ['0-8191', undefined],
        ['8192-16383', undefined],
      ]);
    });

    it('tells no endpoints and no node groups while a group is being created', async () => {
      for (const ReplicationGroupId of ['fresh-cache', 'fresh-cluster']) {
        const ask = new DescribeReplicationGroupsCommand({ ReplicationGroupId });
        const [group] = (await clients.elastiCache.send(ask)).ReplicationGroups ?? [];
        assert.equal(group?.Status, 'creating');
        assert.equal(group?.NodeGroups, undefined);
        assert.equal(group?.ConfigurationEndpoint, undefined);
      }
    });

    it('tells security groups and the subnet group through the members, as the groups have neither', async () => {
      const ask = new DescribeReplicationGroupsCommand({ ReplicationGroupId: 'orders-cache' });
      const { ReplicationGroups } = await clients.elastiCache.send(ask);
      const [CacheClusterId] = ReplicationGroups?.[0]?.MemberClusters ?? [];
      assert.equal(CacheClusterId, 'orders-cache-001');
      const { CacheClusters } = await clients.elastiCache.send(new DescribeCacheClustersCommand({ CacheClusterId }));
      const [member] = CacheClusters ?? [];
      assert.equal(member?.EngineVersion, '7.1.0');
      assert.equal(member?.ReplicationGroupId, 'orders-cache');
      assert.deepEqual(member?.SecurityGroups, [{ SecurityGroupId: 'sg-0a00000000000001c', Status: 'active' }]);
      assert.equal(member?.CacheNodes, undefined);
      const { CacheSubnetGroups } = await clients.elastiCache.send(
        new DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName: member?.CacheSubnetGroupName }),
      );
      assert.equal(CacheSubnetGroups?.[0]?.VpcId, 'vpc-0a000000000000010');
      assert.deepEqual(
        CacheSubnetGroups?.[0]?.Subnets?.map((subnet) => [
          subnet.SubnetIdentifier,
          subnet.SubnetAvailabilityZone?.Name,
        ]),
        [
          ['subnet-0a00000000000001a', 'eu-central-1a'],
          ['subnet-0a00000000000001b', 'eu-central-1b'],
        ],
      );
    });

    it('pages cache clusters and tells their nodes when asked', async () => {
      const client = clients.elastiCache;
      const all = paginateDescribeCacheClusters({ client }, { ShowCacheNodeInfo: true });
      const pages = await collect(all, ({ CacheClusters }) => CacheClusters);
      const rows = new Map(pages.flat().map((row) => [row.CacheClusterId, row]));
      const { Endpoint } = rows.get('orders-cache-002')?.CacheNodes?.[0] ?? {};
      assert.equal(Endpoint?.Address, 'orders-cache-002.x1y2z3.0001.euc1.cache.amazonaws.com');
      assert.equal(rows.get('fresh-cache-001')?.CacheNodes, undefined);
      assert.equal(rows.get('pages-memcached')?.ConfigurationEndpoint?.Port, 11211);
      assert.equal(rows.get('pages-memcached')?.CacheNodes?.length, 2);
      const alone = new DescribeCacheClustersCommand({ ShowCacheClustersNotInReplicationGroups: true });
      const { CacheClusters } = await client.send(alone);
      assert.deepEqual(
        CacheClusters?.map(({ CacheClusterId }) => CacheClusterId),
        ['lonely-redis', 'pages-memcached'],
      );
    });

    it('tells serverless caches with a writer and a reader port', async () => {
      const all = paginateDescribeServerlessCaches({ client: clients.elastiCache }, {});
      const pages = await collect(all, ({ ServerlessCaches }) => ServerlessCaches);
      const [events, fresh] = pages.flat();
      assert.deepEqual([events?.Engine, events?.MajorEngineVersion, events?.Status], ['valkey', '8', 'available']);
      assert.equal(events?.Endpoint?.Port, 6379);
      assert.equal(events?.ReaderEndpoint?.Port, 6380);
      assert.deepEqual(events?.SubnetIds, ['subnet-0a00000000000001a', 'subnet-0a00000000000001b']);
      assert.deepEqual([fresh?.Status, fresh?.Endpoint], ['creating', undefined]);
    });

    it('pages subnet groups', async () => {
      const all = paginateDescribeCacheSubnetGroups({ client: clients.elastiCache }, {});
      const pages = await collect(all, ({ CacheSubnetGroups }) => CacheSubnetGroups);
      assert.deepEqual(
        pages.map(({ length }) => length),
        [2, 2, 2],
      );
    });

    it('lists the tags of each kind of resource', async () => {
      const tags = async (resource: string): Promise<unknown> => {
        const ResourceName = `arn:aws:elasticache:eu-central-1:${ACCOUNT}:${resource}`;
        return (await clients.elastiCache.send(new ListTagsForResourceCommand({ ResourceName }))).TagList;
      };
      assert.deepEqual(await tags('replicationgroup:orders-cache'), [{ Key: 'team', Value: 'orders' }]);
      assert.deepEqual(await tags('cluster:orders-cache-001'), [{ Key: 'team', Value: 'orders' }]);
      assert.deepEqual(await tags('serverlesscache:events-serverless'), [{ Key: 'team', Value: 'events' }]);
      assert.deepEqual(await tags('subnetgroup:shop-caches'), []);
      assert.equal((await failure(tags('replicationgroup:gone'))).name, 'ReplicationGroupNotFoundFault');
      assert.equal((await failure(tags('serverlesscache:gone'))).name, 'ServerlessCacheNotFoundFault');
      assert.equal((await failure(tags('cluster:gone'))).name, 'CacheClusterNotFoundFault');
      assert.equal((await failure(tags('teapot:gone'))).name, 'InvalidARNFault');
    });

    it('complains as ElastiCache does', async () => {
      const client = clients.elastiCache;
      const failures = await Promise.all([
        failure(client.send(new DescribeReplicationGroupsCommand({ ReplicationGroupId: 'gone' }))),
        failure(client.send(new DescribeCacheClustersCommand({ CacheClusterId: 'gone' }))),
        failure(client.send(new DescribeServerlessCachesCommand({ ServerlessCacheName: 'gone' }))),
        failure(client.send(new DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName: 'gone' }))),
        failure(client.send(new DescribeReplicationGroupsCommand({ MaxRecords: 5 }))),
        failure(client.send(new DescribeReplicationGroupsCommand({ Marker: 'made-up' }))),
      ]);
      assert.deepEqual(
        failures.map(({ name, status }) => [name, status]),
        [
          ['ReplicationGroupNotFoundFault', 404],
          ['CacheClusterNotFoundFault', 404],
          ['ServerlessCacheNotFoundFault', 404],
          ['CacheSubnetGroupNotFoundFault', 400],
          ['InvalidParameterValueException', 400],
          ['InvalidParameterValueException', 400],
        ],
      );
    });
  });

  describe('STS', () => {
    it('tells who calls, also to those who may do nothing', async () => {
      const who = async (profile: string): Promise<unknown[]> => {
        const caller = clientsOf(sandbox, profile);
        const { Account, Arn, UserId } = await caller.sts.send(new GetCallerIdentityCommand({}));
        destroy(caller);
        return [Account, Arn, UserId];
      };
      assert.deepEqual(await who('dev'), [ACCOUNT, `arn:aws:iam::${ACCOUNT}:user/dora`, 'AIDASANDBOXDEVELOPER1']);
      const [account, arn] = await who('dev-second');
      assert.deepEqual([account, arn], ['444455556666', 'arn:aws:iam::444455556666:user/sam']);
      assert.deepEqual(await who('denied'), [ACCOUNT, `arn:aws:iam::${ACCOUNT}:user/nobody`, 'AIDASANDBOXDENIED0001']);
    });

    it('issues credentials of a role that work, with the rights of the role', async () => {
      const RoleArn = 'arn:aws:iam::444455556666:role/Support';
      const assume = new AssumeRoleCommand({
        RoleArn,
        RoleSessionName: 'dora',
        ExternalId: 'sallyport-support',
        DurationSeconds: 900,
      });
      const { Credentials: issued, AssumedRoleUser } = await clients.sts.send(assume);
      assert.ok(issued?.AccessKeyId && issued.SecretAccessKey && issued.SessionToken && issued.Expiration);
      assert.ok(Math.abs(issued.Expiration.getTime() - Date.now() - 900_000) < 60_000);
      const credentials = {
        accessKeyId: issued.AccessKeyId,
        secretAccessKey: issued.SecretAccessKey,
        sessionToken: issued.SessionToken,
      };
      const support = clientsOf(sandbox, 'dev', { credentials });
      const { Account, Arn } = await support.sts.send(new GetCallerIdentityCommand({}));
      assert.deepEqual([Account, Arn], ['444455556666', AssumedRoleUser?.Arn]);
      const { Reservations } = await support.ec2.send(new DescribeInstancesCommand({}));
      destroy(support);
      assert.equal(Reservations?.length, 1);
    });

    it('refuses a role that is unknown, does not trust the caller or wants another external id', async () => {
      const support = 'arn:aws:iam::444455556666:role/Support';
      const developer = `arn:aws:iam::${ACCOUNT}:role/Developer`;
      const assume = (RoleArn: string, more: { ExternalId?: string; RoleSessionName?: string } = {}) =>
        failure(clients.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'dora', ...more })));
      assert.equal((await assume(support)).name, 'AccessDenied');
      assert.equal((await assume(support, { ExternalId: 'other' })).name, 'AccessDenied');
      const unknown = await assume(`arn:aws:iam::${ACCOUNT}:role/Unknown`);
      assert.equal(unknown.name, 'AccessDenied');
      assert.match(unknown.message, /dora is not authorized to perform: sts:AssumeRole on resource: arn:.*Unknown$/);
      assert.equal((await assume(developer, { RoleSessionName: 'a b' })).name, 'ValidationError');
      const nobody = clientsOf(sandbox, 'denied');
      const assumeDeveloper = new AssumeRoleCommand({ RoleArn: developer, RoleSessionName: 'x' });
      const denied = await failure(nobody.sts.send(assumeDeveloper));
      destroy(nobody);
      assert.equal(denied.name, 'AccessDenied');
    });
  });
});
