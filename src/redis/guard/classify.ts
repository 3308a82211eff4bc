import { word } from '../commands';
import { bundledClass, type CommandClass, isContainer } from './commandTable';
import type { CommandFacts, ServerCommands } from './serverCommands';
import { type SizeProbe, slownessOf } from './slowness';

/** What one command would do. */
export interface Verdict {
  /** In capitals, e.g. `CONFIG SET`; without arguments, so without secrets. */
  readonly command: string;
  readonly class: CommandClass;
  /** Whether it changes data or the server; the slow and the dangerous may or may not. */
  readonly writes: boolean;
  /** Of a slow command: how large what it reads is; absent where that cannot be asked cheaply. */
  readonly size?: SizeProbe;
}

/** What is known of the server: its own table, and the commands that its configuration has renamed. */
export interface Knowledge {
  readonly commands: ServerCommands;
  /** New name in lower case → own name. */
  readonly aliases: ReadonlyMap<string, string>;
}

export const NO_KNOWLEDGE: Knowledge = { commands: new Map(), aliases: new Map() };

const MAX_NAME = 64;

/**
 * Judges a command by the table of ours and by the flags of the server, whichever is the stricter; what neither knows is a write.
 * Pure. The transaction around it is the guard's affair.
 * @param args a command as it is sent, the name first; at least one
 */
export function classify(args: readonly Buffer[], { commands, aliases }: Knowledge = NO_KNOWLEDGE): Verdict {
  const typed = word(args, 0);
  const name = aliases.get(typed) ?? typed;
  const container = commands.get(name)?.container === true || isContainer(name);
  const full = container && args.length > 1 ? `${name}|${word(args, 1)}` : name;
  // An unknown subcommand has the flags of its container, which may be none at all: that decides nothing.
  const facts = commands.get(full);
  const known = refined(full, args, bundledClass(full));
  const slowness = slownessOf(name, args);
  const writes = known === undefined ? !isReading(facts) : writesByTable(full, known) || facts?.flags.has('write') === true;
  const strict = known ?? classOfUnknown(facts, writes);
  const verdict = { command: full.replace('|', ' ').toUpperCase().slice(0, MAX_NAME), writes };
  if (strict === 'dangerous') return { ...verdict, class: 'dangerous' };
  if (slowness) return { ...verdict, class: 'slow', ...(slowness.probe && { size: slowness.probe }) };
  if (strict === 'slow') return { ...verdict, class: 'slow' };
  return { ...verdict, class: writes ? 'write' : 'read' };
}

/** Whether `args` are words that neither table knows: the server may still tell what they were renamed from. */
export function isUnknown(args: readonly Buffer[], { commands, aliases }: Knowledge): boolean {
  const name = word(args, 0);
  return !aliases.has(name) && !commands.has(name) && !isContainer(name) && bundledClass(name) === undefined;
}

function writesByTable(full: string, known: CommandClass): boolean {
  return known === 'write' || (known === 'dangerous' && full !== 'keys' && full !== 'monitor');
}

function isReading(facts: CommandFacts | undefined): boolean {
  return facts !== undefined && facts.flags.has('readonly') && !facts.flags.has('write');
}

function classOfUnknown(facts: CommandFacts | undefined, writes: boolean): CommandClass {
  const dangerous = facts?.flags.has('@dangerous') === true || facts?.flags.has('admin') === true;
  if (dangerous) return writes ? 'dangerous' : 'slow';
  return writes ? 'write' : 'read';
}

/** Arguments that make a command better or worse than its name. */
function refined(full: string, args: readonly Buffer[], known: CommandClass | undefined): CommandClass | undefined {
  switch (full) {
    case 'keys':
      return /^\*+$/.test(word(args, 1)) ? 'dangerous' : known;
    case 'acl|log':
      return word(args, 2) === 'reset' ? 'write' : known;
    case 'restore':
    case 'restore-asking':
      return args.some((_, index) => index >= 4 && word(args, index) === 'replace') ? 'dangerous' : known;
    default:
      return known;
  }
}
