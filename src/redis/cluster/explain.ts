import { quotedKey } from '../completion/keyNames';
import { word } from '../commands';
import { explainRefusal, type ManagedService } from '../managedLimits';
import { slotOf } from './slots';

/** What an error reply means for whoever typed the command, beyond what it says; undefined where it says enough. */
export interface ErrorContext {
  readonly managed: ManagedService | undefined;
  /** The keys of the command. */
  readonly keys: readonly Buffer[];
  /** Whether redirections are followed (one that is shown nevertheless has its reasons), never are, or are not for a line that names its node. */
  readonly followed: 'yes' | 'never' | 'addressed';
}

const MOST_KEYS = 4;

export function explainError(args: readonly Buffer[], errorText: string, { managed, keys, followed }: ErrorContext): string | undefined {
  if (errorText.startsWith('CROSSSLOT')) return crossSlot(keys);
  const noDatabase = /not allowed in cluster mode/i.test(errorText) || (followed !== 'never' && /DB index is out of range/i.test(errorText));
  if (word(args, 0) === 'select' && noDatabase) {
    return 'A cluster has database 0 alone, unless it is Valkey 9 or later and configured for more (cluster-databases). Use prefixes of keys instead.';
  }
  const [, slot, at] = /^(?:MOVED|ASK) (\d+) (\S+)/.exec(errorText) ?? [];
  if (slot !== undefined && followed === 'never') return `Slot ${slot} is at ${at}, and this console talks to one node alone. In the console of the whole cluster redirections are followed.`;
  if (slot !== undefined && followed === 'addressed') return `Slot ${slot} is at ${at}. Without @ the command goes there.`;
  return explainRefusal(args, errorText, managed);
}

function crossSlot(keys: readonly Buffer[]): string {
  const named = keys.slice(0, MOST_KEYS).map((key) => `${quotedKey(key.subarray(0, 80), true)} is in slot ${slotOf(key)}`);
  const more = keys.length > MOST_KEYS ? ', …' : '';
  const where = named.length > 1 ? `${named.join(', ')}${more}. ` : '';
  return `${where}All keys of one command have to be in one slot: run one command per key, or name them with one hash tag, as in {a}:x and {a}:y.`;
}
