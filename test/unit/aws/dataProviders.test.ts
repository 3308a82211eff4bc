import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { KafkaApi } from '../../../src/aws/clients/kafka';
import type { MqApi } from '../../../src/aws/clients/mq';
import type { OpenSearchApi } from '../../../src/aws/clients/openSearch';
import type { RedshiftApi } from '../../../src/aws/clients/redshift';
import type { RedshiftServerlessApi } from '../../../src/aws/clients/redshiftServerless';
import { awsFault } from '../../../src/aws/faults';
import type { ProviderContext } from '../../../src/aws/providers/context';
import { describeEach } from '../../../src/aws/providers/describeEach';
import { mqBrokers } from '../../../src/aws/providers/mqBrokers';
import { mskClusters } from '../../../src/aws/providers/mskClusters';
import { openSearchDomains } from '../../../src/aws/providers/openSearchDomains';
import { redshiftClusters } from '../../../src/aws/providers/redshift';
import { redshiftWorkgroups } from '../../../src/aws/providers/redshiftServerless';
import type { AwsSession, CallOptions } from '../../../src/aws/session';
import { cancelled, Fault, isCancelled } from '../../../src/base/fault';
import type { ResourceProvider } from '../../../src/model/inventory';
import type { Place } from '../../../src/model/target';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const PROVIDERS = [redshiftClusters, redshiftWorkgroups, openSearchDomains, mqBrokers, mskClusters];

type Api = Partial<RedshiftApi & RedshiftServerlessApi & OpenSearchApi & MqApi & KafkaApi> & { describeSubnets?: () => Promise<unknown> };

describe('the providers of analytics, search and messages', () => {
  const { signal } = new AbortController();

  /** The calls that were made are kept; each answers what it is told to, or fails with it. */
  function contextOf(api: Api): ProviderContext & { actions: string[]; repeatable: (boolean | undefined)[] } {
    const actions: string[] = [];
    const repeatable: (boolean | undefined)[] = [];
    const session = {
      redshift: async () => api,
      ec2: async () => api,
      redshiftServerless: api,
      openSearch: api,
      mq: api,
      kafka: api,
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
    return { session: session as unknown as AwsSession, place, actions, repeatable };
  }
  const answer = <T>(value: T) => async (): Promise<T & { $metadata: object }> => ({ $metadata: {}, ...value });
  const empty = async (): Promise<object> => ({});
  const named = (name: string): Error => Object.assign(new Error(name), { name });
  const refuse = (name: string) => (): Promise<never> => Promise.reject(named(name));

  async function told(provider: ResourceProvider): Promise<string[]> {
    const lines: string[] = [];
    for await (const part of provider.discover(place, signal)) {
      if (part.kind === 'targets') lines.push(part.targets.map(({ name, endpoints }) => `${name}:${endpoints.length}`).join(' '));
      else lines.push(part.kind === 'fault' ? part.fault.code : part.kind);
    }
    return lines;
  }

  const nothing: Api = {
    describeClusters: answer({ Clusters: [] }),
    listWorkgroups: empty,
    listDomainNames: empty,
    listBrokers: empty,
    listClusters: empty,
  };

  it('make one call where there is nothing', async () => {
    for (const provider of PROVIDERS) {
      const context = contextOf(nothing);
      assert.deepEqual(await told(provider(context)), ['']);
      assert.equal(context.actions.length, 1, context.actions.join());
    }
  });

  it('find nothing, and no fault, in a region that does not have their service', async () => {
    const nowhere = (): Promise<never> => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
    for (const provider of PROVIDERS) {
      const context = contextOf(Object.fromEntries(Object.keys(nothing).map((name) => [name, nowhere])));
      assert.deepEqual(await told(provider(context)), ['']);
      assert.deepEqual(context.repeatable, [false], 'one look-up is enough');
    }
  });

  it('fail where their list fails', async () => {
    for (const provider of PROVIDERS) {
      const context = contextOf(Object.fromEntries(Object.keys(nothing).map((name) => [name, refuse('AccessDeniedException')])));
      await assert.rejects(told(provider(context)), { code: 'aws.accessDenied' });
    }
  });

  it('stop without a word when they are cancelled', async () => {
    const api: Api = {
      describeClusters: answer({ Clusters: [{ ClusterIdentifier: 'x' }] }),
      describeClusterSubnetGroups: empty as RedshiftApi['describeClusterSubnetGroups'],
      describeEndpointAccess: refuse('AbortError'),
      listWorkgroups: answer({ workgroups: [{ workgroupName: 'x' }] }),
      listEndpointAccess: refuse('AbortError'),
      listDomainNames: answer({ DomainNames: [{ DomainName: 'x' }] }),
      describeDomains: refuse('AbortError'),
      listBrokers: answer({ brokerSummaries: [{ brokerId: 'x', brokerName: 'x' }] }),
      describeBroker: refuse('AbortError'),
      listClusters: answer({ clusterInfoList: [{ clusterArn: 'x', clusterName: 'x' }] }),
      getBootstrapBrokers: refuse('AbortError'),
    };
    for (const provider of PROVIDERS) await assert.rejects(told(provider(contextOf(api))), isCancelled);
  });

  it('do not follow a list that repeats itself', async () => {
    const context = contextOf({ listBrokers: answer({ brokerSummaries: [{ brokerName: 'x' }], nextToken: 'again' }) });
    await assert.rejects(told(mqBrokers(context)), { code: 'aws.pagingLoop' });
    assert.deepEqual(context.actions, ['mq:ListBrokers', 'mq:ListBrokers']);
  });

  it('ask for no details any more, on no page, once those are denied', async () => {
    const pages = [{ next: '1' }, { next: '2' }, { next: undefined }];
    let page = 0;
    const context = contextOf({
      listBrokers: async () => {
        const { next } = pages[page++]!;
        return { brokerSummaries: [{ brokerId: `b-${page}`, brokerName: `broker-${page}` }], ...(next && { nextToken: next }) };
      },
      describeBroker: refuse('AccessDeniedException'),
    });
    assert.deepEqual(await told(mqBrokers(context)), ['aws.accessDenied', 'broker-1:0', 'broker-2:0', 'broker-3:0']);
    assert.equal(context.actions.filter((action) => action === 'mq:DescribeBroker').length, 1);
  });

  it('go on with the others where the details of one are refused for a reason of its own', async () => {
    const clusters = ['bad', 'good'].map((name) => ({ clusterName: name, clusterArn: name, state: 'UPDATING' }));
    const context = contextOf({
      listClusters: answer({ clusterInfoList: clusters }),
      getBootstrapBrokers: async (arn) => {
        if (arn === 'bad') throw named('BadRequestException');
        return { bootstrapBrokerStringTls: 'b-1.x:9094' };
      },
    });
    assert.deepEqual(await told(mskClusters(context)), ['aws.unexpected', 'bad:0 good:1']);
  });

  it('ask for a subnet once, and for none once that is denied', async () => {
    const workgroup = (name: string, subnet: string): object => ({ workgroupName: name, subnetIds: [subnet, 'subnet-never'] });
    let page = 0;
    const listWorkgroups = async () => {
      page = (page % 3) + 1;
      return { workgroups: [workgroup(`w${page}`, page < 3 ? 'subnet-a' : 'subnet-b')], ...(page < 3 && { nextToken: `${page}` }) };
    };
    const common: Api = { listWorkgroups, listEndpointAccess: empty };
    const permitted = contextOf({ ...common, describeSubnets: answer({ Subnets: [] }) });
    assert.deepEqual(await told(redshiftWorkgroups(permitted)), ['w1:0', 'w2:0', 'w3:0']);
    assert.equal(permitted.actions.filter((action) => action === 'ec2:DescribeSubnets').length, 2);
    const denied = contextOf({ ...common, describeSubnets: refuse('UnauthorizedOperation') });
    assert.deepEqual(await told(redshiftWorkgroups(denied)), ['aws.accessDenied', 'w1:0', 'w2:0', 'w3:0']);
    assert.equal(denied.actions.filter((action) => action === 'ec2:DescribeSubnets').length, 1);
  });

  it('describe the domains of a batch one by one where one of them is gone', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const context = contextOf({
      listDomainNames: answer({ DomainNames: [...names.map((DomainName) => ({ DomainName })), {}] }),
      describeDomains: async (asked) => {
        if (asked.includes('b')) throw named('ResourceNotFoundException');
        return { DomainStatusList: asked.map((DomainName) => ({ DomainName, Endpoint: `${DomainName}.es` })) };
      },
    });
    assert.deepEqual(await told(openSearchDomains(context)), ['f:1 a:1 c:1 d:1 e:1']);
    assert.equal(context.actions.filter((action) => action === 'es:DescribeDomains').length, 2 + 5);
  });

  it('show domains that cannot be described by their names', async () => {
    const api: Api = { listDomainNames: answer({ DomainNames: [{ DomainName: 'a' }, { DomainName: 'b' }] }), describeDomains: refuse('AccessDeniedException') };
    assert.deepEqual(await told(openSearchDomains(contextOf(api))), ['aws.accessDenied', 'a:0 b:0']);
  });

  it('ask only for brokers that there are', async () => {
    const states = ['CREATING', 'DELETING', 'FAILED', 'ACTIVE', 'HEALING'];
    const context = contextOf({
      listClusters: answer({ clusterInfoList: states.map((state) => ({ clusterName: state, clusterArn: state, state })) }),
      getBootstrapBrokers: answer({ bootstrapBrokerStringTls: 'b-1.x:9094' }),
    });
    assert.deepEqual(await told(mskClusters(context)), ['CREATING:0 DELETING:0 FAILED:0 ACTIVE:1 HEALING:1']);
    assert.equal(context.actions.filter((action) => action === 'kafka:GetBootstrapBrokers').length, 2);
  });

  it('show Redshift clusters beside the faults of what is told elsewhere', async () => {
    const context = contextOf({
      describeClusters: answer({ Clusters: [{ ClusterIdentifier: 'sales', Endpoint: { Address: 'x', Port: 5439 } }] }),
      describeClusterSubnetGroups: refuse('AccessDenied'),
      describeEndpointAccess: refuse('AccessDenied'),
    });
    assert.deepEqual(await told(redshiftClusters(context)), ['aws.accessDenied', 'aws.accessDenied', 'sales:1']);
  });
});

describe('details of many', () => {
  it('are asked for a few at a time, each once', async () => {
    let underWay = 0;
    let most = 0;
    const describeAll = describeEach(async (item: number) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return item * 2;
    });
    const items = Array.from({ length: 25 }, (_, index) => index);
    const { details, gone, fault } = await describeAll(items);
    assert.deepEqual(items.map((item) => details.get(item)), items.map((item) => item * 2));
    assert.deepEqual([most, gone.size, fault], [4, 0, undefined]);
  });

  it('end as a whole with a cancellation, and only after every call has ended', async () => {
    let ended = 0;
    const describeAll = describeEach(async (item: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      ended++;
      if (item === 0) throw cancelled();
      throw new Fault('aws.notFound', 'gone');
    });
    await assert.rejects(describeAll([0, 1, 2, 3, 4, 5, 6, 7]), isCancelled);
    assert.equal(ended, 4);
  });
});
