import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { isFault } from '../../../../src/base/fault';
import { acknowledgementPayload, parseAcknowledgement } from '../../../../src/wire/ssm/acknowledgement';
import {
  chooseDigest,
  decodeFrame,
  encodeFrame,
  formatMessageId,
  FrameWriter,
  MAX_FRAME_BYTES,
  MessageType,
  parseMessageId,
  PayloadType,
} from '../../../../src/wire/ssm/frame';
import { decodeMessage, encodeMessage } from './agentModel';
import { vectors } from '../../../fixtures/ssmSessionVectors';

const isProtocolFault = (error: unknown): boolean => isFault(error) && error.code === 'ssm.protocol';
const recorded = [...vectors.mux, ...vectors.basic];

function sample(overrides: Partial<Parameters<typeof encodeMessage>[0]> = {}): Buffer {
  return encodeMessage({
    type: 'output_stream_data',
    sequence: 7,
    flags: 0,
    id: randomUUID(),
    payloadType: 1,
    payload: Buffer.from('payload'),
    ...overrides,
  });
}

describe('Session Manager frames', () => {
  it('reads every recorded frame of the real programs', () => {
    for (const vector of recorded) {
      const frame = decodeFrame(Buffer.from(vector.hex, 'hex'));
      assert.equal(frame.messageType, vector.messageType);
      assert.equal(frame.schemaVersion, vector.schemaVersion);
      assert.equal(frame.createdDate, vector.createdDateMs);
      assert.equal(frame.sequence, vector.sequenceNumber);
      assert.equal(frame.flags, vector.flags);
      assert.equal(formatMessageId(frame.messageId), vector.messageId);
      assert.equal(frame.payloadType, vector.payloadType);
      assert.equal(frame.payload.length, vector.payloadLength);
    }
  });

  it('writes every recorded frame again, byte for byte', () => {
    for (const vector of recorded) {
      const bytes = Buffer.from(vector.hex, 'hex');
      const head = {
        messageType: vector.messageType,
        schemaVersion: vector.schemaVersion,
        createdDate: vector.createdDateMs,
        sequence: vector.sequenceNumber,
        flags: vector.flags,
        messageId: parseMessageId(vector.messageId),
        payloadType: vector.payloadType,
      };
      assert.equal(encodeFrame(head, [bytes.subarray(120)]).toString('hex'), vector.hex);
    }
  });

  it('writes client data as the original client does, but for the message id', () => {
    const writer = new FrameWriter(randomBytes(16));
    for (const vector of recorded.filter(({ messageType }) => messageType === MessageType.input)) {
      const expected = Buffer.from(vector.hex, 'hex');
      const payload = expected.subarray(120);
      const half = payload.length >> 1;
      const chunks = [payload.subarray(0, half), payload.subarray(half)];
      const written = writer.data(vector.payloadType, vector.sequenceNumber, vector.createdDateMs, chunks);
      written.copy(expected, 64, 64, 80);
      assert.equal(written.toString('hex'), expected.toString('hex'));
    }
  });

  it('acknowledges as the original client does, byte for byte but for the message id', () => {
    const writer = new FrameWriter(randomBytes(16));
    let checked = 0;
    for (const vector of recorded.filter(({ messageType, from }) => messageType === MessageType.acknowledge && from === 'client')) {
      const expected = Buffer.from(vector.hex, 'hex');
      const { AcknowledgedMessageId: id, AcknowledgedMessageSequenceNumber: sequence } = JSON.parse(vector.payloadText!) as {
        AcknowledgedMessageId: string;
        AcknowledgedMessageSequenceNumber: number;
      };
      const written = writer.acknowledgement(vector.createdDateMs, acknowledgementPayload(parseMessageId(id), sequence));
      written.copy(expected, 64, 64, 80);
      assert.equal(written.toString('hex'), expected.toString('hex'));
      checked++;
    }
    assert.ok(checked > 10);
  });

  it('reads the sequence number of every acknowledgement of the real agent', () => {
    for (const vector of recorded.filter(({ messageType, from }) => messageType === MessageType.acknowledge && from === 'agent')) {
      const { AcknowledgedMessageSequenceNumber: expected } = JSON.parse(vector.payloadText!) as Record<string, number>;
      assert.equal(parseAcknowledgement(Buffer.from(vector.payloadText!)), expected);
    }
  });

  it('reads acknowledgements in any other JSON form, and passes over those of other messages', () => {
    const fields = { IsSequentialMessage: true, AcknowledgedMessageSequenceNumber: 12_345_678, AcknowledgedMessageType: 'input_stream_data' };
    assert.equal(parseAcknowledgement(Buffer.from(JSON.stringify(fields, undefined, 1))), 12_345_678);
    assert.equal(parseAcknowledgement(Buffer.from(JSON.stringify({ ...fields, AcknowledgedMessageType: 'other' }))), undefined);
    for (const broken of ['', '{', '[]', '{"AcknowledgedMessageType":"input_stream_data","AcknowledgedMessageSequenceNumber":-1}']) {
      assert.throws(() => parseAcknowledgement(Buffer.from(broken)), isProtocolFault);
    }
  });

  it('reads what an independent codec writes, and the other way round: every message and payload type', () => {
    const id = randomUUID();
    for (const type of [...Object.values(MessageType), 'agent_session_state']) {
      for (const payloadType of [0, ...Object.values(PayloadType), 2 ** 32 - 1]) {
        const message = { type, sequence: 2 ** 40 + payloadType, flags: 3, id, payloadType, payload: Buffer.from(`${type} ${payloadType}`) };
        const frame = decodeFrame(encodeMessage(message));
        assert.deepEqual(
          [frame.messageType, frame.sequence, frame.flags, formatMessageId(frame.messageId), frame.payloadType, frame.payload.toString()],
          [type, message.sequence, 3, id, payloadType, message.payload.toString()],
        );
        const { payload, ...head } = frame;
        assert.deepEqual(decodeMessage(encodeFrame(head, [payload])), message);
      }
    }
  });

  it('gives each message an id of its own that is a version 4 UUID', () => {
    const writer = new FrameWriter(randomBytes(16));
    const ids = new Set<string>();
    for (let index = 0; index < 1000; index++) {
      const bytes = writer.data(PayloadType.output, index, 0, [Buffer.from('x')]);
      ids.add(decodeMessage(bytes)!.id);
    }
    assert.equal(ids.size, 1000);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('trims spaces and NULs around the message type', () => {
    const bytes = sample();
    bytes.fill(0, 4, 36);
    bytes.write('  pause_publication', 4, 'latin1');
    assert.equal(decodeFrame(bytes).messageType, 'pause_publication');
  });

  it('refuses every truncation of a frame', () => {
    const bytes = sample();
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeFrame(bytes.subarray(0, length)), isProtocolFault, `length ${length}`);
    }
  });

  it('refuses another header length, a wrong digest, numbers beyond 2^53 and frames over 2 MiB', () => {
    const header = sample();
    header.writeUInt32BE(117, 0);
    const digest = sample();
    digest[80]! ^= 1;
    const payload = sample();
    payload[payload.length - 1]! ^= 1;
    const sequence = sample();
    sequence.writeUInt32BE(0x20_0000, 48);
    const large = Buffer.alloc(MAX_FRAME_BYTES + 1);
    large.writeUInt32BE(116, 0);
    for (const bytes of [header, digest, payload, sequence, large]) assert.throws(() => decodeFrame(bytes), isProtocolFault);
  });

  it('carries the largest sequence number exactly', () => {
    const head = { messageType: 'x', schemaVersion: 1, createdDate: 0, flags: 0, messageId: Buffer.alloc(16), payloadType: 1 };
    const bytes = encodeFrame({ ...head, sequence: Number.MAX_SAFE_INTEGER }, [Buffer.from('x')]);
    assert.equal(decodeFrame(bytes).sequence, Number.MAX_SAFE_INTEGER);
  });

  it('takes no digest for granted only where the original client checks none', () => {
    const closed = sample({ type: 'channel_closed', payload: Buffer.from('{}') });
    closed.fill(0, 80, 112);
    assert.throws(() => decodeFrame(closed), isProtocolFault);
    closed.writeUInt32BE(0, 116);
    assert.equal(decodeFrame(closed).messageType, 'channel_closed');
    const output = sample();
    output.fill(0, 80, 112);
    output.writeUInt32BE(0, 116);
    assert.throws(() => decodeFrame(output), isProtocolFault);
  });

  it('never writes an empty payload, which neither real program can read', () => {
    assert.throws(() => new FrameWriter(randomBytes(16)).data(PayloadType.output, 0, 0, [Buffer.alloc(0)]), isFault);
  });

  it('digests alike with and without the one-shot hash of newer runtimes', () => {
    const data = randomBytes(1000);
    const expected = createHash('sha256').update(data).digest('hex');
    assert.equal(chooseDigest({ createHash })(data).toString('hex'), expected);
    assert.equal(chooseDigest({ createHash, hash: (() => Buffer.from('one-shot')) as never })(data).toString(), 'one-shot');
  });

  it('survives 100,000 mutated frames: each is read or refused with a protocol fault', () => {
    const seeds = recorded.map(({ hex }) => Buffer.from(hex, 'hex'));
    let state = 12_345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (let round = 0; round < 100_000; round++) {
      const bytes = Buffer.from(seeds[random(seeds.length)]!);
      for (let flips = random(4); flips >= 0; flips--) bytes[random(bytes.length)] = random(256);
      const cut = random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
      try {
        decodeFrame(cut);
      } catch (error) {
        refused++;
        if (!isProtocolFault(error)) throw error;
      }
    }
    assert.ok(refused > 50_000);
  });
});
