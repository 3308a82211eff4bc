import { strict as assert } from 'node:assert';
import { Faults } from '../../sandbox/faults';
import { isDenied } from '../../sandbox/identity';
import { Pager } from '../../sandbox/paging';
import { awsJson11 } from '../../sandbox/services/protocol/json';
import { ApiError } from '../../sandbox/services/protocol/protocol';
import type { RawRequest } from '../../sandbox/services/protocol/protocol';
import { awsQuery, ec2Query } from '../../sandbox/services/protocol/query';
import { parseQueryParameters } from '../../sandbox/services/protocol/queryParameters';
import { renderXml } from '../../sandbox/services/protocol/xml';

const API = { version: '2016-11-15', namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/' };

function post(body: string, headers: Record<string, string> = {}): RawRequest {
  return { method: 'POST', url: '/', headers, body: Buffer.from(body) };
}

describe('query parameters', () => {
  it('become lists and structures, in numeric order', () => {
    const form = 'Filter.1.Name=vpc-id&Filter.1.Value.2=b&Filter.1.Value.10=c&Filter.1.Value.1=a&InstanceId.1=i-1';
    assert.deepEqual(parseQueryParameters(form), {
      Filter: [{ Name: 'vpc-id', Value: ['a', 'b', 'c'] }],
      InstanceId: ['i-1'],
    });
  });

  it('see through the element names of lists', () => {
    assert.deepEqual(parseQueryParameters('Tags.member.1.Key=a&Tags.member.1.Value=b&Ids.ClusterId.1=x'), {
      Tags: [{ Key: 'a', Value: 'b' }],
      Ids: ['x'],
    });
  });

  it('are percent-decoded, with + for a space', () => {
    assert.deepEqual(parseQueryParameters('Name=a%20b+c%2B%26&Empty=&Bare'), { Name: 'a b c+&', Empty: '', Bare: '' });
  });

  it('are refused when malformed, contradictory, repeated or absurdly deep', () => {
    for (const form of ['A=%zz', 'A=1&A.B=2', 'A.B=2&A=1', 'A=1&A=2', `${'A.'.repeat(50)}B=1`]) {
      assert.equal(parseQueryParameters(form), undefined, form);
    }
  });

  it('cannot reach the prototype of an object', () => {
    assert.deepEqual(Object.keys(parseQueryParameters('__proto__.polluted=1&toString=2')!), ['__proto__', 'toString']);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});

describe('XML answers', () => {
  it('repeat the element of an array, leave undefined out and escape text', () => {
    assert.equal(
      renderXml({ set: { item: [{ id: 'a' }, { id: 'b' }] }, none: undefined, empty: { item: [] }, yes: true, n: 0 }),
      '<set><item><id>a</id></item><item><id>b</id></item></set><empty/><yes>true</yes><n>0</n>',
    );
    assert.equal(renderXml({ text: `<&>"'🏰\r` }), '<text>&lt;&amp;&gt;&quot;&apos;🏰&#xD;</text>');
  });

  it('have the frame of their protocol', () => {
    const { body, headers } = ec2Query(API).answer('DescribeVpcs', { vpcSet: { item: [] } }, 'r-1');
    assert.match(body, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<DescribeVpcsResponse xmlns="http:\/\/ec2[^"]+">/);
    assert.match(body, /><requestId>r-1<\/requestId><vpcSet\/><\/DescribeVpcsResponse>$/);
    assert.equal(headers['content-type'], 'text/xml;charset=UTF-8');
    assert.match(
      awsQuery(API).answer('Do', { A: 1 }, 'r-2').body,
      /<DoResult><A>1<\/A><\/DoResult><ResponseMetadata><RequestId>r-2<\/RequestId><\/ResponseMetadata><\/DoResponse>$/,
    );
  });

  it('tell errors in the document of their protocol', () => {
    const error = new ApiError('Some.Code', 'a < b', 404);
    const inner = '<Code>Some.Code</Code><Message>a &lt; b</Message></Error>';
    const ec2Body = ec2Query(API).error(error, 'r-3').body;
    assert.ok(ec2Body.endsWith(`<Response><Errors><Error>${inner}</Errors><RequestID>r-3</RequestID></Response>`));
    const { body, status } = awsQuery(API).error(error, 'r-4');
    assert.equal(status, 404);
    assert.ok(body.endsWith(`<Error><Type>Sender</Type>${inner}<RequestId>r-4</RequestId></ErrorResponse>`));
  });
});

describe('decoding a request', () => {
  const code = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof ApiError) return error.code;
      throw error;
    }
    return 'nothing was thrown';
  };

  it('takes the action and the members of a query', () => {
    const decoded = ec2Query(API).decode(post('Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1'));
    assert.deepEqual(decoded, { action: 'DescribeVpcs', input: { VpcId: ['vpc-1'] } });
  });

  it('refuses a query without an action, of another version or with broken escapes', () => {
    const { decode } = ec2Query(API);
    assert.equal(code(() => decode(post('Version=2016-11-15'))), 'MissingAction');
    assert.equal(code(() => decode(post('Action=DescribeVpcs&Version=2011-06-15'))), 'InvalidAction');
    assert.equal(code(() => decode(post('Action=%'))), 'MalformedQueryString');
  });

  it('takes the action of JSON from its header and refuses what is no object', () => {
    const { decode } = awsJson11('AmazonSSM');
    const target = { 'x-amz-target': 'AmazonSSM.StartSession' };
    assert.deepEqual(decode(post('{"Target":"i-1"}', target)), { action: 'StartSession', input: { Target: 'i-1' } });
    assert.equal(code(() => decode(post('{', target))), 'SerializationException');
    assert.equal(code(() => decode(post('[]', target))), 'SerializationException');
    assert.equal(code(() => decode(post('{}', { 'x-amz-target': 'Other.StartSession' }))), 'UnknownOperationException');
    assert.equal(code(() => decode(post('{}'))), 'UnknownOperationException');
  });

  it('writes dates of JSON as seconds since the epoch', () => {
    const { body } = awsJson11('X').answer('Do', { At: new Date(1500), List: [{ A: 'é' }] }, 'r');
    assert.equal(body, '{"At":1.5,"List":[{"A":"é"}]}');
  });
});

describe('pages', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'];

  it('lead through a listing to its end', () => {
    const pager = new Pager(() => 2);
    const seen: string[][] = [];
    let token: string | undefined;
    do {
      const page = pager.page(rows, { token, listing: 'x' });
      assert.ok(page);
      seen.push([...page.rows]);
      token = page.next;
    } while (token !== undefined);
    assert.deepEqual(seen, [['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('are never larger than asked', () => {
    assert.deepEqual(new Pager(() => 3).page(rows, { limit: 1, listing: 'x' })?.rows, ['a']);
    assert.deepEqual(new Pager(() => 3).page(rows, { limit: 100, listing: 'x' })?.rows, ['a', 'b', 'c']);
  });

  it('have no token after a last page that is full', () => {
    assert.deepEqual(new Pager(() => 5).page(rows, { listing: 'x' }), { rows });
  });

  it('refuse a token that was made up, altered, or made for another listing or pager', () => {
    const pager = new Pager(() => 2);
    const token = pager.page(rows, { listing: 'x' })!.next!;
    assert.ok(pager.page(rows, { token, listing: 'x' }));
    assert.equal(pager.page(rows, { token, listing: 'y' }), undefined);
    assert.equal(new Pager(() => 2).page(rows, { token, listing: 'x' }), undefined);
    const altered = Buffer.from(Buffer.from(token, 'base64url').toString().replace(/^2/, '4')).toString('base64url');
    for (const bad of ['', 'AAAA', '2', altered]) {
      assert.equal(pager.page(rows, { token: bad, listing: 'x' }), undefined, bad);
    }
  });
});

describe('faults', () => {
  it('meet the calls they name, as often as they say', () => {
    const faults = new Faults();
    faults.add({ service: 'ec2', action: 'DescribeVpcs', kind: 'throttle', times: 2 });
    assert.equal(faults.meet('ec2', 'DescribeSubnets').failure, undefined);
    assert.equal(faults.meet('ssm', 'DescribeVpcs').failure, undefined);
    assert.deepEqual(
      [1, 2, 3].map(() => faults.meet('ec2', 'DescribeVpcs').failure),
      ['throttle', 'throttle', undefined],
    );
  });

  it('add up their delays and play one failure at a time, in order', () => {
    const faults = new Faults();
    faults.add({ kind: 'latency', latencyMs: 20 });
    faults.add({ kind: 'serverError', times: 1, latencyMs: 5 });
    const remove = faults.add({ kind: 'accessDenied' });
    assert.deepEqual(faults.meet('ec2', 'A'), { latencyMs: 25, failure: 'serverError' });
    assert.deepEqual(faults.meet('ec2', 'A'), { latencyMs: 20, failure: 'accessDenied' });
    remove();
    assert.deepEqual(faults.meet('ec2', 'A'), { latencyMs: 20 });
    faults.clear();
    assert.deepEqual(faults.meet('ec2', 'A'), { latencyMs: 0 });
  });
});

describe('policies', () => {
  it('deny everything, a service, or one action', () => {
    const denies = (pattern: string, action: string): boolean => isDenied({ denied: [pattern] }, action);
    assert.equal(denies('*', 'ec2:DescribeVpcs'), true);
    assert.equal(denies('ec2:*', 'ec2:DescribeVpcs'), true);
    assert.equal(denies('ec2:*', 'ssm:StartSession'), false);
    assert.equal(denies('ssm:StartSession', 'ssm:StartSession'), true);
    assert.equal(denies('ssm:StartSession', 'ssm:ResumeSession'), false);
    assert.equal(isDenied({ denied: [] }, 'ec2:DescribeVpcs'), false);
  });
});
