import { BUNDLED_TABLE } from './bundledTable';
import type { ArgumentDoc, CommandDoc, CommandDocs } from './docs';

/** Name, type, keyword, flags (1 optional, 2 multiple, 4 its keyword is repeated), children. */
export type BundledArgument =
  | readonly [name: string, type: string, token?: string, flags?: number]
  | readonly [name: string, type: string, token: string, flags: number, children: readonly BundledArgument[]];

/** `deprecated` is empty where the command is not; else what replaces it, or since when it is. */
export type BundledCommand = readonly [
  name: string,
  summary: string,
  since: string,
  group: string,
  complexity: string,
  deprecated: string,
  args: readonly BundledArgument[],
];

let docs: CommandDocs | undefined;

/** What Redis 7.0 says of its commands, for servers that do not say it themselves. */
export function bundledDocs(): CommandDocs {
  docs ??= new Map(BUNDLED_TABLE.map((entry) => [entry[0], commandOf(entry)]));
  return docs;
}

function commandOf([, summary, since, group, complexity, deprecated, args]: BundledCommand): CommandDoc {
  return { summary, since, group, complexity, ...(deprecated !== '' && { deprecated }), args: args.map(argumentOf) };
}

function argumentOf([name, type, token = '', flags = 0, children = []]: BundledArgument): ArgumentDoc {
  return {
    name,
    type,
    ...(token !== '' && { token }),
    optional: (flags & 1) !== 0,
    multiple: (flags & 2) !== 0,
    multipleToken: (flags & 4) !== 0,
    children: children.map(argumentOf),
  };
}
