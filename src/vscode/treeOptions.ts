import type { Bastion } from '../model/bastion';
import type { DiscoveryScope } from '../model/inventory';
import type { Target } from '../model/target';
import { engineText } from './wording';

/** By what the resources of a region stand together. */
export type Grouping = { readonly by: 'type' } | { readonly by: 'vpc' } | { readonly by: 'tag'; readonly key: string };

/** How the Resources view shows what is known. */
export interface TreeOptions {
  readonly grouping: Grouping;
  /** In lower case; a resource is shown when each of them occurs in it. Empty: no filter. */
  readonly words: readonly string[];
  /** Name tags of VPCs by `vpcKey`, as far as known. */
  readonly vpcNames: ReadonlyMap<string, string>;
}

export const DEFAULT_TREE: TreeOptions = { grouping: { by: 'type' }, words: [], vpcNames: new Map() };

/** A VPC that is shared has a name in each of its accounts. */
export function vpcKey({ profile, region }: DiscoveryScope, vpcId: string): string {
  return `${profile}/${region}/${vpcId}`;
}

/** UTF-16 units of the longest key of a tag: 128 characters (Tagging AWS resources, "Tag naming limits"), each two at most. */
const MAX_TAG_KEY = 256;
const TAG_PREFIX = 'tag:';

/** From the setting: `type`, `vpc` or `tag:KEY`; by type for anything else. */
export function parseGrouping(text: string): Grouping {
  const trimmed = text.trim();
  if (trimmed === 'vpc') return { by: 'vpc' };
  const key = trimmed.startsWith(TAG_PREFIX) ? trimmed.slice(TAG_PREFIX.length).trim() : '';
  return isTagKey(key) ? { by: 'tag', key } : { by: 'type' };
}

export function groupingText(grouping: Grouping): string {
  return grouping.by === 'tag' ? `${TAG_PREFIX}${grouping.key}` : grouping.by;
}

export function isTagKey(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_TAG_KEY && !/\p{Cc}/u.test(text);
}

/** Longer than any name, id or tag that one could look for. */
const MAX_FILTER = 300;

/** The words of a typed filter. */
export function filterWords(text: string): readonly string[] {
  return folded(text.slice(0, MAX_FILTER)).split(/\s+/u).filter((word) => word !== '');
}

/** Keyboards compose accented letters in one way, and tags hold them in either. */
function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

export function matches(resource: Target | Bastion, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = haystack(resource);
  return words.every((word) => text.includes(word));
}

// Resources are replaced and never changed, and each is looked at for every key that is pressed.
const HAYSTACKS = new WeakMap<Target | Bastion, string>();

function haystack(resource: Target | Bastion): string {
  let text = HAYSTACKS.get(resource);
  if (text === undefined) {
    // Line by line, so that no word is found across the end of one fact and the begin of the next.
    text = folded(('engine' in resource ? targetFacts(resource) : bastionFacts(resource)).join('\n'));
    HAYSTACKS.set(resource, text);
  }
  return text;
}

function targetFacts(target: Target): string[] {
  return [
    target.name,
    target.id,
    target.engine,
    engineText(target),
    target.status,
    target.vpcId ?? '',
    ...target.endpoints.flatMap(({ host, port, name = '' }) => [`${host}:${port}`, name]),
    ...target.securityGroupIds,
    ...(target.tags ?? []).map(({ key, value }) => `${key}=${value}`),
  ];
}

function bastionFacts(bastion: Bastion): string[] {
  return [
    bastion.name,
    bastion.id,
    bastion.state,
    bastion.platform ?? '',
    bastion.vpcId ?? '',
    bastion.ecs?.cluster ?? '',
    bastion.publicAddress ?? '',
    ...(bastion.privateAddresses ?? []),
    ...bastion.securityGroupIds,
    ...Object.entries(bastion.tags ?? {}).map(([key, value]) => `${key}=${value}`),
  ];
}

/** The value of a tag; undefined where it is not set; null where nobody has told the tags. */
export function tagValue(resource: Target | Bastion, key: string): string | undefined | null {
  if ('engine' in resource) return resource.tags ? resource.tags.find((tag) => tag.key === key)?.value : null;
  return resource.tags && Object.hasOwn(resource.tags, key) ? resource.tags[key] : undefined;
}

/** The keys of all tags, those that most resources have first. */
export function tagKeys(resources: readonly (Target | Bastion)[]): string[] {
  const counts = new Map<string, number>();
  for (const resource of resources) {
    const keys = 'engine' in resource ? (resource.tags ?? []).map(({ key }) => key) : Object.keys(resource.tags ?? {});
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, many], [b, more]) => more - many || a.localeCompare(b)).map(([key]) => key);
}
