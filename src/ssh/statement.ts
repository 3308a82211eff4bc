import { matchWords, printable } from './configLine';
import type { Directive } from './configLine';
import { parsePort, parseTime } from './configValues';
import type { JumpHost, Origin } from './hostConfig';
import { parseJump } from './jump';
import { optionSpec, YES_NO } from './keywords';
import type { OptionSpec } from './keywords';

/** One criterion of a Match line. */
export interface Criterion {
  /** In lower case. */
  readonly name: string;
  readonly negated: boolean;
  /** Absent for `all`, `canonical` and `final`. */
  readonly argument?: string;
}

/** A checked directive: everything that can be said of it without knowing the host. */
export type Statement =
  | { readonly kind: 'host'; readonly patterns: readonly string[]; readonly origin: Origin }
  | { readonly kind: 'match'; readonly criteria: readonly Criterion[]; readonly origin: Origin }
  | { readonly kind: 'include'; readonly patterns: readonly string[]; readonly origin: Origin }
  | { readonly kind: 'option'; readonly option: string; readonly values: readonly string[]; readonly origin: Origin }
  | { readonly kind: 'jump'; readonly hops: readonly JumpHost[] | undefined; readonly origin: Origin }
  | { readonly kind: 'unknown'; readonly keyword: string; readonly origin: Origin };

export type Checked = { readonly statement?: Statement } | { readonly problem: string };

/** OpenSSH's check of one directive (readconf.c process_config_line). Values of options that tunnels ignore are not looked at. */
export function checkDirective(directive: Directive, origin: Origin, platform: NodeJS.Platform): Checked {
  const spec = optionSpec(directive.keyword, platform);
  if (!spec) return { statement: { kind: 'unknown', keyword: directive.keyword, origin } };
  const { args } = directive;
  switch (spec.kind) {
    case 'deprecated':
    case 'ignored':
      return {};
    case 'host':
      if (args.includes('')) return { problem: `keyword ${directive.keyword} empty argument` };
      return { statement: { kind: 'host', patterns: args, origin } };
    case 'include':
      if (args.includes('')) return { problem: `keyword ${directive.keyword} empty argument` };
      return { statement: { kind: 'include', patterns: args, origin } };
    case 'match':
      return checkMatch(directive.rest, origin);
    case 'jump':
      return checkJump(directive.rest, origin);
    case 'rest':
      return option(spec, [directive.rest.replace(/^[ \t\r\n=]+/, '')], origin);
    case 'files':
    case 'words':
      return checkWords(spec, directive, origin);
    case 'flag':
    case 'choice':
    case 'string':
    case 'number':
    case 'port':
    case 'time':
    case 'algorithms':
    case 'identity':
    case 'agent':
      return checkSingle(spec.kind, spec, directive, origin);
  }
}

function option(spec: OptionSpec, values: readonly string[], origin: Origin): Checked {
  return { statement: { kind: 'option', option: spec.name, values, origin } };
}

function checkJump(rest: string, origin: Origin): Checked {
  const written = rest.replace(/^[ \t\r\n=]+/, '');
  const hops = parseJump(written);
  if (hops === 'invalid') return { problem: `Invalid ProxyJump "${printable(written)}"` };
  return { statement: { kind: 'jump', hops, origin } };
}

function checkWords(spec: OptionSpec, directive: Directive, origin: Origin): Checked {
  const { args } = directive;
  if (args.includes('')) return { problem: `keyword ${directive.keyword} empty argument` };
  if (args.length > 1 && args.some((arg) => arg.toLowerCase() === 'none')) {
    return { problem: `keyword ${directive.keyword} "none" argument must appear alone.` };
  }
  if (args.length === 0) {
    return spec.kind === 'files' ? {} : { problem: `no ${directive.keyword} specified` };
  }
  return option(spec, args, origin);
}

function checkSingle(kind: SingleKind, spec: OptionSpec, directive: Directive, origin: Origin): Checked {
  const [value, ...extra] = directive.args;
  if (value === undefined || value === '') return { problem: 'Missing argument.' };
  const read = readValue(kind, spec, value);
  if ('problem' in read) return read;
  if (extra.length > 0) return { problem: `keyword ${directive.keyword} extra arguments at end of line` };
  return read.value === undefined ? {} : option(spec, [read.value], origin);
}

/** Kinds that take exactly one argument. */
type SingleKind = 'flag' | 'choice' | 'string' | 'number' | 'port' | 'time' | 'algorithms' | 'identity' | 'agent';

type Reading = { readonly value: string | undefined } | { readonly problem: string };

function readValue(kind: SingleKind, spec: OptionSpec, value: string): Reading {
  switch (kind) {
    case 'flag':
    case 'choice': {
      const allowed = spec.choices ?? YES_NO;
      const key = value.toLowerCase();
      return Object.hasOwn(allowed, key) ? { value: allowed[key]! } : { problem: `unsupported option "${printable(value)}".` };
    }
    case 'number':
      return /^[+-]?\d{1,10}$/.test(value) && Math.abs(Number(value)) < 2 ** 31
        ? { value: String(Number(value)) }
        : { problem: `integer value invalid: "${printable(value)}".` };
    case 'port':
      return parsePort(value) === undefined ? { problem: `Bad port '${printable(value)}'.` } : { value: String(parsePort(value)) };
    case 'time': {
      // `none` leaves the option unset, so that a later line still counts: OpenSSH's -1 stands for both.
      if (value === 'none') return { value: undefined };
      const seconds = parseTime(value);
      return seconds === undefined ? { problem: 'invalid time value.' } : { value: String(seconds) };
    }
    case 'agent':
      if (/^\$(?!\{)/.test(value) && !/^\$[A-Za-z_][A-Za-z0-9_]*$/.test(value)) {
        return { problem: `Invalid environment name ${printable(value.slice(1))}.` };
      }
      return { value };
    case 'string':
    case 'algorithms':
    case 'identity':
      return { value };
  }
}

const ALONE = new Set(['canonical', 'final']);
/** Known to OpenSSH 9.2; those of later versions are taken, and never match (`Evaluation.criterion`). */
const WITH_ARGUMENT = new Set([
  'host', 'originalhost', 'user', 'localuser', 'exec', 'tagged', 'localnetwork', 'command', 'sessiontype', 'version',
]);

function checkMatch(rest: string, origin: Origin): Checked {
  const words = matchWords(rest);
  if (!words) return { problem: 'Bad Match condition: a quote is not closed' };
  const criteria: Criterion[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const negated = word.startsWith('!');
    const name = (negated ? word.slice(1) : word).toLowerCase();
    if (name === 'all') {
      if (criteria.length > 1 || at + 1 < words.length) {
        return { problem: `'${printable(word)}' cannot be combined with other Match attributes` };
      }
      criteria.push({ name, negated });
    } else if (ALONE.has(name)) {
      criteria.push({ name, negated });
    } else if (WITH_ARGUMENT.has(name)) {
      const argument = words[++at];
      if (argument === undefined) return { problem: `Missing Match criteria for ${name}` };
      criteria.push({ name, negated, argument });
    } else {
      return { problem: `Unsupported Match attribute ${printable(name)}` };
    }
  }
  if (criteria.length === 0) return { problem: 'One or more attributes required for Match' };
  return { statement: { kind: 'match', criteria, origin } };
}
