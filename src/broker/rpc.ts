import type { Socket } from 'node:net';
import { CancellationTokenSource, createMessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc/node';
import { asFault, cancelled, Fault, faultData, faultFromData, isCancelled, isFault } from '../base/fault';
import type { FaultData } from '../base/fault';
import type { Logger } from '../base/log';
import { BoundedReader, BoundedWriter } from './framing';
import { maybe, shape, text, yesNo } from './shapes';
import type { Check } from './shapes';

/** Something that is asked, and answered. */
export interface Call<P, R> {
  readonly method: string;
  readonly params: Check<P>;
  readonly result: Check<R>;
}

/** Something that is only said. */
export interface Note<P> {
  readonly method: string;
  readonly params: Check<P>;
}

export function call<P, R>(method: string, params: Check<P>, result: Check<R>): Call<P, R> {
  return { method, params, result };
}

export function note<P>(method: string, params: Check<P>): Note<P> {
  return { method, params };
}

/** Says on the wire that the error is a Fault, whose data come with it. */
const FAULT = -32_000;
const isFaultShape = shape<FaultData>({
  code: text as Check<FaultData['code']>,
  message: text,
  retryable: yesNo,
  remedy: maybe(shape<NonNullable<FaultData['remedy']>>({ text })),
});

/** The other side has gone. */
export function peerLost(): Fault {
  return new Fault('broker.lost', "Sallyport's background process has ended.", {
    retryable: true,
    remedy: { text: 'Try again.', action: 'retry' },
  });
}

/**
 * One connection between a window and the broker. Either side may ask the other; what comes is checked before anybody sees
 * it, and a peer that says something else is refused (calls) or ignored (notes). AbortSignals and Faults cross it.
 */
export class Rpc {
  /** Resolves once the connection has ended, however. */
  readonly closed: Promise<void>;
  readonly #connection: MessageConnection;
  readonly #socket: Socket;
  readonly #logger: Logger;

  /** @param limit the largest message that is taken now, bytes */
  constructor(socket: Socket, limit: () => number, logger: Logger) {
    this.#socket = socket;
    this.#logger = logger;
    const ignore = (): void => {};
    const quiet = { error: ignore, warn: ignore, info: ignore, log: ignore };
    this.#connection = createMessageConnection(new BoundedReader(socket, limit), new BoundedWriter(socket), quiet);
    this.#connection.onError(([error]) => logger.log('warn', 'rpc.error', { error }));
    socket.on('error', (error) => logger.log('debug', 'rpc.socketError', { error }));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        // Rejects what is still waited for.
        this.#connection.dispose();
        resolve();
      });
    });
    this.#connection.onUnhandledNotification(({ method }) => logger.log('debug', 'rpc.unknown', { method }));
  }

  /** Begins to read; handlers that are to miss nothing are there by then. */
  listen(): void {
    if (!this.#socket.destroyed) this.#connection.listen();
  }

  /** @throws the Fault of the other side, `broker.lost`, `broker.nonsense`; a signal that fires cancels over there */
  async request<P, R>({ method, result }: Call<P, R>, params: P, signal: AbortSignal): Promise<R> {
    if (signal.aborted) throw cancelled();
    if (this.#socket.destroyed) throw peerLost();
    const source = new CancellationTokenSource();
    const onAbort = (): void => source.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const answer: unknown = await this.#connection.sendRequest(method, params ?? null, source.token);
      if (result(answer)) return answer;
      this.#logger.log('error', 'rpc.badAnswer', { method });
      throw nonsense(method);
    } catch (error) {
      throw isFault(error) ? error : this.#faultOf(error, method, signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      source.dispose();
    }
  }

  notify<P>({ method }: Note<P>, params: P): void {
    if (this.#socket.destroyed) return;
    this.#connection.sendNotification(method, params ?? null).catch((error: unknown) => this.#logger.log('debug', 'rpc.notSent', { method, error }));
  }

  onRequest<P, R>({ method, params: check }: Call<P, R>, handle: (params: P, signal: AbortSignal) => Promise<R>): void {
    this.#connection.onRequest<unknown, FaultData>(method, async (params: unknown, token: CancellationToken): Promise<unknown> => {
      const abort = new AbortController();
      const subscription = token.onCancellationRequested(() => abort.abort());
      if (token.isCancellationRequested) abort.abort();
      try {
        if (!check(params)) throw nonsense(method);
        return await handle(params, abort.signal);
      } catch (error) {
        throw this.#refusal(method, error);
      } finally {
        subscription.dispose();
      }
    });
  }

  onNote<P>({ method, params: check }: Note<P>, handle: (params: P) => void): void {
    this.#connection.onNotification(method, (params: unknown) => {
      if (check(params)) handle(params);
      else this.#logger.log('warn', 'rpc.badNote', { method });
    });
  }

  /** False from the moment in which nothing can be sent any more. */
  get open(): boolean {
    return !this.#socket.destroyed;
  }

  /** Bytes that wait for the other side to read them. */
  get unread(): number {
    return this.#socket.writableLength;
  }

  /** Ends the connection when what was said last has been sent; the other side may not look at all of it any more. */
  end(): void {
    this.#socket.end();
  }

  /** Ends the connection, by force when the other side has not closed it within `ms`. */
  leave(ms: number): Promise<void> {
    this.end();
    return this.left(ms);
  }

  /** Waits for the other side to end the connection, and ends it by force when that takes longer than `ms`. */
  async left(ms: number): Promise<void> {
    const timer = setTimeout(() => this.destroy(), ms);
    await this.closed;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #refusal(method: string, error: unknown): ResponseError<FaultData> {
    if (!isFault(error)) this.#logger.log('error', 'rpc.failed', { method, error, stack: error instanceof Error ? error.stack : undefined });
    const fault = isMissingModule(error) ? replaced() : asFault(error);
    return new ResponseError(FAULT, fault.message, faultData(fault));
  }

  #faultOf(error: unknown, method: string, signal: AbortSignal): Fault {
    if (error instanceof ResponseError && error.code === FAULT && isFaultShape(error.data)) return faultFromData(error.data);
    if (this.#socket.destroyed) return peerLost();
    if (signal.aborted) return cancelled();
    this.#logger.log('error', 'rpc.requestFailed', { method, error });
    return nonsense(method, error);
  }
}

/** What the two say about an error that is none: nobody waits any more. */
export function isOver(error: unknown): boolean {
  return isCancelled(error) || (isFault(error) && error.code === 'broker.lost');
}

function nonsense(method: string, cause?: unknown): Fault {
  return new Fault('broker.nonsense', `A window and Sallyport's background process did not understand each other (${method}).`, {
    remedy: { text: 'Run "Sallyport: Restart Background Process".', action: 'restartBroker' },
    ...(cause !== undefined && { cause }),
  });
}

/** A bundle that loads late is gone since the extension was updated under a running broker. */
function isMissingModule(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
}

function replaced(): Fault {
  return new Fault('broker.outdated', "Sallyport's background process is of a version that has been removed since.", {
    remedy: { text: 'Run "Sallyport: Restart Background Process" when its tunnels can be closed.', action: 'restartBroker' },
  });
}
