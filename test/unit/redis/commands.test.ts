import assert from 'node:assert/strict';
import { isFault } from '../../../src/base/fault';
import { isReport, refuseUnsupported } from '../../../src/redis/commands';
import { splitArguments } from '../../../src/redis/splitArguments';

describe('refuseUnsupported', () => {
  const refused = (line: string): boolean => {
    try {
      refuseUnsupported(splitArguments(line));
    } catch (error) {
      assert.ok(isFault(error));
      assert.equal(error.code, 'redis.unsupported');
      return true;
    }
    return false;
  };

  for (const line of ['SUBSCRIBE a', 'psubscribe *', '"SSubscribe" a', 'UNSUBSCRIBE', 'MONITOR', 'SYNC', 'PSYNC ? -1', 'REPLCONF ACK 1', 'CLIENT REPLY OFF', 'client reply skip', 'SCRIPT DEBUG YES']) {
    it(`refuses ${line}`, () => assert.ok(refused(line)));
  }

  for (const line of ['GET subscribe', 'PUBLISH a b', 'PUBSUB CHANNELS', 'CLIENT REPLY ON', 'CLIENT LIST', 'SCRIPT DEBUG NO', 'BLPOP q 0']) {
    it(`lets ${line} through`, () => assert.ok(!refused(line)));
  }
});

describe('isReport', () => {
  it('knows the replies that redis-cli prints as they are', () => {
    for (const line of ['INFO', 'info server', 'LOLWUT', 'MEMORY DOCTOR', 'CLUSTER NODES', 'CLIENT LIST', 'client info', 'LATENCY DOCTOR', 'LATENCY GRAPH command']) {
      assert.ok(isReport(splitArguments(line)), line);
    }
    for (const line of ['GET info', 'MEMORY USAGE k', 'CLUSTER NODES x', 'CLIENT GETNAME', 'LATENCY DOCTOR x']) {
      assert.ok(!isReport(splitArguments(line)), line);
    }
  });
});
