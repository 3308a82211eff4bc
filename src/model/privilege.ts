import type { Bastion } from './bastion';

/** What a role is allowed by, as far as it could be read. */
export interface RolePolicies {
  /** ARNs of its managed policies. */
  readonly attached?: readonly string[];
  /** Names of those that are written into it. */
  readonly inline?: readonly string[];
}

/** By `Bastion.identityArn`; absent are those that could not be read, or were not asked for. */
export type PoliciesByIdentity = Readonly<Record<string, RolePolicies>>;

/**
 * How much whoever gets hold of a bastion may do in the account: nothing (it has no role), no more than Session Manager needs,
 * very much by a policy of AWS's own, or something that names of policies do not tell.
 */
export type Privilege =
  | { readonly level: 'none' }
  | { readonly level: 'minimal' }
  | { readonly level: 'wide'; readonly policy: string }
  | { readonly level: 'unknown' };

/** AWS's own policies, whose names say what they are; the name of anybody else's is no evidence. */
const OF_AWS = /^arn:aws[a-z-]*:iam::aws:policy\/(?:[^/]+\/)*([^/]+)$/;
/** The widest first: whoever may change permissions may take any. */
const WIDEST = ['AdministratorAccess', 'IAMFullAccess', 'PowerUserAccess'];
const WIDE = /FullAccess(?:V\d+)?$/;
/** Systems Manager user guide, instance permissions: for an instance profile, and for Default Host Management. */
const MINIMAL = new Set(['AmazonSSMManagedInstanceCore', 'AmazonSSMManagedEC2InstanceDefaultPolicy']);

/** Pure. What could not be read proves nothing harmless, but what is known to be wide stays wide. */
export function privilegeOf({ attached, inline }: RolePolicies): Privilege {
  const names = (attached ?? []).map((arn) => OF_AWS.exec(arn)?.[1]);
  const policy = WIDEST.find((name) => names.includes(name)) ?? names.find((name) => name !== undefined && WIDE.test(name));
  if (policy !== undefined) return { level: 'wide', policy };
  const isMinimal = attached !== undefined && inline?.length === 0 && names.every((name) => name !== undefined && MINIMAL.has(name));
  return { level: isMinimal ? 'minimal' : 'unknown' };
}

/** Of an EC2 instance it is known that it has no role; of hybrid nodes and tasks nobody has told. */
export function bastionPrivilege({ kind, identityArn }: Pick<Bastion, 'kind' | 'identityArn'>, policies: PoliciesByIdentity): Privilege {
  if (identityArn === undefined) return { level: kind === 'ec2' ? 'none' : 'unknown' };
  const known = Object.hasOwn(policies, identityArn) ? policies[identityArn] : undefined;
  return known ? privilegeOf(known) : { level: 'unknown' };
}
