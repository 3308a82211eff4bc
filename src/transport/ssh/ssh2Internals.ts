import { createSecretKey, KeyObject } from 'node:crypto';
import type { Client } from 'ssh2';

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
  readonly _cipher: { _encKey?: unknown };
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
 * ssh2 gives AES-GCM's key as bytes with every packet, which newer Node turns into a key object each time (14.5 µs instead of
 * 3.4 on Node 24). To be called after each key exchange.
 */
export function cacheKeys({ _cipher, _decipher }: PacketLayer): void {
  if (Buffer.isBuffer(_cipher._encKey)) _cipher._encKey = createSecretKey(_cipher._encKey);
  if (Buffer.isBuffer(_decipher._decipherKey)) _decipher._decipherKey = createSecretKey(_decipher._decipherKey);
}

/** Whether the keys of the layer are cached: for the test that fails when ssh2 has moved them. */
export function hasCachedKeys({ _cipher, _decipher }: PacketLayer): boolean {
  return _cipher._encKey instanceof KeyObject && _decipher._decipherKey instanceof KeyObject;
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
