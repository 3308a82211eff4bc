/**
 * Bytes in arrival order, held as the chunks they came in. Reading copies only
 * when the wanted range spans chunks.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #head = 0;
  #offset = 0;
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first `size` bytes without taking them; undefined when fewer are held. */
  peek(size: number): Buffer | undefined {
    if (size > this.#length) return undefined;
    if (size === 0) return Buffer.alloc(0);
    const first = this.#chunks[this.#head]!;
    if (first.length - this.#offset >= size) return first.subarray(this.#offset, this.#offset + size);
    const joined = Buffer.allocUnsafe(size);
    let filled = 0;
    for (let index = this.#head, offset = this.#offset; filled < size; index++, offset = 0) {
      filled += this.#chunks[index]!.copy(joined, filled, offset, offset + size - filled);
    }
    return joined;
  }

  /** Takes exactly `size` bytes; undefined, and nothing taken, when fewer are held. */
  take(size: number): Buffer | undefined {
    const bytes = this.peek(size);
    if (bytes) this.#drop(size);
    return bytes;
  }

  /** Takes between 1 and `max` bytes without copying (the rest of the first chunk); undefined when empty. */
  takeSome(max: number): Buffer | undefined {
    const first = this.#chunks[this.#head];
    if (!first || max <= 0) return undefined;
    const bytes = first.subarray(this.#offset, Math.min(first.length, this.#offset + max));
    this.#drop(bytes.length);
    return bytes;
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#offset = 0;
    this.#length = 0;
  }

  #drop(size: number): void {
    this.#length -= size;
    let left = size + this.#offset;
    while (this.#head < this.#chunks.length && left >= this.#chunks[this.#head]!.length) {
      left -= this.#chunks[this.#head]!.length;
      this.#chunks[this.#head] = EMPTY;
      this.#head++;
    }
    this.#offset = left;
    if (this.#head === this.#chunks.length) this.clear();
    else if (this.#head > 1024) {
      // Amortised: `shift` per chunk would make a long queue quadratic.
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}

const EMPTY = Buffer.alloc(0);
