// A small Session Manager client for the sandbox's own tests, written from the protocol's facts and not from the product.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { acknowledgement, decodeFrame, digestMatches, type Frame, newFrame, PayloadType } from '../sandbox/sessionManager/frames';
import { acknowledgedNumber } from '../sandbox/sessionManager/reliable';
import type { SessionGrant } from '../sandbox/sessionManager/service';

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export class TinyClient {
  readonly id = randomUUID();
  /** Every stream message in order, once. */
  readonly inbox: Frame[] = [];
  /** `channel_closed`, publication messages: whatever is neither data nor acknowledgement. */
  readonly control: Frame[] = [];
  closing: Closing | undefined;
  #ws: WebSocket | undefined;
  #epoch = 0;
  #nextOut = 0;
  #expected = 0;
  readonly #early = new Map<number, Frame>();
  readonly #unacknowledged = new Map<number, { readonly raw: Buffer; sentAt: number }>();
  readonly #resend = setInterval(() => this.#resendOld(), 50);
  /** Told of each Output payload in order. */
  onOutput: (payload: Buffer) => void = () => {};
  /** Whether the handshake is answered by itself. */
  respond = true;

  /** Connects, also again after a cut; resolves when the socket is open and the open message sent. */
  async connect(grant: SessionGrant, open: Readonly<Record<string, string>> = {}): Promise<void> {
    const epoch = ++this.#epoch;
    this.closing = undefined;
    this.#ws?.terminate();
    const ws = new WebSocket(grant.StreamUrl, { perMessageDeflate: false });
    this.#ws = ws;
    ws.on('error', () => {});
    ws.on('message', (data, binary) => {
      if (binary && epoch === this.#epoch) this.#receive(data as Buffer);
    });
    ws.on('close', (code, reason) => {
      if (epoch === this.#epoch) this.closing = { code, reason: reason.toString() };
    });
    await once(ws, 'open');
    const message = { MessageSchemaVersion: '1.0', RequestId: randomUUID(), TokenValue: grant.TokenValue, ClientId: this.id };
    ws.send(JSON.stringify({ ...message, ClientVersion: '1.2.707.0', ...open }));
    for (const { raw } of this.#unacknowledged.values()) ws.send(raw);
  }

  get outstanding(): number {
    return this.#unacknowledged.size;
  }

  /** The session's Output of the handshake's last message has come. */
  get ready(): boolean {
    return this.inbox.some(({ payloadType }) => payloadType === PayloadType.handshakeComplete);
  }

  get bufferedBytes(): number {
    return this.#ws?.bufferedAmount ?? 0;
  }

  send(payloadType: number, payload: Buffer): void {
    const sequenceNumber = this.#nextOut++;
    const raw = newFrame({ messageType: 'input_stream_data', sequenceNumber, flags: 0, payloadType, payload });
    this.#unacknowledged.set(sequenceNumber, { raw, sentAt: performance.now() });
    this.sendRaw(raw);
  }

  sendRaw(raw: Buffer | string): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.send(raw);
  }

  close(): void {
    clearInterval(this.#resend);
    this.#epoch++;
    this.#ws?.terminate();
  }

  #receive(raw: Buffer): void {
    const frame = decodeFrame(raw);
    if (!digestMatches(raw)) return;
    if (frame.messageType === 'acknowledge') {
      this.#unacknowledged.delete(acknowledgedNumber(frame.payload) ?? -1);
    } else if (frame.messageType === 'output_stream_data') {
      this.sendRaw(acknowledgement(frame));
      if (frame.sequenceNumber >= this.#expected) this.#early.set(frame.sequenceNumber, frame);
      for (let next = this.#early.get(this.#expected); next; next = this.#early.get(this.#expected)) {
        this.#early.delete(this.#expected++);
        this.#deliver(next);
      }
    } else {
      this.control.push(frame);
    }
  }

  #deliver(frame: Frame): void {
    this.inbox.push(frame);
    if (frame.payloadType === PayloadType.output) this.onOutput(frame.payload);
    if (frame.payloadType !== PayloadType.handshakeRequest || !this.respond) return;
    const action = { ActionType: 'SessionType', ActionStatus: 1, ActionResult: null, Error: '' };
    const response = { ClientVersion: '1.2.707.0', ProcessedClientActions: [action], Errors: null };
    this.send(PayloadType.handshakeResponse, Buffer.from(JSON.stringify(response)));
  }

  #resendOld(): void {
    const now = performance.now();
    for (const message of this.#unacknowledged.values()) {
      // Not while the socket still works off what it has: a stalled peer must not pile up copies.
      if (now - message.sentAt < 300 || this.bufferedBytes > 0) continue;
      message.sentAt = now;
      this.sendRaw(message.raw);
    }
  }
}

/** smux over a client: streams with what they have received. */
export class TinyMux {
  readonly #client: TinyClient;
  readonly #streams = new Map<number, TinyStream>();
  #bytes = Buffer.alloc(0);
  #nextId = 3;

  constructor(client: TinyClient) {
    this.#client = client;
    client.onOutput = (payload) => this.#receive(payload);
  }

  open(): TinyStream {
    const stream = new TinyStream((command, data) => this.#send(stream.id, command, data), this.#nextId);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#send(stream.id, 0);
    return stream;
  }

  #send(id: number, command: number, data = Buffer.alloc(0)): void {
    const header = Buffer.from([1, command, 0, 0, 0, 0, 0, 0]);
    header.writeUInt16LE(data.length, 2);
    header.writeUInt32LE(id, 4);
    this.#client.send(PayloadType.output, Buffer.concat([header, data]));
  }

  #receive(payload: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, payload]);
    while (this.#bytes.length >= 8) {
      const size = this.#bytes.readUInt16LE(2);
      if (this.#bytes.length < 8 + size) return;
      const stream = this.#streams.get(this.#bytes.readUInt32LE(4));
      if (this.#bytes[1] === 1 && stream) stream.ended = true;
      if (this.#bytes[1] === 2) stream?.chunks.push(Buffer.from(this.#bytes.subarray(8, 8 + size)));
      this.#bytes = this.#bytes.subarray(8 + size);
    }
  }
}

export class TinyStream {
  readonly id: number;
  readonly chunks: Buffer[] = [];
  ended = false;
  readonly #send: (command: number, data?: Buffer<ArrayBuffer>) => void;

  constructor(send: (command: number, data?: Buffer<ArrayBuffer>) => void, id: number) {
    this.#send = send;
    this.id = id;
  }

  get data(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get size(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  write(data: Buffer | string): void {
    this.#send(2, Buffer.from(data));
  }

  end(): void {
    this.#send(1);
  }
}
