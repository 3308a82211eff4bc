import type { Verdict } from './classify';

/** What a person is asked before something runs. */
export interface GuardQuestion {
  /** `name`: the target's name has to be typed; a yes is enough otherwise. */
  readonly kind: 'confirm' | 'name';
  /** At least one; each command once. */
  readonly verdicts: readonly Verdict[];
  /** Lines of the paste that it is about; 1 for a line that was typed. */
  readonly lines: number;
  /** How large what a slow command reads is; absent for dangerous ones, and where it could not be asked. */
  readonly size?: { readonly count: number; readonly unit: 'elements' | 'keys' | 'bytes' };
}

/** What the console that a session belongs to says about its target. Absent: nothing is guarded. */
export interface GuardPorts {
  /** Whether facts say that it is a production target. */
  readonly production: () => boolean;
  /** Whether the person has allowed writes, at this moment; only asked of a production target. */
  readonly writesAllowed: () => boolean;
  /** False refuses. Throws `operation.cancelled` when the signal fires first. */
  readonly ask: (question: GuardQuestion, signal: AbortSignal) => Promise<boolean>;
  /**
   * Told of each name that no table knows, whenever it is judged, and what it is in truth, both in lower case: the own name of a
   * command that was renamed, the same name where there is no such command, undefined where nobody can say.
   */
  readonly onUnknown?: (name: string, own: string | undefined) => void;
}
