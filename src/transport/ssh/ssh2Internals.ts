import type { Client } from 'ssh2';
import { type GcmName, GcmOpener, GcmSealer } from './aesGcm';

// ssh2's own channel streams cannot be used: they end cleanly when the connection is cut, ask for a fixed window of 2 MB too
// late, and hand any amount to the socket. So channels are ours (channels.ts), over ssh2's packet layer, which no public
// interface reaches. The version is pinned exactly; `packetLayer` fails loudly when another one lacks what is used here.

/** The version whose inside was read. */
export const SSH2_VERSION = '1.17.0';

export interface ChannelConfirmation {
  readonly recipient: number;
  readonly sender: number;
  readonly window: number;
  readonly packetSize: number;
}

/** Handlers of the connection protocol (RFC 4254); the first parameter is ssh2's and not needed. */
export interface ChannelHandlers {
  CHANNEL_OPEN_CONFIRMATION(layer: unknown, info: ChannelConfirmation): void;
  CHANNEL_OPEN_FAILURE(layer: unknown, recipient: number, reason: number, description: string): void;
  CHANNEL_WINDOW_ADJUST(layer: unknown, recipient: number, amount: number): void;
  CHANNEL_DATA(layer: unknown, recipient: number, data: Buffer): void;
  CHANNEL_EXTENDED_DATA(layer: unknown, recipient: number, data: Buffer, type: number): void;
  CHANNEL_EOF(layer: unknown, recipient: number): void;
  CHANNEL_CLOSE(layer: unknown, recipient: number): void;
}

/** What encrypts: of AES-GCM, the fields below are there; the others know neither key nor nonce after their start. */
interface OutgoingCipher {
  readonly _encSSLName?: unknown;
  readonly _encKey?: unknown;
  readonly _encIV?: unknown;
  outSeqno: number;
  _dead: boolean;
  _onWrite(bytes: Buffer): void;
  allocPacket(payloadBytes: number): Buffer;
  encrypt(packet: Buffer): void;
}

/** What decrypts. */
interface IncomingCipher {
  readonly _decipherSSLName?: unknown;
  readonly _decipherKey?: unknown;
  readonly _decipherIV?: unknown;
  inSeqno: number;
  /** Replaced while keys are exchanged. @returns undefined to go on, else that a new cipher takes over (`false`) or nobody does */
  _onPayload(payload: Buffer): false | number | undefined;
  /** @returns where a new cipher is to go on; undefined when all bytes are taken */
  decrypt(bytes: Buffer, at: number, end: number): number | undefined;
}

/** ssh2's `Protocol`: what of it is used. */
export interface PacketLayer {
  directTcpip(
    channel: number,
    window: number,
    packetSize: number,
    where: { srcIP: string; srcPort: number; dstIP: string; dstPort: number },
  ): void;
  channelData(channel: number, data: Buffer): void;
  channelWindowAdjust(channel: number, bytes: number): void;
  channelEOF(channel: number): void;
  channelClose(channel: number): void;
  ping(): void;
  rekey(): void;
  disconnect(reason: number): void;
  readonly _handlers: ChannelHandlers;
  /** Set while keys are exchanged: whatever is sent meanwhile is queued without bound. */
  readonly _kexinit: unknown;
  readonly _cipher: OutgoingCipher;
  readonly _decipher: IncomingCipher;
  _debug: unknown;
}

const METHODS = ['directTcpip', 'channelData', 'channelWindowAdjust', 'channelEOF', 'channelClose', 'ping', 'rekey', 'disconnect'];

/** @throws Error when this is not the ssh2 whose inside is known */
export function packetLayer(client: Client): PacketLayer {
  const layer = (client as unknown as { _protocol?: Record<string, unknown> })._protocol;
  const missing = [
    ...METHODS.filter((name) => typeof layer?.[name] !== 'function'),
    ...['_handlers', '_cipher'].filter((name) => typeof layer?.[name] !== 'object'),
    ...['_kexinit', '_debug', '_decipher'].filter((name) => layer && !(name in layer)),
  ];
  if (missing.length > 0) throw new Error(`ssh2 is not ${SSH2_VERSION}: it lacks ${missing.join(', ')}`);
  return layer as unknown as PacketLayer;
}

/** Routes everything that concerns channels to these handlers; ssh2 opens none of its own. */
export function takeChannels(layer: PacketLayer, handlers: ChannelHandlers): void {
  Object.assign(layer._handlers, handlers);
}

/** Building the debugging text of every packet costs more than encrypting a small one. */
export function stopDebugging(layer: PacketLayer): void {
  layer._debug = undefined;
}

/**
 * Takes over what ssh2 does slowly with AES-GCM, for the keys in use: to be called after each key exchange.
 * @returns whether it is AES-GCM in both directions: then nothing that arrives is kept by ssh2 once it is parsed
 */
export function quicken({ _cipher: cipher, _decipher: decipher }: PacketLayer): boolean {
  const outgoing = gcmKeys(cipher._encSSLName, cipher._encKey, cipher._encIV);
  if (outgoing) {
    const sealer = new GcmSealer(outgoing.name, outgoing.key, outgoing.nonce, (bytes) => cipher._onWrite(bytes));
    cipher.allocPacket = (payloadBytes) => sealer.packet(payloadBytes);
    cipher.encrypt = (packet) => {
      if (cipher._dead) return;
      sealer.seal(packet);
      cipher.outSeqno = (cipher.outSeqno + 1) >>> 0;
    };
  }
  const incoming = gcmKeys(decipher._decipherSSLName, decipher._decipherKey, decipher._decipherIV);
  if (incoming) {
    const opener = new GcmOpener(incoming.name, incoming.key, incoming.nonce);
    decipher.decrypt = (bytes, at, end) => openAll(decipher, opener, bytes.subarray(0, end), at);
  }
  return outgoing !== undefined && incoming !== undefined;
}

function openAll(decipher: IncomingCipher, opener: GcmOpener, bytes: Buffer, from: number): number | undefined {
  for (let at = from; at < bytes.length; ) {
    const { payload, next } = opener.take(bytes, at);
    at = next;
    if (payload === undefined) continue;
    decipher.inSeqno = (decipher.inSeqno + 1) >>> 0;
    const outcome = decipher._onPayload(payload);
    if (outcome !== undefined) return outcome === false ? at : outcome;
  }
  return undefined;
}

function gcmKeys(name: unknown, key: unknown, nonce: unknown): { name: GcmName; key: Buffer; nonce: Buffer } | undefined {
  if ((name !== 'aes-128-gcm' && name !== 'aes-256-gcm') || !Buffer.isBuffer(key) || !Buffer.isBuffer(nonce)) return undefined;
  return { name, key, nonce };
}

/**
 * Calls `listener` with each refusal of a login attempt before ssh2 sees it: while keys are tried through an agent, ssh2
 * forgets what the server would still take and whether the attempt was one step of several.
 */
export function watchRefusals(layer: PacketLayer, listener: (methods: readonly string[], partial: boolean) => void): void {
  type Handler = (layer: unknown, methods: readonly string[], partial: boolean) => void;
  const handlers = layer._handlers as unknown as { USERAUTH_FAILURE: Handler };
  const original = handlers.USERAUTH_FAILURE;
  if (typeof original !== 'function') throw new Error(`ssh2 is not ${SSH2_VERSION}: it has no handler of refusals`);
  handlers.USERAUTH_FAILURE = (protocol, methods, partial) => {
    listener(methods, partial);
    original(protocol, methods, partial);
  };
}
