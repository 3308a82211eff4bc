import { isSecretLine } from '../../model/redisSecrets';
import { isViews } from '../protocol';
import { EMPTY_MODEL, type ConsoleModel, type Entry, MAX_ENTRIES, type Outcome } from './model';

/**
 * What survives when VS Code throws the page away because its tab is hidden: no secret line, no secret reply, and no waiting
 * lines, so that nothing runs by itself later. The history is kept by the extension.
 */
export interface SavedState {
  readonly version: 1;
  readonly nextId: number;
  readonly entries: readonly Entry[];
  readonly draft: string;
}

/** VS Code serialises the state at every change: much less than what is on the screen. UTF-16 units. */
const MAX_SAVED_CHARS = 256 * 1024;

export function savedState(model: ConsoleModel, draft: string): SavedState {
  const entries: Entry[] = [];
  let chars = 0;
  for (const entry of model.entries.toReversed()) {
    const saved = storable(entry);
    chars += saved.shown.length + ('text' in saved.outcome ? saved.outcome.text.length : 0);
    if (chars > MAX_SAVED_CHARS) break;
    entries.push(saved);
  }
  return { version: 1, nextId: model.nextId, entries: entries.toReversed(), draft: isSecretLine(draft, model.renames) ? '' : draft };
}

function storable(entry: Entry): Entry {
  const { outcome } = entry;
  if (!entry.fleeting) return entry;
  if (outcome.kind === 'readOnly') return { ...entry, outcome: { ...outcome, text: '•••' } };
  return 'text' in outcome ? { ...entry, outcome: { ...outcome, text: '•••', rows: 0, views: [] } } : entry;
}

/** The model that a saved state stands for; anything that does not look like one gives an empty console. */
export function restoreState(value: unknown): { model: ConsoleModel; draft: string } {
  const nothing = { model: EMPTY_MODEL, draft: '' };
  if (typeof value !== 'object' || value === null) return nothing;
  const { version, nextId, entries, draft } = value as Partial<Record<keyof SavedState, unknown>>;
  if (version !== 1 || !Number.isSafeInteger(nextId) || !Array.isArray(entries)) return nothing;
  return {
    model: { ...EMPTY_MODEL, nextId: nextId as number, entries: entries.filter(isEntry).slice(-MAX_ENTRIES) },
    draft: typeof draft === 'string' ? draft : '',
  };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { id, prompt, shown, fleeting, outcome } = value as Partial<Record<keyof Entry, unknown>>;
  const texts = typeof prompt === 'string' && typeof shown === 'string';
  return texts && Number.isSafeInteger(id) && typeof fleeting === 'boolean' && isOutcome(outcome);
}

function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, text, truncated, rows = 0, views = [], lines } = value as Partial<Record<'kind' | 'text' | 'truncated' | 'rows' | 'views' | 'lines', unknown>>;
  if (!Number.isSafeInteger(rows) || !isViews(views)) return false;
  if (kind === 'value' || kind === 'error' || kind === 'fault') return typeof text === 'string' && typeof truncated === 'boolean';
  if (kind === 'readOnly') return typeof text === 'string';
  if (kind === 'overflow') return Number.isSafeInteger(lines);
  return kind === 'running' || kind === 'cancelled' || kind === 'dropped' || kind === 'unanswered';
}
