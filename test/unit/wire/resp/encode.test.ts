import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeCommand, RespDecoder } from '../../../../src/wire/resp';

describe('encodeCommand', () => {
  it('writes an array of bulk strings whose lengths are bytes', () => {
    assert.equal(encodeCommand(['SET', 'ключ', Buffer.from([0xff])]).toString('latin1'), '*3\r\n$3\r\nSET\r\n$8\r\n\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87\r\n$1\r\n\xff\r\n');
  });

  it('writes what the decoder reads back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 }), (args) => {
        const buffers = args.map((arg) => Buffer.from(arg));
        const [value] = new RespDecoder().push(encodeCommand(buffers));
        assert.ok(value?.type === 'array');
        assert.deepEqual(
          value.items.map((item) => (item.type === 'bulk' ? item.bytes : undefined)),
          buffers,
        );
      }),
    );
  });
});
