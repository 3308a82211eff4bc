import type { Verdict } from './classify';

/** What becomes of a command: it runs, a person is asked first, or it must not run at all. */
export type Decision = 'run' | 'confirm' | 'name' | 'readOnly';

/**
 * Production is read-only until writes are allowed, and there the name of the target is asked for before what is dangerous;
 * elsewhere a yes is enough. `slow` means that the size was asked for and is large, or is not known.
 */
export function decide(verdict: Verdict, production: boolean, writesAllowed: boolean): Decision {
  if (production && verdict.writes && !writesAllowed) return 'readOnly';
  if (verdict.class === 'dangerous') return production ? 'name' : 'confirm';
  return verdict.class === 'slow' ? 'confirm' : 'run';
}
