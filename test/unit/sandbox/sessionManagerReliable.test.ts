import assert from 'node:assert/strict';
import type { Frame } from '../../sandbox/sessionManager/frames';
import { acknowledgement, controlFrame, decodeFrame, newFrame, PayloadType } from '../../sandbox/sessionManager/frames';
import type { ChannelOwner, Delivery } from '../../sandbox/sessionManager/reliable';
import { AgentChannel, acknowledgedNumber, BUFFER_MESSAGES } from '../../sandbox/sessionManager/reliable';

class Bench {
  now = 0;
  readonly emitted: Frame[] = [];
  readonly delivered: string[] = [];
  sendable = 0;
  closed = 0;
  answer: (payload: string) => Delivery = () => 'taken';
  readonly channel: AgentChannel;

  constructor(capacity?: number) {
    this.channel = new AgentChannel(this.#owner, capacity);
  }

  readonly #owner: ChannelOwner = {
    now: () => this.now,
    emit: (raw) => this.emitted.push(decodeFrame(raw)),
    deliver: (_, payload) => {
      const text = payload.toString();
      const answer = this.answer(text);
      if (answer !== 'notReady') this.delivered.push(text);
      return answer;
    },
    closed: () => this.closed++,
    sendable: () => this.sendable++,
  };

  data(sequenceNumber: number, text = `m${sequenceNumber}`): void {
    const payload = Buffer.from(text);
    this.channel.receive(newFrame({ messageType: 'input_stream_data', sequenceNumber, flags: 0, payloadType: PayloadType.output, payload }));
  }

  control(messageType: 'pause_publication' | 'start_publication' | 'channel_closed'): void {
    this.channel.receive(controlFrame(messageType, {}));
  }

  acknowledge(sequenceNumber: number): void {
    const messageId = '00000000-0000-4000-8000-000000000000';
    this.channel.receive(acknowledgement({ messageType: 'output_stream_data', messageId, sequenceNumber }));
  }

  /** Numbers acknowledged so far. */
  get acknowledged(): (number | undefined)[] {
    return this.emitted.filter(({ messageType }) => messageType === 'acknowledge').map(({ payload }) => acknowledgedNumber(payload));
  }

  /** Numbers of stream data sent so far, resends included. */
  get sent(): number[] {
    return this.emitted.filter(({ messageType }) => messageType === 'output_stream_data').map(({ sequenceNumber }) => sequenceNumber);
  }

  send(text: string): void {
    this.channel.send(PayloadType.output, Buffer.from(text));
  }

  /** Ticks every 100 ms for so long. */
  pass(ms: number): void {
    for (let past = 0; past < ms; past += 100) {
      this.now += 100;
      this.channel.tick();
    }
  }
}

describe('sandbox agent channel', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  describe('receiving', () => {
    it('acknowledges each message once it is processed', () => {
      bench.data(0);
      bench.data(1);
      assert.deepEqual(bench.delivered, ['m0', 'm1']);
      assert.deepEqual(bench.acknowledged, [0, 1]);
    });

    it('acknowledges an early message at once and delivers it in its turn, without a second acknowledgement', () => {
      bench.data(2);
      bench.data(1);
      assert.deepEqual(bench.delivered, []);
      bench.data(0);
      assert.deepEqual(bench.delivered, ['m0', 'm1', 'm2']);
      assert.deepEqual(bench.acknowledged, [2, 1, 0]);
    });

    it('acknowledges an old message again and does not deliver it again', () => {
      bench.data(0);
      bench.data(0);
      assert.deepEqual(bench.delivered, ['m0']);
      assert.deepEqual(bench.acknowledged, [0, 0]);
    });

    it('drops early messages unacknowledged when its buffer is full', () => {
      bench = new Bench(10);
      for (let number = 1; number <= 11; number++) bench.data(number);
      assert.deepEqual(bench.acknowledged, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      bench.data(0);
      assert.equal(bench.delivered.at(-1), 'm10');
      assert.equal(BUFFER_MESSAGES, 100_000);
    });

    it('neither acknowledges nor consumes what the handler is not ready for', () => {
      bench.answer = () => 'notReady';
      bench.data(0);
      assert.deepEqual(bench.acknowledged, []);
      bench.answer = () => 'taken';
      bench.data(0);
      assert.deepEqual(bench.delivered, ['m0']);
      assert.deepEqual(bench.acknowledged, [0]);
    });

    it('stands still while the handler blocks, also for acknowledgements, and goes on in order', () => {
      bench.send('out');
      bench.answer = (text) => (text === 'm0' ? 'blocked' : 'taken');
      bench.data(0);
      bench.data(1);
      bench.acknowledge(0);
      assert.deepEqual([bench.acknowledged, bench.channel.outstanding], [[], 1]);
      assert.ok(bench.channel.backlogBytes > 0);
      bench.channel.unblock();
      assert.deepEqual(bench.delivered, ['m0', 'm1']);
      assert.deepEqual(bench.acknowledged, [0, 1]);
      assert.deepEqual([bench.channel.outstanding, bench.channel.backlogBytes], [0, 0]);
    });

    it('keeps the rest waiting when the next message blocks again, and acknowledges an early one only once', () => {
      bench.answer = () => 'blocked';
      bench.data(1);
      bench.data(0);
      bench.data(2);
      assert.deepEqual(bench.delivered, ['m0']);
      bench.channel.unblock();
      assert.deepEqual(bench.delivered, ['m0', 'm1']);
      bench.channel.unblock();
      assert.deepEqual(bench.delivered, ['m0', 'm1', 'm2']);
      bench.channel.unblock();
      assert.deepEqual(bench.acknowledged, [1, 0, 2]);
    });

    it('dies silently of a wrong header length', () => {
      const raw = newFrame({ messageType: 'input_stream_data', sequenceNumber: 0, flags: 0, payloadType: 1, payload: Buffer.from('x') });
      raw.writeUInt32BE(120, 0);
      bench.channel.receive(raw);
      bench.data(0);
      assert.deepEqual([bench.channel.readerState, bench.acknowledged], ['dead', []]);
    });

    it('ignores the digest and unknown message types', () => {
      const raw = newFrame({ messageType: 'input_stream_data', sequenceNumber: 0, flags: 0, payloadType: 1, payload: Buffer.from('x') });
      raw.fill(0, 80, 112);
      bench.channel.receive(newFrame({ messageType: 'something_new', sequenceNumber: 9, flags: 0, payloadType: 0, payload: Buffer.from('?') }));
      bench.channel.receive(raw);
      assert.deepEqual(bench.delivered, ['x']);
    });

    it('reports channel_closed', () => {
      bench.control('channel_closed');
      assert.equal(bench.closed, 1);
    });
  });

  describe('sending', () => {
    it('numbers messages from 0, marks the first, and sends nothing empty', () => {
      bench.send('a');
      bench.send('');
      bench.send('b');
      assert.deepEqual(
        bench.emitted.map(({ sequenceNumber, flags }) => [sequenceNumber, flags]),
        [[0, 1], [1, 0]],
      );
    });

    it('resends only the head, each time it is older than the timeout', () => {
      bench.send('a');
      bench.send('b');
      bench.pass(200);
      assert.deepEqual(bench.sent, [0, 1], 'not before the timeout of 200 ms');
      bench.pass(100);
      assert.deepEqual(bench.sent, [0, 1, 0]);
      bench.pass(300);
      assert.deepEqual(bench.sent, [0, 1, 0, 0]);
      bench.acknowledge(0);
      bench.pass(1000);
      assert.ok(bench.sent.slice(4).every((number) => number === 1) && bench.sent.length > 4);
    });

    it('forgets a message at its acknowledgement, matched on the number alone', () => {
      bench.send('a');
      bench.send('b');
      bench.acknowledge(1);
      bench.acknowledge(7);
      assert.deepEqual(bench.channel.unacknowledged().map((raw) => decodeFrame(raw).sequenceNumber), [0]);
    });

    it('moves its timeout with the round-trip time, between a floor and one second', () => {
      for (let number = 0; number < 200; number++) {
        bench.send('x');
        bench.now += 5;
        bench.acknowledge(number);
      }
      assert.ok(Math.abs(bench.channel.retransmissionTimeoutMs - 15) < 1, `${bench.channel.retransmissionTimeoutMs}`);
      for (let number = 200; number < 240; number++) {
        bench.send('x');
        bench.now += 5000;
        bench.acknowledge(number);
      }
      assert.equal(bench.channel.retransmissionTimeoutMs, 1000);
    });

    it('reads no more from targets while as much as it can keep is outstanding', () => {
      bench = new Bench(2);
      bench.send('a');
      assert.equal(bench.channel.canSend, true);
      bench.send('b');
      assert.equal(bench.channel.canSend, false);
      bench.acknowledge(1);
      assert.deepEqual([bench.channel.canSend, bench.sendable], [true, 1]);
    });

    for (const [what, resume] of [
      ['start_publication', (b: Bench) => b.control('start_publication')],
      ['data', (b: Bench) => b.data(0)],
      ['an acknowledgement', (b: Bench) => b.acknowledge(99)],
    ] as const) {
      it(`neither sends nor resends while paused, until ${what}`, () => {
        bench.send('a');
        bench.control('pause_publication');
        assert.equal(bench.channel.canSend, false);
        bench.send('b');
        bench.pass(2000);
        assert.deepEqual(bench.sent, [0]);
        resume(bench);
        assert.deepEqual([bench.channel.canSend, bench.sendable], [true, 1]);
        bench.acknowledge(0);
        bench.pass(2000);
        assert.ok(bench.sent.includes(1), 'what was sent meanwhile goes out as a resend');
      });
    }
  });
});
