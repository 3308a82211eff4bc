import type { Socket } from 'node:net';
import { AbstractConnector, Command, Redis, type RedisOptions } from 'ioredis';
import { cancelled, type Fault, isFault } from '../base/fault';
import { encodeCommand, type ReplyReader, RespDecoder, type RespLimits, type RespValue } from '../wire/resp';
import { brokenReply, connectionLost } from './faults';
import { Pushes } from './pushes';
import { ReplyTap } from './replyTap';

// How long ioredis waits for an orderly end before it destroys a stream; ours are destroyed at once anyway.
const DISCONNECT_TIMEOUT_MS = 100;

interface Waiter {
  readonly reader: ReplyReader | undefined;
  readonly resolve: (value: RespValue) => void;
  readonly reject: (fault: Fault) => void;
}

/**
 * One connection with ioredis on top: commands in, typed replies out, in order. It is never re-established;
 * a session that needs another one makes another one, so nothing of an old connection can come back to life.
 */
export class RedisConnection {
  readonly #redis: Redis;
  readonly #tap: ReplyTap;
  readonly #waiting: Waiter[] = [];
  /** Replies that have begun and are not told yet. */
  #begun = 0;
  /** What came without being asked for, where nobody listens. */
  readonly pushes = new Pushes();
  #lastWords: string | undefined;
  #ended: Fault | undefined;
  #listener: ((value: RespValue) => void) | undefined;
  /** Resolves with the reason once the connection is gone, whoever ended it. Never rejects. */
  readonly closed: Promise<Fault>;

  private constructor(socket: Socket, limits: Partial<RespLimits>) {
    const decoder = new RespDecoder(limits, () => this.#waiting[this.#begun++]?.reader);
    this.#tap = new ReplyTap(socket, decoder, (value) => this.#onReply(value));
    this.closed = new Promise((resolve) => {
      let cause: unknown;
      this.#tap.on('error', (error) => {
        cause = error;
      });
      this.#tap.once('close', () => resolve(this.#end(cause)));
    });
    this.#redis = new Redis(ioredisOptions(this.#tap));
    // Every failure is seen on the tap first; without a listener ioredis would print it.
    this.#redis.on('error', () => {});
  }

  /** Takes the socket over. */
  static async over(socket: Socket, limits: Partial<RespLimits>): Promise<RedisConnection> {
    const connection = new RedisConnection(socket, limits);
    try {
      await connection.#redis.connect();
    } catch {
      connection.dispose();
      throw await connection.closed;
    }
    return connection;
  }

  /** What the server said without being asked, e.g. that it has too many clients. */
  get lastWords(): string | undefined {
    return this.#lastWords;
  }

  /**
   * Sends a command and resolves with its reply, which may be an error value. A command cannot be taken back:
   * when the signal fires, the connection is ended. A `reader` is told of the reply while it comes.
   * @throws Fault `redis.connectionLost`, `operation.cancelled`.
   */
  call(args: readonly (string | Buffer)[], signal: AbortSignal, reader?: ReplyReader): Promise<RespValue> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled());
        return;
      }
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const onAbort = (): void => {
        waiter.reject(cancelled());
        this.dispose();
      };
      const waiter: Waiter = {
        reader,
        resolve: (value) => {
          signal.removeEventListener('abort', onAbort);
          resolve(value);
        },
        reject: (fault) => {
          signal.removeEventListener('abort', onAbort);
          reject(fault);
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
      // Rejections of ioredis' own promise repeat what the tap reports, with the arguments attached.
      void Promise.resolve(this.#redis.sendCommand(new EncodedCommand(args))).catch(() => this.dispose());
    });
  }

  /** From now on gets what answers no call: pushes, and whatever a connection that streams is sent. */
  listen(listener: (value: RespValue) => void): void {
    this.#listener = listener;
  }

  /** Sends a command whose replies, of which there may be any number, are for the listener. What becomes of it shows there, or in `closed`. */
  post(args: readonly (string | Buffer)[]): void {
    this.#tap.write(encodeCommand(args));
  }

  get disposed(): boolean {
    return this.#tap.destroyed;
  }

  /** Ends the connection at once. Idempotent. */
  dispose(): void {
    if (this.#tap.destroyed) return;
    this.#redis.disconnect();
    this.#tap.destroy();
  }

  #onReply(value: RespValue): boolean {
    // RESP3 pushes are not replies.
    if (value.type !== 'push') this.#begun--;
    const waiter = value.type === 'push' ? undefined : this.#waiting.shift();
    if (waiter) waiter.resolve(value);
    else if (this.#listener) this.#listener(value);
    else if (value.type === 'push') this.pushes.add(value);
    else if (value.type === 'error') this.#lastWords = value.text;
    return waiter !== undefined;
  }

  #end(cause: unknown): Fault {
    this.#ended = isFault(cause) ? brokenReply(cause) : connectionLost(this.#lastWords, cause);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#ended);
    return this.#ended;
  }
}

/**
 * Bytes that ioredis sends as they are. Its own encoder rewrites arguments by the command's name (`hset k v` with a
 * Buffer would become one field per byte) and follows names such as SELECT and QUIT, which a console leaves to the person.
 */
class EncodedCommand extends Command {
  readonly #bytes: Buffer;

  constructor(args: readonly (string | Buffer)[]) {
    super('console');
    this.#bytes = encodeCommand(args);
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

function ioredisOptions(tap: ReplyTap): Omit<RedisOptions, 'replyMapping'> {
  class TapConnector extends AbstractConnector {
    constructor() {
      super(DISCONNECT_TIMEOUT_MS);
    }

    connect(): Promise<Socket> {
      // The parts of a socket that ioredis uses are all there.
      this.stream = tap as unknown as Socket;
      return Promise.resolve(this.stream);
    }
  }
  return {
    Connector: TapConnector,
    lazyConnect: true,
    // The tap answers in RESP2 whatever the server speaks; login, SELECT and HELLO are the session's, as commands.
    protocol: 2,
    disableClientInfo: true,
    // INFO is not for everybody in an access control list.
    enableReadyCheck: false,
    enableOfflineQueue: false,
    // One connection, no second life: the session decides when there is another.
    retryStrategy: null,
    maxRetriesPerRequest: null,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
  };
}
