import assert from 'node:assert/strict';
import { MAX_HEAD_BYTES, parseResponseHead } from '../../../../src/wire/http/responseHead';

const GOOD = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='];

describe('the head of an HTTP answer', () => {
  it('is waited for until it is whole, and kept apart from what comes behind it', () => {
    const bytes = Buffer.from(`${GOOD.join('\r\n')}\r\n\r\nbehind`);
    for (let at = 0; at < bytes.length - 6; at++) assert.equal(parseResponseHead(bytes.subarray(0, at)), undefined, `${at} bytes`);
    const head = parseResponseHead(bytes);
    assert.ok(typeof head === 'object');
    assert.equal(bytes.toString('latin1', head.bytes), 'behind');
  });

  it('is given up when it is no HTTP, or does not end', () => {
    for (const text of ['SSH-2.0-OpenSSH_9.2\r\n', 'HTTP/2 101 x\r\n\r\n', 'HTTP/1.1 099 x\r\n\r\n', 'HTTP/1.1 abc\r\n\r\n', `${GOOD[0]!}\r\nno colon\r\n\r\n`, `${GOOD[0]!}\r\na b: c\r\n\r\n`]) {
      assert.equal(parseResponseHead(Buffer.from(text)), 'malformed', text);
    }
    const endless = Buffer.from(`HTTP/1.1 101 x\r\n${'a: b\r\n'.repeat(10_000)}`);
    assert.equal(parseResponseHead(endless.subarray(0, MAX_HEAD_BYTES + 1)), 'malformed');
    assert.equal(parseResponseHead(Buffer.concat([endless, Buffer.from('\r\n')])), 'malformed');
  });
});
