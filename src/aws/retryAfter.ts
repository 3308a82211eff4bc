/** A service that asks for more is asked again all the same: it cannot know that somebody waits. Ms. */
const LONGEST_MS = 20_000;

interface Answered {
  /** Put there by the SDK's clients, and by ours. */
  readonly $response?: { readonly headers?: Readonly<Record<string, unknown>> };
}

/**
 * How long the service asks to be left alone, ms; 0 when it does not say. `Retry-After` is seconds or a date (RFC 9110,
 * section 10.2.3); `x-amz-retry-after`, which some services send instead, is milliseconds.
 * @param wall now, ms since the epoch
 */
export function retryAfterMs(error: unknown, wall: number): number {
  const headers = ((error ?? {}) as Answered).$response?.headers ?? {};
  const inMs = number(headers['x-amz-retry-after']);
  const after = headers['retry-after'];
  const seconds = number(after);
  const asked = inMs ?? (seconds === undefined ? untilDate(after, wall) : seconds * 1000);
  return Math.min(LONGEST_MS, Math.max(0, asked));
}

function number(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,9}$/.test(value.trim()) ? Number(value) : undefined;
}

function untilDate(value: unknown, wall: number): number {
  const at = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? 0 : at - wall;
}
