import assert from 'node:assert/strict';
import type { Frame } from '../../../../src/wire/ssm/frame';
import { Receiver } from '../../../../src/wire/ssm/receiver';

function frame(sequence: number, bytes = 10): Frame {
  const payload = Buffer.alloc(bytes);
  return { messageType: 'output_stream_data', schemaVersion: 1, createdDate: 0, sequence, flags: 0, messageId: Buffer.alloc(16), payloadType: 1, payload };
}

describe('the order of received messages', () => {
  it('holds early messages once, repeated ones never, and gives room back as their turn comes', () => {
    const receiver = new Receiver({ maxMessages: 10, maxBytes: 30 });
    assert.equal(receiver.accept(frame(0)), 'next');
    assert.equal(receiver.advance(), undefined);
    assert.deepEqual([receiver.accept(frame(0)), receiver.accept(frame(2)), receiver.accept(frame(2))], ['repeated', 'early', 'repeated']);
    assert.deepEqual([receiver.held, receiver.heldBytes], [1, 10]);
    assert.deepEqual([receiver.accept(frame(3)), receiver.accept(frame(4)), receiver.accept(frame(5))], ['early', 'early', 'refused']);
    assert.equal(receiver.accept(frame(1)), 'next');
    for (const next of [2, 3, 4]) assert.equal(receiver.advance()?.sequence, next);
    assert.equal(receiver.advance(), undefined);
    assert.deepEqual([receiver.expected, receiver.held, receiver.heldBytes], [5, 0, 0]);
    assert.deepEqual([receiver.accept(frame(6, 30)), receiver.accept(frame(16))], ['early', 'refused']);
  });

  it('keeps nothing of the block in which an early message was received', () => {
    const receiver = new Receiver();
    const block = Buffer.alloc(65_536);
    receiver.accept({ ...frame(1), payload: block.subarray(100, 200), messageId: block.subarray(64, 80) });
    assert.equal(receiver.accept(frame(0)), 'next');
    const held = receiver.advance();
    assert.ok(held && held.payload.buffer !== block.buffer && held.payload.length === 100);
    assert.notEqual(held.messageId.buffer, block.buffer);
  });
});
