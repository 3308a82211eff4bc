import type { Clock } from '../base/clock';
import { cancelled, type Fault, isFault } from '../base/fault';
import type { RespLimits, RespValue } from '../wire/resp';
import { RedisConnection } from './connection';
import type { ConnectionState } from './connectionState';
import { dial, speaksTls } from './dial';
import { closedUnanswered, dialFault, iamNeedsTls, isAnswerEnough, isLoginNotNeeded, refusedFault, timedOut, tlsRequired } from './faults';
import type { RedisLogin, RedisSessionOptions } from './types';

export interface EstablishSettings {
  readonly clock: Clock;
  /** For everything until the first PING is answered, ms. */
  readonly openTimeoutMs: number;
  readonly limits: Partial<RespLimits>;
}

// A diagnosis must not double the time that a person waits.
const TLS_CHECK_MS = 3000;

/**
 * One bounded attempt: dial, log in, restore what `state` says, PING.
 * @throws Fault as in `OpenRedisSession`; nothing is left open then.
 */
export async function establish(
  options: RedisSessionOptions,
  state: ConnectionState,
  settings: EstablishSettings,
  signal: AbortSignal,
): Promise<RedisConnection> {
  const { clock, openTimeoutMs } = settings;
  // Before the time begins: a sign-in or a code may be asked for.
  const current = await withLogin(options, state, signal);
  const deadline = new AbortController();
  const timer = clock.schedule(openTimeoutMs, () => deadline.abort());
  let connection: RedisConnection | undefined;
  try {
    const either = AbortSignal.any([signal, deadline.signal]);
    connection = await RedisConnection.over(await dial(current, either), settings.limits);
    await greet(connection, current, state, either);
    return connection;
  } catch (error) {
    connection?.dispose();
    if (signal.aborted) throw cancelled();
    throw await explain(error, deadline.signal.aborted ? openTimeoutMs : undefined, connection?.lastWords, current, clock, signal);
  } finally {
    timer.dispose();
  }
}

/** With the login that was typed, else with the one that is made for this connection. */
async function withLogin(options: RedisSessionOptions, state: ConnectionState, signal: AbortSignal): Promise<RedisSessionOptions> {
  const { login: _, loginSource, ...anonymous } = options;
  if (state.login) return { ...anonymous, login: state.login };
  if (!loginSource) return anonymous;
  if (loginSource.kind === 'iam' && options.tls === 'off') throw iamNeedsTls(options);
  const login = await loginSource.fresh(signal);
  return { ...anonymous, login, loginSource };
}

async function greet(
  connection: RedisConnection,
  options: RedisSessionOptions,
  state: ConnectionState,
  signal: AbortSignal,
): Promise<void> {
  const { login } = options;
  if (login) {
    const reply = await connection.call(authentication(login), signal);
    if (reply.type === 'error' && !isLoginNotNeeded(reply.text)) throw refusedFault(reply.text, options);
  }
  const pong = await connection.call(['PING'], signal);
  if (pong.type === 'error' && !isAnswerEnough(pong.text)) throw refusedFault(pong.text, options);
  if (state.protocol === 3) accept(await connection.call(['HELLO', '3'], signal), options);
  // Only a replica of a cluster knows the word; to others it is of no use.
  if (options.readOnly) await connection.call(['READONLY'], signal);
  if (state.database !== 0) accept(await connection.call(['SELECT', String(state.database)], signal), options);
}

/** The command that logs in; holds a secret. */
export function authentication({ username, password }: RedisLogin): string[] {
  return ['AUTH', ...(username === undefined ? [] : [username]), password];
}

function accept(reply: RespValue, options: RedisSessionOptions): void {
  if (reply.type === 'error') throw refusedFault(reply.text, options);
}

async function explain(
  error: unknown,
  timeoutMs: number | undefined,
  lastWords: string | undefined,
  options: RedisSessionOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<Fault> {
  if (lastWords !== undefined) return refusedFault(lastWords, options);
  const silent = timeoutMs !== undefined || (isFault(error) && error.code === 'redis.connectionLost');
  if (!silent) return dialFault(error, options);
  // Servers that require TLS close, or leave open, a connection that begins in plain text.
  if (options.tls === 'off' && (await answersTls(options, clock, signal))) return tlsRequired(options);
  return timeoutMs === undefined ? closedUnanswered(options) : timedOut(timeoutMs, options);
}

async function answersTls(options: RedisSessionOptions, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const deadline = new AbortController();
  const timer = clock.schedule(TLS_CHECK_MS, () => deadline.abort());
  try {
    return await speaksTls(options, AbortSignal.any([signal, deadline.signal]));
  } finally {
    timer.dispose();
  }
}
