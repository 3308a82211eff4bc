import type { ArgumentDoc } from './docs';

/**
 * What may still be written, as an expression over words. What remains of it after a word (its derivative) says what comes
 * next, and printed it is the hint: one thing serves completion and hints alike.
 */
export type Syntax =
  /** A keyword. */
  | { readonly kind: 'token'; readonly token: string }
  /** Any word of a type. */
  | { readonly kind: 'word'; readonly name: string; readonly type: string }
  | { readonly kind: 'sequence'; readonly items: readonly Syntax[] }
  | { readonly kind: 'oneOf'; readonly items: readonly Syntax[] }
  | { readonly kind: 'optional'; readonly item: Syntax }
  /** Optional ones that stand side by side, which the server takes in any order, each once. */
  | { readonly kind: 'options'; readonly items: readonly Syntax[] }
  /** Once or more. */
  | { readonly kind: 'repeated'; readonly item: Syntax };

const NOTHING: Syntax = { kind: 'sequence', items: [] };
/** UTF-16 units of a hint: more than a line shows. */
const MAX_HINT = 500;

/** How strictly a word has to fit: keywords first, then words of the right type, then whatever stands there. */
const FITS = ['token', 'typed', 'any'] as const;
type Fit = (typeof FITS)[number];

export function syntaxOf(args: readonly ArgumentDoc[]): Syntax {
  const items: Syntax[] = [];
  for (const arg of args) {
    const item = syntaxOfArgument(arg);
    const last = items.at(-1);
    if (!arg.optional) items.push(item);
    else if (last?.kind === 'options') items[items.length - 1] = { kind: 'options', items: [...last.items, item] };
    else items.push({ kind: 'options', items: [item] });
  }
  return sequence(items);
}

function syntaxOfArgument(arg: ArgumentDoc): Syntax {
  const token: Syntax[] = arg.token === undefined ? [] : [{ kind: 'token', token: arg.token }];
  const content = contentOf(arg);
  if (!arg.multiple) return sequence([...token, ...content]);
  if (arg.multipleToken || content.length === 0) return { kind: 'repeated', item: sequence([...token, ...content]) };
  return sequence([...token, { kind: 'repeated', item: sequence(content) }]);
}

function contentOf({ name, type, children }: ArgumentDoc): Syntax[] {
  if (type === 'pure-token') return [];
  if (type === 'oneof') return [{ kind: 'oneOf', items: children.map(syntaxOfArgument) }];
  return [type === 'block' ? syntaxOf(children) : { kind: 'word', name, type }];
}

/** What may follow `word`; undefined when it cannot stand there. */
export function after(syntax: Syntax, word: string): Syntax | undefined {
  for (const fit of FITS) {
    const rest = derive(syntax, word, fit);
    if (rest) return rest;
  }
  return undefined;
}

function derive(syntax: Syntax, word: string, fit: Fit): Syntax | undefined {
  switch (syntax.kind) {
    case 'token':
      return fit === 'token' && isToken(word, syntax.token) ? NOTHING : undefined;
    case 'word':
      return fit === 'any' || (fit === 'typed' && isOfType(word, syntax.type)) ? NOTHING : undefined;
    case 'optional':
      return derive(syntax.item, word, fit);
    case 'repeated': {
      const rest = derive(syntax.item, word, fit);
      return rest && sequence([rest, { kind: 'optional', item: syntax }]);
    }
    case 'oneOf':
      return firstOf(syntax.items, (item) => derive(item, word, fit));
    case 'options':
      return firstOf(syntax.items, (item, index) => {
        const rest = derive(item, word, fit);
        return rest && sequence([rest, { kind: 'options', items: syntax.items.toSpliced(index, 1) }]);
      });
    case 'sequence':
      return deriveSequence(syntax.items, word, fit);
  }
}

function deriveSequence(items: readonly Syntax[], word: string, fit: Fit): Syntax | undefined {
  for (const [index, item] of items.entries()) {
    const rest = derive(item, word, fit);
    if (rest) return sequence([rest, ...items.slice(index + 1)]);
    if (!mayBeEmpty(item)) return undefined;
  }
  return undefined;
}

function firstOf<T>(items: readonly Syntax[], pick: (item: Syntax, index: number) => T | undefined): T | undefined {
  for (const [index, item] of items.entries()) {
    const picked = pick(item, index);
    if (picked !== undefined) return picked;
  }
  return undefined;
}

/** The keywords and the types of words that may come next. */
export function expected(syntax: Syntax): { readonly tokens: readonly string[]; readonly types: ReadonlySet<string> } {
  const tokens = new Set<string>();
  const types = new Set<string>();
  const visit = (each: Syntax): void => {
    switch (each.kind) {
      case 'token':
        tokens.add(each.token);
        break;
      case 'word':
        types.add(each.type);
        break;
      case 'optional':
      case 'repeated':
        visit(each.item);
        break;
      case 'oneOf':
      case 'options':
        each.items.forEach(visit);
        break;
      case 'sequence':
        for (const item of each.items) {
          visit(item);
          if (!mayBeEmpty(item)) break;
        }
    }
  };
  visit(syntax);
  return { tokens: [...tokens], types };
}

/** As redis-cli writes it: `key [NX|XX] [EX seconds|KEEPTTL]`, cut at 500 characters. */
export function hintOf(syntax: Syntax): string {
  const hint = print(syntax);
  return hint.length > MAX_HINT ? `${hint.slice(0, MAX_HINT)}…` : hint;
}

function print(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'token':
      return syntax.token;
    case 'word':
      return syntax.name;
    case 'sequence':
      return syntax.items.map(print).join(' ');
    case 'oneOf':
      return syntax.items.map(print).join('|');
    case 'optional':
      // What was repeated once may be so again.
      return `[${syntax.item.kind === 'repeated' ? `${print(syntax.item.item)} ...` : print(syntax.item)}]`;
    case 'options':
      return syntax.items.map((item) => `[${print(item)}]`).join(' ');
    case 'repeated': {
      const once = print(syntax.item);
      return `${once} [${once} ...]`;
    }
  }
}

function sequence(items: readonly Syntax[]): Syntax {
  const flat = items.flatMap((item) => {
    if (item.kind === 'sequence') return item.items;
    return item.kind === 'options' && item.items.length === 0 ? [] : [item];
  });
  return flat.length === 1 ? flat[0]! : { kind: 'sequence', items: flat };
}

function mayBeEmpty(syntax: Syntax): boolean {
  switch (syntax.kind) {
    case 'token':
    case 'word':
      return false;
    case 'optional':
    case 'options':
      return true;
    case 'repeated':
      return mayBeEmpty(syntax.item);
    case 'oneOf':
      return syntax.items.some(mayBeEmpty);
    case 'sequence':
      return syntax.items.every(mayBeEmpty);
  }
}

function isToken(word: string, token: string): boolean {
  // MIGRATE's keyword for many keys is an empty word.
  return word.toLowerCase() === token.toLowerCase() || (word === '' && token === '""');
}

function isOfType(word: string, type: string): boolean {
  switch (type) {
    case 'integer':
    case 'unix-time':
      return /^[+-]?\d+$/.test(word);
    case 'double':
      return /^[+-]?(?:inf|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)$/i.test(word);
    default:
      return true;
  }
}
