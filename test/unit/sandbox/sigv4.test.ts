import { strict as assert } from 'node:assert';
import {
  canonicalRequest,
  parseAuthorization,
  sha256,
  signatureOf,
  signingKey,
  stringToSign,
} from '../../sandbox/sigv4';
import type { CredentialScope, SignableRequest } from '../../sandbox/sigv4';

// Published by AWS: the General Reference's worked example (iam:ListUsers), the "aws-sig-v4-test-suite", and the
// S3 reference.
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const TIMESTAMP = '20150830T123600Z';

function scope(service: string): CredentialScope {
  return { date: '20150830', region: 'us-east-1', service };
}

function request(method: string, url: string, headers: SignableRequest['headers'], body = ''): SignableRequest {
  return { method, url, headers, body: Buffer.from(body) };
}

const HOST = ['Host', 'example.amazonaws.com'] as const;
const DATE = ['X-Amz-Date', TIMESTAMP] as const;

function suiteSignature(signable: SignableRequest): string {
  const names = signable.headers.map(([name]) => name.toLowerCase());
  return signatureOf(signable, [...new Set(names)].toSorted(), TIMESTAMP, scope('service'), SECRET);
}

describe('SigV4 verification', () => {
  const listUsers = request('GET', '/?Action=ListUsers&Version=2010-05-08', [
    ['Host', 'iam.amazonaws.com'],
    ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
    DATE,
  ]);
  const signedHeaders = ['content-type', 'host', 'x-amz-date'];

  it('builds the canonical request of the published example', () => {
    const canonical = canonicalRequest(listUsers, signedHeaders);
    assert.equal(sha256(canonical), 'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59');
    assert.equal(
      stringToSign(canonical, TIMESTAMP, scope('iam')),
      'AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n' +
        'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
    );
  });

  it('derives the signing key of the published example', () => {
    const expected = 'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9';
    assert.equal(signingKey(SECRET, scope('iam')).toString('hex'), expected);
  });

  it('computes the signature of the published example', () => {
    const expected = '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7';
    assert.equal(signatureOf(listUsers, signedHeaders, TIMESTAMP, scope('iam'), SECRET), expected);
  });

  const suite: readonly (readonly [name: string, signable: SignableRequest, signature: string])[] = [
    [
      'get-vanilla',
      request('GET', '/', [HOST, DATE]),
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'get-vanilla-query-order-key-case',
      request('GET', '/?Param2=value2&Param1=value1', [HOST, DATE]),
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'post-x-www-form-urlencoded',
      request('POST', '/', [['Content-Type', 'application/x-www-form-urlencoded'], HOST, DATE], 'Param1=value1'),
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'get-header-value-trim',
      request('GET', '/', [HOST, ['My-Header1', ' value1'], ['My-Header2', ' "a   b   c"'], DATE]),
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'get-slashes (normalised path)',
      request('GET', '//example//', [HOST, DATE]),
      '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
    ],
    [
      'get-relative (normalised path)',
      request('GET', '/example/..', [HOST, DATE]),
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
  ];
  for (const [name, signable, signature] of suite) {
    it(`agrees with the published test suite: ${name}`, () => assert.equal(suiteSignature(signable), signature));
  }

  it('agrees with the S3 reference, where the payload hash is a signed header', () => {
    const s3 = request('GET', '/test.txt', [
      ['Host', 'examplebucket.s3.amazonaws.com'],
      ['Range', 'bytes=0-9'],
      ['x-amz-content-sha256', sha256('')],
      ['x-amz-date', '20130524T000000Z'],
    ]);
    const names = ['host', 'range', 'x-amz-content-sha256', 'x-amz-date'];
    const where = { date: '20130524', region: 'us-east-1', service: 's3' };
    assert.equal(
      signatureOf(s3, names, '20130524T000000Z', where, 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('changes with the body, the path, the query, a header, the region and the service', () => {
    const base = request('POST', '/', [HOST, DATE], 'a=1');
    const of = (signable: SignableRequest, where = scope('ec2')): string =>
      signatureOf(signable, ['host', 'x-amz-date'], TIMESTAMP, where, SECRET);
    const all = [
      of(base),
      of({ ...base, body: Buffer.from('a=2') }),
      of({ ...base, url: '/x' }),
      of({ ...base, url: '/?x' }),
      of({ ...base, headers: [['Host', 'other.amazonaws.com'], DATE] }),
      of(base, { ...scope('ec2'), region: 'eu-central-1' }),
      of(base, scope('sts')),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  it('reads an Authorization header, with or without spaces after the commas', () => {
    const signature = 'a'.repeat(64);
    const fields = [
      'Credential=AKID/20150830/us-east-1/ec2/aws4_request',
      'SignedHeaders=host;x-amz-date',
      `Signature=${signature}`,
    ];
    for (const separator of [', ', ',']) {
      const header = `AWS4-HMAC-SHA256 ${fields.join(separator)}`;
      assert.deepEqual(parseAuthorization(header), {
        accessKeyId: 'AKID',
        scope: scope('ec2'),
        signedHeaders: ['host', 'x-amz-date'],
        signature,
      });
    }
  });

  it('refuses a header that is not complete', () => {
    const credential = 'Credential=AKID/20150830/us-east-1/ec2/aws4_request';
    const good = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=${'a'.repeat(64)}`;
    assert.notEqual(parseAuthorization(good), undefined);
    for (const bad of [
      '',
      'Bearer abc',
      good.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
      good.replace('/aws4_request', ''),
      good.replace('/us-east-1', ''),
      good.replace('SignedHeaders=host, ', ''),
      good.slice(0, -1),
    ]) {
      assert.equal(parseAuthorization(bad), undefined, bad);
    }
  });
});
