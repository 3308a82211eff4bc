import type { Completion, CompletionCandidate } from '../types';
import type { CommandDoc, CommandDocs } from './docs';
import { typedLine, type TypedLine } from './line';
import { after, expected, hintOf, type Syntax, syntaxOf } from './syntax';

/** What a line is completed to, and the beginning of the key that is being typed, if it is one. */
export interface LineCompletion extends Completion {
  readonly key?: { readonly prefix: Buffer; readonly quoted: boolean };
}

export const MAX_CANDIDATES = 200;
const NOTHING: LineCompletion = { from: 0, candidates: [], hint: '' };

/**
 * What may be written at the cursor of a line. Pure.
 * @param cursor UTF-16 units
 */
export function complete(line: string, cursor: number, docs: CommandDocs): LineCompletion {
  const typed = typedLine(line, cursor);
  if (!typed) return NOTHING;
  const [name] = typed.words;
  const atEnd = line.slice(cursor).trim() === '';
  const found = name === undefined ? atCommand(typed, docs) : atArgument(typed, docs);
  const { from } = typed;
  return { from, ...found, candidates: withoutEcho(found.candidates, typed), hint: atEnd ? spaced(found.hint, typed) : '' };
}

type Found = Omit<LineCompletion, 'from'>;

function atCommand({ current }: TypedLine, docs: CommandDocs): Found {
  const typed = text(current).toLowerCase();
  const names = [...docs.keys(), 'help'].filter((name) => !name.includes('|'));
  const doc = docs.get(typed);
  return {
    candidates: candidatesOf('command', names, text(current), (name) => docs.get(name)?.summary ?? ''),
    hint: doc ? hintOfCommand(typed, doc, docs) : '',
    ...(doc && { about: aboutOf(typed, doc) }),
  };
}

function atArgument({ words, current, quoted }: TypedLine, docs: CommandDocs): Found {
  const [name, ...args] = words.map(text) as [string, ...string[]];
  const command = name.toLowerCase();
  const typed = text(current);
  if (command === 'help' || command === '?') return atHelp(args, typed, docs);
  const subcommands = subcommandsOf(command, docs);
  if (subcommands.length === 0) return atWord(command, args, { typed, current, quoted, name }, docs);
  const [sub, ...rest] = args;
  if (sub !== undefined) return atWord(`${command}|${sub.toLowerCase()}`, rest, { typed, current, quoted, name }, docs);
  const full = `${command}|${typed.toLowerCase()}`;
  const doc = docs.get(full);
  const shown = doc ?? docs.get(command);
  return {
    candidates: candidatesOf('subcommand', subcommands, typed || name, (each) => docs.get(`${command}|${each}`)?.summary ?? '', typed),
    hint: doc ? hintOf(syntaxOf(doc.args)) : '',
    ...(shown && { about: aboutOf(doc ? full : command, shown) }),
  };
}

interface CurrentWord {
  readonly typed: string;
  readonly current: Buffer;
  readonly quoted: boolean;
  /** The command as it was typed, whose letters a keyword follows. */
  readonly name: string;
}

function atWord(command: string, args: readonly string[], { typed, current, quoted, name }: CurrentWord, docs: CommandDocs): Found {
  const doc = docs.get(command);
  if (!doc) return { candidates: [], hint: '' };
  const about = aboutOf(command, doc);
  let rest: Syntax | undefined = syntaxOf(doc.args);
  for (const arg of args) rest = rest && after(rest, arg);
  if (!rest) return { candidates: [], hint: '', about };
  const { tokens, types } = expected(rest);
  const keywords = tokens.filter((token) => /^[a-z]/i.test(token)).map((token) => token.toLowerCase());
  const next = typed === '' && !quoted ? rest : after(rest, typed);
  return {
    candidates: quoted ? [] : candidatesOf('keyword', keywords, typed || name, () => '', typed),
    hint: next ? hintOf(next) : '',
    about,
    ...(types.has('key') && { key: { prefix: current, quoted } }),
  };
}

function atHelp(args: readonly string[], typed: string, docs: CommandDocs): Found {
  const [command] = args;
  if (command !== undefined) {
    const subcommands = args.length === 1 ? subcommandsOf(command.toLowerCase(), docs) : [];
    return { candidates: candidatesOf('subcommand', subcommands, typed || command, () => '', typed), hint: '' };
  }
  const groups = [...new Set([...docs.values()].map(({ group }) => `@${group}`))].filter((group) => group !== '@');
  const names = [...docs.keys()].filter((name) => !name.includes('|'));
  return {
    candidates: typed.startsWith('@') ? candidatesOf('keyword', groups, 'a', () => '', typed) : candidatesOf('command', names, typed, (name) => docs.get(name)?.summary ?? ''),
    hint: typed === '' ? '[command|@group]' : '',
  };
}

/** `like`: whose letters are followed, large or small; `prefix`: what a candidate has to begin with. */
function candidatesOf(
  kind: CompletionCandidate['kind'],
  names: readonly string[],
  like: string,
  detail: (name: string) => string,
  prefix = like,
): CompletionCandidate[] {
  const wanted = prefix.toLowerCase();
  const small = /[a-z]/.test(like) && !/[A-Z]/.test(like);
  return names
    .filter((name) => name.startsWith(wanted))
    .toSorted()
    .slice(0, MAX_CANDIDATES)
    .map((name) => ({ kind, text: small ? name : name.toUpperCase(), detail: detail(name) }));
}

/** Names of a container's subcommands, without the container. */
export function subcommandsOf(container: string, docs: CommandDocs): string[] {
  const start = `${container}|`;
  return [...docs.keys()].filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
}

/** A word that is complete already is no news. */
function withoutEcho(candidates: readonly CompletionCandidate[], { current }: TypedLine): readonly CompletionCandidate[] {
  return candidates.length === 1 && candidates[0]!.text.toLowerCase() === text(current).toLowerCase() ? [] : candidates;
}

function hintOfCommand(name: string, doc: CommandDoc, docs: CommandDocs): string {
  return subcommandsOf(name, docs).length > 0 && doc.args.length === 0 ? 'subcommand [arg ...]' : hintOf(syntaxOf(doc.args));
}

function spaced(hint: string, { current, quoted }: TypedLine): string {
  return hint !== '' && (current.length > 0 || quoted) ? ` ${hint}` : hint;
}

function aboutOf(name: string, { summary, since, complexity, deprecated }: CommandDoc): NonNullable<Completion['about']> {
  return { command: displayName(name), summary, since, complexity, ...(deprecated !== undefined && { deprecated }) };
}

/** `CONFIG GET` of `config|get`. */
export function displayName(name: string): string {
  return name.replace('|', ' ').toUpperCase();
}

function text(word: Buffer): string {
  return word.toString('utf8');
}
