import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Clock } from '../../base/clock';
import { isFault } from '../../base/fault';
import { verifiedTls } from '../../base/trust';

/** The most that is kept of an answer, bytes: no probe needs more, whatever the server sends. */
const MAX_RECEIVED = 16 * 1024;
/** How long a polite end may take, ms. */
const PARTING_MS = 500;

/** The longest wait, ms. */
interface Limit {
  readonly clock: Clock;
  readonly ms: number;
}

/** The server closed the connection although it had not said enough. */
export class ClosedEarly extends Error {
  override readonly name = 'ClosedEarly';
}

/** The TLS handshake failed, or the certificate did not verify: `cause` is Node's error, or none. */
export class HandshakeFailed extends Error {
  override readonly name = 'HandshakeFailed';
}

/** The conversation of one probe: requests, answers of bounded size, and TLS from any point on. */
export class ProbeStream {
  readonly #raw: Duplex;
  #stream: Duplex;
  #received: Buffer = Buffer.alloc(0);
  #ended: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => {};

  constructor(raw: Duplex) {
    this.#raw = raw;
    this.#stream = raw;
    // The raw stream's error carries the link's Fault, below TLS too; without a listener it would be uncaught.
    raw.on('error', this.#onError);
    this.#listen();
  }

  /**
   * Sends the request, if any, and reads until `read` returns something for all that has come since the last answer.
   * @returns `foreign` as well when the server goes on and on.
   * @throws ClosedEarly, or the stream's own error.
   */
  async ask<T>(request: Buffer | undefined, read: (received: Buffer) => T | undefined): Promise<T | 'foreign'> {
    if (request) this.#stream.write(request);
    for (;;) {
      const seen = this.#received.length;
      const answer = read(this.#received);
      if (answer !== undefined || seen >= MAX_RECEIVED) {
        this.#received = Buffer.alloc(0);
        return answer ?? 'foreign';
      }
      this.#insistOnOpen();
      await this.#until(() => this.#received.length > seen);
    }
  }

  /** Waits until the server says something, or for `ms`. @throws ClosedEarly, or the stream's own error. */
  async firstSign(clock: Clock, ms: number): Promise<'data' | 'silence'> {
    await this.#until(() => this.#received.length > 0, { clock, ms });
    if (this.#received.length > 0) return 'data';
    this.#insistOnOpen();
    return 'silence';
  }

  /**
   * Goes on in TLS; the certificate is verified for `host`.
   * @param ca certificates (PEM) trusted besides the usual ones
   * @param limit how long the handshake may take, ms; for ever unless told
   * @throws HandshakeFailed, or the stream's own error.
   */
  async secure(host: string, ca: string | undefined, limit?: Limit): Promise<void> {
    this.#insistOnOpen();
    this.#deafen();
    // We look at the verdict ourselves, with the same outcome: Node would cut the connection in the midst of the
    // handshake, and servers log that (PostgreSQL: "could not accept SSL connection") with every probe.
    const secure = tls.connect({ ...verifiedTls(host, ca), rejectUnauthorized: false, socket: this.#raw });
    this.#stream = secure;
    secure.on('error', this.#onError);
    let shaken = false;
    secure.once('secureConnect', () => {
      shaken = true;
      this.#wake();
    });
    this.#listen();
    await this.#until(() => shaken, limit);
    if (!shaken) {
      const { errored } = this.#raw;
      // There is nobody to take leave of.
      this.destroy();
      throw isFault(errored) ? errored : new HandshakeFailed('handshake', { cause: this.#ended?.error });
    }
    if (!secure.authorized) throw new HandshakeFailed('certificate', { cause: verdictOf(secure) });
  }

  /** Ends the conversation; in TLS with a goodbye, which keeps the server from taking it for an accident. */
  async leave(clock: Clock): Promise<void> {
    if (this.#stream !== this.#raw && !this.#ended && !this.#stream.destroyed) {
      this.#stream.end();
      await this.#until(() => false, { clock, ms: PARTING_MS });
    }
    this.destroy();
  }

  destroy(): void {
    this.#stream.destroy();
    this.#raw.destroy();
  }

  #insistOnOpen(): void {
    if (this.#ended) throw this.#ended.error ?? new ClosedEarly();
  }

  /** Waits until the condition holds, the stream has ended or the time is up: one wait at a time. */
  async #until(condition: () => boolean, limit?: Limit): Promise<void> {
    const wait = { over: false };
    const timer = limit?.clock.schedule(limit.ms, () => {
      wait.over = true;
      this.#wake();
    });
    while (!wait.over && !this.#ended && !condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    timer?.dispose();
  }

  #listen(): void {
    // Not `close` of the raw stream once TLS is above it: that comes before the error that says what was wrong.
    this.#stream.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
  }

  #deafen(): void {
    this.#stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#received = Buffer.alloc(0);
  }

  readonly #onData = (chunk: Buffer): void => {
    const room = MAX_RECEIVED - this.#received.length;
    this.#received = Buffer.concat([this.#received, chunk.subarray(0, room)]);
    if (chunk.length >= room) this.#stream.pause();
    this.#wake();
  };

  readonly #onError = (error: Error): void => this.#finish(error);

  readonly #onEnd = (): void => this.#finish(this.#stream.errored ?? this.#raw.errored ?? undefined);

  #finish(error: Error | undefined): void {
    this.#ended ??= { error };
    this.#wake();
  }
}

function verdictOf(secure: tls.TLSSocket): Error {
  // Typed as an Error, in fact the code of one.
  const code = String(secure.authorizationError);
  return Object.assign(new Error(code), { code });
}
