import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SmuxClient } from '../../../src/wire/smux/smux';
import { Channel } from '../../../src/wire/ssm/channel';
import { AgentModel, handshakeRequest, json } from './ssm/agentModel';

/** A client's streams over a channel, and an agent that keeps what it was sent. */
function bench() {
  const delivered = new Map<number, string>();
  const mux = new SmuxClient(
    { data: (id, chunk) => delivered.set(id, (delivered.get(id) ?? '') + chunk.toString('latin1')), finished: () => {}, drained: () => {} },
    { frameBytes: 40 },
  );
  const ids = { idSeed: Buffer.alloc(16), nonceSeed: Buffer.alloc(12), epochOffset: 0 };
  const channel = new Channel({ clientVersion: '1.2.707.0', ...ids }, (event) => {
    if (event.kind === 'output') mux.feed(event.payload);
  });
  const toClient: Buffer[] = [];
  const agent = new AgentModel((bytes) => toClient.push(bytes));
  /** Carries everything; `order` sorts what goes to the client. */
  const exchange = (order: (frames: Buffer[]) => Buffer[] = (frames) => frames): void => {
    while (toClient.length > 0) {
      for (const bytes of order(toClient.splice(0))) channel.receive(bytes, 0);
      for (const bytes of channel.takeOutgoing()) agent.receive(bytes);
    }
  };
  agent.send(5, handshakeRequest(), 0);
  exchange();
  agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), 0);
  exchange();
  agent.input.length = 0;
  return { mux, channel, agent, delivered, exchange };
}

function push(id: number, text: string): Buffer {
  const head = Buffer.from([1, 2, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16LE(text.length, 2);
  head.writeUInt32LE(id, 4);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}

describe('multiplexed streams over the data channel', () => {
  it('arrive whole at every cut between two messages, in either order', () => {
    const bytes = Buffer.concat([push(3, 'first'), push(5, 'second'), push(3, ' again')]);
    for (let cut = 1; cut < bytes.length; cut++) {
      for (const reversed of [false, true]) {
        const { mux, agent, delivered, exchange } = bench();
        mux.open();
        mux.open();
        agent.send(1, bytes.subarray(0, cut), 0);
        agent.send(1, bytes.subarray(cut), 0);
        exchange((frames) => (reversed ? frames.toReversed() : frames));
        assert.deepEqual(delivered, new Map([[3, 'first again'], [5, 'second']]), `cut at ${cut}`);
        assert.equal(agent.unacknowledged, 0);
      }
    }
  });

  it('leave whole, whatever the size of the messages', () => {
    const writes = fc.array(fc.record({ stream: fc.nat(2), length: fc.integer({ min: 1, max: 100 }) }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(writes, fc.integer({ min: 1, max: 300 }), (given, payloadBytes) => {
        const { mux, channel, agent, exchange } = bench();
        const sent = new Map([mux.open(), mux.open(), mux.open()].map((id) => [id, '']));
        for (const [index, { stream, length }] of given.entries()) {
          const id = 3 + 2 * stream;
          const text = String.fromCodePoint(97 + (index % 26)).repeat(length);
          sent.set(id, sent.get(id)! + text);
          mux.write(id, Buffer.from(text));
        }
        for (let chunks = mux.pull(payloadBytes); chunks; chunks = mux.pull(payloadBytes)) {
          assert.ok(channel.canSend);
          agent.receive(channel.sendOutput(chunks, 0));
          exchange();
        }
        const bytes = Buffer.concat(agent.input.map(({ payload }) => payload));
        const received = new Map([...sent.keys()].map((id) => [id, '']));
        for (let at = 0; at < bytes.length; ) {
          const [command, length, id] = [bytes[at + 1], bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 4)];
          assert.ok(bytes[at] === 1 && (command === 0 || command === 2) && length <= 40);
          received.set(id, received.get(id)! + bytes.toString('latin1', at + 8, at + 8 + length));
          at += 8 + length;
        }
        assert.deepEqual(received, sent);
      }),
    );
  });
});
