// The server side of smux version 1 as the agent runs it: bytes in, stream events out. No sockets here.

export const SMUX_HEADER_BYTES = 8;
/** Largest data of a frame that we send; up to 65535 is accepted. */
export const SMUX_FRAME_BYTES = 32_768;
/** Bytes received and not yet read by targets, over all streams of a session, at which the reader stops. */
export const SMUX_BUCKET_BYTES = 4 * 1024 * 1024;
/** What the pipe between the data channel and the smux reader holds before a write to it blocks (a Unix socket's default). */
export const PIPE_BYTES = 208 * 1024;

const VERSION = 1;
const Command = { syn: 0, fin: 1, psh: 2, nop: 3 } as const;

export interface SmuxOwner {
  /** A new stream; its `onReadable` must be set before this returns. */
  accept(stream: SmuxStream): void;
  /** Bytes for the peer. */
  send(bytes: Buffer): void;
  /** The pipe has room again after `write` returned false. */
  drained(): void;
  /** The peer broke the protocol; every stream is dead. */
  failed(reason: string): void;
}

/** One stream. Data waits here until the target takes it with `read`. */
export class SmuxStream {
  readonly id: number;
  readonly #session: SmuxServer;
  #chunks: Buffer[] = [];
  #finReceived = false;
  #closed = false;
  /** Called when there is more to read or the peer's FIN has arrived. */
  onReadable: () => void = () => {};

  constructor(id: number, session: SmuxServer) {
    this.id = id;
    this.#session = session;
  }

  /** Every byte has been read and the peer has sent FIN. */
  get ended(): boolean {
    return this.#finReceived && this.#chunks.length === 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The next bytes in order, giving their room back to the session's bucket; undefined when none wait.
   * The room can let more data in, so `onReadable` of any stream may be called before this returns.
   */
  read(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk) this.#session.giveBack(chunk.length);
    return chunk;
  }

  /** Sends data in frames of at most SMUX_FRAME_BYTES. */
  write(data: Buffer): void {
    if (this.#closed) return;
    for (let at = 0; at < data.length; at += SMUX_FRAME_BYTES) {
      const part = data.subarray(at, at + SMUX_FRAME_BYTES);
      this.#session.emit(Command.psh, this.id, part);
    }
  }

  /** Sends FIN and forgets the stream with what was not read; what still arrives for it is discarded. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.emit(Command.fin, this.id);
    this.#session.forget(this);
    const unread = this.#chunks.reduce((sum, { length }) => sum + length, 0);
    this.#chunks = [];
    this.#session.giveBack(unread);
  }

  /** From the session: the data of one frame. */
  push(chunks: readonly Buffer[]): void {
    this.#chunks.push(...chunks);
    this.onReadable();
  }

  /** From the session: the peer's FIN. */
  fin(): void {
    this.#finReceived = true;
    this.onReadable();
  }
}

export class SmuxServer {
  readonly #owner: SmuxOwner;
  readonly #streams = new Map<number, SmuxStream>();
  #input: Buffer[] = [];
  #inputBytes = 0;
  #bucket = SMUX_BUCKET_BYTES;
  #full = false;
  #failed = false;
  #parsing = false;
  /** The frame whose data is being collected. */
  #body: { readonly id: number; readonly size: number; left: number; readonly chunks: Buffer[] } | undefined;
  /** Whether a frame has been read since `takeActivity`. */
  #active = false;

  constructor(owner: SmuxOwner) {
    this.#owner = owner;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /**
   * Whether a frame has been read since the last call: the peer's sign of life for the keepalive. A reader that stands
   * still because its bucket is empty is no silence of the peer (xtaci/smux, session keepalive).
   */
  takeActivity(): boolean {
    const active = this.#active || this.#bucket <= 0;
    this.#active = false;
    return active;
  }

  /** Takes bytes of the peer. False: the pipe is over its size; the writer stands still until `drained`. */
  write(bytes: Buffer): boolean {
    if (this.#failed) return true;
    this.#input.push(bytes);
    this.#inputBytes += bytes.length;
    this.#parse();
    this.#full = this.#inputBytes > PIPE_BYTES;
    return !this.#full;
  }

  keepalive(): void {
    this.emit(Command.nop, 0);
  }

  emit(command: number, id: number, data: Buffer = EMPTY): void {
    const header = Buffer.allocUnsafe(SMUX_HEADER_BYTES);
    header[0] = VERSION;
    header[1] = command;
    header.writeUInt16LE(data.length, 2);
    header.writeUInt32LE(id, 4);
    this.#owner.send(header);
    if (data.length > 0) this.#owner.send(data);
  }

  forget(stream: SmuxStream): void {
    this.#streams.delete(stream.id);
  }

  giveBack(bytes: number): void {
    const starved = this.#bucket <= 0;
    this.#bucket += bytes;
    // From inside a stream's callback the loop that is already running goes on by itself.
    if (!starved || this.#bucket <= 0 || this.#parsing) return;
    this.#parse();
    if (this.#full && this.#inputBytes <= PIPE_BYTES) {
      this.#full = false;
      this.#owner.drained();
    }
  }

  #parse(): void {
    this.#parsing = true;
    while (!this.#failed && (this.#body ? this.#collect() : this.#bucket > 0 && this.#header()));
    this.#parsing = false;
  }

  /** Reads one header; false when more bytes are needed. */
  #header(): boolean {
    const header = this.#take(SMUX_HEADER_BYTES);
    if (!header) return false;
    const command = header.readUInt8(1);
    const size = header.readUInt16LE(2);
    const id = header.readUInt32LE(4);
    this.#active = true;
    if (header[0] !== VERSION) return this.#fail(`smux version ${header[0]}`);
    switch (command) {
      case Command.syn:
        if (!this.#streams.has(id)) {
          const stream = new SmuxStream(id, this);
          this.#streams.set(id, stream);
          this.#owner.accept(stream);
        }
        return true;
      case Command.fin:
        this.#streams.get(id)?.fin();
        return true;
      case Command.psh:
        if (size > 0) this.#body = { id, size, left: size, chunks: [] };
        return true;
      case Command.nop:
        return true;
      default:
        return this.#fail(`smux command ${command}`);
    }
  }

  /** Collects the data of a frame; it reaches its stream only when it is complete. False when more bytes are needed. */
  #collect(): boolean {
    const body = this.#body!;
    while (body.left > 0) {
      const [first] = this.#input;
      if (!first) return false;
      const part = first.subarray(0, body.left);
      body.chunks.push(part);
      body.left -= part.length;
      this.#drop(part.length);
    }
    this.#body = undefined;
    const stream = this.#streams.get(body.id);
    if (stream) {
      this.#bucket -= body.size;
      stream.push(body.chunks);
    }
    return true;
  }

  #take(size: number): Buffer | undefined {
    if (this.#inputBytes < size) return undefined;
    const [first] = this.#input;
    const bytes = first!.length >= size ? first!.subarray(0, size) : Buffer.concat(this.#input).subarray(0, size);
    this.#drop(size);
    return bytes;
  }

  #drop(size: number): void {
    this.#inputBytes -= size;
    for (let left = size; left > 0; ) {
      const first = this.#input[0]!;
      if (first.length > left) {
        this.#input[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#input.shift();
    }
  }

  #fail(reason: string): false {
    this.#failed = true;
    this.#input = [];
    this.#inputBytes = 0;
    this.#owner.failed(reason);
    return false;
  }
}

const EMPTY = Buffer.alloc(0);
