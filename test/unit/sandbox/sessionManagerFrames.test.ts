import assert from 'node:assert/strict';
import { acknowledgement, decodeFrame, digestMatches, encodeFrame, FrameError, newFrame } from '../../sandbox/sessionManager/frames';
import { vectors } from '../../fixtures/ssmSessionVectors';

describe('sandbox frames', () => {
  const { mux, basic } = vectors;

  for (const [mode, vectors] of Object.entries({ mux, basic })) {
    it(`reads every recorded frame of the ${mode} transcript`, () => {
      for (const vector of vectors) {
        const raw = Buffer.from(vector.hex, 'hex');
        const frame = decodeFrame(raw);
        assert.deepEqual(
          { ...frame, messageId: frame.messageId, payload: undefined },
          {
            messageType: vector.messageType,
            schemaVersion: vector.schemaVersion,
            createdDate: vector.createdDateMs,
            sequenceNumber: vector.sequenceNumber,
            flags: vector.flags,
            messageId: vector.messageId,
            payloadType: vector.payloadType,
            payload: undefined,
          },
        );
        assert.equal(frame.payload.length, vector.payloadLength);
        if (vector.payloadText !== undefined) assert.equal(frame.payload.toString(), vector.payloadText);
        assert.equal(digestMatches(raw), vector.digestMatches);
      }
    });

    it(`writes every recorded frame of the ${mode} transcript byte for byte from its fields`, () => {
      for (const vector of vectors) assert.equal(encodeFrame(decodeFrame(Buffer.from(vector.hex, 'hex'))).toString('hex'), vector.hex);
    });
  }

  it("writes the agent's acknowledgements as recorded, but for id and date", () => {
    const agent = mux.filter(({ from }) => from === 'agent');
    const acknowledgements = agent.filter(({ messageType }) => messageType === 'acknowledge');
    assert.ok(acknowledgements.length >= 10);
    for (const vector of acknowledgements) {
      const recorded = decodeFrame(Buffer.from(vector.hex, 'hex'));
      const answered = JSON.parse(recorded.payload.toString()) as Record<string, unknown>;
      const of = mux.find(({ messageId }) => messageId === answered['AcknowledgedMessageId'])!;
      const ours = decodeFrame(acknowledgement(of));
      assert.deepEqual(
        { ...ours, messageId: '', createdDate: 0 },
        { ...recorded, messageId: '', createdDate: 0 },
      );
    }
  });

  it('gives each new frame a version-4 UUID of its own', () => {
    const ids = new Set<string>();
    for (let count = 0; count < 1000; count++) {
      const raw = newFrame({ messageType: 'acknowledge', sequenceNumber: 0, flags: 3, payloadType: 0, payload: Buffer.from('x') });
      const { messageId } = decodeFrame(raw);
      assert.match(messageId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      ids.add(messageId);
    }
    assert.equal(ids.size, 1000);
  });

  it('carries numbers above 32 bits', () => {
    const fields = { messageType: 'output_stream_data', schemaVersion: 1, createdDate: 2 ** 41 + 5, sequenceNumber: 2 ** 40 + 7 };
    const frame = { ...fields, flags: 0, messageId: '5b380ce1-1aa5-402a-b934-01b5654633b7', payloadType: 1, payload: Buffer.from([10]) };
    const read = decodeFrame(encodeFrame(frame));
    assert.deepEqual({ ...read, messageId: read.messageId }, frame);
  });

  it('refuses a frame without a whole header or with another header length', () => {
    const raw = Buffer.from(mux[0]!.hex, 'hex');
    assert.throws(() => decodeFrame(raw.subarray(0, 119)), FrameError);
    const wrong = Buffer.from(raw);
    wrong.writeUInt32BE(117, 0);
    assert.throws(() => decodeFrame(wrong), FrameError);
  });
});
