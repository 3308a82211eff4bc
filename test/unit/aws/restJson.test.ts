import assert from 'node:assert/strict';
import { Agent as HttpAgent, createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createMq } from '../../../src/aws/clients/mq';
import { createOpenSearch } from '../../../src/aws/clients/openSearch';
import { restCaller } from '../../../src/aws/clients/restJson';
import type { RestCall, RestCaller } from '../../../src/aws/clients/restJson';
import type { ClientSettings } from '../../../src/aws/clients/settings';
import { Identities } from '../../sandbox/identity';
import { parseAuthorization } from '../../sandbox/sigv4';
import { describeWorld } from '../../sandbox/world';
import { awsQuery } from '../../sandbox/services/protocol/query';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

describe('the REST-JSON client', () => {
  const { signal: abortSignal } = new AbortController();
  const world = describeWorld();
  const identities = new Identities(world, Date.now);
  const { errors } = awsQuery({ version: '', namespace: '' });
  const [key] = world.accessKeys;
  let server: Server;
  let agents: { http: HttpAgent; https: HttpsAgent };
  let asked: { method: string; url: string; body: string; contentType: string | undefined; signed: boolean }[];
  let answer: Answer;

  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: '{"items":[]}' };
    agents = { http: new HttpAgent(), https: new HttpsAgent() };
    server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        asked.push({ method: request.method!, url: request.url!, body: body.toString(), contentType: request.headers['content-type'], signed: isSigned(request, body) });
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    agents.http.destroy();
    agents.https.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  async function bodyOf(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  function isSigned(request: IncomingMessage, body: Buffer): boolean {
    const headers = request.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, request.rawHeaders[index + 1]!] as [string, string]] : []));
    const authorization = parseAuthorization(request.headers.authorization ?? '');
    identities.authenticate({ method: request.method!, url: request.url!, headers, body }, authorization!, errors);
    return true;
  }

  function caller(maxAnswerBytes = 1024, path = ''): RestCaller {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    const credentials = async () => ({ accessKeyId: key!.id, secretAccessKey: key!.secret });
    return restCaller({ name: 'kafka', maxAnswerBytes }, { region: 'eu-central-1', credentials, endpoint, useFips: false, useDualstack: false, agents });
  }
  const call = (given: RestCall): Promise<Record<string, unknown>> => caller()(given, { abortSignal });

  it('signs paths whose labels contain anything', async () => {
    assert.deepEqual(await call({ path: ['v1', 'clusters', 'arn:aws:kafka:eu-central-1:1:cluster/a b+c/ü-2', 'bootstrap-brokers'] }), { items: [] });
    assert.deepEqual(asked, [
      {
        method: 'GET',
        url: '/v1/clusters/arn%3Aaws%3Akafka%3Aeu-central-1%3A1%3Acluster%2Fa%20b%2Bc%2F%C3%BC-2/bootstrap-brokers',
        body: '',
        contentType: undefined,
        signed: true,
      },
    ]);
  });

  it('signs queries whose values contain anything, without the members that are undefined', async () => {
    await call({ path: ['v1', 'brokers'], query: { maxResults: 100, nextToken: 'a/b+c=&d e*(ü)~', absent: undefined } });
    assert.deepEqual(asked[0]!.signed, true);
    const { searchParams } = new URL(asked[0]!.url, 'http://x');
    assert.deepEqual([...searchParams], [['maxResults', '100'], ['nextToken', 'a/b+c=&d e*(ü)~']]);
  });

  it('posts what has a body', async () => {
    await call({ path: ['2021-01-01', 'domain'], body: { DomainNames: ['größe'] } });
    assert.deepEqual(asked[0], { method: 'POST', url: '/2021-01-01/domain', body: '{"DomainNames":["größe"]}', contentType: 'application/json', signed: true });
  });

  it('keeps the path of an endpoint that has one', async () => {
    await caller(1024, '/proxied/')({ path: ['v1', 'brokers'] }, { abortSignal });
    assert.equal(asked[0]!.url, '/proxied/v1/brokers');
  });

  it("fails with AWS's code, wherever it stands", async () => {
    const fails = async (given: Answer): Promise<string> => {
      answer = given;
      try {
        await call({ path: ['v1', 'brokers'] });
      } catch (error) {
        const { name, message, $metadata } = error as Error & { $metadata: { httpStatusCode: number } };
        return `${name} ${$metadata.httpStatusCode} ${message}`;
      }
      return 'answered';
    };
    assert.equal(await fails({ status: 404, headers: { 'x-amzn-errortype': 'NotFoundException:http://internal/' }, body: '{"message":"gone"}' }), 'NotFoundException 404 gone');
    assert.equal(await fails({ status: 400, body: '{"__type":"com.amazonaws#BadRequestException","Message":"bad"}' }), 'BadRequestException 400 bad');
    assert.equal(await fails({ status: 403, body: '{"message":"Missing Authentication Token"}' }), 'UnknownError 403 Missing Authentication Token');
    assert.equal(await fails({ status: 502, body: '<html>' }), 'UnknownError 502 UnknownError');
  });

  it('asks at the host that AWS gave the service', async () => {
    const hosts: unknown[] = [];
    agents.https.createConnection = ({ host }) => {
      hosts.push(host);
      throw new Error('far enough');
    };
    const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'x' });
    for (const [useFips, useDualstack] of [[false, false], [true, false], [false, true]] as const) {
      const given: ClientSettings = { region: 'us-west-1', credentials, useFips, useDualstack, agents };
      await assert.rejects(createOpenSearch(given).listDomainNames({ abortSignal }), /far enough/);
      await assert.rejects(createMq(given).describeBroker('b-1', { abortSignal }), /far enough/);
    }
    assert.deepEqual(hosts, [
      'es.us-west-1.amazonaws.com',
      'mq.us-west-1.amazonaws.com',
      'es-fips.us-west-1.amazonaws.com',
      'mq-fips.us-west-1.amazonaws.com',
      'aos.us-west-1.api.aws',
      'mq.us-west-1.api.aws',
    ]);
  });

  it('reads no more than an answer may have', async () => {
    answer = { status: 200, body: JSON.stringify({ text: 'x'.repeat(2048) }) };
    await assert.rejects(call({ path: ['v1'] }), { name: 'UnexpectedAnswer' });
    const { text } = await caller(4096)({ path: ['v1'] }, { abortSignal });
    assert.equal((text as string).length, 2048);
  });
});
