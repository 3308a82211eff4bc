import type { Bastion, BastionObstacle } from './bastion';
import { bastionKey, bastionObstacle } from './bastion';
import type { NetworkFacts, Passage } from './network';
import { passage } from './network';
import { bastionPrivilege } from './privilege';
import type { PoliciesByIdentity, Privilege } from './privilege';
import type { Target, TargetEndpoint } from './target';

/** A tag by which people mark their bastions; any value will do where none is given. */
export interface BastionTag {
  readonly key: string;
  readonly value?: string;
}

export const DEFAULT_BASTION_TAG: BastionTag = { key: 'sallyport', value: 'bastion' };

/** What is known besides the bastions themselves; what is absent is not known. */
export interface RankingEvidence {
  readonly network?: NetworkFacts;
  /** Absent: nobody has asked, and then nobody is preferred for how little it may do. */
  readonly policies?: PoliciesByIdentity;
  /** TCP port of the endpoint that is wanted. */
  readonly port?: number;
  /** Key of the bastion that the person has chosen for this target before, see `bastionKey`; or `DIRECT_KEY`. */
  readonly chosen?: string;
  /** `DEFAULT_BASTION_TAG` unless told. */
  readonly tag?: BastionTag;
}

/** How near the bastion's network is to the target's. */
export type Reach = 'same' | 'peered' | 'unknown' | 'other';

/** Why a bastion is where it is in the order; the words are made where they are shown. */
export type ReasonCode =
  | BastionObstacle
  | 'chosenBefore'
  | 'tagged'
  | 'sameVpc'
  | 'peeredVpc'
  | 'otherVpc'
  | 'networkUnknown'
  | 'permitted'
  | 'blocked'
  | 'rulesUnknown'
  | 'online'
  | 'statusUnknown'
  | 'agentSuffices'
  | 'agentUnknown'
  | 'noRole'
  | 'minimalRole'
  | 'wideRole'
  | 'mayBeReplaced';

export interface RankedBastion {
  readonly bastion: Bastion;
  /** Higher is better; only the order of scores of one ranking means something. */
  readonly score: number;
  /** At least one, the weightiest first. */
  readonly reasons: readonly ReasonCode[];
  readonly reach: Reach;
  /** Why it certainly cannot be used now. */
  readonly obstacle?: BastionObstacle;
  /** Name of the policy behind the reason `wideRole`. */
  readonly widePolicy?: string;
  /** Whether it may be taken without asking: its network reaches the target's, or the person has chosen it before. A tag says neither. */
  readonly automatic: boolean;
}

/** What is remembered where the person has chosen to go without a bastion. No bastion has this key. */
export const DIRECT_KEY = 'direct';

/** Why an endpoint may be reached without a bastion; the words are made where they are shown. */
export type DirectReason =
  | 'chosenBefore'
  /** AWS calls it public. */
  | 'public'
  /** A custom target of which nobody has said that it stands in a VPC. */
  | 'noVpc'
  /** A custom target in a VPC: the person's own network may lead there. */
  | 'ownNetwork';

/** The way without a bastion. */
export interface DirectWay {
  /** At least one, the weightiest first. */
  readonly reasons: readonly DirectReason[];
  /** Whether it may be taken without asking. */
  readonly automatic: boolean;
}

/**
 * Whether the endpoint may be reached without a bastion; undefined where it is private as far as anybody knows.
 * Security groups may still let in nobody from here: only a try tells, and takes seconds.
 */
export function rankDirect({ kind, vpcId }: Target, endpoint: TargetEndpoint, { chosen }: RankingEvidence): DirectWay | undefined {
  const isChosen = chosen === DIRECT_KEY;
  const reason = endpoint.public ? 'public' : kind !== 'custom' ? undefined : vpcId === undefined ? 'noVpc' : 'ownNetwork';
  if (reason === undefined) return undefined;
  return { reasons: isChosen ? ['chosenBefore', reason] : [reason], automatic: isChosen || reason !== 'ownNetwork' };
}

/** One thing known of a bastion: what it is worth, and what it is called. */
interface Mark {
  readonly points: number;
  readonly reason?: ReasonCode;
}

// What cannot work is last, a person's choice is first, and a tag wins over other bastions of the same VPC and of peered
// ones; but a marked bastion whose network may not get there loses to any that stands in the VPC itself.
const USABLE = 100_000;
const BLOCKED = -10_000;
const CHOSEN = 5_000;
const TAGGED = 700;
const REACH: Readonly<Record<Reach, Mark>> = {
  same: { points: 1_000, reason: 'sameVpc' },
  peered: { points: 850, reason: 'peeredVpc' },
  unknown: { points: 100, reason: 'networkUnknown' },
  other: { points: 0, reason: 'otherVpc' },
};
const PASSAGE: Readonly<Record<Passage, Mark>> = {
  permitted: { points: 100, reason: 'permitted' },
  unknown: { points: 0, reason: 'rulesUnknown' },
  denied: { points: BLOCKED, reason: 'blocked' },
};

const LASTING = 5;
// Less than anything else counts: it only decides between equals.
const PRIVILEGE: Readonly<Record<Privilege['level'], Mark>> = {
  none: { points: 2, reason: 'noRole' },
  minimal: { points: 2, reason: 'minimalRole' },
  unknown: { points: 1 },
  wide: { points: 0, reason: 'wideRole' },
};

/**
 * The bastions through which the target may be reached, the best first and those that certainly cannot be used now last.
 * Left out are those of other accounts and regions, and those of another VPC of which nothing says that it leads to the
 * target's: no peering, no tag, no earlier choice. The order is total, and that of the input does not matter.
 * Of those that are equal in all else the one that is allowed less comes first, as far as the policies of their roles are known.
 */
export function rankBastions(target: Target, candidates: readonly Bastion[], evidence: RankingEvidence): RankedBastion[] {
  return candidates
    .filter(({ place }) => place.accountId === target.place.accountId && place.region === target.place.region)
    .map((bastion) => ranked(target, bastion, evidence))
    .filter(({ reach, reasons }) => reach !== 'other' || reasons.includes('tagged') || reasons.includes('chosenBefore'))
    .toSorted(
      (a, b) =>
        b.score - a.score ||
        collator.compare(a.bastion.name, b.bastion.name) ||
        // The collator calls different texts equal; this never does.
        (a.bastion.id < b.bastion.id ? -1 : Number(a.bastion.id > b.bastion.id)),
    );
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** `KEY=VALUE`, or `KEY` for any value; `DEFAULT_BASTION_TAG` for an empty text. */
export function parseBastionTag(text: string): BastionTag {
  const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text.trim()) ?? [];
  if (key.trim() === '') return DEFAULT_BASTION_TAG;
  return value === undefined ? { key: key.trim() } : { key: key.trim(), value: value.trim() };
}

/**
 * The bastions of which it matters how much they are allowed to do: the best that may be taken without asking, where there are
 * several that differ in nothing but their roles.
 */
export function equalBest(ranking: readonly RankedBastion[]): readonly Bastion[] {
  const candidates = ranking.filter(({ automatic, obstacle }) => automatic && obstacle === undefined);
  const best = candidates.filter(({ score }) => score === candidates[0]?.score).map(({ bastion }) => bastion);
  return new Set(best.map(({ kind, identityArn }) => identityArn ?? kind)).size > 1 ? best : [];
}

/** Whether facts about the network could change which bastion is taken: hardly while one alone stands in the target's VPC. */
export function networkMatters(ranking: readonly RankedBastion[]): boolean {
  const usable = ranking.filter(({ obstacle }) => obstacle === undefined);
  const [only, another] = usable.filter(({ reach }) => reach === 'same');
  if (!only || another) return true;
  const atBest = REACH.peered.points + PASSAGE.permitted.points;
  return usable.some(({ reach, score }) => reach === 'other' && score + atBest > only.score);
}

function ranked(target: Target, bastion: Bastion, { network, policies, port, chosen, tag = DEFAULT_BASTION_TAG }: RankingEvidence): RankedBastion {
  const obstacle = bastionObstacle(bastion);
  const reach = reachOf(target, bastion, network);
  const isChosen = chosen !== undefined && chosen === bastionKey(bastion);
  const privilege = policies && bastionPrivilege(bastion, policies);
  const rules = passageTo(target, bastion, reach, network, port);
  const marks: Mark[] = [
    obstacle ? { points: 0, reason: obstacle } : { points: USABLE },
    ...(rules === 'denied' ? [PASSAGE.denied] : []),
    isChosen ? { points: CHOSEN, reason: 'chosenBefore' } : { points: 0 },
    hasTag(bastion, tag) ? { points: TAGGED, reason: 'tagged' } : { points: 0 },
    REACH[reach],
    ...(rules === 'denied' ? [] : [PASSAGE[rules]]),
    ...(obstacle ? [] : agentMarks(bastion)),
    bastion.kind === 'ecs' ? { points: 0, reason: 'mayBeReplaced' } : { points: LASTING },
    ...(privilege ? [PRIVILEGE[privilege.level]] : []),
  ];
  return {
    bastion,
    score: marks.reduce((sum, { points }) => sum + points, 0),
    reasons: marks.flatMap(({ reason }) => reason ?? []),
    reach,
    ...(obstacle && { obstacle }),
    ...(privilege?.level === 'wide' && { widePolicy: privilege.policy }),
    automatic: reach === 'same' || reach === 'peered' || isChosen,
  };
}

function agentMarks({ managed, agentVersion }: Bastion): Mark[] {
  return [
    managed === 'unknown' ? { points: 0, reason: 'statusUnknown' } : { points: 40, reason: 'online' },
    // One that is too old is an obstacle, and an unknown one is refused by the data channel if need be.
    agentVersion === undefined ? { points: 0, reason: 'agentUnknown' } : { points: 20, reason: 'agentSuffices' },
  ];
}

function reachOf({ vpcId: to }: Target, { vpcId: from }: Bastion, network: NetworkFacts | undefined): Reach {
  if (to === undefined || from === undefined) return 'unknown';
  if (from === to) return 'same';
  return network?.peerings?.some(([one, other]) => (one === from && other === to) || (one === to && other === from)) ? 'peered' : 'other';
}

function hasTag({ tags = {} }: Bastion, { key, value }: BastionTag): boolean {
  return Object.hasOwn(tags, key) && (value === undefined || tags[key] === value);
}

function passageTo(target: Target, bastion: Bastion, reach: Reach, network: NetworkFacts | undefined, port: number | undefined): Passage {
  if (!network?.groups || port === undefined) return 'unknown';
  const { kind, securityGroupIds, privateAddresses } = bastion;
  const source = {
    related: reach === 'same' || reach === 'peered',
    // A task has groups that nobody has asked for; a hybrid node has none.
    ...(kind !== 'ecs' && { groupIds: securityGroupIds }),
    // Between a hybrid node and the VPC addresses may be translated.
    ...(kind !== 'hybrid' && privateAddresses && { addresses: privateAddresses }),
  };
  return passage(source, target.securityGroupIds, port, network.groups);
}
