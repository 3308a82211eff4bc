import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { StreamPort } from '../../../src/transport/ssm/tunnelStream';
import { TunnelStream } from '../../../src/transport/ssm/tunnelStream';
import { HOLD_UNREAD_BYTES, UnreadBudget } from '../../../src/transport/ssm/unreadBudget';
import { FakeClock } from '../../fixtures/fakeClock';
import { faultCode } from './rig';

const MIB = 1024 * 1024;

describe('a stream whose client does not read', () => {
  let budget: UnreadBudget;
  let streams: TunnelStream[];

  const open = (): TunnelStream => {
    const port: StreamPort = { write: () => {}, finish: () => {}, release: () => {}, demand: () => {}, held: false, awaited: false };
    const stream = new TunnelStream(port, new FakeClock(), budget);
    streams.push(stream);
    return stream;
  };
  /** In turns of 16 kB, as messages of one kilobyte. */
  const send = (stream: TunnelStream, bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += 1024) {
      stream.receive(bytes.subarray(at, at + 1024));
      if (at % 16_384 === 0) stream.deliver();
    }
    stream.deliver();
  };

  beforeEach(() => {
    budget = new UnreadBudget({ perStream: 8 * MIB, total: 12 * MIB });
    streams = [];
  });

  afterEach(() => {
    for (const stream of streams) stream.destroy();
  });

  it('keeps all of it in order, hands out little at a time, and says when it is behind', async () => {
    const stream = open();
    const sent = randomBytes(7 * MIB);
    send(stream, sent.subarray(0, HOLD_UNREAD_BYTES));
    assert.equal(stream.behind, false);
    send(stream, sent.subarray(HOLD_UNREAD_BYTES));
    assert.equal(stream.behind, true);
    assert.equal(stream.unread, sent.length);
    assert.ok(stream.readableLength <= 2 * HOLD_UNREAD_BYTES, `${stream.readableLength} bytes handed out`);
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length === sent.length) stream.pause();
    });
    await once(stream, 'pause');
    assert.ok(Buffer.concat(chunks).equals(sent));
    assert.equal(stream.behind, false);
    assert.equal(stream.unread, 0);
  });

  it('gives all that came before its end', async () => {
    const stream = open();
    const sent = randomBytes(5 * MIB + 7);
    send(stream, sent);
    stream.remoteEnd();
    assert.equal(stream.behind, false, 'nothing more can come');
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(stream, 'end');
    assert.ok(Buffer.concat(chunks).equals(sent));
  });

  it('is reset beyond its bound, before which it says that it is full', async () => {
    const stream = open();
    const failed = once(stream, 'error');
    send(stream, Buffer.alloc(4 * MIB));
    assert.equal(stream.full, false);
    send(stream, Buffer.alloc(4 * MIB));
    assert.equal(stream.full, true);
    assert.equal(stream.destroyed, false);
    stream.receive(Buffer.alloc(1));
    const [error] = (await failed) as [unknown];
    faultCode('ssm.slowReader')(error);
    assert.equal(stream.unread - stream.readableLength, 0, 'what was kept is let go');
  });

  it('is reset when all of them together have too much, but never one that is not behind', () => {
    const [first, second, third] = [open(), open(), open()];
    send(first, Buffer.alloc(7 * MIB));
    send(second, Buffer.alloc(4 * MIB));
    send(third, Buffer.alloc(HOLD_UNREAD_BYTES));
    assert.ok(!first.destroyed && !second.destroyed && !third.destroyed);
    send(second, Buffer.alloc(2 * MIB));
    assert.deepEqual([first.destroyed, second.destroyed, third.destroyed], [false, true, false]);
    first.destroy();
    const fourth = open();
    send(fourth, Buffer.alloc(7 * MIB));
    assert.equal(fourth.destroyed, false, 'the room of the others is free again');
  });
});
