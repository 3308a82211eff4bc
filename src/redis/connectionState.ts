import type { RespValue } from '../wire/resp';
import { word } from './commands';
import type { RedisLogin } from './types';

/**
 * What the commands that were typed have made of the connection, as far as it is made good after a reconnect.
 * Names, CLIENT settings, WATCH and scripts' debug modes are not.
 */
export interface ConnectionState {
  readonly database: number;
  readonly protocol: 2 | 3;
  /** The login that worked last, whether it came with the options or was typed. */
  readonly login?: RedisLogin;
  /** Inside MULTI; `database` once a SELECT is queued in it. */
  readonly transaction?: { readonly database?: number };
}

export function initialState(login: RedisLogin | undefined): ConnectionState {
  return { database: 0, protocol: 2, ...(login && { login }) };
}

/** After the connection was lost: a transaction is gone with it. */
export function stateAfterLoss(state: ConnectionState): ConnectionState {
  return withTransaction(state, undefined);
}

/** The state after `reply` answered `args`. Pure; what it does not understand changes nothing. */
export function stateAfterReply(state: ConnectionState, args: readonly Buffer[], reply: RespValue): ConnectionState {
  const name = word(args, 0);
  if (name === 'exec' || name === 'discard') return afterTransaction(state, name, reply);
  if (reply.type === 'error') return state;
  switch (name) {
    case 'multi':
      return withTransaction(state, {});
    case 'select':
      return afterSelect(state, args);
    case 'auth':
      return queued(reply) ? state : withLogin(state, loginOf(args.slice(1)));
    case 'hello':
      return queued(reply) ? state : afterHello(state, args);
    case 'reset':
      // The login stays: it is what a new connection of this session logs in with.
      return withTransaction({ ...state, database: 0, protocol: 2 }, undefined);
    default:
      return state;
  }
}

function afterTransaction(state: ConnectionState, name: string, reply: RespValue): ConnectionState {
  // An EXEC of the wrong form leaves the transaction open; EXECABORT ends it.
  if (reply.type === 'error' && !(name === 'exec' && reply.text.startsWith('EXECABORT'))) return state;
  const carriedOut = name === 'exec' && reply.type === 'array';
  const database = (carriedOut ? state.transaction?.database : undefined) ?? state.database;
  return withTransaction({ ...state, database }, undefined);
}

function afterSelect(state: ConnectionState, args: readonly Buffer[]): ConnectionState {
  const database = Number(word(args, 1));
  if (!Number.isInteger(database) || database < 0) return state;
  return state.transaction ? withTransaction(state, { database }) : { ...state, database };
}

function afterHello(state: ConnectionState, args: readonly Buffer[]): ConnectionState {
  const version = word(args, 1);
  const next: ConnectionState = version === '3' || version === '2' ? { ...state, protocol: version === '3' ? 3 : 2 } : state;
  const auth = args.findIndex((_, index) => index > 1 && word(args, index) === 'auth');
  return auth < 0 ? next : withLogin(next, loginOf(args.slice(auth + 1, auth + 3)));
}

function loginOf([first, second]: readonly Buffer[]): RedisLogin | undefined {
  if (!first) return undefined;
  return second ? { username: first.toString(), password: second.toString() } : { password: first.toString() };
}

function withLogin(state: ConnectionState, login: RedisLogin | undefined): ConnectionState {
  return login ? { ...state, login } : state;
}

function withTransaction(state: ConnectionState, transaction: ConnectionState['transaction']): ConnectionState {
  const { transaction: _, ...rest } = state;
  return transaction ? { ...rest, transaction } : rest;
}

function queued(reply: RespValue): boolean {
  return reply.type === 'status' && reply.text === 'QUEUED';
}
