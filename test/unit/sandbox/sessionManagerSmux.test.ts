import assert from 'node:assert/strict';
import { eventually } from '../../fixtures/eventually';
import { MuxForwarder } from '../../sandbox/sessionManager/forward';
import type { SmuxStream } from '../../sandbox/sessionManager/smux';
import { PIPE_BYTES, SMUX_BUCKET_BYTES, SmuxServer } from '../../sandbox/sessionManager/smux';
import { Targets } from '../../sandbox/sessionManager/targets';

const SYN = 0;
const FIN = 1;
const PSH = 2;
const NOP = 3;

function frame(command: number, id: number, data = Buffer.alloc(0)): Buffer {
  const header = Buffer.from([1, command, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16LE(data.length, 2);
  header.writeUInt32LE(id, 4);
  return Buffer.concat([header, data]);
}

class Bench {
  readonly log: string[] = [];
  readonly streams = new Map<number, SmuxStream>();
  sent = Buffer.alloc(0);
  drained = 0;
  failure: string | undefined;
  /** Whether streams are read as data comes. */
  reading = true;
  readonly server = new SmuxServer({
    accept: (stream) => {
      this.log.push(`open ${stream.id}`);
      this.streams.set(stream.id, stream);
      stream.onReadable = () => {
        if (this.reading) this.read(stream.id);
      };
    },
    send: (bytes) => {
      this.sent = Buffer.concat([this.sent, bytes]);
    },
    drained: () => this.drained++,
    failed: (reason) => {
      this.failure = reason;
    },
  });

  read(id: number): void {
    const stream = this.streams.get(id)!;
    const parts: Buffer[] = [];
    for (let chunk = stream.read(); chunk; chunk = stream.read()) parts.push(chunk);
    if (parts.length > 0) this.log.push(`${id}: ${Buffer.concat(parts).toString()}`);
    if (stream.ended) this.log.push(`end ${id}`);
  }
}

describe('sandbox smux server', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('understands the same at every split of the bytes', () => {
    const bytes = Buffer.concat([
      frame(SYN, 3),
      frame(PSH, 3, Buffer.from('hello')),
      frame(NOP, 0),
      frame(SYN, 5),
      frame(PSH, 5, Buffer.from('other')),
      frame(FIN, 3),
    ]);
    const expected = ['open 3', '3: hello', 'open 5', '5: other', 'end 3'];
    for (let first = 0; first <= bytes.length; first++) {
      const second = first + ((bytes.length - first) >> 1);
      const split = new Bench();
      for (const part of [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]) split.server.write(part);
      assert.deepEqual(split.log, expected, `split at ${first} and ${second}`);
    }
  });

  it('accepts frames of 65535 bytes and sends none above 32768', () => {
    bench.server.write(Buffer.concat([frame(SYN, 3), frame(PSH, 3, Buffer.alloc(65_535, 0x61))]));
    assert.equal(bench.log[1]?.length, 65_535 + 3);
    bench.streams.get(3)!.write(Buffer.alloc(70_000, 0x62));
    const sizes: number[] = [];
    for (let at = 0; at < bench.sent.length; at += 8 + bench.sent.readUInt16LE(at + 2)) sizes.push(bench.sent.readUInt16LE(at + 2));
    assert.deepEqual(sizes, [32_768, 32_768, 4464]);
  });

  it('answers a close with one FIN and throws away what comes after it', () => {
    bench.server.write(frame(SYN, 3));
    const stream = bench.streams.get(3)!;
    stream.close();
    stream.close();
    stream.write(Buffer.from('late'));
    bench.server.write(Buffer.concat([frame(PSH, 3, Buffer.from('late')), frame(FIN, 3)]));
    assert.deepEqual([bench.sent.toString('hex'), bench.log, bench.server.streamCount], ['0101000003000000', ['open 3'], 0]);
  });

  it('lets one stream that is not read stop the whole session, and goes on when it is', () => {
    bench.reading = false;
    const data = Buffer.alloc(32_768, 0x61);
    bench.server.write(Buffer.concat([frame(SYN, 3), frame(SYN, 5)]));
    let taken = 0;
    while (bench.server.write(frame(PSH, 3, data))) taken += data.length;
    assert.ok(taken >= SMUX_BUCKET_BYTES && taken <= SMUX_BUCKET_BYTES + PIPE_BYTES, `${taken} bytes taken`);
    bench.server.write(frame(PSH, 5, Buffer.from('stuck')));
    assert.equal(bench.streams.get(5)!.read(), undefined);
    assert.equal(bench.drained, 0);
    bench.read(3);
    bench.read(3);
    assert.equal(bench.drained, 1);
    assert.equal(bench.streams.get(5)!.read()?.toString(), 'stuck');
  });

  it('does not hear that the peer ends a stream while that one stops the session', () => {
    bench.reading = false;
    bench.server.write(frame(SYN, 3));
    while (bench.server.write(frame(PSH, 3, Buffer.alloc(32_768))));
    bench.server.write(frame(FIN, 3));
    bench.server.write(Buffer.concat([frame(SYN, 5), frame(PSH, 5, Buffer.from('stuck'))]));
    assert.equal(bench.streams.has(5), false);
    assert.equal(bench.drained, 0);
  });

  it('gets the room back from a stream that is closed unread', () => {
    bench.reading = false;
    bench.server.write(frame(SYN, 3));
    while (bench.server.write(frame(PSH, 3, Buffer.alloc(65_535))));
    bench.streams.get(3)!.close();
    assert.equal(bench.drained, 1);
  });

  for (const [what, bytes] of [
    ['another version', Buffer.from([2, 0, 0, 0, 3, 0, 0, 0])],
    ['an unknown command', Buffer.from([1, 9, 0, 0, 3, 0, 0, 0])],
  ] as const) {
    it(`fails on ${what}`, () => {
      bench.server.write(bytes);
      assert.match(bench.failure ?? '', /smux (version 2|command 9)/);
    });
  }
});

describe('sandbox smux keepalive', () => {
  let sent: string[];
  let ended: string[];
  let forwarder: MuxForwarder;

  const forward = (keepalive?: { intervalMs: number; timeoutMs: number }): void => {
    sent = [];
    ended = [];
    const owner = {
      targets: new Targets({ host: 'a.internal', port: 1, resolve: () => 'refused' }),
      output: (bytes: Buffer) => sent.push(bytes.toString('hex')) > 0,
      discardOutput: () => {},
      flag: () => {},
      unblock: () => {},
      ended: (output: string) => ended.push(output),
    };
    forwarder = new MuxForwarder(owner, keepalive);
  };
  afterEach(() => forwarder.close());

  it('sends NOP at its interval', async () => {
    forward({ intervalMs: 5, timeoutMs: 60_000 });
    await eventually(() => sent.length >= 3, 'three NOPs');
    assert.deepEqual([new Set(sent), ended], [new Set(['0103000000000000']), []]);
  });

  it('takes any frame for a sign of life, but no piece of a header', () => {
    const { server } = new Bench();
    assert.equal(server.takeActivity(), false);
    server.write(frame(NOP, 0).subarray(0, 7));
    assert.equal(server.takeActivity(), false);
    server.write(frame(NOP, 0).subarray(7));
    assert.deepEqual([server.takeActivity(), server.takeActivity()], [true, false]);
  });

  it('does not take its own full bucket for the silence of the peer', () => {
    const bench = new Bench();
    bench.reading = false;
    bench.server.write(frame(SYN, 3));
    while (bench.server.write(frame(PSH, 3, Buffer.alloc(65_535))));
    assert.deepEqual([bench.server.takeActivity(), bench.server.takeActivity()], [true, true]);
    bench.streams.get(3)!.close();
    bench.server.takeActivity();
    assert.equal(bench.server.takeActivity(), false);
  });

  it('ends the worker when nothing comes', async () => {
    forward({ intervalMs: 5, timeoutMs: 20 });
    await eventually(() => ended.length > 0, 'the end');
    assert.equal(ended[0], 'smux: keepalive timed out');
  });
});
