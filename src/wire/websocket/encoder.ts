import { Fault } from '../../base/fault';

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Most payload bytes of a control frame (RFC 6455, 5.5). */
export const MAX_CONTROL_BYTES = 125;
/** Frames are written into blocks of this size, so that a turn's frames leave in one piece. */
const BLOCK_BYTES = 256 * 1024;
/** Blocks that are kept for use again: new ones for every turn would keep the garbage collector busy. */
const KEPT_BLOCKS = 4;
const MASK_POOL_BYTES = 8 * 1024;
/** Two bytes, eight of extended length, four of masking key. */
const MAX_HEADER_BYTES = 14;

/** Memory that frames are written into, also as words. */
interface Block {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  /** Chunks of it that have not been sent yet. */
  lent: number;
}

/** Frames that are ready to be sent. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly block: Block;
}

/**
 * Writes a client's WebSocket frames (RFC 6455): whole messages, masked under a fresh key each. The payload is copied
 * and masked in one go, word by word, and all frames between two calls of `take` lie in as few buffers as possible: both
 * is what a data channel of small messages spends its time on.
 */
export class WebSocketEncoder {
  readonly #random: (bytes: Uint8Array) => void;
  readonly #keys = new Uint8Array(MASK_POOL_BYTES);
  #nextKey = MASK_POOL_BYTES;
  #block: Block = NO_BLOCK;
  /** What has been written into `#block`, and what of it has been taken. */
  #end = 0;
  #taken = 0;
  #chunks: Chunk[] = [];
  readonly #free: Block[] = [];

  /** @param random fills the array with unpredictable bytes (RFC 6455, 10.3). */
  constructor(random: (bytes: Uint8Array) => void) {
    this.#random = random;
  }

  /** Queues one unfragmented frame. @throws Fault for a control frame of more than 125 bytes. */
  add(opcode: number, payload: Uint8Array): void {
    const { length } = payload;
    if (opcode >= Opcode.close && length > MAX_CONTROL_BYTES) {
      throw new Fault('internal.unexpected', `A WebSocket control frame of ${length} bytes is too long.`);
    }
    this.#makeRoom(MAX_HEADER_BYTES + length);
    const block = this.#block.bytes;
    let at = this.#end;
    block[at++] = 0x80 | opcode;
    if (length < 126) block[at++] = 0x80 | length;
    else if (length < 0x1_0000) {
      block[at++] = 0x80 | 126;
      at = block.writeUInt16BE(length, at);
    } else {
      block[at++] = 0x80 | 127;
      at = block.writeUInt32BE(0, at);
      at = block.writeUInt32BE(length, at);
    }
    if (this.#nextKey === MASK_POOL_BYTES) {
      this.#random(this.#keys);
      this.#nextKey = 0;
    }
    const key = this.#keys.subarray(this.#nextKey, (this.#nextKey += 4));
    block.set(key, at);
    at += 4;
    block.set(payload, at);
    this.#mask(at, length, key);
    this.#end = at + length;
  }

  /** Everything queued since the last call, in order. Each is to be given back with `sent`. */
  take(): readonly Chunk[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** The chunk has left: its memory may be used again. One that never comes back costs nothing but memory. */
  sent({ block }: Chunk): void {
    block.lent--;
    if (block === this.#block || block.lent > 0) return;
    if (this.#free.length < KEPT_BLOCKS && block.bytes.length === BLOCK_BYTES) this.#free.push(block);
  }

  /** Moves what is not taken yet into a chunk. */
  #cut(): void {
    if (this.#end === this.#taken) return;
    this.#block.lent++;
    this.#chunks.push({ bytes: this.#block.bytes.subarray(this.#taken, this.#end), block: this.#block });
    this.#taken = this.#end;
  }

  #makeRoom(bytes: number): void {
    if (this.#block.bytes.length - this.#end >= bytes) return;
    this.#cut();
    const full = this.#block;
    this.#block = (bytes <= BLOCK_BYTES ? this.#free.pop() : undefined) ?? newBlock(Math.max(BLOCK_BYTES, bytes));
    this.#end = 0;
    this.#taken = 0;
    // All of it was sent while it was still being filled.
    full.lent++;
    this.sent({ bytes: full.bytes, block: full });
  }

  #mask(from: number, length: number, key: Uint8Array): void {
    const { bytes: block, words } = this.#block;
    const to = from + length;
    const firstWord = Math.min(to, (from + 3) & ~3);
    const lastWord = Math.max(firstWord, to & ~3);
    for (let at = from; at < firstWord; at++) block[at]! ^= key[(at - from) & 3]!;
    if (lastWord > firstWord) {
      // The key as the words' machine order sees it, turned to where the first word begins.
      const phase = firstWord - from;
      for (let index = 0; index < 4; index++) TURNED[index] = key[(phase + index) & 3]!;
      const word = TURNED_WORD[0]!;
      for (let index = firstWord >> 2, end = lastWord >> 2; index < end; index++) words[index]! ^= word;
    }
    for (let at = lastWord; at < to; at++) block[at]! ^= key[(at - from) & 3]!;
  }
}

/** Not of the shared pool, so that it begins at a word. */
function newBlock(bytes: number): Block {
  const buffer = new ArrayBuffer((bytes + 3) & ~3);
  return { bytes: Buffer.from(buffer), words: new Uint32Array(buffer), lent: 0 };
}

const NO_BLOCK = newBlock(0);
const TURNED = new Uint8Array(4);
const TURNED_WORD = new Uint32Array(TURNED.buffer);
