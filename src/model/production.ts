import type { Tag } from './target';

/** By which facts a target counts as production; what is empty decides nothing. */
export interface ProductionRules {
  /** `KEY=VALUE`, both in any case of letters, with `*` for any characters in the value. */
  readonly tags: readonly string[];
  /** Ids of accounts, twelve digits. */
  readonly accounts: readonly string[];
  /** A word of the name such as `prod`; with a `*` in it, a pattern for the whole name. In any case of letters. */
  readonly namePatterns: readonly string[];
}

/** What is known of the target. */
export interface ProductionFacts {
  /** Its ARN, which carries the account. */
  readonly id: string;
  readonly name: string;
  /** Absent where nobody has told. */
  readonly tags?: readonly Tag[];
}

/** Why a target counts as production. */
export type ProductionReason =
  | { readonly fact: 'tag'; readonly tag: Tag }
  | { readonly fact: 'account'; readonly accountId: string }
  | { readonly fact: 'name'; readonly pattern: string };

/** Every reason for which the target counts as production; none when it does not. Pure. */
export function productionReasons({ id, name, tags = [] }: ProductionFacts, rules: ProductionRules): readonly ProductionReason[] {
  const tagged = tags.filter((tag) => rules.tags.some((rule) => tagMatches(tag, rule)));
  // arn:partition:service:region:account:resource
  const account = id.split(':')[4] ?? '';
  const listed = account !== '' && rules.accounts.some((each) => each.trim() === account);
  const pattern = rules.namePatterns.find((each) => nameMatches(name, each.trim().toLowerCase()));
  return [
    ...tagged.map((tag) => ({ fact: 'tag', tag }) as const),
    ...(listed ? [{ fact: 'account', accountId: account } as const] : []),
    ...(pattern === undefined ? [] : [{ fact: 'name', pattern } as const]),
  ];
}

export function isProduction(target: ProductionFacts, rules: ProductionRules): boolean {
  return productionReasons(target, rules).length > 0;
}

function tagMatches({ key, value }: Tag, rule: string): boolean {
  const at = rule.indexOf('=');
  if (at < 1) return false;
  const [wantedKey, wantedValue] = [rule.slice(0, at), rule.slice(at + 1)].map((part) => part.trim().toLowerCase()) as [string, string];
  return key.trim().toLowerCase() === wantedKey && matches(value.trim().toLowerCase(), wantedValue);
}

/** Words in front of which `prod` says the opposite, as in `non-prod`. */
const NEGATIONS = new Set(['non', 'not', 'no', 'pre']);

function nameMatches(name: string, pattern: string): boolean {
  if (pattern === '') return false;
  const text = name.toLowerCase();
  if (pattern.includes('*')) return matches(text, pattern);
  const words = text.split(/[^\p{L}\p{N}]+/u);
  return words.some((each, index) => each === pattern && !NEGATIONS.has(words[index - 1] ?? ''));
}

/** Whether the whole text fits; each part between stars is looked for once, so no pattern is slow. */
function matches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  const last = rest.pop()!;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
