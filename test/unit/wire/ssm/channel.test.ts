import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ChannelEvent } from '../../../../src/wire/ssm/channel';
import { Channel } from '../../../../src/wire/ssm/channel';
import { Flag } from '../../../../src/wire/ssm/messages';
import { AgentModel, decodeMessage, encodeMessage, handshakeRequest, json } from './agentModel';
import { vectors } from '../../../fixtures/ssmSessionVectors';

interface Bench {
  readonly channel: Channel;
  readonly events: ChannelEvent[];
  readonly agent: AgentModel;
  now: number;
  /** Carries what both sides have to say until neither has more. */
  exchange(): void;
}

function bench(): Bench {
  const events: ChannelEvent[] = [];
  const channel = new Channel({ clientVersion: '1.2.707.0', idSeed: Buffer.alloc(16, 7), nonceSeed: Buffer.alloc(12, 9), epochOffset: 1_700_000_000_000 }, (event) => events.push(event));
  const toClient: Buffer[] = [];
  const agent = new AgentModel((bytes) => toClient.push(bytes));
  const self: Bench = {
    channel,
    events,
    agent,
    now: 0,
    exchange() {
      for (;;) {
        const up = [...channel.takeOutgoing(), ...channel.takeResends(self.now)];
        const down = toClient.splice(0);
        if (up.length + down.length === 0) return;
        for (const bytes of up) agent.receive(bytes);
        for (const bytes of down) channel.receive(bytes, self.now);
      }
    },
  };
  return self;
}

function openBench(): Bench {
  const self = bench();
  self.agent.send(5, handshakeRequest(), 0);
  self.exchange();
  self.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), 0);
  self.exchange();
  self.events.length = 0;
  self.agent.input.length = 0;
  return self;
}

const kinds = (events: readonly ChannelEvent[]): string[] => events.map(({ kind }) => kind);
const outputs = (events: readonly ChannelEvent[]): string =>
  Buffer.concat(events.filter((event) => event.kind === 'output').map(({ payload }) => payload)).toString();

/** An output message as the agent would send it, outside the model's own numbering. */
function output(sequence: number, text: string, payloadType = 1): Buffer {
  return encodeMessage({ type: 'output_stream_data', sequence, flags: 0, id: randomUUID(), payloadType, payload: Buffer.from(text) });
}

const acknowledged = (frames: readonly Buffer[]): number[] =>
  frames
    .map((bytes) => decodeMessage(bytes)!)
    .filter(({ type }) => type === 'acknowledge')
    .map(({ payload }) => (JSON.parse(payload.toString()) as Record<string, number>)['AcknowledgedMessageSequenceNumber']!);

describe('the data channel: handshake', () => {
  it('accepts a port session and answers as the original client does', () => {
    const { channel, events } = bench();
    const request = vectors.mux.find(({ payloadType }) => payloadType === 5)!;
    channel.receive(Buffer.from(request.hex, 'hex'), 0);
    assert.deepEqual(events, [
      {
        kind: 'handshake',
        session: {
          agentVersion: '3.3.1142.0',
          sessionType: 'Port',
          properties: { host: '127.0.0.1', localPortNumber: '16390', portNumber: '6390', type: 'LocalPortForwarding' },
        },
      },
    ]);
    const frames = channel.takeOutgoing().map((bytes) => decodeMessage(bytes)!);
    const response = frames.find(({ payloadType }) => payloadType === 6)!;
    const theirs = vectors.mux.find(({ payloadType }) => payloadType === 6)!;
    assert.equal(response.payload.toString(), theirs.payloadText!.replace('1.2.677.0', '1.2.707.0'));
    assert.equal(response.sequence, 0);
    assert.deepEqual(acknowledged(channel.takeOutgoing().concat(frames.map(encodeMessage))), [0]);
  });

  it('may send only after the handshake is complete, and reports the customer message', () => {
    const self = bench();
    assert.equal(self.channel.canSend, false);
    self.agent.send(5, handshakeRequest(), 0);
    self.exchange();
    assert.equal(self.channel.canSend, false);
    self.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: 'Authorised use only.' }), 0);
    self.exchange();
    assert.equal(self.channel.canSend, true);
    assert.deepEqual(kinds(self.events), ['handshake', 'customerMessage', 'ready']);
  });

  it('never answers a second handshake request, whatever its number', () => {
    const self = bench();
    self.agent.send(5, handshakeRequest(), 0);
    self.exchange();
    self.agent.send(5, handshakeRequest(), 0);
    self.agent.resendAll(0);
    self.exchange();
    assert.equal(self.agent.input.filter(({ payloadType }) => payloadType === 6).length, 1);
    assert.equal(self.agent.unacknowledged, 0);
  });

  it('refuses session types and actions that it does not know', () => {
    for (const action of [{ ActionType: 'SessionType', ActionParameters: { SessionType: 'Standard_Stream' } }, { ActionType: 'Dance' }]) {
      const self = bench();
      self.agent.send(5, handshakeRequest({ actions: [action] }), 0);
      self.exchange();
      const [event] = self.events;
      assert.ok(event?.kind === 'fault' && event.fault.code === 'ssm.unsupportedSession');
    }
  });

  it('does not acknowledge data that comes before anyone can take it, so that it comes again', () => {
    const self = bench();
    self.channel.receive(output(0, 'too early'), 0);
    assert.deepEqual(self.channel.takeOutgoing(), []);
    assert.deepEqual(self.events, []);
  });
});

describe('the data channel: early messages of the handshake', () => {
  it('ends when an early message, acknowledged when it came, cannot be used in its turn', () => {
    for (const [early, payloadType] of [['data before the handshake is complete', 1], ['no JSON', 7]] as const) {
      const { channel, events } = bench();
      channel.receive(output(1, early, payloadType), 0);
      assert.deepEqual(acknowledged(channel.takeOutgoing()), [1]);
      channel.receive(output(0, handshakeRequest().toString(), 5), 0);
      const last = events.at(-1);
      assert.ok(last?.kind === 'fault' && last.fault.code === 'ssm.protocol', early);
    }
  });
});

describe('the data channel: receiving', () => {
  it('delivers in order and acknowledges each message once it is taken', () => {
    const { channel, events } = openBench();
    for (const [sequence, text] of [[2, 'a'], [3, 'b'], [4, 'c']] as const) channel.receive(output(sequence, text), 0);
    assert.equal(outputs(events), 'abc');
    assert.deepEqual(acknowledged(channel.takeOutgoing()), [2, 3, 4]);
  });

  it('acknowledges and holds what comes early, and delivers it in its turn', () => {
    const { channel, events } = openBench();
    for (const [sequence, text] of [[4, 'c'], [3, 'b']] as const) channel.receive(output(sequence, text), 0);
    assert.equal(outputs(events), '');
    assert.deepEqual(acknowledged(channel.takeOutgoing()), [4, 3]);
    channel.receive(output(2, 'a'), 0);
    assert.equal(outputs(events), 'abc');
    assert.deepEqual(acknowledged(channel.takeOutgoing()), [2]);
  });

  it('acknowledges repetitions again without delivering them again', () => {
    const { channel, events } = openBench();
    for (let round = 0; round < 3; round++) channel.receive(output(2, 'a'), 0);
    channel.receive(output(0, 'old'), 0);
    assert.equal(outputs(events), 'a');
    assert.deepEqual(acknowledged(channel.takeOutgoing()), [2, 2, 2, 0]);
  });

  it('holds no more than its bound and does not acknowledge the rest', () => {
    const { channel, events } = openBench();
    const block = 'x'.repeat(1024 * 1024);
    for (let index = 0; index < 12; index++) channel.receive(output(3 + index, block), 0);
    channel.receive(output(1_000_000, 'far ahead'), 0);
    assert.equal(acknowledged(channel.takeOutgoing()).length, 8);
    assert.equal(events.filter(({ kind }) => kind === 'ignored').length, 5);
  });

  it('drops a damaged message without an acknowledgement, and ends after too many without progress', () => {
    const { channel, events } = openBench();
    const damaged = output(2, 'a');
    damaged[damaged.length - 1]! ^= 1;
    channel.receive(damaged, 0);
    assert.deepEqual(channel.takeOutgoing(), []);
    channel.receive(output(2, 'a'), 0);
    assert.equal(outputs(events), 'a');
    for (let round = 0; round < 100; round++) channel.receive(damaged, 0);
    assert.equal(events.at(-1)?.kind, 'ignored');
    channel.receive(output(3, 'b'), 0);
    for (let round = 0; round < 101; round++) channel.receive(damaged, 0);
    const last = events.at(-1);
    assert.ok(last?.kind === 'fault' && last.fault.code === 'ssm.protocol');
  });

  it('reports flags, exit codes and errors, and tolerates payload and message types it does not know', () => {
    const self = openBench();
    self.agent.send(10, Buffer.from([0, 0, 0, Flag.connectToPortError]), 0);
    self.agent.send(10, Buffer.from([0, 0, 0, 99]), 0);
    self.agent.send(10, Buffer.from([1]), 0);
    self.agent.send(11, Buffer.from('warning'), 0);
    self.agent.send(12, Buffer.from('3'), 0);
    self.agent.send(12, Buffer.from('three'), 0);
    self.agent.send(77, Buffer.from('?'), 0);
    self.agent.control('agent_session_state', json({}));
    self.exchange();
    assert.deepEqual(kinds(self.events), ['connectError', 'ignored', 'ignored', 'stderr', 'exit', 'exit', 'ignored', 'ignored']);
    assert.deepEqual(
      self.events.filter((event) => event.kind === 'exit').map(({ code }) => code),
      [3, undefined],
    );
    assert.equal(self.agent.unacknowledged, 0);
  });

  it('ends with the reason of channel_closed, also when it cannot be read, and takes nothing afterwards', () => {
    for (const [payload, reason] of [[json({ Output: 'Session terminated by admin.\n' }), 'Session terminated by admin.'], [Buffer.from('?'), '']] as const) {
      const self = openBench();
      self.agent.control('channel_closed', payload);
      self.exchange();
      self.channel.receive(output(2, 'late'), 0);
      assert.deepEqual(self.events, [{ kind: 'closed', reason }]);
      assert.equal(self.channel.canSend, false);
      assert.equal(self.channel.deadline, undefined);
    }
  });
});

describe('the data channel: sending', () => {
  const send = ({ channel, now }: Bench, text = 'x'): Buffer => channel.sendOutput([Buffer.from(text)], now);

  it('numbers messages on from the handshake', () => {
    const self = openBench();
    assert.deepEqual([send(self), send(self), send(self)].map((bytes) => decodeMessage(bytes)!.sequence), [1, 2, 3]);
    self.channel.sendFlag(Flag.disconnectToPort, 0);
    const [flag] = self.channel.takeOutgoing().map((bytes) => decodeMessage(bytes)!);
    assert.deepEqual([flag!.sequence, flag!.payloadType, flag!.payload.toString('hex')], [4, 10, '00000001']);
  });

  it('sends the size of a terminal as a message like any other', () => {
    const self = openBench();
    self.channel.sendSize(0);
    const [size] = self.channel.takeOutgoing().map((bytes) => decodeMessage(bytes)!);
    assert.deepEqual([size!.sequence, size!.payloadType, size!.payload.toString()], [1, 3, '{"cols":80,"rows":24}']);
    assert.ok(!self.channel.isAcknowledged(1) && self.channel.heldBytes > 0);
  });

  it('sends again only what there is room for, and the rest when there is more', () => {
    const self = openBench();
    for (let index = 0; index < 10; index++) send(self, 'x'.repeat(100));
    self.channel.reconnected(0, 0);
    assert.equal(self.channel.takeResends(0, 0).length, 0);
    assert.equal(self.channel.takeResends(0, 1).length, 1);
    assert.equal(self.channel.takeResends(0, 250).length, 3);
    assert.equal(self.channel.canSend, false);
    assert.equal(self.channel.takeResends(0, 10_000).length, 6);
    assert.equal(self.channel.canSend, true);
  });

  it('stops at its window, and opens it further as acknowledgements come', () => {
    const self = openBench();
    const fill = (): Buffer[] => {
      const frames: Buffer[] = [];
      while (self.channel.canSend) frames.push(send(self));
      return frames;
    };
    const first = fill();
    assert.ok(first.length >= 64 && first.length < 100);
    for (const bytes of first) self.agent.receive(bytes);
    self.exchange();
    assert.ok(fill().length > 1.8 * first.length);
  });

  it('has a bound of messages and of bytes on their way, however many acknowledgements come', () => {
    for (const [size, bound] of [[10, 2048], [64 * 1024, 64]] as const) {
      const self = openBench();
      for (let round = 0; round < 12; round++) {
        const frames: Buffer[] = [];
        while (self.channel.canSend) frames.push(send(self, 'x'.repeat(size)));
        assert.ok(frames.length <= bound, `${frames.length} messages of ${size} bytes`);
        for (const bytes of frames) self.agent.receive(bytes);
        self.exchange();
      }
    }
  });

  it('sends again after a time-out, and with longer and longer waits while nothing is acknowledged', () => {
    const self = openBench();
    send(self);
    const times: number[] = [];
    for (self.now = 0; self.now < 20_000; self.now++) if (self.channel.takeResends(self.now).length > 0) times.push(self.now);
    assert.ok(times[0]! >= 190 && times[0]! <= 1000, `first after ${times[0]} ms`);
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    for (let index = 1; index < gaps.length; index++) assert.ok(gaps[index]! >= gaps[index - 1]!);
    assert.ok(gaps.at(-1)! > 2000 && gaps.at(-1)! <= 8000);
    assert.equal(self.channel.stalledFor(self.now), 20_000);
  });

  it('recovers a lost burst in a few round trips, not ten messages per second', () => {
    const self = openBench();
    const frames: Buffer[] = [];
    while (self.channel.canSend) frames.push(send(self));
    // Everything but the last five is lost.
    for (const bytes of frames.slice(-5)) self.agent.receive(bytes);
    const lost = frames.length - 5;
    for (let trips = 0; self.agent.expected <= lost && trips < 10; trips++) {
      self.now += 20;
      self.exchange();
    }
    assert.ok(self.agent.expected > lost, `only ${self.agent.expected} of ${lost} after 200 ms`);
  });

  it('does not take a little reordering for loss', () => {
    const self = openBench();
    const [a, b, c] = [send(self), send(self), send(self)];
    for (const bytes of [c, b]) self.agent.receive(bytes);
    self.exchange();
    assert.deepEqual(self.channel.takeResends(1), []);
    self.agent.receive(a);
    self.exchange();
    assert.equal(self.channel.deadline, undefined);
  });

  it('is silent while publication is paused, until it starts again or anything comes from the agent', () => {
    for (const lift of ['start', 'data', 'acknowledgement'] as const) {
      const self = openBench();
      const sent = send(self);
      self.agent.control('pause_publication', json({}));
      self.exchange();
      self.now = 5000;
      assert.equal(self.channel.canSend, false);
      assert.deepEqual(self.channel.takeResends(self.now), []);
      assert.equal(self.channel.stalledFor(self.now), 0);
      if (lift === 'start') self.agent.control('start_publication', json({}));
      else if (lift === 'data') self.agent.send(1, Buffer.from('hello'), self.now);
      else self.agent.receive(sent);
      self.exchange();
      assert.ok(self.channel.canSend || self.channel.takeResends(self.now).length > 0, lift);
    }
  });

  it('probes a pause that nobody lifts', () => {
    const self = openBench();
    send(self);
    self.agent.control('pause_publication', json({}));
    self.exchange();
    assert.equal(self.channel.deadline, 30_000);
    assert.equal(self.channel.takeResends(30_000).length, 1);
  });

  it('sends everything unacknowledged again on a new connection, and nothing else', () => {
    const self = openBench();
    const frames = Array.from({ length: 20 }, (_, index) => send(self, `message ${index}`));
    for (const bytes of frames.slice(0, 12)) self.agent.receive(bytes);
    self.exchange();
    self.channel.reconnected(1000, 0);
    const again = self.channel.takeResends(1000).map((bytes) => decodeMessage(bytes)!.payload.toString());
    assert.deepEqual(again, Array.from({ length: 8 }, (_, index) => `message ${12 + index}`));
  });

  it('ignores acknowledgements of messages that it never sent', () => {
    const self = openBench();
    send(self);
    for (const sequence of [2, 99, 2 ** 40]) {
      self.agent.control('acknowledge', json({ AcknowledgedMessageType: 'input_stream_data', AcknowledgedMessageSequenceNumber: sequence }));
    }
    self.exchange();
    assert.equal(self.channel.isAcknowledged(1), false);
    assert.equal(self.channel.isAcknowledged(99), false);
    assert.notEqual(self.channel.deadline, undefined);
  });
});
