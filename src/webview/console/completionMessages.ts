/** The two messages of completion, as both sides parse them. */

/** Longest line that is completed, UTF-16 units: nobody types more by hand. */
export const MAX_COMPLETED_CHARS = 4096;
const MAX_CANDIDATES = 200;
/** A key of 512 bytes with an escape for each has this much. */
const MAX_TEXT = 2100;

export interface CandidateMessage {
  readonly kind: 'command' | 'subcommand' | 'keyword' | 'key';
  readonly text: string;
  readonly detail: string;
}

/** The answer to `complete`; a second one with the same `id` has the names of keys, too. */
export interface CompletionMessage {
  readonly type: 'completion';
  readonly id: number;
  /** Where the word begins that a candidate replaces, up to the cursor. */
  readonly from: number;
  readonly candidates: readonly CandidateMessage[];
  /** To be shown behind the line. */
  readonly hint: string;
  /** Of the command at the cursor. `deprecated`: what replaces it, maybe nothing; null where it is not. */
  readonly about: {
    readonly command: string;
    readonly summary: string;
    readonly since: string;
    readonly complexity: string;
    readonly deprecated: string | null;
  } | null;
}

interface CompleteMessage {
  readonly type: 'complete';
  readonly id: number;
  readonly line: string;
  readonly cursor: number;
  readonly explicit: boolean;
}

/** From the page; undefined for anything that is none. */
export function parseComplete(value: object): CompleteMessage | undefined {
  const { id, line, cursor, explicit } = value as Partial<Record<keyof CompleteMessage, unknown>>;
  if (!isCount(id) || typeof line !== 'string' || line.length > MAX_COMPLETED_CHARS || typeof explicit !== 'boolean') return undefined;
  return isCount(cursor) && cursor <= line.length ? { type: 'complete', id, line, cursor, explicit } : undefined;
}

/** To the page; undefined for anything that is none. */
export function parseCompletion(value: object): CompletionMessage | undefined {
  const { id, from, candidates, hint, about } = value as Partial<Record<keyof CompletionMessage, unknown>>;
  if (!isCount(id) || !isCount(from) || !isText(hint) || !Array.isArray(candidates) || candidates.length > MAX_CANDIDATES) return undefined;
  const parsed = candidates.map(parseCandidate);
  const parsedAbout = about === null ? null : parseAbout(about);
  if (parsedAbout === undefined || !parsed.every((candidate) => candidate !== undefined)) return undefined;
  return { type: 'completion', id, from, candidates: parsed, hint, about: parsedAbout };
}

function parseCandidate(value: unknown): CandidateMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, text, detail } = value as Partial<Record<keyof CandidateMessage, unknown>>;
  if (kind !== 'command' && kind !== 'subcommand' && kind !== 'keyword' && kind !== 'key') return undefined;
  return isText(text) && isText(detail) ? { kind, text, detail } : undefined;
}

function parseAbout(value: unknown): NonNullable<CompletionMessage['about']> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { command, summary, since, complexity, deprecated } = value as Record<string, unknown>;
  if (!isText(command) || !isText(summary) || !isText(since) || !isText(complexity)) return undefined;
  return deprecated === null || isText(deprecated) ? { command, summary, since, complexity, deprecated } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
