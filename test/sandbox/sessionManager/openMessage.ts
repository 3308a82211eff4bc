// The first message on a data channel's WebSocket: JSON text that carries the token.

export interface OpenMessage {
  readonly requestId: string;
  readonly tokenValue: string;
  readonly clientId: string;
  /** Four dotted numbers. */
  readonly clientVersion: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const FIELDS: Readonly<Record<string, RegExp>> = {
  MessageSchemaVersion: /^1\.0$/,
  RequestId: UUID,
  TokenValue: /^\S+$/,
  ClientId: UUID,
  ClientVersion: /^\d+(\.\d+){3}$/,
};

/** Undefined unless the text is a JSON object with exactly the five fields, each a string of its form. */
export function parseOpenMessage(text: string): OpenMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  if (Object.keys(fields).length !== Object.keys(FIELDS).length) return undefined;
  for (const [name, form] of Object.entries(FIELDS)) {
    const field = fields[name];
    if (typeof field !== 'string' || !form.test(field)) return undefined;
  }
  const { RequestId, TokenValue, ClientId, ClientVersion } = fields as Readonly<Record<keyof typeof FIELDS, string>>;
  return { requestId: RequestId!, tokenValue: TokenValue!, clientId: ClientId!, clientVersion: ClientVersion! };
}
