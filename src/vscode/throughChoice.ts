import type { Fault } from '../base/fault';
import type { Bastion } from '../model/bastion';
import { bastionKey, bastionObstacle } from '../model/bastion';
import { SSH_HOST_ID } from '../model/connectionEntry';
import { osUserFor } from '../model/osUser';
import type { RankedBastion, RankingEvidence } from '../model/ranking';
import { DIRECT_KEY, rankBastions, rankDirect } from '../model/ranking';
import type { BastionRef, Route } from '../model/route';
import { makeDirectRoute, makeRoute, makeSshRoute, obstacleFault } from '../model/route';
import type { SshHost } from '../model/ssh';
import type { Target, TargetEndpoint } from '../model/target';
import type { Localizer } from './localizer';
import type { PickItem } from './ui';
import { bastionBadge, bastionIcon, directReasonText, joined, reasonText } from './wording';

/** One way to a target, or why it is none. `key` is what is remembered when it was chosen. */
export type Way =
  | { readonly key: string; readonly route: Route; readonly obstacle?: undefined }
  | { readonly key: string; readonly route?: undefined; readonly obstacle: Fault };

/** What ways are made of. */
export interface WaySources {
  readonly bastions: readonly Bastion[];
  readonly evidence: RankingEvidence;
  /** They may be anywhere, and nobody knows what they reach. */
  readonly hosts: readonly SshHost[];
}

/**
 * Every way to a target: without a bastion where that may work, by Session Manager, by the hosts of the OpenSSH configuration,
 * by SSH over Session Manager, and by SSH to a public address. In the order in which they are likely to work, each with its
 * reasons; bastions that cannot be used now come last, as far as Systems Manager knows them: the others are no bastions.
 */
export function waysTo(target: Target, endpoint: TargetEndpoint, { bastions, evidence, hosts }: WaySources, l10n: Localizer): PickItem<Way>[] {
  const ranking = rankBastions(target, bastions, evidence);
  const usable = ranking.filter(({ obstacle }) => obstacle === undefined);
  const item = (one: RankedBastion, how: string | undefined, way: { readonly route: Route } | { readonly obstacle: Fault }): PickItem<Way> => ({
    label: one.bastion.name,
    icon: bastionIcon(one.bastion, 'route' in way),
    description: joined([how, bastionBadge(one.bastion, l10n)]),
    detail: joined([...one.reasons.map((reason) => reasonText(reason, one, l10n)), whereabouts(one.bastion)]),
    value: { key: bastionKey(one.bastion), ...way },
  });
  const bySsh = (bastion: Bastion, host: string, via: 'direct' | 'ssm'): Route =>
    makeSshRoute(target, endpoint, refOf(bastion), { host, ...osUser(bastion), via, instanceConnect: true });
  const hostItems = hosts.map((host): PickItem<Way> => hostItem(host, target, endpoint, evidence, l10n));
  const isChosen = ({ value }: PickItem<Way>): boolean => value.key === evidence.chosen;
  const direct = directItem(target, endpoint, evidence, l10n);
  return [
    ...(direct?.leads ? [direct.item] : []),
    ...hostItems.filter(isChosen),
    ...usable.map((one) => item(one, l10n.t('Session Manager'), { route: makeRoute(target, endpoint, one.bastion) })),
    ...(direct && !direct.leads ? [direct.item] : []),
    ...hostItems.filter((host) => !isChosen(host)),
    ...usable
      .filter(({ bastion }) => hasSshUser(bastion))
      .map((one) =>
        item(one, l10n.t('SSH over Session Manager, with a key of EC2 Instance Connect'), { route: bySsh(one.bastion, one.bastion.id, 'ssm') }),
      ),
    ...ranking.filter(isReachableBySsh).map((one) =>
      item(one, l10n.t('SSH to {0}, with a key of EC2 Instance Connect', one.bastion.publicAddress!), {
        route: bySsh(one.bastion, one.bastion.publicAddress!, 'direct'),
      }),
    ),
    ...ranking.flatMap((one) =>
      one.obstacle === undefined || one.obstacle === 'unmanaged' ? [] : [item(one, undefined, { obstacle: obstacleFault(one.obstacle, one.bastion, target) })],
    ),
  ];
}

/** `leads`: it goes before all others, as "Connect" would take it. */
function directItem(
  target: Target,
  endpoint: TargetEndpoint,
  evidence: RankingEvidence,
  l10n: Localizer,
): { readonly item: PickItem<Way>; readonly leads: boolean } | undefined {
  const way = rankDirect(target, endpoint, evidence);
  if (!way) return undefined;
  const item: PickItem<Way> = {
    label: l10n.t('Directly'),
    icon: 'globe',
    description: l10n.t('without a bastion'),
    detail: joined(way.reasons.map((reason) => directReasonText(reason, l10n))),
    value: { key: DIRECT_KEY, route: makeDirectRoute(target, endpoint) },
  };
  return { item, leads: way.automatic && (evidence.chosen === undefined || evidence.chosen === DIRECT_KEY) };
}

function hostItem(host: SshHost, target: Target, endpoint: TargetEndpoint, { chosen }: RankingEvidence, l10n: Localizer): PickItem<Way> {
  const key = `${SSH_HOST_ID}${host.alias}`;
  const access = { host: host.alias, via: 'direct', instanceConnect: false } as const;
  return {
    label: host.alias,
    icon: 'server',
    description: l10n.t('SSH'),
    detail: joined([chosen === key ? l10n.t('chosen before') : undefined, sshAddress(host), host.file]),
    value: { key, route: makeSshRoute(target, endpoint, { id: key, name: host.alias }, access) },
  };
}

/** What tells bastions of one name apart. */
function whereabouts({ ecs, id, platform }: Bastion): string {
  return joined([platform, ecs ? ecs.cluster : id]);
}

/** `user@host:port`, the port where it is not 22. */
export function sshAddress({ user, hostName, port }: Pick<SshHost, 'user' | 'hostName' | 'port'>): string {
  const host = port === 22 ? hostName : `${hostName.includes(':') ? `[${hostName}]` : hostName}:${port}`;
  return user === '' ? host : `${user}@${host}`;
}

function osUser({ platform }: Bastion): { readonly user?: string } {
  const user = osUserFor({ ...(platform !== undefined && { platform }) });
  return user === undefined ? {} : { user };
}

/** EC2 Instance Connect knows EC2 instances only, and needs a login name, which Windows has none of. */
function hasSshUser(bastion: Bastion): boolean {
  return bastion.kind === 'ec2' && osUser(bastion).user !== undefined;
}

function refOf({ id, name }: Bastion): BastionRef {
  return { id, name };
}

/** An agent that is offline does not matter to a direct connection. */
function isReachableBySsh({ bastion, reach }: RankedBastion): boolean {
  return bastion.publicAddress !== undefined && reach === 'same' && bastionObstacle(bastion) !== 'notRunning' && hasSshUser(bastion);
}
