import type { Event } from '../base/event';
import type { Endpoint } from '../model/endpoint';
import type { TlsMode } from '../model/target';

/** Credentials of AUTH: a password alone (AUTH token), or a user of an ACL. */
export interface RedisLogin {
  readonly username?: string;
  readonly password: string;
}

export interface RedisSessionOptions {
  /** The tunnel's local end. */
  readonly local: Endpoint;
  /** The real endpoint: shown at the prompt, and the name that the TLS certificate must carry. */
  readonly endpoint: Endpoint;
  readonly tls: TlsMode;
  readonly login?: RedisLogin;
  /** Certificates (PEM) trusted besides the built-in ones. */
  readonly ca?: string;
}

/** A reply as text, exactly as redis-cli prints it on a terminal, and how to colour it. */
export interface RenderedReply {
  readonly kind: 'value' | 'error';
  readonly text: string;
  /** Whether the text was cut at the session's size bound. */
  readonly truncated: boolean;
  readonly elapsedMs: number;
}

export type RedisSessionState = 'ready' | 'lost' | 'closed';

/** One console session: its own connection through the tunnel. */
export interface RedisSession {
  readonly state: RedisSessionState;
  readonly onDidChangeState: Event<RedisSessionState>;
  /**
   * Splits the line as redis-cli does and runs it.
   * @throws Fault `redis.syntax` (unbalanced quotes), `redis.unsupported` (commands that need a pane of their own), `redis.connectionLost`.
   */
  run(line: string, signal: AbortSignal): Promise<RenderedReply>;
  /** Round-trip time of a PING, ms. */
  ping(signal: AbortSignal): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * Connects and logs in; resolves when a PING has been answered.
 * @throws Fault `redis.passwordNeeded`, `redis.wrongPassword`, `redis.noPermission`, `redis.tlsNameMismatch`,
 *   `redis.tlsUntrusted`, `redis.tlsRequired`, `redis.unreachable`; nothing is left open then.
 */
export type OpenRedisSession = (options: RedisSessionOptions, signal: AbortSignal) => Promise<RedisSession>;
