import type { SsmSessionLimits } from '../model/ssmSession';

/** Holds an account's Session Manager preferences in a region; absent until someone has saved them. */
export const PREFERENCES_DOCUMENT = 'SSM-SessionManagerRunShell';

/** Largest values that the preferences take, minutes (Systems Manager user guide, Session Manager preferences). */
const MAX_DURATION_MINUTES = 1440;
const MAX_IDLE_MINUTES = 60;

/**
 * The limits in the content of the preferences: `inputs.maxSessionDuration` and `inputs.idleSessionTimeout`, minutes as
 * strings. What is empty, out of range or unreadable is absent.
 */
export function limitsOf(content: string): SsmSessionLimits {
  const inputs = member(parsed(content), 'inputs');
  const maxSessionMs = minutes(member(inputs, 'maxSessionDuration'), MAX_DURATION_MINUTES);
  const idleMs = minutes(member(inputs, 'idleSessionTimeout'), MAX_IDLE_MINUTES);
  return { ...(maxSessionMs !== undefined && { maxSessionMs }), ...(idleMs !== undefined && { idleMs }) };
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** In ms. Documents that were written by hand have numbers too. */
function minutes(value: unknown, most: number): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{1,4}$/.test(text)) return undefined;
  const count = Number(text);
  return count >= 1 && count <= most ? count * 60_000 : undefined;
}
