import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFault } from '../../../../src/base/fault';
import type { SmuxOptions } from '../../../../src/wire/smux/smux';
import { SmuxClient } from '../../../../src/wire/smux/smux';
import { vectors } from '../../../fixtures/ssmSessionVectors';

type Happening = readonly ['data', number, string] | readonly ['finished', number] | readonly ['drained', number];

function peer(options?: SmuxOptions) {
  const happenings: Happening[] = [];
  const mux = new SmuxClient(
    {
      data: (id, chunk) => {
        const last = happenings.at(-1);
        // Joined, so that the same bytes in other pieces give the same record.
        if (last?.[0] === 'data' && last[1] === id) happenings[happenings.length - 1] = ['data', id, last[2] + chunk.toString('latin1')];
        else happenings.push(['data', id, chunk.toString('latin1')]);
      },
      finished: (id) => happenings.push(['finished', id]),
      drained: (id) => happenings.push(['drained', id]),
    },
    options,
  );
  return { mux, happenings };
}

function frame(command: number, id: number, payload = ''): Buffer {
  const head = Buffer.from([1, command, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16LE(payload.length, 2);
  head.writeUInt32LE(id, 4);
  return Buffer.concat([head, Buffer.from(payload, 'latin1')]);
}

interface ParsedFrame {
  readonly command: number;
  readonly id: number;
  readonly payload: string;
}

function parse(bytes: Buffer): ParsedFrame[] {
  const frames: ParsedFrame[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    assert.equal(bytes[offset], 1);
    const length = bytes.readUInt16LE(offset + 2);
    const end = offset + 8 + length;
    assert.ok(end <= bytes.length, 'the last frame is incomplete');
    frames.push({ command: bytes[offset + 1]!, id: bytes.readUInt32LE(offset + 4), payload: bytes.toString('latin1', offset + 8, end) });
    offset = end;
  }
  return frames;
}

function pullAll(mux: SmuxClient, max = 1024): Buffer {
  const pieces: Buffer[] = [];
  for (let chunks = mux.pull(max); chunks; chunks = mux.pull(max)) {
    const piece = Buffer.concat(chunks);
    assert.ok(piece.length > 0 && piece.length <= max);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const SYN = 0;
const FIN = 1;
const PSH = 2;
const NOP = 3;

describe('smux', () => {
  it('opens streams 3, 5, 7 and so on, and sends the opening together with the first data', () => {
    const { mux } = peer();
    assert.deepEqual([mux.open(), mux.open(), mux.open()], [3, 5, 7]);
    mux.write(5, Buffer.from('ping'));
    assert.deepEqual(parse(Buffer.concat(mux.pull(1024)!)), [
      { command: SYN, id: 3, payload: '' },
      { command: SYN, id: 5, payload: '' },
      { command: SYN, id: 7, payload: '' },
      { command: PSH, id: 5, payload: 'ping' },
    ]);
    assert.equal(mux.pull(1024), undefined);
  });

  it('says what the original client said in the recorded session', () => {
    const recorded = vectors.mux.filter(({ from, payloadType }) => from === 'client' && payloadType === 1).map(({ hex }) => Buffer.from(hex, 'hex').subarray(120));
    const { mux } = peer();
    const id = mux.open();
    const pulled = [Buffer.concat(mux.pull(1024)!)];
    mux.write(id, Buffer.from('*1\r\n$4\r\nping\r\n'));
    pulled.push(Buffer.concat(mux.pull(1024)!));
    mux.finish(id);
    pulled.push(Buffer.concat(mux.pull(1024)!));
    assert.deepEqual(pulled, recorded.slice(0, 3));
  });

  it('reads the recorded session of the real agent, cut at each point', () => {
    const bytes = Buffer.concat(
      vectors.mux.filter(({ from, payloadType }) => from === 'agent' && payloadType === 1).map(({ hex }) => Buffer.from(hex, 'hex').subarray(120)),
    );
    const whole = (cuts: readonly number[]): Happening[] => {
      const { mux, happenings } = peer();
      for (let index = 0; index < 5; index++) mux.open();
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        mux.feed(bytes.subarray(from, cut));
        from = cut;
      }
      return happenings;
    };
    const expected = whole([]);
    assert.deepEqual(expected.slice(0, 4), [
      ['data', 3, '+PONG\r\n'],
      ['finished', 3],
      ['data', 5, '+OK\r\n'],
      ['finished', 5],
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(whole([cut]), expected, `cut at ${cut}`);
    assert.deepEqual(whole(Array.from({ length: bytes.length }, (_, index) => index)), expected, 'byte by byte');
  });

  it('sends the same bytes whatever the size of the pieces that are pulled', () => {
    const produce = (max: number): ParsedFrame[] => {
      const { mux } = peer({ frameBytes: 10 });
      const [a, b] = [mux.open(), mux.open()];
      mux.write(a, Buffer.from('abcdefghijklmnopqrstuvwxyz'));
      mux.write(b, Buffer.from('0123'));
      mux.finish(a);
      mux.finish(b);
      return parse(pullAll(mux, max));
    };
    const expected = produce(1_000_000);
    for (let max = 1; max < 60; max++) assert.deepEqual(produce(max), expected, `pieces of ${max}`);
  });

  it('lets streams take turns, frame by frame', () => {
    const { mux } = peer({ frameBytes: 4 });
    const [a, b] = [mux.open(), mux.open()];
    mux.write(a, Buffer.from('aaaaaaaaaa'));
    mux.write(b, Buffer.from('bb'));
    const order = parse(pullAll(mux)).filter(({ command }) => command === PSH);
    assert.deepEqual(
      order.map(({ payload }) => payload),
      ['aaaa', 'bb', 'aaaa', 'aa'],
    );
  });

  it('never sends more than 32768 bytes in a frame and accepts 65535', () => {
    const { mux, happenings } = peer({ frameBytes: 1_000_000 });
    const id = mux.open();
    mux.write(id, Buffer.alloc(100_000));
    assert.equal(Math.max(...parse(pullAll(mux)).map(({ payload }) => payload.length)), 32_768);
    mux.feed(frame(PSH, id, 'y'.repeat(65_535)));
    assert.deepEqual(happenings.at(-1), ['data', id, 'y'.repeat(65_535)]);
  });

  it('announces its end after everything that was written before, and takes nothing after', () => {
    const { mux, happenings } = peer();
    const id = mux.open();
    mux.write(id, Buffer.from('last words'));
    mux.finish(id);
    mux.finish(id);
    mux.write(id, Buffer.from('too late'));
    assert.deepEqual(
      parse(pullAll(mux)).map(({ command, payload }) => [command, payload]),
      [[SYN, ''], [PSH, 'last words'], [FIN, '']],
    );
    mux.feed(frame(FIN, id));
    assert.equal(mux.streams, 0);
    assert.deepEqual(happenings, [['drained', id], ['finished', id]]);
  });

  it('completes the frame in progress when its stream is reset, then ends it and drops the rest', () => {
    for (let pulled = 8; pulled < 30; pulled++) {
      const { mux, happenings } = peer({ frameBytes: 10 });
      const [a, b] = [mux.open(), mux.open()];
      mux.write(a, Buffer.from('x'.repeat(30)));
      mux.write(b, Buffer.from('other'));
      const before = Buffer.concat(mux.pull(16 + pulled)!);
      mux.reset(a);
      const frames = parse(Buffer.concat([before, pullAll(mux)]));
      assert.equal(frames.filter(({ command, id }) => command === FIN && id === a).length, 1, `after ${pulled}`);
      assert.equal(frames.at(-1)!.id === a ? frames.at(-1)!.command : FIN, FIN);
      assert.deepEqual(frames.find(({ id, command }) => id === b && command === PSH)?.payload, 'other');
      mux.feed(frame(PSH, a, 'nobody hears this'));
      mux.feed(frame(FIN, a));
      assert.deepEqual(
        happenings.filter(([kind]) => kind !== 'drained'),
        [['finished', a]],
      );
    }
  });

  it('discards what comes for streams it does not know, and what follows their end', () => {
    const { mux, happenings } = peer();
    const id = mux.open();
    mux.feed(Buffer.concat([frame(PSH, 99, 'lost'), frame(SYN, 2), frame(FIN, id), frame(PSH, id, 'after the end'), frame(FIN, id)]));
    assert.deepEqual(happenings, [['finished', id]]);
  });

  it('answers keepalive with keepalive, once', () => {
    const { mux } = peer();
    mux.feed(Buffer.concat([frame(NOP, 0), frame(NOP, 0)]));
    assert.deepEqual(parse(pullAll(mux)), [{ command: NOP, id: 0, payload: '' }]);
  });

  it('sends a frame that means nothing when told, one for any number of calls, and not within another', () => {
    const { mux } = peer({ frameBytes: 10 });
    mux.nop();
    mux.nop();
    assert.deepEqual(parse(pullAll(mux)), [{ command: NOP, id: 0, payload: '' }]);
    const id = mux.open();
    mux.write(id, Buffer.from('0123456789'));
    const begun = Buffer.concat(mux.pull(20)!);
    mux.nop();
    assert.deepEqual(parse(Buffer.concat([begun, pullAll(mux)])).map(({ command }) => command), [SYN, PSH, NOP]);
  });

  it('tells whether anything has come since it was last asked', () => {
    const { mux } = peer();
    assert.equal(mux.takeHeard(), false);
    mux.feed(Buffer.alloc(0));
    assert.equal(mux.takeHeard(), false);
    mux.feed(frame(NOP, 0).subarray(0, 3));
    assert.deepEqual([mux.takeHeard(), mux.takeHeard()], [true, false]);
  });

  it('uses ids up to the last of 32 bits, and no other after it', () => {
    const { mux, happenings } = peer({ firstStream: 2 ** 32 - 3 });
    const ids = [mux.open(), mux.open()];
    assert.deepEqual(ids, [2 ** 32 - 3, 2 ** 32 - 1]);
    for (let tries = 0; tries < 3; tries++) {
      assert.throws(
        () => mux.open(),
        (error) => isFault(error) && error.code === 'ssm.streamsExhausted',
      );
    }
    assert.equal(mux.streams, 2);
    mux.write(ids[1]!, Buffer.from('last'));
    assert.deepEqual(parse(pullAll(mux)).map(({ id, payload }) => [id, payload]), [[2 ** 32 - 3, ''], [2 ** 32 - 1, ''], [2 ** 32 - 1, 'last']]);
    mux.feed(frame(PSH, 2 ** 32 - 1, 'reply'));
    assert.deepEqual(happenings.at(-1), ['data', 2 ** 32 - 1, 'reply']);
    mux.reset(ids[1]!);
    assert.throws(() => mux.open(), isFault);
  });

  it('takes empty data for nothing, and the ends of streams that it never opened for what they are', () => {
    const { mux, happenings } = peer();
    const id = mux.open();
    mux.feed(Buffer.concat([frame(PSH, id), frame(FIN, 77), frame(PSH, id, 'x')]));
    assert.deepEqual(happenings, [['finished', 77], ['data', id, 'x']]);
  });

  it('goes on after a reset in the middle of a frame that comes in', () => {
    const { mux, happenings } = peer();
    const [a, b] = [mux.open(), mux.open()];
    const bytes = Buffer.concat([frame(PSH, a, 'first half, second half'), frame(PSH, b, 'other')]);
    mux.feed(bytes.subarray(0, 18));
    mux.reset(a);
    mux.feed(bytes.subarray(18));
    assert.deepEqual(happenings, [['data', a, 'first half'], ['data', b, 'other']]);
  });

  it('refuses other versions, unknown commands and commands that carry bytes', () => {
    const lengthy = frame(FIN, 3);
    lengthy.writeUInt16LE(1, 2);
    for (const bytes of [Buffer.from([2, 0, 0, 0, 3, 0, 0, 0]), Buffer.from([1, 4, 0, 0, 3, 0, 0, 0]), lengthy]) {
      const { mux } = peer();
      assert.throws(
        () => mux.feed(bytes),
        (error) => isFault(error) && error.code === 'ssm.protocol',
      );
    }
  });

  it('tells when what was written has gone out, and takes more from within that call', () => {
    const written: string[] = ['one', 'two', 'three'];
    const mux = new SmuxClient({
      data: () => {},
      finished: () => {},
      drained: (id) => {
        const next = written.shift();
        if (next) mux.write(id, Buffer.from(next));
      },
    });
    const id = mux.open();
    mux.write(id, Buffer.from('zero'));
    assert.deepEqual(
      parse(pullAll(mux)).map(({ payload }) => payload),
      ['', 'zero', 'one', 'two', 'three'],
    );
  });

  it('keeps every stream whole, whatever is written, pulled, ended and reset in whatever order', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('open' as const) }),
      fc.record({ kind: fc.constant('write' as const), stream: fc.nat(5), length: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ kind: fc.constant('pull' as const), max: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant('finish' as const), stream: fc.nat(5) }),
      fc.record({ kind: fc.constant('reset' as const), stream: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { mux } = peer({ frameBytes: 7 });
        const sent = new Map<number, { text: string; state: 'open' | 'finished' | 'reset' }>();
        const pieces: Buffer[] = [];
        let letter = 0;
        for (const action of steps) {
          if (action.kind === 'open') sent.set(mux.open(), { text: '', state: 'open' });
          else if (action.kind === 'pull') pieces.push(...(mux.pull(action.max) ?? []));
          else {
            const id = 3 + 2 * action.stream;
            const stream = sent.get(id);
            if (stream?.state !== 'open') continue;
            if (action.kind === 'write') {
              const text = String.fromCodePoint(97 + (letter++ % 26)).repeat(action.length);
              stream.text += text;
              mux.write(id, Buffer.from(text));
            } else if (action.kind === 'finish') {
              stream.state = 'finished';
              mux.finish(id);
            } else {
              stream.state = 'reset';
              mux.reset(id);
            }
          }
        }
        const frames = parse(Buffer.concat([...pieces, pullAll(mux)]));
        for (const [id, { text, state }] of sent) {
          const own = frames.filter((candidate) => candidate.id === id);
          const payload = own.map((candidate) => candidate.payload).join('');
          if (state === 'reset') assert.ok(text.startsWith(payload));
          else assert.equal(payload, text);
          assert.equal(own[0]!.command, SYN);
          assert.equal(own.filter(({ command }) => command === FIN).length, state === 'open' ? 0 : 1);
          if (state !== 'open') assert.equal(own.at(-1)!.command, FIN);
        }
      }),
      { numRuns: 300 },
    );
  });
});
