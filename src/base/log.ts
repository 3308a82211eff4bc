export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured events with stable names (`area.what`); never localised, redacted at the sink. */
export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

export const nullLogger: Logger = { log: () => {} };

// Names of fields whose values are secrets wherever they occur.
const SECRET_FIELD = /token|streamurl|password|passphrase|secret|authorization|credential|accesskey|sessionkey/i;
// Secrets inside text: SigV4 query parameters, the data channel's token, and the arguments of Redis logins.
const SECRET_TEXT: readonly [RegExp, string][] = [
  [/(X-Amz-[A-Za-z-]+)=[^&\s"']+/g, '$1=[redacted]'],
  [/("?(?:TokenValue|StreamUrl|SecretAccessKey|SessionToken)"?\s*[:=]\s*"?)[^"\s,}]+/gi, '$1[redacted]'],
  [/\bAUTH\s+(?:"[^"]*"|\S+)(?:\s+(?:"[^"]*"|\S+))?/g, 'AUTH [redacted]'],
  // The login in a URL of a proxy, and the header made of it.
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#"']*@/gi, '$1[redacted]@'],
  [/(authorization"?\s*[:=]\s*"?)(?:Basic|Bearer)\s+[^\s",]+/gi, '$1[redacted]'],
  [/(requirepass|masterauth)\s+\S+/gi, '$1 [redacted]'],
];

/** The value with secrets replaced, safe to print. Depth and length are bounded. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (value instanceof Error) {
    const code = (value as { code?: unknown }).code;
    return { message: redactText(value.message), ...(typeof code === 'string' && { code }) };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= 4) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET_FIELD.test(key) && item !== undefined ? '[redacted]' : redact(item, depth + 1),
    ]),
  );
}

function redactText(text: string): string {
  let clean = text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
  for (const [pattern, replacement] of SECRET_TEXT) clean = clean.replace(pattern, replacement);
  return clean;
}

/** One line: the event's name, then its fields as JSON values; control characters are escaped by JSON itself. */
export function formatLogLine(event: string, fields: LogFields = {}): string {
  const parts = Object.entries(redact(fields) as LogFields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [event, ...parts].join(' ');
}
