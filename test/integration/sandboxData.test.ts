import assert from 'node:assert/strict';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DescribeClustersCommand, paginateDescribeClusters, paginateDescribeEndpointAccess, RedshiftClient } from '@aws-sdk/client-redshift';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { jsonCaller } from '../../src/aws/clients/jsonProtocol';
import { restCaller } from '../../src/aws/clients/restJson';
import type { RestCall } from '../../src/aws/clients/restJson';
import type { ClientSettings } from '../../src/aws/clients/settings';
import { Faults } from '../sandbox/faults';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { collect, credentialsOf, failure } from './sandboxClients';

const REGION = 'eu-west-1';

describe('the services for data in the sandbox', () => {
  const { signal: abortSignal } = new AbortController();
  let sandbox: Sandbox;
  let settings: ClientSettings;

  beforeEach(async () => {
    sandbox = await startSandbox({ servers: false });
    settings = settingsFor('dev', REGION);
  });
  afterEach(async () => {
    settings.agents.http.destroy();
    await sandbox.close();
  });

  function settingsFor(profile: string, region: string): ClientSettings {
    const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent() };
    return { region, credentials: async () => credentialsOf(sandbox, profile), endpoint: sandbox.endpoint, useFips: false, useDualstack: false, agents };
  }
  const rest = (name: string, call: RestCall, using = settings): Promise<Record<string, unknown>> =>
    restCaller({ name, maxAnswerBytes: 1_000_000 }, using)(call, { abortSignal });
  const json = (action: string, input: object, using = settings): Promise<Record<string, unknown>> =>
    jsonCaller({ name: 'redshift-serverless', targetPrefix: 'RedshiftServerless' }, using)(action, input, { abortSignal });
  async function refusal(call: Promise<unknown>): Promise<string> {
    const { name, status } = await failure(call);
    return `${name} ${status}`;
  }

  it('tell Redshift clusters and their endpoints to the real client', async () => {
    const client = new RedshiftClient({ endpoint: sandbox.endpoint, region: REGION, credentials: credentialsOf(sandbox, 'dev'), maxAttempts: 1 });
    try {
      const pages = await collect(paginateDescribeClusters({ client }, {}), (page) => page.Clusters);
      assert.deepEqual(pages.map((page) => page.map(({ ClusterIdentifier, ClusterStatus, Endpoint }) => `${ClusterIdentifier} ${ClusterStatus} ${Endpoint?.Port}`)), [
        ['sales-redshift available 5439', 'open-redshift paused 5439'],
        ['fresh-redshift creating undefined'],
      ]);
      const [sales] = pages.flat();
      assert.deepEqual(sales?.Tags, [{ Key: 'team', Value: 'analytics 📈' }]);
      assert.equal(sales?.VpcSecurityGroups?.[0]?.VpcSecurityGroupId, 'sg-0300000000000009d');
      const [endpoints] = await collect(paginateDescribeEndpointAccess({ client }, {}), (page) => page.EndpointAccessList);
      assert.deepEqual(endpoints?.map(({ EndpointName, Port, VpcEndpoint }) => [EndpointName, Port, VpcEndpoint?.VpcId]), [
        ['sales-here', 5439, 'vpc-03000000000000090'],
        ['sales-analysts', 5439, 'vpc-04000000000000100'],
      ]);
      assert.equal(await refusal(client.send(new DescribeClustersCommand({ ClusterIdentifier: 'absent' }))), 'ClusterNotFoundFault 404');
      assert.equal(await refusal(client.send(new DescribeClustersCommand({ TagKeys: ['team'] }))), 'ValidationException 400', 'not imitated');
      assert.equal(await refusal(client.send(new DescribeClustersCommand({ Marker: 'made-up' }))), 'InvalidParameterValue 400');
    } finally {
      client.destroy();
    }
  });

  it('page the lists of JSON and REST-JSON, with tokens that are good for one list', async () => {
    const lists = [
      { first: (token?: string) => rest('mq', { path: ['v1', 'brokers'], query: { maxResults: 2, nextToken: token } }), rows: 'brokerSummaries' },
      { first: (token?: string) => rest('kafka', { path: ['api', 'v2', 'clusters'], query: { nextToken: token } }), rows: 'clusterInfoList' },
      { first: (token?: string) => json('ListWorkgroups', { maxResults: 1, ...(token && { nextToken: token }) }), rows: 'workgroups' },
    ];
    let foreign: string | undefined;
    for (const { first, rows } of lists) {
      const one = await first();
      let pages = 1;
      for (let token = one['nextToken']; token !== undefined; pages++) {
        const next = await first(token as string);
        assert.ok((next[rows] as unknown[]).length > 0, rows);
        token = next['nextToken'];
      }
      assert.ok((one[rows] as unknown[]).length > 0 && pages >= 2 && pages < 10, `${rows}: ${pages} pages`);
      if (foreign !== undefined) assert.match(await refusal(first(foreign)), /^(?:BadRequest|Validation)Exception 400$/);
      foreign = one['nextToken'] as string;
    }
  });

  it('refuse what the real services do not know or do not take', async () => {
    assert.equal(await refusal(rest('mq', { path: ['v1', 'brokers'], query: { maxResults: 101 } })), 'BadRequestException 400');
    assert.equal(await refusal(rest('mq', { path: ['v1', 'brokers'], query: { colour: 'blue' } })), 'BadRequestException 400');
    assert.equal(await refusal(rest('mq', { path: ['v1', 'brokers', 'b-absent'] })), 'NotFoundException 404');
    assert.equal(await refusal(rest('mq', { path: ['v2', 'brokers'] })), 'UnknownOperationException 404');
    assert.equal(await refusal(rest('kafka', { path: ['v1', 'clusters', 'arn:x', 'bootstrap-brokers'] })), 'NotFoundException 404');
    const domains = { path: ['2021-01-01', 'opensearch', 'domain-info'] };
    assert.equal(await refusal(rest('es', { ...domains, body: { DomainNames: ['a', 'b', 'c', 'd', 'e', 'f'] } })), 'ValidationException 400');
    assert.equal(await refusal(rest('es', { ...domains, body: { DomainNames: [] } })), 'BadRequestException 400');
    assert.equal(await refusal(rest('es', { ...domains, body: { Names: ['a'] } })), 'BadRequestException 400');
    assert.equal(await refusal(rest('es', domains)), 'UnknownOperationException 404', 'a GET');
    assert.equal(await refusal(json('ListWorkgroups', { colour: 'blue' })), 'ValidationException 400');
    assert.equal(await refusal(json('ListSnapshots', {})), 'UnknownOperationException 400');
  });

  it('leave out domains that are not there', async () => {
    const { DomainStatusList } = await rest('es', { path: ['2021-01-01', 'opensearch', 'domain-info'], body: { DomainNames: ['absent', 'logs'] } });
    assert.deepEqual((DomainStatusList as { DomainName: string }[]).map(({ DomainName }) => DomainName), ['logs']);
  });

  it('have no brokers to tell of a cluster that is being created', async () => {
    const { clusterInfoList } = await rest('kafka', { path: ['api', 'v2', 'clusters'], query: { maxResults: 1 } });
    const [{ clusterArn }] = clusterInfoList as [{ clusterArn: string }];
    const fresh = clusterArn.replace('clicks', 'fresh-kafka').replace('000000000001-', '000000000004-');
    assert.equal(await refusal(rest('kafka', { path: ['v1', 'clusters', fresh, 'bootstrap-brokers'] })), 'BadRequestException 400');
    const brokers = await rest('kafka', { path: ['v1', 'clusters', clusterArn, 'bootstrap-brokers'] });
    assert.deepEqual(Object.keys(brokers), ['bootstrapBrokerString', 'bootstrapBrokerStringTls', 'bootstrapBrokerStringSaslScram', 'bootstrapBrokerStringSaslIam']);
  });

  it('know nobody by a wrong key, in a region that is not opted in, or for another service, in the words of their protocol', async () => {
    const outcomes = async (using: ClientSettings): Promise<string[]> => {
      const found = [await refusal(rest('mq', { path: ['v1', 'brokers'] }, using)), await refusal(json('ListWorkgroups', {}, using))];
      using.agents.http.destroy();
      return found;
    };
    assert.deepEqual(await outcomes(settingsFor('wrongkey', REGION)), ['InvalidSignatureException 403', 'InvalidSignatureException 400']);
    assert.deepEqual(await outcomes(settingsFor('dev', 'af-south-1')), ['UnrecognizedClientException 403', 'UnrecognizedClientException 400']);
    assert.deepEqual(await outcomes(settingsFor('expired', REGION)), ['ExpiredTokenException 403', 'ExpiredTokenException 400']);
    assert.deepEqual(await outcomes(settingsFor('denied', REGION)), ['AccessDeniedException 403', 'AccessDeniedException 400']);
    sandbox.faults.add({ kind: 'throttle' });
    assert.deepEqual(await outcomes(settingsFor('dev', REGION)), ['TooManyRequestsException 429', 'ThrottlingException 400']);
  });

  it('allow an identity what its policy names, and nothing else', async () => {
    const allowed = settingsFor('rds-only', 'eu-central-1');
    assert.equal(await refusal(rest('mq', { path: ['v1', 'brokers'] }, allowed)), 'AccessDeniedException 403');
    allowed.agents.http.destroy();
  });
});

describe('faults that last for a time', () => {
  it('meet calls until the clock of the sandbox has gone that far', () => {
    let now = 1_000;
    const faults = new Faults(() => now);
    faults.add({ service: 'mq', kind: 'throttle', forMs: 10_000 });
    assert.equal(faults.meet('mq', 'ListBrokers').failure, 'throttle');
    now += 9_999;
    assert.equal(faults.meet('mq', 'ListBrokers').failure, 'throttle');
    now += 1;
    assert.equal(faults.meet('mq', 'ListBrokers').failure, undefined);
  });
});
