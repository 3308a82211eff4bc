import { strict as assert } from 'node:assert';
import { formatLogLine, redact } from '../../../src/base/log';

describe('log redaction', () => {
  const cases: readonly [string, unknown][] = [
    ['a field named after a secret', { tokenValue: 'AAEAAS3cr3t' }],
    ['a nested password', { options: { login: { password: 'S3cr3t' } } }],
    ['a presigned URL', { url: 'https://x/?X-Amz-Signature=S3cr3t&X-Amz-Credential=S3cr3t' }],
    ['a session response in text', 'answer {"TokenValue":"S3cr3t","SessionId":"s"}'],
    ['a Redis AUTH in text', 'ran AUTH S3cr3t'],
    ['a Redis AUTH with a user and quotes', 'ran AUTH app "S3cr3t S3cr3t"'],
    ['a HELLO with AUTH', 'HELLO 3 AUTH app S3cr3t'],
    ['a CONFIG SET requirepass', 'CONFIG SET requirepass S3cr3t'],
    ['an error message', { error: new Error('AUTH S3cr3t failed') }],
    ['the login of a proxy', { url: 'via http://dora:S3cr3t@proxy:3128 and https://S3cr3t@other' }],
    ['the login of a proxy in an error', { error: new Error('Proxy-Authorization: Basic S3cr3t') }],
    ['an access key', { secretAccessKey: 'S3cr3t' }],
  ];
  for (const [name, value] of cases) {
    it(`hides ${name}`, () => {
      const text = JSON.stringify(redact(value));
      assert.ok(!/S3cr3t/i.test(text), text);
    });
  }

  it('leaves harmless fields alone', () => {
    assert.deepEqual(redact({ bytes: 12, host: 'a.b', nothing: undefined }), { bytes: 12, host: 'a.b', nothing: undefined });
  });

  it('bounds depth, text and lists', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    assert.ok(JSON.stringify(redact(cyclic)).includes('[deep]'));
    assert.ok((redact('x'.repeat(1_000_000)) as string).length < 3000);
    assert.equal((redact(Array.from({ length: 1000 }, () => 1)) as number[]).length, 50);
  });

  it('writes one line whatever the values hold', () => {
    const line = formatLogLine('tunnel.open', { name: 'a\nb\u001b[31m', latencyMs: 1.5, absent: undefined });
    assert.equal(line, 'tunnel.open name="a\\nb\\u001b[31m" latencyMs=1.5');
  });
});
