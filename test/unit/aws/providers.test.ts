import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Place } from '../../../src/model/target';
import { toBastion } from '../../../src/aws/providers/ec2Bastions';
import { toTarget } from '../../../src/aws/providers/replicationGroups';
import { serverlessTarget } from '../../../src/aws/providers/serverlessCaches';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };

describe('EC2 bastions', () => {
  const instance = {
    InstanceId: 'i-0abc',
    State: { Name: 'running' as const, Code: 16 },
    Tags: [
      { Key: 'team', Value: 'x' },
      { Key: 'Name', Value: 'bastion 🏰' },
    ],
    VpcId: 'vpc-1',
    SubnetId: 'subnet-1',
    PrivateIpAddress: '10.0.0.7',
    SecurityGroups: [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }, {}],
    PlatformDetails: 'Linux/UNIX',
  };

  it('join the instance and what Systems Manager knows of it', () => {
    const managed = new Map([
      [
        'i-0abc',
        { InstanceId: 'i-0abc', PingStatus: 'Online' as const, AgentVersion: '3.3.1142.0', PlatformName: 'Amazon Linux', PlatformVersion: '2023' },
      ],
    ]);
    assert.deepEqual(toBastion(instance, managed, place), {
      id: 'i-0abc',
      kind: 'ec2',
      name: 'bastion 🏰',
      place,
      state: 'running',
      managed: 'Online',
      agentVersion: '3.3.1142.0',
      platform: 'Amazon Linux 2023',
      vpcId: 'vpc-1',
      subnetId: 'subnet-1',
      securityGroupIds: ['sg-1', 'sg-2'],
      privateAddresses: ['10.0.0.7'],
      tags: { team: 'x', Name: 'bastion 🏰' },
    });
  });

  it('tell "not managed" from "could not be asked"', () => {
    assert.equal(toBastion(instance, new Map(), place)?.managed, 'unmanaged');
    assert.equal(toBastion(instance, undefined, place)?.managed, 'unknown');
    const future = new Map([['i-0abc', { PingStatus: 'Dreaming' as 'Online' }]]);
    assert.equal(toBastion(instance, future, place)?.managed, 'unknown');
  });

  it('need no more than an id', () => {
    assert.deepEqual(toBastion({ InstanceId: 'i-1', Tags: [{ Key: 'Name', Value: ' ' }] }, new Map(), place), {
      id: 'i-1',
      kind: 'ec2',
      name: 'i-1',
      place,
      state: 'unknown',
      managed: 'unmanaged',
      securityGroupIds: [],
      tags: { Name: ' ' },
    });
    assert.equal(toBastion({}, new Map(), place), undefined);
  });
});

describe('ElastiCache replication groups', () => {
  const ARN = 'arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:orders';
  const clusters = [
    { CacheClusterId: 'other-001', CacheSubnetGroupName: 'elsewhere', ReplicationGroupId: 'other' },
    {
      CacheClusterId: 'orders-001',
      ReplicationGroupId: 'orders',
      CacheSubnetGroupName: 'shop',
      Engine: 'redis',
      EngineVersion: '7.1.0',
      SecurityGroups: [{ SecurityGroupId: 'sg-c', Status: 'active' }],
      CacheNodes: [{ Endpoint: { Address: 'orders-001.euc1.cache.amazonaws.com', Port: 6379 } }],
    },
    {
      CacheClusterId: 'orders-002',
      CacheSubnetGroupName: 'shop',
      CacheNodes: [{ Endpoint: { Address: 'orders-002.euc1.cache.amazonaws.com', Port: 6379 } }],
    },
  ];
  const subnetGroups = [
    { CacheSubnetGroupName: 'shop', VpcId: 'vpc-1', Subnets: [{ SubnetIdentifier: 'subnet-a' }, { SubnetIdentifier: 'subnet-b' }] },
  ];
  const details = { clusters, subnetGroups };
  const group = {
    ARN,
    ReplicationGroupId: 'orders',
    Status: 'available',
    Engine: 'valkey',
    MemberClusters: ['orders-001', 'orders-002'],
    NodeGroups: [
      {
        PrimaryEndpoint: { Address: 'master.orders.amazonaws.com', Port: 6379 },
        ReaderEndpoint: { Address: 'replica.orders.amazonaws.com', Port: 6379 },
        NodeGroupMembers: [{ CacheClusterId: 'orders-001', ReadEndpoint: { Address: 'orders-001.euc1.cache.amazonaws.com', Port: 6379 } }],
      },
    ],
    ClusterEnabled: false,
    TransitEncryptionEnabled: true,
    TransitEncryptionMode: 'required' as const,
    AuthTokenEnabled: true,
  };

  it('without cluster mode have a primary, a reader and each node once', () => {
    assert.deepEqual(toTarget(group, details, place), {
      id: ARN,
      kind: 'elasticache.replicationGroup',
      name: 'orders',
      place,
      engine: 'valkey',
      engineVersion: '7.1.0',
      status: 'available',
      endpoints: [
        { role: 'primary', host: 'master.orders.amazonaws.com', port: 6379 },
        { role: 'reader', host: 'replica.orders.amazonaws.com', port: 6379 },
        { role: 'node', host: 'orders-001.euc1.cache.amazonaws.com', port: 6379 },
        { role: 'node', host: 'orders-002.euc1.cache.amazonaws.com', port: 6379 },
      ],
      clusterMode: false,
      tls: 'required',
      auth: 'token',
      vpcId: 'vpc-1',
      subnetIds: ['subnet-a', 'subnet-b'],
      securityGroupIds: ['sg-c'],
    });
  });

  it('with cluster mode have the configuration endpoint and the nodes of their member clusters', () => {
    const target = toTarget(
      { ...group, ClusterEnabled: true, ConfigurationEndpoint: { Address: 'clustercfg.orders', Port: 6379 }, NodeGroups: [{ NodeGroupMembers: [{}] }] },
      details,
      place,
    );
    assert.deepEqual(
      target?.endpoints.map(({ role }) => role),
      ['configuration', 'node', 'node'],
    );
    assert.equal(target?.clusterMode, true);
  });

  it('that are being created have no endpoint, no member and no network yet', () => {
    const fresh = { ReplicationGroupId: 'fresh', Status: 'creating', ClusterEnabled: true, MemberClusters: [] };
    assert.deepEqual(toTarget(fresh, details, place), {
      id: 'arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:fresh',
      kind: 'elasticache.replicationGroup',
      name: 'fresh',
      place,
      engine: 'redis',
      status: 'creating',
      endpoints: [],
      clusterMode: true,
      tls: 'off',
      auth: 'none',
      subnetIds: [],
      securityGroupIds: [],
    });
    const half = { ...group, NodeGroups: [{ PrimaryEndpoint: { Address: 'a' } }, {}] };
    assert.deepEqual(toTarget(half, { clusters: [], subnetGroups: [] }, place)?.endpoints, []);
  });

  it('survive members and subnet groups that are gone between the calls', () => {
    const target = toTarget({ ...group, MemberClusters: ['gone-001'] }, { clusters: [clusters[0]!], subnetGroups: [] }, place);
    assert.equal(target?.vpcId, undefined);
    assert.equal(target?.endpoints.length, 3);
    const unnamed = toTarget(group, { clusters: [{ CacheClusterId: 'orders-001' }], subnetGroups: [{ VpcId: 'vpc-wrong' }] }, place);
    assert.equal(unnamed?.vpcId, undefined, 'two absent names do not match');
  });

  it('tell their TLS mode and their kind of login', () => {
    const of = (more: object): string => {
      const target = toTarget({ ReplicationGroupId: 'x', ...more }, { clusters: [], subnetGroups: [] }, place);
      return `${target?.tls} ${target?.auth}`;
    };
    assert.equal(of({}), 'off none');
    assert.equal(of({ TransitEncryptionEnabled: true }), 'required none');
    assert.equal(of({ TransitEncryptionEnabled: true, TransitEncryptionMode: 'preferred', UserGroupIds: ['app'] }), 'preferred users');
    assert.equal(of({ TransitEncryptionEnabled: true, UserGroupIds: [], AuthTokenEnabled: true }), 'required token');
  });
});

describe('ElastiCache serverless caches', () => {
  const cache = {
    ARN: 'arn:aws:elasticache:eu-central-1:111122223333:serverlesscache:events',
    ServerlessCacheName: 'events',
    Status: 'AVAILABLE',
    Engine: 'valkey',
    MajorEngineVersion: '8',
    FullEngineVersion: '8.1',
    SubnetIds: ['subnet-gone', 'subnet-a'],
    SecurityGroupIds: ['sg-1'],
    UserGroupId: 'app-users',
    Endpoint: { Address: 'events.serverless', Port: 6379 },
    ReaderEndpoint: { Address: 'events.serverless', Port: 6380 },
  };

  it('have a writer and a reader, TLS always, and the VPC of their subnets', () => {
    assert.deepEqual(serverlessTarget(cache, new Map([['subnet-a', 'vpc-1']]), place), {
      id: cache.ARN,
      kind: 'elasticache.serverless',
      name: 'events',
      place,
      engine: 'valkey',
      engineVersion: '8.1',
      status: 'AVAILABLE',
      endpoints: [
        { role: 'primary', host: 'events.serverless', port: 6379 },
        { role: 'reader', host: 'events.serverless', port: 6380 },
      ],
      clusterMode: true,
      tls: 'required',
      auth: 'users',
      vpcId: 'vpc-1',
      subnetIds: ['subnet-gone', 'subnet-a'],
      securityGroupIds: ['sg-1'],
    });
  });

  it('are public where their address says so, and stand in no VPC then', () => {
    const { SubnetIds: _subnets, ReaderEndpoint: _reader, ...rest } = cache;
    const at = (host: string): unknown[] => {
      const target = serverlessTarget({ ...rest, Endpoint: { Address: host, Port: 6379 } }, new Map(), place);
      return [target?.vpcId, target?.endpoints.map((endpoint) => endpoint.public ?? false)];
    };
    assert.deepEqual(at('events-x1y2z3.public.serverless.euc1.cache.amazonaws.com'), [undefined, [true]]);
    assert.deepEqual(at('public-x1y2z3.serverless.euc1.cache.amazonaws.com'), [undefined, [false]]);
  });

  it('that are being created have no endpoint; Memcached has no cluster mode', () => {
    const target = serverlessTarget({ ServerlessCacheName: 'fresh', Status: 'creating', Engine: 'redis' }, new Map(), place);
    assert.deepEqual([target?.endpoints, target?.vpcId, target?.auth], [[], undefined, 'none']);
    assert.equal(serverlessTarget({ ...cache, Engine: 'memcached' }, new Map(), place)?.clusterMode, false);
    assert.equal(serverlessTarget({}, new Map(), place), undefined);
  });
});
