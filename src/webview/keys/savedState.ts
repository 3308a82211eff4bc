import type { Draft } from './drafts';

/** What survives when VS Code throws the page away because its tab is hidden. Keys and values come from the extension again. */
export interface SavedState {
  readonly version: 1;
  readonly separator: string;
  /** What the filter's box holds, searched for or not. */
  readonly pattern: string;
  /** Folders that are open. */
  readonly expanded: readonly string[];
  readonly drafts: readonly (readonly [string, Draft])[];
}

const DEFAULT_SEPARATOR = ':';
/** Longest separator. */
export const MAX_SEPARATOR = 8;
const MAX_EXPANDED = 1000;
const MAX_CHARS = 4096;

export function savedState(state: Omit<SavedState, 'version'>): SavedState {
  return { ...state, version: 1, expanded: state.expanded.slice(-MAX_EXPANDED) };
}

/** What a saved state stands for; anything that does not look like one is the beginning. The drafts are looked at by `Drafts`. */
export function restoreState(value: unknown): { readonly separator: string; readonly pattern: string | undefined; readonly expanded: readonly string[]; readonly drafts: unknown } {
  const { version, separator, pattern, expanded, drafts } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof SavedState, unknown>>;
  const isOurs = version === 1;
  return {
    separator: isOurs && typeof separator === 'string' && separator.length <= MAX_SEPARATOR ? separator : DEFAULT_SEPARATOR,
    pattern: isOurs && typeof pattern === 'string' && pattern.length <= MAX_CHARS ? pattern : undefined,
    expanded: isOurs && Array.isArray(expanded) ? expanded.filter((one): one is string => typeof one === 'string').slice(-MAX_EXPANDED) : [],
    drafts: isOurs ? drafts : undefined,
  };
}
