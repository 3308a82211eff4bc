import { createCipheriv, createDecipheriv, createHash, randomUUID } from 'node:crypto';

/** A message as the model reads and writes it, by the table of facts and without the product's codec. */
export interface ModelMessage {
  readonly type: string;
  readonly sequence: number;
  readonly flags: number;
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

export function encodeMessage(message: ModelMessage): Buffer {
  const head = Buffer.alloc(120);
  head.writeUInt32BE(116, 0);
  head.write(message.type.padEnd(32, ' '), 4, 'latin1');
  head.writeUInt32BE(1, 36);
  head.writeBigUInt64BE(BigInt(Date.now()), 40);
  head.writeBigInt64BE(BigInt(message.sequence), 48);
  head.writeBigUInt64BE(BigInt(message.flags), 56);
  const id = Buffer.from(message.id.replaceAll('-', ''), 'hex');
  id.copy(head, 72, 0, 8);
  id.copy(head, 64, 8, 16);
  createHash('sha256').update(message.payload).digest().copy(head, 80);
  head.writeUInt32BE(message.payloadType, 112);
  head.writeUInt32BE(message.payload.length, 116);
  return Buffer.concat([head, message.payload]);
}

/** Undefined when the digest does not match. */
export function decodeMessage(bytes: Buffer): ModelMessage | undefined {
  const payload = bytes.subarray(120);
  if (!createHash('sha256').update(payload).digest().equals(bytes.subarray(80, 112))) return undefined;
  const id = Buffer.concat([bytes.subarray(72, 80), bytes.subarray(64, 72)]).toString('hex');
  return {
    type: bytes.toString('latin1', 4, 36).trimEnd(),
    sequence: Number(bytes.readBigInt64BE(48)),
    flags: Number(bytes.readBigUInt64BE(56)),
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    payloadType: bytes.readUInt32BE(112),
    payload: Buffer.from(payload),
  };
}

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export function handshakeRequest(overrides: { agentVersion?: string; actions?: unknown[]; moreActions?: unknown[]; properties?: Record<string, string> } = {}): Buffer {
  const properties = overrides.properties ?? { host: 'cache.internal', localPortNumber: '0', portNumber: '6379', type: 'LocalPortForwarding' };
  const sessionType = { ActionType: 'SessionType', ActionParameters: { SessionType: 'Port', Properties: properties } };
  return json({ AgentVersion: overrides.agentVersion ?? '3.3.1142.0', RequestedClientActions: overrides.actions ?? [sessionType, ...(overrides.moreActions ?? [])] });
}

/** The agent's half of a data key, by the facts and with Node's own AES. */
export const agentKeys = (dataKey: Uint8Array) => ({
  seal(plain: Buffer): Buffer {
    const nonce = Buffer.alloc(12, 3);
    const cipher = createCipheriv('aes-256-gcm', dataKey.subarray(0, 32), nonce);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  open(sealed: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', dataKey.subarray(32), sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('hex');
  },
});

/**
 * The agent's end of the reliable channel, as simple as the facts allow: it puts input into order,
 * acknowledges repetitions again, and sends again everything that is unacknowledged for `resendMs`.
 */
export class AgentModel {
  readonly input: { readonly payloadType: number; readonly payload: Buffer }[] = [];
  readonly acknowledgementsSent: number[] = [];
  onInput: (payloadType: number, payload: Buffer) => void = (payloadType, payload) => this.input.push({ payloadType, payload });
  /** Set to stop acknowledging and taking input. */
  deaf = false;
  resendMs = 100;
  readonly #send: (bytes: Buffer) => void;
  readonly #held = new Map<number, ModelMessage>();
  readonly #unacknowledged = new Map<number, { bytes: Buffer; sentAt: number }>();
  #expected = 0;
  #next = 0;

  constructor(send: (bytes: Buffer) => void) {
    this.#send = send;
  }

  get unacknowledged(): number {
    return this.#unacknowledged.size;
  }

  get expected(): number {
    return this.#expected;
  }

  send(payloadType: number, payload: Buffer, now: number): void {
    const sequence = this.#next++;
    const bytes = encodeMessage({ type: 'output_stream_data', sequence, flags: sequence === 0 ? 1 : 0, id: randomUUID(), payloadType, payload });
    this.#unacknowledged.set(sequence, { bytes, sentAt: now });
    this.#send(bytes);
  }

  control(type: string, payload: Buffer): void {
    this.#send(encodeMessage({ type, sequence: 0, flags: 0, id: randomUUID(), payloadType: 0, payload }));
  }

  tick(now: number): void {
    for (const message of this.#unacknowledged.values()) {
      if (now - message.sentAt < this.resendMs) continue;
      message.sentAt = now;
      this.#send(message.bytes);
    }
  }

  resendAll(now: number): void {
    for (const message of this.#unacknowledged.values()) {
      message.sentAt = now;
      this.#send(message.bytes);
    }
  }

  receive(bytes: Buffer): void {
    const message = decodeMessage(bytes);
    if (!message) return;
    if (message.type === 'acknowledge') {
      const { AcknowledgedMessageSequenceNumber: sequence } = JSON.parse(message.payload.toString()) as Record<string, number>;
      this.#unacknowledged.delete(sequence!);
      return;
    }
    if (message.type !== 'input_stream_data' || this.deaf) return;
    this.#acknowledge(message);
    if (message.sequence < this.#expected) return;
    this.#held.set(message.sequence, message);
    for (let next = this.#held.get(this.#expected); next; next = this.#held.get(this.#expected)) {
      this.#held.delete(this.#expected++);
      this.onInput(next.payloadType, next.payload);
    }
  }

  #acknowledge(message: ModelMessage): void {
    this.acknowledgementsSent.push(message.sequence);
    this.control(
      'acknowledge',
      json({
        AcknowledgedMessageType: message.type,
        AcknowledgedMessageId: message.id,
        AcknowledgedMessageSequenceNumber: message.sequence,
        IsSequentialMessage: true,
      }),
    );
  }
}
