import { addressBytes, samePrefix } from '../base/address';

/** What is permitted by one rule of a security group (EC2 IpPermission). */
export interface GroupRule {
  /** As EC2 spells it: `tcp`, `udp`, a protocol number, or `-1` for all, where the ports say nothing. */
  readonly protocol: string;
  /** Absent: 0. */
  readonly from?: number;
  /** Absent: 65535. */
  readonly to?: number;
  /** Both families. */
  readonly cidrs: readonly string[];
  readonly groupIds: readonly string[];
  readonly prefixListIds: readonly string[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly ingress: readonly GroupRule[];
  readonly egress: readonly GroupRule[];
}

/** What the network says; what is absent could not be read. */
export interface NetworkFacts {
  /** Pairs of VPC ids whose peering is active. */
  readonly peerings?: readonly (readonly [string, string])[];
  readonly groups?: readonly SecurityGroup[];
}

/** Whether packets pass: for certain, certainly not, or nobody can tell from what is at hand. */
export type Passage = 'permitted' | 'unknown' | 'denied';

/** Where packets come from. */
export interface Source {
  /** Absent: not known. Empty: nothing filters what it sends. */
  readonly groupIds?: readonly string[];
  /** As the target sees them; absent: not known. */
  readonly addresses?: readonly string[];
  /** Whether rules that name security groups hold between the two: in one VPC, or over a peering (VPC user guide, security group rules). */
  readonly related: boolean;
}

/**
 * Whether security groups let TCP from the source to the port of a target: out of the one and into the other. They only
 * allow, and every group on an interface adds to what the others allow. Network ACLs and routes are not looked at.
 */
export function passage(source: Source, targetGroupIds: readonly string[], port: number, groups: readonly SecurityGroup[]): Passage {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const into = ingress(source, targetGroupIds, port, byId);
  const outOf = egress(source, targetGroupIds, port, byId);
  if (into === 'denied' || outOf === 'denied') return 'denied';
  return into === 'unknown' || outOf === 'unknown' ? 'unknown' : 'permitted';
}

type Groups = ReadonlyMap<string, SecurityGroup>;

function ingress({ groupIds, addresses, related }: Source, targetGroupIds: readonly string[], port: number, groups: Groups): Passage {
  if (targetGroupIds.length === 0) return 'unknown';
  return union(targetGroupIds, groups, 'ingress', port, (rule) => {
    const byGroup = groupIds === undefined ? maybe(rule.groupIds.length > 0) : member(rule.groupIds, groupIds, related);
    const byAddress = addresses === undefined ? anywhere(rule.cidrs) : certainly(rule.cidrs.some((cidr) => addresses.some((one) => isWithin(one, cidr))));
    return best([byGroup, byAddress, maybe(rule.prefixListIds.length > 0)]);
  });
}

/** The target's own addresses are not known here, so that a rule for some addresses may be one for it. */
function egress({ groupIds, related }: Source, targetGroupIds: readonly string[], port: number, groups: Groups): Passage {
  if (groupIds === undefined) return 'unknown';
  if (groupIds.length === 0) return 'permitted';
  return union(groupIds, groups, 'egress', port, (rule) =>
    best([member(rule.groupIds, targetGroupIds, related), anywhere(rule.cidrs), maybe(rule.prefixListIds.length > 0)]),
  );
}

function union(ids: readonly string[], groups: Groups, way: 'ingress' | 'egress', port: number, judge: (rule: GroupRule) => Passage): Passage {
  return best(
    ids.map((id) => {
      const group = groups.get(id);
      return group ? best(group[way].filter((rule) => covers(rule, port)).map(judge)) : 'unknown';
    }),
  );
}

function covers({ protocol, from = 0, to = 65535 }: GroupRule, port: number): boolean {
  if (protocol === '-1') return true;
  return (protocol === 'tcp' || protocol === '6') && port >= from && port <= to;
}

function member(named: readonly string[], own: readonly string[], related: boolean): Passage {
  if (!named.some((id) => own.includes(id))) return 'denied';
  return related ? 'permitted' : 'unknown';
}

/** Private endpoints have IPv4 addresses almost always; only a rule for all of them is certain without knowing the address. */
function anywhere(cidrs: readonly string[]): Passage {
  return cidrs.includes('0.0.0.0/0') ? 'permitted' : maybe(cidrs.length > 0);
}

function maybe(possible: boolean): Passage {
  return possible ? 'unknown' : 'denied';
}

function certainly(so: boolean): Passage {
  return so ? 'permitted' : 'denied';
}

function best(all: readonly Passage[]): Passage {
  if (all.includes('permitted')) return 'permitted';
  return all.includes('unknown') ? 'unknown' : 'denied';
}

function isWithin(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const one = addressBytes(address);
  const other = addressBytes(network);
  return one !== undefined && other !== undefined && /^\d{1,3}$/.test(bits) && samePrefix(one, other, Number(bits));
}
