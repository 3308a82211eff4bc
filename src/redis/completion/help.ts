import { word } from '../commands';
import { displayName, subcommandsOf } from './complete';
import type { CommandDoc, CommandDocs } from './docs';
import { hintOf, syntaxOf } from './syntax';

const INTRODUCTION = `To get help about commands type:
      "HELP @<group>" to get a list of commands in <group>
      "HELP <command>" for help on <command>
      "HELP <tab>" to get a list of possible help topics`;

/** Whether a line asks for the console's own help, which no server answers. */
export function isHelp(args: readonly Buffer[]): boolean {
  const name = word(args, 0);
  return name === 'help' || name === '?';
}

/** The text of `HELP`, `HELP command` and `HELP @group`, laid out as redis-cli's. */
export function helpText(args: readonly Buffer[], docs: CommandDocs): string {
  if (args.length < 2) return `${INTRODUCTION}\n\nGroups: ${groupsOf(docs).map((group) => `@${group}`).join(' ')}`;
  const topic = args.slice(1).map((_, index) => word(args, index + 1));
  if (topic[0]!.startsWith('@')) return helpOnGroup(topic[0]!.slice(1), docs);
  const name = topic.join('|');
  const names = [...(docs.has(name) ? [name] : []), ...subcommandsOf(name, docs).map((sub) => `${name}|${sub}`)];
  if (names.length === 0) return `There is no help on "${topic.join(' ').slice(0, 100)}".`;
  return names.map((each) => entryOf(each, docs.get(each)!)).join('\n');
}

function helpOnGroup(group: string, docs: CommandDocs): string {
  const names = [...docs.keys()].filter((name) => docs.get(name)!.group === group).toSorted();
  if (names.length === 0) return `There is no group "@${group.slice(0, 100)}". Groups: ${groupsOf(docs).map((each) => `@${each}`).join(' ')}`;
  return names.map((name) => entryOf(name, docs.get(name)!)).join('\n');
}

function groupsOf(docs: CommandDocs): string[] {
  return [...new Set([...docs.values()].map(({ group }) => group))].filter((group) => group !== '').toSorted();
}

function entryOf(name: string, { summary, since, group, complexity, deprecated, args }: CommandDoc): string {
  const lines = [`  ${displayName(name)} ${hintOf(syntaxOf(args))}`.trimEnd(), `  summary: ${summary}`];
  if (since !== '') lines.push(`  since: ${since}`);
  lines.push(`  group: ${group}`);
  if (complexity !== '') lines.push(`  complexity: ${complexity}`);
  if (deprecated !== undefined) lines.push(`  deprecated: ${deprecated === '' ? 'yes' : deprecated}`);
  return `${lines.join('\n')}\n`;
}
