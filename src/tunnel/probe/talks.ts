import type { Clock } from '../../base/clock';
import { isFault } from '../../base/fault';
import type { Route } from '../../model/route';
import { readSslAnswer, SSL_REQUEST } from '../../wire/probes/postgres';
import type { Reading } from '../../wire/probes/reading';
import { foreign, isCertificateFault, streamFault, wantsTls } from './faults';
import type { ProbeStream } from './probeStream';
import type { Protocol } from './protocols';

/** What a talk has to do with. */
export interface Situation {
  readonly route: Route;
  /** Certificates (PEM) trusted besides the usual ones. */
  readonly ca: string | undefined;
  readonly clock: Clock;
  /** A new stream through the link; it is given back by whoever runs the talk. */
  readonly open: () => Promise<ProbeStream>;
  /** Fires when the probe is cancelled or has taken too long. */
  readonly signal: AbortSignal;
}

/** A passed round trip. */
export interface Passed {
  /** Ms; absent where nothing was measured. */
  readonly latencyMs?: number;
  /** The server answers and says that it cannot serve. */
  readonly trouble?: string;
  /** What the round trip has not shown, although all is well. */
  readonly remark?: string;
}

/** One way to prove that a target answers. @throws Fault, or what the stream failed with. */
export type Talk = (situation: Situation) => Promise<Passed>;

/** How long a server that has nothing to say first is listened to, ms. */
const LISTENING_MS = 2_000;
/** How long a server that may not speak TLS is given for the handshake, ms: some wait for more of what they do not understand. */
const HANDSHAKE_MS = 4_000;

/**
 * One request and its answer, inside TLS where the target has it. Without TLS the first round trip contains the
 * bastion's own connect, so it is repeated where the protocol allows; with TLS the handshake contains that.
 * @param handshakeMs how long the handshake may take; as long as the probe unless told
 */
export function converse(protocol: Protocol, handshakeMs?: number): Talk {
  return async (situation) => {
    const { route, ca, clock } = situation;
    const stream = await situation.open();
    const secure = protocol.tlsFirst && route.target.tls !== 'off';
    if (secure) await stream.secure(route.endpoint.host, ca, handshakeMs === undefined ? undefined : { clock, ms: handshakeMs });
    const first = await exchange(protocol, stream, situation);
    if (!protocol.repeatable || secure) return first;
    try {
      return await exchange(protocol, stream, situation);
    } catch (error) {
      // A server may close right after its refusal, which is an answer all the same.
      if (isFault(error) || situation.signal.aborted) throw error;
      return first;
    }
  };
}

async function exchange(protocol: Protocol, stream: ProbeStream, { route, clock }: Situation): Promise<Passed> {
  const sentAt = clock.now();
  const read = (received: Buffer): Reading | 'tls' => {
    const answer = protocol.read(received);
    return answer === 'foreign' && isTlsAlert(received) ? 'tls' : answer;
  };
  const answer = await stream.ask(protocol.request?.(route.endpoint), read);
  if (answer === 'tls') throw wantsTls(route);
  if (answer === 'foreign') throw foreign(route, protocol.name);
  return { latencyMs: clock.now() - sentAt, ...(answer.trouble !== undefined && { trouble: answer.trouble }) };
}

/** What a server says that speaks nothing but TLS: a record of type 21 (RFC 8446 section 5.1). */
function isTlsAlert(received: Buffer): boolean {
  return received[0] === 0x15 && received[1] === 0x03;
}

/**
 * As `converse`, for targets of which is not known whether TLS is on (`preferred`): a server that does not speak TLS is
 * asked without it, and a certificate that is not accepted here is only remarked on, since TLS is its client's affair.
 */
export function converseTolerantly(protocol: Protocol): Talk {
  const usual = converse(protocol);
  const securely = converse(protocol, HANDSHAKE_MS);
  return async (situation) => {
    const { route, clock } = situation;
    if (route.target.tls !== 'preferred') return usual(situation);
    const startedAt = clock.now();
    try {
      return await securely(situation);
    } catch (error) {
      if (situation.signal.aborted) throw error;
      const fault = streamFault(error, route);
      if (isCertificateFault(fault)) return { latencyMs: clock.now() - startedAt, remark: fault.message };
      if (fault.code !== 'target.tlsFailed') throw fault;
      return usual({ ...situation, route: { ...route, target: { ...route.target, tls: 'off' } } });
    }
  };
}

/**
 * PostgreSQL's SSLRequest. What it offers is taken: a handshake that ends with a goodbye leaves nothing in the server's
 * log, to go away after `S` does. The certificate decides only where TLS is required; else that is the client's affair.
 * The latency is the quicker of SSLRequest, which contains the bastion's connect, and the handshake.
 */
export const talkPostgres: Talk = async ({ route, ca, clock, open }) => {
  const stream = await open();
  const sentAt = clock.now();
  const answer = await stream.ask(SSL_REQUEST, readSslAnswer);
  const askedMs = clock.now() - sentAt;
  if (answer === 'foreign' || answer.kind === 'foreign') throw foreign(route, 'PostgreSQL');
  if (answer.kind === 'error') return { latencyMs: askedMs, trouble: answer.text };
  const required = route.target.tls === 'required';
  if (answer.kind === 'plain') return { latencyMs: askedMs, ...(required && { trouble: 'It refuses TLS, which it should require.' }) };
  const shakenAt = clock.now();
  try {
    await stream.secure(route.endpoint.host, ca);
  } catch (error) {
    const fault = streamFault(error, route);
    if (required || !isCertificateFault(fault)) throw fault;
    return { latencyMs: askedMs, remark: fault.message };
  }
  return { latencyMs: Math.min(askedMs, clock.now() - shakenAt) };
};

/** A TLS handshake, which is all that can be said to an unknown server behind TLS; its time contains the bastion's connect. */
export const talkTls: Talk = async ({ route, ca, clock, open }) => {
  const stream = await open();
  const startedAt = clock.now();
  await stream.secure(route.endpoint.host, ca);
  return { latencyMs: clock.now() - startedAt };
};

/** OpenSSL's words for a server's complaint that its client shows no certificate (RFC 5246 section 7.2.2, RFC 8446 section 6.2). */
const WANTS_CERTIFICATE = /^ERR_SSL_(?:SSLV3_ALERT_BAD_CERTIFICATE|TLSV13_ALERT_CERTIFICATE_REQUIRED)$/;

/**
 * For servers that want to see a certificate of their client, of which a probe has none: they refuse within the handshake or
 * right after it, so there is nothing beyond to ask for. The complaint is an answer all the same.
 */
export const talkMutualTls: Talk = async (situation) => {
  const { clock } = situation;
  const startedAt = clock.now();
  try {
    return await talkTls(situation);
  } catch (error) {
    const complaint = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
    if (situation.signal.aborted || !WANTS_CERTIFICATE.test(complaint ?? '')) throw error;
    return { latencyMs: clock.now() - startedAt, remark: "The server asks for its client's certificate; more cannot be tried without one." };
  }
};

/**
 * The last resort. In Session Manager a stream is there before the agent has connected, and ends when it cannot; so
 * silence is taken for a connection, without a latency, and with a remark that says how little that is.
 */
export const talkTcp: Talk = async ({ clock, open }) => {
  const stream = await open();
  const startedAt = clock.now();
  if ((await stream.firstSign(clock, LISTENING_MS)) === 'data') return { latencyMs: clock.now() - startedAt };
  return { remark: 'Connected; whether the server answers is not known.' };
};
