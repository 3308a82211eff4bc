import { Fault } from '../../base/fault';

/** Flag payloads (uint32). */
export const Flag = {
  /** Client to agent, basic mode: the local connection has ended. */
  disconnectToPort: 1,
  /** Client to agent: end the session. */
  terminateSession: 2,
  /** Agent to client, multiplexed mode: a connection to the destination failed. */
  connectToPortError: 3,
} as const;

/** ActionStatus of a processed handshake action; anything but success cancels the session. */
export const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

export interface RequestedAction {
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface HandshakeRequest {
  /** Dotted quadruple. */
  readonly agentVersion: string;
  readonly actions: readonly RequestedAction[];
}

export interface ProcessedAction {
  readonly type: string;
  readonly status: number;
  readonly error: string;
  /** ActionResult; null on the wire when absent. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** What a data channel begins with; the token is a secret. */
export interface OpenFields {
  readonly requestId: string;
  readonly token: string;
  readonly clientId: string;
  readonly clientVersion: string;
}

/**
 * The first message on every WebSocket, as text; it is not answered. `clientId` stays the same when a session is
 * resumed.
 */
export function openMessage(fields: OpenFields): string {
  return JSON.stringify({
    MessageSchemaVersion: '1.0',
    RequestId: fields.requestId,
    TokenValue: fields.token,
    ClientId: fields.clientId,
    ClientVersion: fields.clientVersion,
  });
}

/** @throws Fault `ssm.protocol` */
export function parseHandshakeRequest(payload: Buffer): HandshakeRequest {
  const { AgentVersion: agentVersion, RequestedClientActions: actions } = parseJsonObject(payload, 'handshake request');
  if (typeof agentVersion !== 'string' || !Array.isArray(actions)) throw unreadable('handshake request');
  return {
    agentVersion: agentVersion.slice(0, 100),
    actions: actions.slice(0, 100).map((action: unknown) => {
      const { ActionType: type, ActionParameters: parameters } = asObject(action, 'handshake request');
      if (typeof type !== 'string') throw unreadable('handshake request');
      return { type, parameters: isObject(parameters) ? parameters : {} };
    }),
  };
}

export function handshakeResponse(clientVersion: string, actions: readonly ProcessedAction[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      ClientVersion: clientVersion,
      ProcessedClientActions: actions.map(({ type, status, error, result }) => ({
        ActionType: type,
        ActionStatus: status,
        ActionResult: result ?? null,
        Error: error,
      })),
      Errors: errorsOf(actions),
    }),
  );
}

function errorsOf(actions: readonly ProcessedAction[]): readonly string[] | null {
  const errors = actions.map(({ error }) => error).filter((error) => error !== '');
  return errors.length > 0 ? errors : null;
}

/**
 * The message that an administrator shows to whoever opens a session; empty when there is none. @throws Fault
 * `ssm.protocol`
 */
export function parseHandshakeComplete(payload: Buffer): string {
  const { CustomerMessage: message } = parseJsonObject(payload, 'handshake completion');
  return typeof message === 'string' ? message.slice(0, 4096) : '';
}

/** Longest challenge that is read, bytes; agents send 64, sealed. */
const MAX_CHALLENGE_BYTES = 4096;

/** The sealed bytes of a challenge request. @throws Fault `ssm.protocol` */
export function parseChallenge(payload: Buffer): Buffer {
  const { Challenge: challenge } = parseJsonObject(payload, 'encryption challenge');
  if (typeof challenge !== 'string' || challenge.length > MAX_CHALLENGE_BYTES) throw unreadable('encryption challenge');
  return Buffer.from(challenge, 'base64');
}

/** The answer to a challenge: the same bytes, sealed by us. */
export function challengeResponse(sealed: Uint8Array): Buffer {
  return Buffer.from(JSON.stringify({ Challenge: Buffer.from(sealed).toString('base64') }));
}

/** The reason that `channel_closed` gives; empty when it gives none. @throws Fault `ssm.protocol` */
export function parseChannelClosed(payload: Buffer): string {
  const { Output: output } = parseJsonObject(payload, 'channel end');
  return typeof output === 'string' ? output.trim().slice(0, 4096) : '';
}

export function flagPayload(flag: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(flag);
  return payload;
}

/** The size of a terminal. Agents of port sessions acknowledge it and do nothing (amazon-ssm-agent, port plugin). */
export function sizePayload(): Buffer {
  return Buffer.from('{"cols":80,"rows":24}');
}

/** Undefined when the payload is not a uint32. */
export function parseFlag(payload: Buffer): number | undefined {
  return payload.length === 4 ? payload.readUInt32BE(0) : undefined;
}

/** Decimal text; undefined when it is something else. */
export function parseExitCode(payload: Buffer): number | undefined {
  const text = payload.toString('latin1').trim();
  return /^-?\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** @throws Fault `ssm.protocol` */
export function parseJsonObject(payload: Buffer, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    throw unreadable(what);
  }
  return asObject(value, what);
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw unreadable(what);
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(what: string): Fault {
  // The text itself stays out of the message: it comes from the far side and may be anything.
  return new Fault('ssm.protocol', `The Session Manager ${what} cannot be read.`, { retryable: true });
}
