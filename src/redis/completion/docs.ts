import type { RespValue } from '../../wire/resp';

/** One argument of a command, as `COMMAND DOCS` describes it (redis.io, "Redis command arguments"). */
export interface ArgumentDoc {
  /** What a hint shows for it. */
  readonly name: string;
  /** `key`, `string`, `integer`, `double`, `pattern`, `unix-time`, `pure-token`, `oneof`, `block`; a later version may have others. */
  readonly type: string;
  /** The keyword before it, or the whole of a `pure-token`. */
  readonly token?: string;
  readonly optional: boolean;
  readonly multiple: boolean;
  /** Whether the keyword is repeated with each repetition. */
  readonly multipleToken: boolean;
  /** Of `oneof` and `block`. */
  readonly children: readonly ArgumentDoc[];
}

/** What is known of a command. Texts are one line each, bounded, and without control characters. */
export interface CommandDoc {
  readonly summary: string;
  /** Version, e.g. `2.6.12`; empty where it is not known. */
  readonly since: string;
  /** e.g. `string`, `sorted-set`. */
  readonly group: string;
  readonly complexity: string;
  /** What replaces it, or since when it is deprecated; absent where it is not deprecated. */
  readonly deprecated?: string;
  readonly args: readonly ArgumentDoc[];
}

/** By name in lower case; a subcommand's is `container|subcommand`. */
export type CommandDocs = ReadonlyMap<string, CommandDoc>;

const MAX_COMMANDS = 5000;
/** Of one command: the longest of Redis and its modules have about a hundred. */
const MAX_ARGUMENTS = 500;
/** A repetition is printed twice, so each further level may double a hint. */
const MAX_DEPTH = 6;
const MAX_TEXT = 300;
const MAX_NAME = 64;

/** How much may still be read. */
interface Budget {
  left: number;
}

/**
 * Reads the reply to COMMAND DOCS, in RESP2 or RESP3. What does not look like documentation is left out, so a server that
 * refuses yields an empty table. What it says is hostile text: lengths, depth and numbers are bounded.
 */
export function parseCommandDocs(reply: RespValue): CommandDocs {
  const found = new Map<string, CommandDoc>();
  addCommands(reply, found, { left: MAX_COMMANDS }, 0);
  return found;
}

function addCommands(value: RespValue, found: Map<string, CommandDoc>, budget: Budget, depth: number): void {
  for (const [key, doc] of entriesOf(value)) {
    const name = textOf(key, MAX_NAME).toLowerCase();
    if (name === '' || budget.left-- <= 0) continue;
    const fields = new Map(entriesOf(doc).map(([field, content]) => [textOf(field, MAX_NAME), content]));
    const text = (field: string): string => textOf(fields.get(field), MAX_TEXT);
    const flags = wordsOf(fields.get('doc_flags'));
    found.set(name, {
      summary: text('summary'),
      since: text('since'),
      group: text('group'),
      complexity: text('complexity'),
      ...(flags.has('deprecated') && { deprecated: text('replaced_by') || text('deprecated_since') }),
      args: argumentsOf(fields.get('arguments'), { left: MAX_ARGUMENTS }, 0),
    });
    const subcommands = fields.get('subcommands');
    if (subcommands && depth === 0) addCommands(subcommands, found, budget, 1);
  }
}

function argumentsOf(value: RespValue | undefined, budget: Budget, depth: number): readonly ArgumentDoc[] {
  if (depth > MAX_DEPTH) return [];
  return itemsOf(value).flatMap((item): ArgumentDoc[] => {
    if (budget.left-- <= 0) return [];
    const fields = new Map(entriesOf(item).map(([field, content]) => [textOf(field, MAX_NAME), content]));
    const text = (field: string): string => textOf(fields.get(field), MAX_NAME);
    const flags = wordsOf(fields.get('flags'));
    const token = text('token');
    return [
      {
        name: text('display_text') || text('name'),
        type: text('type'),
        ...(token !== '' && { token }),
        optional: flags.has('optional'),
        multiple: flags.has('multiple'),
        multipleToken: flags.has('multiple_token'),
        children: argumentsOf(fields.get('arguments'), budget, depth + 1),
      },
    ];
  });
}

/** RESP2 has a list of fields and values where RESP3 has a map. */
function entriesOf(value: RespValue | undefined): readonly (readonly [RespValue, RespValue])[] {
  if (value?.type === 'map') return value.entries;
  const items = itemsOf(value);
  return Array.from({ length: Math.floor(items.length / 2) }, (_, index) => [items[2 * index]!, items[2 * index + 1]!]);
}

function itemsOf(value: RespValue | undefined): readonly RespValue[] {
  return value?.type === 'array' || value?.type === 'set' ? value.items : [];
}

function wordsOf(value: RespValue | undefined): ReadonlySet<string> {
  return new Set(itemsOf(value).map((item) => textOf(item, MAX_NAME)));
}

function textOf(value: RespValue | undefined, limit: number): string {
  if (value?.type === 'status') return oneLine(value.text, limit);
  if (value?.type === 'bulk' || value?.type === 'verbatim') return oneLine(value.bytes.subarray(0, 4 * limit).toString('utf8'), limit);
  return '';
}

/** Control and formatting characters (which turn the direction of text, or hide it) become blanks. */
function oneLine(text: string, limit: number): string {
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain;
}
