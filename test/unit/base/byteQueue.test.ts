import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { ByteQueue } from '../../../src/base/byteQueue';

describe('ByteQueue', () => {
  it('gives back the bytes in order whatever the sizes of the pieces', () => {
    const operation = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ push: bytes })),
      fc.nat(30).map((take) => ({ take })),
      fc.nat(30).map((some) => ({ some })),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const queue = new ByteQueue();
        let model = Buffer.alloc(0);
        for (const one of operations) {
          if ('push' in one) {
            queue.push(Buffer.from(one.push));
            model = Buffer.concat([model, one.push]);
          } else if ('take' in one) {
            const expected = one.take > model.length ? undefined : model.subarray(0, one.take);
            assert.deepEqual(queue.peek(one.take), expected);
            assert.deepEqual(queue.take(one.take), expected);
            if (expected) model = model.subarray(one.take);
          } else {
            const bytes = queue.takeSome(one.some);
            if (bytes === undefined) assert.ok(model.length === 0 || one.some === 0);
            else {
              assert.ok(bytes.length > 0 && bytes.length <= one.some);
              assert.deepEqual(bytes, model.subarray(0, bytes.length));
              model = model.subarray(bytes.length);
            }
          }
          assert.equal(queue.length, model.length);
        }
      }),
    );
  });

  it('stays in order and empties through thousands of pieces', () => {
    const queue = new ByteQueue();
    for (let round = 0; round < 5000; round++) queue.push(Buffer.from([round & 255, (round >> 8) & 255]));
    for (let round = 0; round < 5000; round++) assert.equal(queue.take(2)!.readUInt16LE(), round);
    assert.equal(queue.length, 0);
    assert.equal(queue.takeSome(1), undefined);
  });
});
