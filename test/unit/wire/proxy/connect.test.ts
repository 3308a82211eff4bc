import { strict as assert } from 'node:assert';
import { MAX_HEAD_BYTES } from '../../../../src/wire/http/responseHead';
import { BadAnswer, connectRequest, ConnectReader } from '../../../../src/wire/proxy/connect';

describe('the CONNECT codec', () => {
  it('asks for the authority, with a login only when there is one', () => {
    assert.equal(String(connectRequest('a.com:443', undefined)), 'CONNECT a.com:443 HTTP/1.1\r\nHost: a.com:443\r\n\r\n');
    assert.equal(
      String(connectRequest('[::1]:443', 'dora:pä')),
      'CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic ZG9yYTpww6Q=\r\n\r\n',
    );
  });

  it('lets no authority end the line', () => {
    for (const bad of ['a\r\nX: y:443', 'a b:443', '', 'ä:1']) assert.throws(() => connectRequest(bad, undefined), RangeError);
  });

  const answer = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nVia: x\r\n\r\n\0first bytes\r\n\r\n';

  it('reads an answer at every split, and keeps what follows it', () => {
    const bytes = Buffer.from(answer, 'latin1');
    for (let split = 0; split < bytes.length; split++) {
      const reader = new ConnectReader();
      const got = reader.push(bytes.subarray(0, split));
      if (got) {
        assert.equal(got.status, 200);
        assert.equal(String(got.rest) + bytes.toString('latin1', split), '\0first bytes\r\n\r\n', String(split));
        continue;
      }
      const whole = reader.push(bytes.subarray(split));
      assert.equal(whole?.status, 200);
      assert.equal(String(whole.rest), '\0first bytes\r\n\r\n');
    }
  });

  it('tells the logins that are offered', () => {
    const header = ['HTTP/1.1 407 No', 'Proxy-Authenticate: Negotiate', 'proxy-authenticate:NTLM', 'Proxy-Authenticate: Basic realm="x"'];
    const got = new ConnectReader().push(Buffer.from(`${header.join('\r\n')}\r\n\r\n`));
    assert.deepEqual([got?.status, got?.schemes], [407, ['negotiate', 'ntlm', 'basic']]);
    const listed = 'HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate, Digest realm="x", nonce = "y", qop=auth, Basic realm="x"\r\n\r\n';
    assert.deepEqual(new ConnectReader().push(Buffer.from(listed))?.schemes, ['negotiate', 'digest', 'basic']);
  });

  it('refuses what is no answer at its first bytes', () => {
    for (const text of ['S', 'SSH-2.0-x\r\n', '\x15\x03\x01', 'HTTP/2 200\r\n\r\n', 'HTTP/1.1 OK\r\n\r\n', 'HTTP/1.1 099 x\r\n\r\n']) {
      assert.throws(() => new ConnectReader().push(Buffer.from(text, 'latin1')), BadAnswer, JSON.stringify(text));
    }
  });

  it('refuses a header that does not end, or ends too late', () => {
    const reader = new ConnectReader();
    reader.push(Buffer.from('HTTP/1.1 200 OK\r\n'));
    assert.throws(() => {
      for (let sent = 0; sent <= MAX_HEAD_BYTES; sent += 1000) reader.push(Buffer.alloc(1000, 'x'));
    }, BadAnswer);
    const late = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(MAX_HEAD_BYTES)}\r\n\r\n`;
    assert.throws(() => new ConnectReader().push(Buffer.from(late)), BadAnswer);
  });
});
