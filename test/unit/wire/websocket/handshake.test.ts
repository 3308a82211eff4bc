import assert from 'node:assert/strict';
import { parseResponseHead } from '../../../../src/wire/http/responseHead';
import { upgradeObstacle, upgradeRequest } from '../../../../src/wire/websocket/handshake';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GOOD = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='];

function obstacle(lines: readonly string[]): string | undefined {
  const head = parseResponseHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
  assert.ok(head !== undefined && head !== 'malformed');
  return upgradeObstacle(head, KEY);
}

describe("the WebSocket's opening", () => {
  it('asks as the RFC says', () => {
    const request = upgradeRequest(new URL('wss://ssmmessages.example:8443/v1/data-channel/id?role=publish&x=%20'), KEY);
    assert.deepEqual(request.split('\r\n'), [
      'GET /v1/data-channel/id?role=publish&x=%20 HTTP/1.1',
      'Host: ssmmessages.example:8443',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${KEY}`,
      'Sec-WebSocket-Version: 13',
      '',
      '',
    ]);
  });

  it("takes the RFC's own answer, however it is written", () => {
    assert.equal(obstacle(GOOD), undefined);
    assert.equal(obstacle([GOOD[0]!, 'UPGRADE:WebSocket', 'connection: keep-alive, upgrade', 'sec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=  ']), undefined);
  });

  it('says what is wrong with any other', () => {
    assert.match(obstacle(['HTTP/1.1 403 Forbidden'])!, /HTTP 403/);
    assert.match(obstacle(['HTTP/1.0 200'])!, /HTTP 200/);
    for (const missing of [1, 2, 3]) assert.ok(obstacle(GOOD.filter((_, index) => index !== missing)), GOOD[missing]);
    assert.match(obstacle([...GOOD.slice(0, 3), 'Sec-WebSocket-Accept: AAAA'])!, /another request/);
    assert.match(obstacle([...GOOD, 'Sec-WebSocket-Extensions: permessage-deflate'])!, /not offered/);
    assert.match(obstacle([...GOOD, 'Sec-WebSocket-Protocol: chat'])!, /not offered/);
  });
});
