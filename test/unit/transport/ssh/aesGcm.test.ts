import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { GcmOpener, GcmSealer } from '../../../../src/transport/ssh/aesGcm';

const KEY = randomBytes(16);

/** The packets of these payloads, as they are sent one after the other. */
function sealed(payloads: readonly Buffer[], nonce: Buffer): Buffer {
  const written: Buffer[] = [];
  const sealer = new GcmSealer('aes-128-gcm', KEY, nonce, (bytes) => written.push(Buffer.from(bytes)));
  for (const payload of payloads) {
    const packet = sealer.packet(payload.length);
    payload.copy(packet, 5);
    sealer.seal(packet);
  }
  return Buffer.concat(written);
}

function opened(pieces: readonly Buffer[], nonce: Buffer): Buffer[] {
  const opener = new GcmOpener('aes-128-gcm', KEY, nonce);
  const payloads: Buffer[] = [];
  for (const piece of pieces) {
    // Overwritten afterwards, as the socket does.
    const memory = Buffer.from(piece);
    for (let at = 0; at < memory.length; ) {
      const { payload, next } = opener.take(memory, at);
      assert.ok(next > at);
      at = next;
      if (payload) payloads.push(payload);
    }
    memory.fill(0xee);
  }
  return payloads;
}

describe('AES-GCM packets', () => {
  const payloads = [0, 1, 10, 11, 12, 15, 16, 100, 4096, 32 * 1024].map((size) => randomBytes(size));

  it('are opened again whatever the pieces they arrive in', () => {
    const nonce = randomBytes(12);
    const bytes = sealed(payloads, nonce);
    for (const size of [bytes.length, 1, 3, 17, 1000, 40_000]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      assert.deepEqual(opened(pieces, nonce), payloads, `pieces of ${size} bytes`);
    }
  });

  it('are laid out as RFC 5647 says: length in clear, whole blocks, a padding of at least four bytes, a tag', () => {
    for (const payload of payloads) {
      const nonce = randomBytes(12);
      const bytes = sealed([payload], nonce);
      const length = bytes.readUInt32BE(0);
      assert.equal(bytes.length, 4 + length + 16);
      assert.equal(length % 16, 0);
      const decipher = createDecipheriv('aes-128-gcm', KEY, nonce);
      decipher.setAAD(bytes.subarray(0, 4)).setAuthTag(bytes.subarray(-16));
      const body = Buffer.concat([decipher.update(bytes.subarray(4, -16)), decipher.final()]);
      assert.ok(body[0]! >= 4);
      assert.deepEqual(body.subarray(1, length - body[0]!), payload);
    }
  });

  it('never use a nonce twice, even when its last bytes overflow', () => {
    const nonce = Buffer.concat([randomBytes(4), Buffer.alloc(7, 0xff), Buffer.from([0xfe])]);
    const bytes = sealed([payloads[5]!, payloads[5]!, payloads[5]!], nonce);
    assert.deepEqual(opened([bytes], nonce), [payloads[5], payloads[5], payloads[5]]);
    const size = bytes.length / 3;
    assert.notDeepEqual(bytes.subarray(0, size), bytes.subarray(size, 2 * size));
  });

  it('are refused when a single bit has changed', () => {
    const nonce = randomBytes(12);
    const bytes = sealed([payloads[7]!], nonce);
    for (let at = 4; at < bytes.length; at += 13) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      assert.throws(() => opened([changed], nonce), `byte ${at}`);
    }
  });

  it('are refused by a length that cannot be, before anything is taken for it', () => {
    for (const length of [0, 15, 17, 35_008, 0xffff_fff0]) {
      const bytes = Buffer.alloc(64);
      bytes.writeUInt32BE(length);
      assert.throws(() => opened([bytes], randomBytes(12)), /Bad packet length/);
    }
  });
});
