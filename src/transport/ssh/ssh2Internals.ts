import { createSecretKey } from 'node:crypto';
import type { Client } from 'ssh2';
import { GcmSealer } from './gcmSealer';

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
  readonly _decipher: { _decipherKey?: unknown };
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
 * @returns whether it is AES-GCM in both directions
 */
export function quicken({ _cipher: cipher, _decipher: decipher }: PacketLayer): boolean {
  const { _encSSLName: name, _encKey: key, _encIV: nonce } = cipher;
  const outgoing = (name === 'aes-128-gcm' || name === 'aes-256-gcm') && Buffer.isBuffer(key) && Buffer.isBuffer(nonce);
  if (outgoing) {
    const sealer = new GcmSealer(name, key, nonce, (bytes) => cipher._onWrite(bytes));
    cipher.allocPacket = (payloadBytes) => sealer.packet(payloadBytes);
    cipher.encrypt = (packet) => {
      if (cipher._dead) return;
      sealer.seal(packet);
      cipher.outSeqno = (cipher.outSeqno + 1) >>> 0;
    };
  }
  const incoming = Buffer.isBuffer(decipher._decipherKey);
  if (Buffer.isBuffer(decipher._decipherKey)) decipher._decipherKey = createSecretKey(decipher._decipherKey);
  return outgoing && incoming;
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
