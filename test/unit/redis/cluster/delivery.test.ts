import assert from 'node:assert/strict';
import { Emitter } from '../../../../src/base/event';
import { Deliveries } from '../../../../src/redis/cluster/delivery';
import { NodeSessions } from '../../../../src/redis/cluster/nodes';
import { splitArguments } from '../../../../src/redis/splitArguments';
import type { ClusterNode, ClusterPorts, RedisSession, RedisSessionState } from '../../../../src/redis/types';
import type { RespValue } from '../../../../src/wire/resp';
import { eventually } from '../../../fixtures/eventually';
import { FakeClock } from '../../../fixtures/fakeClock';
import { error, reply } from './replies';

const never = new AbortController().signal;
const endpoint = { host: 'orders.example', port: 6379 };
const only: ClusterNode = { id: 'a'.repeat(40), endpoint, role: 'primary', health: 'online' };

/** A cluster of one node, which answers in turn. */
class World {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  readonly deliveries: Deliveries;

  constructor(...answers: readonly RespValue[]) {
    const left = answers.values();
    const seed: Pick<RedisSession, 'call' | 'onDidChangeState' | 'dispose'> = {
      onDidChangeState: new Emitter<RedisSessionState>().event,
      call: async (args) => {
        this.asked.push(args.join(' '));
        return left.next().value ?? reply('OK');
      },
      dispose: async () => {},
    };
    const ports: ClusterPorts = { dial: () => Promise.reject(new Error('not dialled')), known: [], direct: false };
    const nodes = new NodeSessions({
      options: { local: endpoint, endpoint, tls: 'off' },
      ports,
      open: () => Promise.reject(new Error('not opened')),
      seed: seed as RedisSession,
      seedId: only.id,
      onChange: () => {},
    });
    this.deliveries = new Deliveries({ asked: endpoint, tls: false, ports, nodes, clock: this.clock, topology: { shards: [{ slots: [[0, 16_383]], nodes: [only] }] }, current: only });
  }

  async deliver(line: string): Promise<RespValue> {
    return (await this.deliveries.deliver(splitArguments(line), never)).reply;
  }
}

describe('Commands that a cluster is not ready for', () => {
  for (const line of ['SET a 1', 'EVAL_RO s 1 a', 'FCALL_RO f 1 a']) {
    it(`are tried again: ${line}`, async () => {
      const world = new World(error('TRYAGAIN Multiple keys request during rehashing of slot'));
      const delivered = world.deliver(line);
      await eventually(() => world.clock.pending === 1);
      world.clock.advance(1000);
      assert.deepEqual(await delivered, reply('OK'));
      assert.deepEqual(world.asked, [line, line]);
    });
  }

  for (const line of ['EVAL s 1 a', 'evalsha 0123 1 a', 'FCALL f 1 a']) {
    it(`are not where a script may have written before it said so: ${line}`, async () => {
      for (const text of ['TRYAGAIN later', 'CLUSTERDOWN', 'LOADING x', 'MASTERDOWN x']) {
        const world = new World(error(text));
        assert.deepEqual(await world.deliver(line), error(text));
        assert.deepEqual([world.asked, world.clock.pending], [[line], 0]);
      }
    });
  }

  it('are followed where they are scripts that were sent to the wrong node', async () => {
    const world = new World(error('MOVED 15495 orders.example:6379'));
    assert.deepEqual(await world.deliver('EVAL s 1 a'), reply('OK'));
    assert.deepEqual(world.asked.filter((one) => one.startsWith('EVAL')).length, 2);
  });
});
