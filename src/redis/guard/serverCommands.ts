import type { RespValue } from '../../wire/resp';

/** What the server itself says of a command. */
export interface CommandFacts {
  /** Its own name in lower case, whatever the server's configuration has renamed it to; `name|subcommand` of a subcommand. */
  readonly name: string;
  /** In lower case: `write`, `readonly`, `admin`, …; ACL categories with their `@` (Redis 6 and later). */
  readonly flags: ReadonlySet<string>;
  /** Whether it has subcommands of its own (Redis 7 and later). */
  readonly container: boolean;
}

/** By name in lower case. */
export type ServerCommands = ReadonlyMap<string, CommandFacts>;

/**
 * Reads the reply to COMMAND or COMMAND INFO, of any version, in RESP2 or RESP3 (redis.io, "COMMAND"). What does not look like
 * an entry is left out: the table of ours judges it then.
 */
export function serverCommands(reply: RespValue): ServerCommands {
  const found = new Map<string, CommandFacts>();
  for (const entry of itemsOf(reply)) addEntry(entry, found);
  return found;
}

function addEntry(entry: RespValue, found: Map<string, CommandFacts>): void {
  const fields = itemsOf(entry);
  const name = textOf(fields[0])?.toLowerCase();
  if (name === undefined) return;
  // Name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands.
  const flags = new Set([...itemsOf(fields[2]), ...itemsOf(fields[6])].flatMap((flag) => textOf(flag)?.toLowerCase() ?? []));
  const subcommands = itemsOf(fields[9]);
  found.set(name, { name, flags, container: subcommands.length > 0 });
  for (const subcommand of subcommands) addEntry(subcommand, found);
}

function itemsOf(value: RespValue | undefined): readonly RespValue[] {
  return value?.type === 'array' || value?.type === 'set' ? value.items : [];
}

function textOf(value: RespValue | undefined): string | undefined {
  if (value?.type === 'status') return value.text;
  return value?.type === 'bulk' ? value.bytes.toString('latin1') : undefined;
}
