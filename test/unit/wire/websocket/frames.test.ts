import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { WebSocketDecoder, type WebSocketViolation } from '../../../../src/wire/websocket/decoder';
import { Opcode, WebSocketEncoder } from '../../../../src/wire/websocket/encoder';

const MAX = 100_000;

/** A server's frame, as plainly as the RFC draws it. */
function serverFrame(opcode: number, payload: Buffer, { final = true, reserved = 0, masked = false } = {}): Buffer {
  const length = Buffer.alloc(9);
  const mask = masked ? 0x80 : 0;
  let bytes = 1;
  if (payload.length < 126) length[0] = mask | payload.length;
  else if (payload.length < 65_536) {
    length[0] = mask | 126;
    length.writeUInt16BE(payload.length, 1);
    bytes = 3;
  } else {
    length[0] = mask | 127;
    length.writeBigUInt64BE(BigInt(payload.length), 1);
    bytes = 9;
  }
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | reserved | opcode]), length.subarray(0, bytes), payload]);
}

/** Reads a client's frames byte by byte: an implementation of its own, from the RFC. */
function readClient(bytes: Buffer): { opcode: number; payload: Buffer; key: string }[] {
  const frames: { opcode: number; payload: Buffer; key: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++]!;
    assert.equal(first & 0xf0, 0x80, 'whole, no extension');
    const second = bytes[at++]!;
    assert.equal(second & 0x80, 0x80, 'masked');
    let length = second & 0x7f;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
      assert.ok(length >= 126, 'the shortest form');
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
      assert.ok(length > 65_535, 'the shortest form');
    }
    const key = bytes.subarray(at, at + 4);
    at += 4;
    const payload = Buffer.from(bytes.subarray(at, at + length).map((byte, index) => byte ^ key[index % 4]!));
    at += length;
    frames.push({ opcode: first & 0x0f, payload, key: key.toString('hex') });
  }
  return frames;
}

function decode(chunks: readonly Buffer[], max = MAX): { events: string[]; violation: WebSocketViolation | undefined } {
  const events: string[] = [];
  const decoder = new WebSocketDecoder(
    {
      binary: (message) => events.push(`binary ${message.toString('hex')}`),
      text: () => events.push('text'),
      ping: (payload) => events.push(`ping ${payload.toString('hex')}`),
      pong: () => events.push('pong'),
      closed: (code, reason) => events.push(`closed ${code} ${reason}`),
    },
    max,
  );
  let violation: WebSocketViolation | undefined;
  for (const chunk of chunks) violation ??= decoder.feed(chunk);
  return { events, violation };
}

const all = (encoder: WebSocketEncoder): Buffer => Buffer.concat(encoder.take().map(({ bytes }) => bytes));

describe("a client's WebSocket frames", () => {
  it('are those of the RFC: a masked "Hello"', () => {
    const encoder = new WebSocketEncoder((bytes) => {
      for (let at = 0; at < bytes.length; at += 4) bytes.set([0x37, 0xfa, 0x21, 0x3d], at);
    });
    encoder.add(Opcode.text, Buffer.from('Hello'));
    assert.equal(all(encoder).toString('hex'), '818537fa213d7f9f4d5158');
  });

  it('carry payloads of every length and alignment, each under a key of its own', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 65_530, max: 65_540 }), fc.constant(300_000)), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 3 }), (lengths, shift) => {
        const encoder = new WebSocketEncoder(randomFillSync);
        const payloads = lengths.map((length) => randomFillSync(Buffer.alloc(length + shift)).subarray(shift));
        for (const payload of payloads) encoder.add(Opcode.binary, payload);
        const frames = readClient(all(encoder));
        assert.deepEqual(frames.map(({ opcode }) => opcode), payloads.map(() => Opcode.binary));
        for (const [index, { payload }] of frames.entries()) assert.ok(payload.equals(payloads[index]!), `payload ${index}`);
      }),
      { numRuns: 60 },
    );
    const encoder = new WebSocketEncoder(randomFillSync);
    for (let index = 0; index < 3000; index++) encoder.add(Opcode.binary, Buffer.from([1]));
    const keys = readClient(all(encoder)).map(({ key }) => key);
    // Sixteen equal pairs among 3000 of 2^32 would be no chance.
    assert.ok(new Set(keys).size > 2984, `${new Set(keys).size} keys`);
  });

  it('stay as they are while memory that was given back is used again', () => {
    const encoder = new WebSocketEncoder(randomFillSync);
    const kept: { copy: Buffer; bytes: Buffer }[] = [];
    const blocks = new Set<unknown>();
    for (let turn = 0; turn < 200; turn++) {
      const payload = Buffer.alloc(10_000, turn);
      encoder.add(Opcode.binary, payload);
      for (const chunk of encoder.take()) {
        blocks.add(chunk.block);
        if (turn % 50 === 0) kept.push({ copy: Buffer.from(chunk.bytes), bytes: chunk.bytes });
        else encoder.sent(chunk);
      }
    }
    for (const { copy, bytes } of kept) assert.ok(copy.equals(bytes), 'a chunk that is still out was written over');
    assert.ok(blocks.size <= 8, `${blocks.size} blocks for 2 MB`);
  });

  it('are taken once', () => {
    const encoder = new WebSocketEncoder(randomFillSync);
    assert.deepEqual(encoder.take(), []);
    encoder.add(Opcode.binary, Buffer.from('a'));
    assert.equal(readClient(all(encoder)).length, 1);
    encoder.add(Opcode.ping, Buffer.alloc(0));
    assert.deepEqual(readClient(all(encoder)).map(({ opcode }) => opcode), [Opcode.ping]);
    assert.throws(() => encoder.add(Opcode.ping, Buffer.alloc(126)), /too long/);
  });
});

describe("a server's WebSocket frames", () => {
  const conversation = [
    serverFrame(Opcode.binary, Buffer.from('first')),
    serverFrame(Opcode.text, Buffer.from('words')),
    serverFrame(Opcode.binary, Buffer.alloc(300, 7)),
    serverFrame(Opcode.ping, Buffer.from('are you there')),
    serverFrame(Opcode.binary, Buffer.from('in '), { final: false }),
    serverFrame(Opcode.pong, Buffer.alloc(0)),
    serverFrame(Opcode.continuation, Buffer.alloc(0), { final: false }),
    serverFrame(Opcode.continuation, Buffer.from('pieces')),
    serverFrame(Opcode.binary, Buffer.alloc(0)),
    serverFrame(Opcode.binary, Buffer.alloc(70_000, 9)),
    serverFrame(Opcode.close, Buffer.from([0x03, 0xe8, ...Buffer.from('Bye')])),
    serverFrame(Opcode.binary, Buffer.from('too late')),
  ];
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const expected = [
    `binary ${hex('first')}`,
    'text',
    `binary ${'07'.repeat(300)}`,
    `ping ${hex('are you there')}`,
    'pong',
    `binary ${hex('in pieces')}`,
    'binary ',
    `binary ${'09'.repeat(70_000)}`,
    'closed 1000 Bye',
  ];

  it('are read wherever they are cut', () => {
    const bytes = Buffer.concat(conversation);
    assert.deepEqual(decode([bytes]).events, expected);
    for (let at = 0; at < 500; at++) assert.deepEqual(decode([bytes.subarray(0, at), bytes.subarray(at)]).events, expected, `cut at ${at}`);
    const single = [...bytes].map((byte) => Buffer.from([byte]));
    assert.deepEqual(decode(single).events, expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 30 }), (sizes) => {
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)));
        assert.deepEqual(decode([...chunks, bytes.subarray(at)]).events, expected);
      }),
      { numRuns: 50 },
    );
  });

  const broken: readonly (readonly [string, Buffer, number])[] = [
    ['an extension', serverFrame(Opcode.binary, Buffer.from('x'), { reserved: 0x40 }), 1002],
    ['an opcode that is none', serverFrame(3, Buffer.from('x')), 1002],
    ['a control opcode that is none', serverFrame(11, Buffer.alloc(0)), 1002],
    ['a masked frame', serverFrame(Opcode.binary, Buffer.from('xxxxx'), { masked: true }), 1002],
    ['a control frame in pieces', serverFrame(Opcode.ping, Buffer.alloc(0), { final: false }), 1002],
    ['a long control frame', serverFrame(Opcode.ping, Buffer.alloc(126)), 1002],
    ['a continuation of nothing', serverFrame(Opcode.continuation, Buffer.from('x')), 1002],
    ['a message within another', Buffer.concat([serverFrame(Opcode.binary, Buffer.from('x'), { final: false }), serverFrame(Opcode.binary, Buffer.from('y'))]), 1002],
    ['a long message', serverFrame(Opcode.binary, Buffer.alloc(MAX + 1)), 1009],
    ['a message of 2^40 bytes', Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]), 1009],
    ['a message that grows too long', Buffer.concat([serverFrame(Opcode.binary, Buffer.alloc(MAX), { final: false }), serverFrame(Opcode.continuation, Buffer.alloc(1))]), 1009],
  ];
  for (const [name, bytes, code] of broken) {
    it(`are refused: ${name}`, () => {
      const { events, violation } = decode([bytes, serverFrame(Opcode.binary, Buffer.from('after'))]);
      assert.deepEqual([violation?.code, events], [code, []]);
    });
  }

  it('are refused by their length before their payload is awaited', () => {
    const { violation } = decode([serverFrame(Opcode.binary, Buffer.alloc(MAX + 1)).subarray(0, 10)]);
    assert.equal(violation?.code, 1009);
  });

  it('name no code where the service names none', () => {
    assert.deepEqual(decode([serverFrame(Opcode.close, Buffer.alloc(0))]).events, ['closed 1005 ']);
    assert.deepEqual(decode([serverFrame(Opcode.close, Buffer.from([1]))]).events, ['closed 1005 ']);
  });

  it('do no harm when they are noise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (chunks) => {
        decode(chunks.map((chunk) => Buffer.from(chunk)), 1000);
      }),
      { numRuns: 2000 },
    );
  });
});
