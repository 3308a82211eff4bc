import { strict as assert } from 'node:assert';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  DescribeDBClusterEndpointsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBProxiesCommand,
  DescribeDBProxyEndpointsCommand,
  DescribeDBSubnetGroupsCommand,
  paginateDescribeDBClusterEndpoints,
  paginateDescribeDBClusters,
  paginateDescribeDBInstances,
  paginateDescribeDBProxies,
} from '@aws-sdk/client-rds';
import { createMemoryDb } from '../../src/aws/clients/memoryDb';
import type { MemoryDbApi } from '../../src/aws/clients/memoryDb';
import type { Agents } from '../../src/aws/clients/settings';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { clientsOf, collect, credentialsOf, destroy, failure } from './sandboxClients';
import type { Clients } from './sandboxClients';

const HOSTS = 'eu-central-1.rds.amazonaws.com';

describe("the sandbox's databases", () => {
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

  describe('RDS, asked by the real SDK client', () => {
    it('pages the instances, each with its endpoint once it has one, and those of clusters among them', async () => {
      const pages = await collect(paginateDescribeDBInstances({ client: clients.rds }, {}), (page) => page.DBInstances);
      assert.ok(pages.every((page) => page.length <= 2) && pages.length >= 2);
      assert.deepEqual(
        pages.flat().map((row) => [row.DBInstanceIdentifier, row.Engine, row.DBInstanceStatus, row.Endpoint?.Port, row.DBClusterIdentifier]),
        [
          ['orders-db', 'postgres', 'available', 5432, undefined],
          ['ledger-db', 'mysql', 'backing-up', 3306, undefined],
          ['fresh-db', 'postgres', 'creating', undefined, undefined],
          ['shop-aurora-two', 'aurora-postgresql', 'available', 5432, 'shop-aurora'],
          ['shop-aurora-one', 'aurora-postgresql', 'available', 5432, 'shop-aurora'],
          ['catalog-docs-one', 'docdb', 'available', 27017, 'catalog-docs'],
          ['friends-graph-one', 'neptune', 'available', 8182, 'friends-graph'],
        ],
      );
      const [orders, ledger] = pages.flat();
      assert.equal(orders?.DBSubnetGroup?.VpcId, 'vpc-0a000000000000010');
      assert.equal(orders?.DBSubnetGroup?.Subnets?.[1]?.SubnetIdentifier, 'subnet-0a00000000000001b');
      assert.deepEqual(orders?.VpcSecurityGroups, [{ VpcSecurityGroupId: 'sg-0a00000000000001d', Status: 'active' }]);
      assert.deepEqual([orders?.IAMDatabaseAuthenticationEnabled, orders?.PubliclyAccessible], [true, false]);
      assert.equal(ledger?.PubliclyAccessible, true);
      assert.deepEqual(orders?.TagList, [{ Key: 'team', Value: 'orders' }]);
      assert.ok(orders?.DBInstanceArn?.endsWith(':db:orders-db'));
    });

    it('filters instances by cluster and engine', async () => {
      const names = async (...filters: [string, ...string[]][]): Promise<(string | undefined)[]> => {
        const Filters = filters.map(([Name, ...Values]) => ({ Name, Values }));
        const pages = await collect(paginateDescribeDBInstances({ client: clients.rds }, { Filters }), (page) => page.DBInstances);
        return pages.flat().map(({ DBInstanceIdentifier }) => DBInstanceIdentifier);
      };
      assert.deepEqual(await names(['db-cluster-id', 'shop-aurora']), ['shop-aurora-two', 'shop-aurora-one']);
      assert.deepEqual(await names(['engine', 'docdb', 'neptune']), ['catalog-docs-one', 'friends-graph-one']);
      assert.deepEqual(await names(['engine', 'postgres'], ['db-instance-id', 'fresh-db']), ['fresh-db']);
      const Filters = [{ Name: 'colour', Values: ['blue'] }];
      assert.equal((await failure(clients.rds.send(new DescribeDBInstancesCommand({ Filters })))).name, 'InvalidParameterValue');
    });

    it('pages the clusters, with shared endpoints and members', async () => {
      const pages = await collect(paginateDescribeDBClusters({ client: clients.rds }, {}), (page) => page.DBClusters);
      assert.deepEqual(pages.map((page) => page.length), [2, 2]);
      const [shop, fresh, docs, graph] = pages.flat();
      assert.deepEqual(
        [shop?.Endpoint, shop?.ReaderEndpoint, shop?.CustomEndpoints, shop?.Port],
        [`shop-aurora.cluster-x1y2z3.${HOSTS}`, `shop-aurora.cluster-ro-x1y2z3.${HOSTS}`, [`reports.cluster-custom-x1y2z3.${HOSTS}`], 5432],
      );
      assert.deepEqual(
        shop?.DBClusterMembers?.map(({ DBInstanceIdentifier, IsClusterWriter }) => [DBInstanceIdentifier, IsClusterWriter]),
        [
          ['shop-aurora-two', true],
          ['shop-aurora-one', false],
        ],
      );
      assert.deepEqual([shop?.DBSubnetGroup, shop?.TagList?.[0]?.Value, shop?.IAMDatabaseAuthenticationEnabled], ['shop-databases', 'shop 🛒', true]);
      assert.deepEqual([fresh?.Status, fresh?.Endpoint, fresh?.DBClusterMembers], ['creating', undefined, []]);
      assert.deepEqual([docs?.Engine, docs?.Endpoint], ['docdb', 'catalog-docs.cluster-x1y2z3.eu-central-1.docdb.amazonaws.com']);
      assert.deepEqual([graph?.Engine, graph?.ReaderEndpoint], ['neptune', 'friends-graph.cluster-ro-x1y2z3.eu-central-1.neptune.amazonaws.com']);
      const Filters = [{ Name: 'engine', Values: ['neptune'] }];
      const { DBClusters } = await clients.rds.send(new DescribeDBClustersCommand({ Filters }));
      assert.deepEqual(DBClusters?.map(({ DBClusterIdentifier }) => DBClusterIdentifier), ['friends-graph']);
    });

    it('tells the endpoints of Aurora, a custom one with its members', async () => {
      const all = paginateDescribeDBClusterEndpoints({ client: clients.rds }, {});
      const pages = await collect(all, (page) => page.DBClusterEndpoints);
      assert.deepEqual(
        pages.flat().map((row) => [row.DBClusterIdentifier, row.EndpointType, row.CustomEndpointType, row.StaticMembers]),
        [
          ['shop-aurora', 'WRITER', undefined, undefined],
          ['shop-aurora', 'READER', undefined, undefined],
          ['shop-aurora', 'CUSTOM', 'READER', ['shop-aurora-one']],
        ],
      );
    });

    it('tells proxies and their further endpoints', async () => {
      const pages = await collect(paginateDescribeDBProxies({ client: clients.rds }, {}), (page) => page.DBProxies);
      const [proxy, fresh] = pages.flat();
      assert.deepEqual([proxy?.EngineFamily, proxy?.RequireTLS, proxy?.Auth?.[0]?.IAMAuth], ['POSTGRESQL', true, 'REQUIRED']);
      assert.equal(proxy?.Endpoint, `shop-proxy.proxy-x1y2z3.${HOSTS}`);
      assert.deepEqual([proxy?.VpcId, proxy?.VpcSubnetIds?.length], ['vpc-0a000000000000010', 2]);
      assert.deepEqual([fresh?.Status, fresh?.Endpoint], ['creating', undefined]);
      const { DBProxyEndpoints } = await clients.rds.send(new DescribeDBProxyEndpointsCommand({}));
      assert.deepEqual(
        DBProxyEndpoints?.map((row) => [row.DBProxyName, row.TargetRole, row.IsDefault, row.Endpoint]),
        [['shop-proxy', 'READ_ONLY', false, `shop-proxy-reader.endpoint.proxy-x1y2z3.${HOSTS}`]],
      );
    });

    it('tells subnet groups with their VPC', async () => {
      const { DBSubnetGroups } = await clients.rds.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: 'shop-databases' }));
      assert.deepEqual(DBSubnetGroups?.map(({ VpcId, Subnets }) => [VpcId, Subnets?.length]), [['vpc-0a000000000000010', 2]]);
    });

    it('knows nothing else', async () => {
      const { rds } = clients;
      const failures = await Promise.all([
        failure(rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'absent' }))),
        failure(rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: 'absent' }))),
        failure(rds.send(new DescribeDBClusterEndpointsCommand({ DBClusterIdentifier: 'absent' }))),
        failure(rds.send(new DescribeDBProxiesCommand({ DBProxyName: 'absent' }))),
        failure(rds.send(new DescribeDBProxyEndpointsCommand({ DBProxyName: 'absent' }))),
        failure(rds.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: 'absent' }))),
      ]);
      assert.deepEqual(
        failures.map(({ name, status }) => `${name} ${status}`),
        [
          'DBInstanceNotFoundFault 404',
          'DBClusterNotFoundFault 404',
          'DBClusterNotFoundFault 404',
          'DBProxyNotFoundFault 404',
          'DBProxyNotFoundFault 404',
          'DBSubnetGroupNotFoundFault 404',
        ],
      );
    });
  });

  describe('MemoryDB', () => {
    const { signal: abortSignal } = new AbortController();
    let agents: Agents;
    let memoryDb: MemoryDbApi;

    beforeEach(() => {
      agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent() };
      const credentials = async () => credentialsOf(sandbox, 'dev');
      memoryDb = createMemoryDb({ region: 'eu-central-1', credentials, endpoint: sandbox.endpoint, useFips: false, useDualstack: false, agents });
    });
    afterEach(() => {
      agents.http.destroy();
      agents.https.destroy();
    });

    it('pages the clusters with the nodes of their shards', async () => {
      const first = await memoryDb.describeClusters({ MaxResults: 50 }, { abortSignal });
      assert.equal(first.Clusters?.length, 2);
      const second = await memoryDb.describeClusters({ MaxResults: 50, NextToken: first.NextToken! }, { abortSignal });
      const [carts, fresh, scratch] = [...first.Clusters, ...(second.Clusters ?? [])];
      assert.equal(second.NextToken, undefined);
      assert.deepEqual(carts?.ClusterEndpoint, { Address: 'clustercfg.carts-memorydb.x1y2z3.memorydb.eu-central-1.amazonaws.com', Port: 6379 });
      assert.deepEqual(carts.Shards?.map(({ Nodes }) => Nodes?.map(({ Name }) => Name)), [
        ['carts-memorydb-0001-001', 'carts-memorydb-0001-002'],
        ['carts-memorydb-0002-001', 'carts-memorydb-0002-002'],
      ]);
      assert.deepEqual([carts.TLSEnabled, carts.ACLName, carts.Engine], [true, 'app-users', 'valkey']);
      assert.deepEqual([fresh?.Status, fresh?.ClusterEndpoint, fresh?.Shards], ['creating', undefined, undefined]);
      assert.equal(scratch?.ACLName, 'open-access');
    });

    it('tells subnet groups with their VPC', async () => {
      const { SubnetGroups } = await memoryDb.describeSubnetGroups({ MaxResults: 50 }, { abortSignal });
      assert.deepEqual(SubnetGroups?.[0], {
        Name: 'shop-memorydb',
        Description: 'Private subnets of shop',
        VpcId: 'vpc-0a000000000000010',
        Subnets: [
          { Identifier: 'subnet-0a00000000000001a', AvailabilityZone: { Name: 'eu-central-1a' } },
          { Identifier: 'subnet-0a00000000000001b', AvailabilityZone: { Name: 'eu-central-1b' } },
        ],
        ARN: 'arn:aws:memorydb:eu-central-1:111122223333:subnetgroup/shop-memorydb',
      });
    });

    it('answers with the nodes of the largest cluster there can be', async () => {
      const large = await startSandbox({ servers: false });
      try {
        const [cluster] = large.world.places[0]!.vpcs[0]!.memoryDbClusters;
        large.world.places[0]!.vpcs[0]!.memoryDbClusters.splice(0, Infinity, { ...cluster!, shards: 100, replicas: 4 });
        const credentials = async () => credentialsOf(large, 'dev');
        const api = createMemoryDb({ region: 'eu-central-1', credentials, endpoint: large.endpoint, useFips: false, useDualstack: false, agents });
        const { Clusters } = await api.describeClusters({ MaxResults: 50 }, { abortSignal });
        assert.equal(Clusters?.[0]?.Shards?.flatMap(({ Nodes }) => Nodes ?? []).length, 500);
      } finally {
        agents.http.destroy();
        await large.close();
      }
    });

    it('refuses tokens that it has not given out', async () => {
      const { name, status } = await failure(memoryDb.describeClusters({ MaxResults: 50, NextToken: 'made-up' }, { abortSignal }));
      assert.deepEqual([name, status], ['InvalidParameterValueException', 400]);
    });
  });
});
