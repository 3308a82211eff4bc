import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Clock } from '../base/clock';
import { cancelled, Fault, isFault } from '../base/fault';
import { tlsFault, verifiedTls } from '../base/trust';
import type { Health } from '../model/health';
import type { Link } from '../model/link';
import { formatEndpoint } from '../model/endpoint';
import type { Route } from '../model/route';
import { encodeCommand, RespDecoder, type RespValue } from '../wire/resp';

export interface ProbeDeps {
  readonly clock: Clock;
  /** Certificates (PEM) trusted for TLS to targets besides the built-in ones. */
  readonly targetCa: () => Promise<string | undefined>;
  /** Ms until a target that does not answer counts as unreachable; 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** One protocol round trip over a stream of its own through the link; the stream is gone afterwards. */
export type Probe = (link: Link, route: Route, signal: AbortSignal) => Promise<Health>;

const DEFAULT_TIMEOUT_MS = 10_000;
// A reply to PING is a short line; anything longer is not a Redis.
const REPLY_LIMITS = { maxBulkBytes: 4096, maxDepth: 2, maxElements: 16 };

/**
 * RESP PING, inside TLS where the target asks for it. Any reply of the server is a
 * passed round trip, `-NOAUTH` too: a probe has no credentials.
 * @throws Fault `target.unreachable`, `target.tlsNameMismatch`, `target.tlsUntrusted`, `target.tlsFailed`,
 *   `target.notRedis`, or the link's own Fault.
 */
export function redisProbe(deps: ProbeDeps): Probe {
  const { clock, targetCa, timeoutMs = DEFAULT_TIMEOUT_MS } = deps;
  return async (link, route, signal) => {
    const ca = await targetCa();
    const timeout = new AbortController();
    const timer = clock.schedule(timeoutMs, () => timeout.abort());
    const either = AbortSignal.any([signal, timeout.signal]);
    let stream: Duplex | undefined;
    try {
      stream = await link.open(route.endpoint, either);
      const reply = await ping(stream, route, ca, clock, either);
      return healthOf(reply, clock);
    } catch (error) {
      if (signal.aborted) throw cancelled();
      if (timeout.signal.aborted) throw unanswered(route, timeoutMs);
      throw error;
    } finally {
      timer.dispose();
      stream?.destroy();
    }
  };
}

interface Reply {
  readonly value: RespValue;
  readonly latencyMs: number;
}

function ping(raw: Duplex, route: Route, ca: string | undefined, clock: Clock, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const secure = route.target.tls !== 'off';
    let sentAt = 0;
    let first: Reply | undefined;
    const decoder = new RespDecoder(REPLY_LIMITS);
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      settle();
      stream.destroy();
    };
    const done = (reply: Reply): void => finish(() => resolve(reply));
    // A server may close right after its refusal, which is an answer all the same.
    const fail = (error: unknown): void => (first ? done(first) : finish(() => reject(probeFault(error, route, secure))));
    const onAbort = (): void => finish(() => reject(cancelled()));
    const onData = (chunk: Buffer): void => {
      try {
        const [value] = decoder.push(chunk);
        if (!value) return;
        const reply = { value, latencyMs: clock.now() - sentAt };
        if (first) done(reply);
        else {
          // The first round trip waits for the bastion's own connection to the target; the second is the latency.
          first = reply;
          send();
        }
      } catch (error) {
        finish(() => reject(notRedis(route, error)));
      }
    };
    const send = (): void => {
      sentAt = clock.now();
      stream.write(encodeCommand(['PING']));
    };
    const stream: Duplex = secure
      ? tls.connect({ ...verifiedTls(route.endpoint.host, ca), socket: raw }, send)
      : raw;
    // The raw stream's error carries the link's Fault; without a listener it would be uncaught.
    raw.on('error', fail);
    if (secure) stream.on('error', fail);
    stream.on('data', onData);
    stream.once('end', () => fail(undefined));
    // Not the raw stream's `close`: it comes before the error that says what was wrong with the certificate.
    stream.once('close', () => fail(stream.errored ?? raw.errored ?? undefined));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (!secure) send();
  });
}

function healthOf({ value, latencyMs }: Reply, clock: Clock): Health {
  const base = { latencyMs, checkedAt: clock.wall() };
  if (value.type === 'error' && /^(LOADING|MASTERDOWN|CLUSTERDOWN)\b/.test(value.text)) {
    return { ...base, level: 'degraded', detail: `The server answers but cannot serve yet: ${value.text}` };
  }
  return { ...base, level: 'ok' };
}

function probeFault(error: unknown, route: Route, secure: boolean): Fault {
  if (isFault(error)) return error;
  const known = error === undefined ? undefined : tlsFault(error, route.endpoint.host);
  if (known) return known;
  const where = formatEndpoint(route.endpoint);
  if (secure) {
    return new Fault('target.tlsFailed', `The server at ${where} ended the TLS handshake.`, {
      cause: error,
      remedy: { text: 'Check that encryption in transit is enabled on the cache, then refresh.', action: 'retry' },
    });
  }
  return new Fault('target.closedConnection', `The server at ${where} closed the connection without answering PING.`, {
    cause: error,
    retryable: true,
    remedy: { text: 'If the cache requires encryption in transit, refresh its details; else check that it is available.', action: 'retry' },
  });
}

function notRedis(route: Route, cause: unknown): Fault {
  return new Fault('target.notRedis', `The server at ${formatEndpoint(route.endpoint)} does not speak the Redis protocol.`, {
    cause,
    remedy: { text: 'Check the endpoint and the port.' },
  });
}

function unanswered(route: Route, timeoutMs: number): Fault {
  return new Fault('target.unreachable', `The server at ${formatEndpoint(route.endpoint)} did not answer through "${route.bastion.name}" within ${timeoutMs / 1000} s.`, {
    retryable: true,
    remedy: {
      text: `Check that a security group of the cache allows port ${route.endpoint.port} from the bastion's security group.`,
      action: 'retry',
    },
  });
}
