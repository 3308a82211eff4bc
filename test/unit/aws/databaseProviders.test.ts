import assert from 'node:assert/strict';
import type { DBInstance, DBSubnetGroup } from '@aws-sdk/client-rds';
import { describe, it } from 'mocha';
import type { MemoryDbApi } from '../../../src/aws/clients/memoryDb';
import type { RdsApi } from '../../../src/aws/clients/rds';
import { awsFault } from '../../../src/aws/faults';
import { collect } from '../../../src/aws/paging';
import { databaseProxies } from '../../../src/aws/providers/databaseProxies';
import { databases } from '../../../src/aws/providers/databases';
import { memoryDbClusters } from '../../../src/aws/providers/memoryDb';
import type { AwsSession, CallOptions } from '../../../src/aws/session';
import { isCancelled } from '../../../src/base/fault';
import type { InventoryPart, ResourceProvider } from '../../../src/model/inventory';
import type { Place } from '../../../src/model/target';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const subnetGroup: DBSubnetGroup = { DBSubnetGroupName: 'shop', VpcId: 'vpc-1' };

describe('the providers of databases', () => {
  const { signal } = new AbortController();
  /** The calls that were made are kept; each answers what it is told to, or fails with it. */
  function sessionOf(api: Partial<RdsApi & MemoryDbApi>): { session: AwsSession; actions: string[]; repeatable: (boolean | undefined)[] } {
    const actions: string[] = [];
    const repeatable: (boolean | undefined)[] = [];
    const session = {
      rds: async () => api,
      memoryDb: async () => api,
      call: async (action: string, send: (abort: AbortSignal) => Promise<unknown>, abort: AbortSignal, options?: CallOptions) => {
        actions.push(action);
        try {
          return await send(abort);
        } catch (error) {
          const fault = awsFault(error, { action, profile: 'dev', region: 'eu-central-1' });
          repeatable.push(options?.repeat?.(fault));
          throw fault;
        }
      },
    };
    return { session: session as unknown as AwsSession, actions, repeatable };
  }
  const answer = <T>(value: T) => async (): Promise<T & { $metadata: object }> => ({ $metadata: {}, ...value });
  const refuse = (name: string) => async (): Promise<never> => {
    throw Object.assign(new Error(name), { name });
  };
  async function told(provider: ResourceProvider): Promise<string[]> {
    const parts = await collect(oneByOne(provider.discover({ profile: 'dev', region: 'eu-central-1' }, signal)));
    return parts.map((part) => {
      if (part.kind === 'targets') return part.targets.map(({ name, vpcId }) => `${name}@${vpcId ?? '-'}`).join(' ');
      return part.kind === 'fault' ? part.fault.code : part.kind;
    });
  }
  async function* oneByOne(source: AsyncIterable<InventoryPart>): AsyncGenerator<InventoryPart[]> {
    for await (const part of source) yield [part];
  }

  const instances: DBInstance[] = [
    { DBInstanceIdentifier: 'alone', DBSubnetGroup: subnetGroup },
    { DBInstanceIdentifier: 'one', DBClusterIdentifier: 'shop', DBSubnetGroup: subnetGroup },
  ];

  it('ask for subnet groups only where the instances have not told them', async () => {
    const api = {
      describeDbInstances: answer({ DBInstances: instances }),
      describeDbClusters: answer({ DBClusters: [{ DBClusterIdentifier: 'shop', DBSubnetGroup: 'shop' }] }),
      describeDbSubnetGroups: answer({ DBSubnetGroups: [{ ...subnetGroup, DBSubnetGroupName: 'empty', VpcId: 'vpc-2' }, {}] }),
    };
    const first = sessionOf(api);
    assert.deepEqual(await told(databases({ session: first.session, place })), ['alone@vpc-1', 'shop@vpc-1']);
    assert.deepEqual(first.actions.toSorted(), ['rds:DescribeDBClusters', 'rds:DescribeDBInstances']);
    const clusters = [
      { DBClusterIdentifier: 'shop', DBSubnetGroup: 'shop' },
      { DBClusterIdentifier: 'fresh', DBSubnetGroup: 'empty' },
    ];
    const second = sessionOf({ ...api, describeDbClusters: answer({ DBClusters: clusters }) });
    assert.deepEqual(await told(databases({ session: second.session, place })), ['alone@vpc-1', 'shop@vpc-1 fresh@vpc-2']);
    assert.equal(second.actions.length, 3);
  });

  it('show what could be read beside each fault', async () => {
    const api = {
      describeDbInstances: answer({ DBInstances: instances }),
      describeDbClusters: answer({ DBClusters: [{ DBClusterIdentifier: 'shop', DBSubnetGroup: 'shop' }] }),
      describeDbSubnetGroups: refuse('AccessDenied'),
    };
    const noInstances = sessionOf({ ...api, describeDbInstances: refuse('AccessDenied') });
    assert.deepEqual(await told(databases({ session: noInstances.session, place })), ['aws.accessDenied', 'aws.accessDenied', 'shop@-']);
    const noClusters = sessionOf({ ...api, describeDbClusters: refuse('AccessDenied') });
    assert.deepEqual(await told(databases({ session: noClusters.session, place })), ['alone@vpc-1', 'aws.accessDenied', 'one@vpc-1']);
    const endless = sessionOf({ ...api, describeDbInstances: answer({ DBInstances: [instances[0]!], Marker: 'again' }) });
    assert.deepEqual(await told(databases({ session: endless.session, place })), ['alone@vpc-1', 'alone@vpc-1', 'aws.pagingLoop', 'shop@vpc-1']);
  });

  it('stop without a word when they are cancelled', async () => {
    const api = {
      describeDbInstances: answer({ DBInstances: [] }),
      describeDbClusters: answer({ DBClusters: [{ DBClusterIdentifier: 'shop', DBSubnetGroup: 'shop' }] }),
      describeDbSubnetGroups: refuse('AbortError'),
      describeDbProxies: answer({ DBProxies: [{}] }),
      describeDbProxyEndpoints: refuse('AbortError'),
      describeClusters: answer({ Clusters: [{}] }),
      describeSubnetGroups: refuse('AbortError'),
    };
    for (const provider of [databases, databaseProxies, memoryDbClusters]) {
      await assert.rejects(told(provider({ session: sessionOf(api).session, place })), isCancelled);
    }
  });

  it('show proxies without their further endpoints, and MemoryDB without its network, where those are denied', async () => {
    const { session } = sessionOf({
      describeDbProxies: answer({ DBProxies: [{ DBProxyName: 'front', EngineFamily: 'MYSQL', VpcId: 'vpc-1' }] }),
      describeDbProxyEndpoints: refuse('AccessDenied'),
      describeClusters: answer({ Clusters: [{ Name: 'carts', SubnetGroupName: 'shop' }] }),
      describeSubnetGroups: refuse('AccessDeniedException'),
    });
    assert.deepEqual(await told(databaseProxies({ session, place })), ['aws.accessDenied', 'front@vpc-1']);
    assert.deepEqual(await told(memoryDbClusters({ session, place })), ['aws.accessDenied', 'carts@-']);
  });

  it('find no MemoryDB, and no fault, in a region that has none', async () => {
    const nowhere = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    const absent = sessionOf({ describeClusters: () => Promise.reject(nowhere) });
    assert.deepEqual(await told(memoryDbClusters({ session: absent.session, place })), ['']);
    assert.deepEqual(absent.repeatable, [false], 'one look-up is enough');
    const unplugged = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH' });
    const offline = sessionOf({ describeClusters: () => Promise.reject(unplugged) });
    await assert.rejects(told(memoryDbClusters({ session: offline.session, place })), { code: 'aws.unreachable' });
    assert.deepEqual(offline.repeatable, [true]);
  });
});
