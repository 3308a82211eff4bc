import assert from 'node:assert/strict';
import { type ConnectionState, initialState, stateAfterLoss, stateAfterReply } from '../../../src/redis/connectionState';
import { splitArguments } from '../../../src/redis/splitArguments';
import { RespDecoder } from '../../../src/wire/resp';

function after(state: ConnectionState, ...exchanges: readonly (readonly [line: string, wire: string])[]): ConnectionState {
  let next = state;
  for (const [line, wire] of exchanges) {
    const [reply] = new RespDecoder().push(Buffer.from(wire));
    assert.ok(reply);
    next = stateAfterReply(next, splitArguments(line), reply);
  }
  return next;
}

const OK = '+OK\r\n';
const QUEUED = '+QUEUED\r\n';
const ERROR = '-ERR no\r\n';
const start = initialState(undefined);

describe('stateAfterReply', () => {
  it('follows SELECT, in any case of letters, when it succeeds', () => {
    assert.equal(after(start, ['SeLeCt 3', OK]).database, 3);
    assert.equal(after(start, ['select 3', ERROR]).database, 0);
    assert.equal(after(start, ['select x', OK]).database, 0);
  });

  it('follows MULTI until EXEC or DISCARD', () => {
    assert.ok(after(start, ['MULTI', OK]).transaction);
    assert.equal(after(start, ['MULTI', OK], ['EXEC', '*0\r\n']).transaction, undefined);
    assert.equal(after(start, ['MULTI', OK], ['DISCARD', OK]).transaction, undefined);
    assert.equal(after(start, ['MULTI', OK], ['EXEC', '-EXECABORT because\r\n']).transaction, undefined);
    assert.ok(after(start, ['MULTI', OK], ['EXEC x', ERROR]).transaction, 'an EXEC of the wrong form leaves it open');
  });

  it('takes a queued SELECT over only when the transaction was carried out', () => {
    const queued = after(start, ['MULTI', OK], ['SELECT 2', QUEUED]);
    assert.equal(queued.database, 0);
    assert.equal(after(queued, ['EXEC', '*1\r\n+OK\r\n']).database, 2);
    assert.equal(after(queued, ['EXEC', '*-1\r\n']).database, 0);
    assert.equal(after(queued, ['DISCARD', OK]).database, 0);
    assert.equal(stateAfterLoss(queued).database, 0);
    assert.equal(stateAfterLoss(queued).transaction, undefined);
  });

  it('remembers the login that was accepted', () => {
    assert.deepEqual(after(start, ['AUTH secret', OK]).login, { password: 'secret' });
    assert.deepEqual(after(start, ['auth me secret', OK]).login, { username: 'me', password: 'secret' });
    assert.deepEqual(after(start, ['HELLO 3 AUTH me secret SETNAME x', '%0\r\n']).login, { username: 'me', password: 'secret' });
    assert.equal(after(start, ['AUTH secret', '-WRONGPASS no\r\n']).login, undefined);
    assert.equal(after(start, ['AUTH secret', QUEUED]).login, undefined);
  });

  it('follows HELLO and RESET', () => {
    const three = after(start, ['HELLO 3', '%0\r\n'], ['SELECT 1', OK], ['MULTI', OK]);
    assert.equal(three.protocol, 3);
    assert.equal(after(three, ['HELLO', '*0\r\n']).protocol, 3);
    assert.deepEqual(after(three, ['RESET', '+RESET\r\n']), start);
    assert.deepEqual(after(initialState({ password: 'p' }), ['RESET', '+RESET\r\n']).login, { password: 'p' });
  });
});
