import assert from 'node:assert/strict';
import { HeldReader } from '../../../../src/redis/cluster/heldReader';
import { ReplyRecord } from '../../../../src/redis/replies/replyRecord';
import { ReplyShelf } from '../../../../src/redis/replies/replyShelf';
import { RespDecoder, type RespValue } from '../../../../src/wire/resp';

describe('HeldReader', () => {
  interface Told {
    readonly begun: boolean;
    readonly times: number;
    readonly text: string;
    readonly value: RespValue | undefined;
  }

  /** In pieces of `size` bytes. */
  function tell(wire: string, size: number): Told {
    const record = new ReplyRecord({ shape: { kind: 'other' }, style: 'typed', maxChars: 1000, shelf: new ReplyShelf() });
    let times = 0;
    const held = new HeldReader(() => {
      times++;
      record.note('-> from here');
      return record.reader();
    });
    const decoder = new RespDecoder({}, () => held);
    const bytes = Buffer.from(wire);
    const values: RespValue[] = [];
    for (let at = 0; at < bytes.length; at += size) values.push(...decoder.push(bytes.subarray(at, at + size)));
    record.settle(true);
    return { begun: held.begun, times, text: record.text, value: values[0] };
  }

  const replies: readonly (readonly [string, string])[] = [
    ['*2\r\n$1\r\na\r\n:2\r\n', '1) "a"\n2) (integer) 2'],
    ['*2\r\n-ERR inside\r\n+OK\r\n', '1) (error) ERR inside\n2) OK'],
    ['$5\r\n-ERR!\r\n', '"-ERR!"'],
    ['+OK\r\n', 'OK'],
    ['_\r\n', '(nil)'],
    ['*?\r\n:1\r\n:2\r\n.\r\n', '1) (integer) 1\n2) (integer) 2'],
    ['|1\r\n+ttl\r\n-ERR of it\r\n:3\r\n', '(integer) 3'],
  ];
  for (const [wire, text] of replies) {
    it(`passes ${JSON.stringify(wire)} on, after what is to be said before it`, () => {
      for (const size of [1, 3, 1000]) {
        const told = tell(wire, size);
        assert.deepEqual({ begun: told.begun, times: told.times, text: told.text }, { begun: true, times: 1, text: `-> from here\n${text}` });
      }
    });
  }

  for (const wire of ['-MOVED 1 127.0.0.1:7000\r\n', '!25\r\nASK 1 127.0.0.1:7000 -OK\n\r\n', '|1\r\n+a\r\n+b\r\n-ERR no\r\n']) {
    it(`passes nothing of ${JSON.stringify(wire)} on, which is there as a value`, () => {
      for (const size of [1, 3, 1000]) {
        const told = tell(wire, size);
        assert.deepEqual({ begun: told.begun, times: told.times, text: told.text }, { begun: false, times: 0, text: '' });
        assert.equal(told.value?.type, 'error');
      }
    });
  }
});
