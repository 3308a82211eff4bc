import type { FaultData } from '../../base/fault';
import { asFault, faultData } from '../../base/fault';
import { type Bastion, bastionObstacle, REMOTE_HOST_AGENT } from '../../model/bastion';
import { formatEndpoint } from '../../model/endpoint';
import { BASTION_PROVIDERS, type DiscoveryScope } from '../../model/inventory';
import type { RankedBastion, RankingEvidence } from '../../model/ranking';
import { rankBastions } from '../../model/ranking';
import { goesDirectly, obstacleFault, type Route } from '../../model/route';
import type { Target, TargetEndpoint } from '../../model/target';
import { defaultEndpoint, isServing, isUsualStatus } from '../../model/target';
import type { TunnelInfo } from '../../model/tunnel';
import type { DiagnosisVerdict } from '../../webview/protocol';
import type { ProviderFault, RegionInventory } from '../inventoryState';
import { bastionsOf, faultsOf } from '../inventoryState';
import type { Localizer } from '../localizer';
import { authBadge, endpointText, joined, latencyText, methodText, moodText, reasonText, tlsBadge, tunnelMood } from '../wording';

/** One thing that has to be so for a connection to work, and whether it is. A denied call makes `unknown`, never `fail`. */
export interface Check {
  readonly verdict: Exclude<DiagnosisVerdict, 'running'>;
  readonly title: string;
  readonly detail: string;
  readonly remedy?: string;
}

/** Bastions that are named where none can be used. */
const MAX_NAMED = 3;

/** Whether AWS answers for the profile, and for which account. */
export function accountCheck({ scope, accountId, accountAlias, accountUnconfirmed, fault }: RegionInventory, l10n: Localizer): Check {
  const title = l10n.t('Sign-in and account');
  if (fault) return failed(title, fault);
  const account = accountAlias === undefined ? accountId : `${accountId} (${accountAlias})`;
  const detail = l10n.t('Profile {0}, region {1}, account {2}.', scope.profile, scope.region, account ?? '?');
  if (accountId === undefined || accountUnconfirmed) return { verdict: 'unknown', title, detail: l10n.t('AWS has not answered for profile {0} yet.', scope.profile) };
  return { verdict: 'pass', title, detail };
}

/** Whether everything that the choice of a bastion rests on could be listed. */
export function listingCheck(inventory: RegionInventory, l10n: Localizer): Check {
  const title = l10n.t('Bastions could be listed');
  const faults = faultsOf(inventory).filter(({ provider }) => BASTION_PROVIDERS.includes(provider));
  const [first] = faults;
  if (!first) return { verdict: 'pass', title, detail: l10n.t('Instances, hybrid nodes and tasks were listed.') };
  return { ...unknown(title, first.fault), detail: faults.map(({ fault }) => fault.message).join('\n') };
}

export function statusCheck(target: Target, l10n: Localizer): Check {
  const title = l10n.t('Status of the target');
  const detail = l10n.t('"{0}" is {1}.', target.name, target.status);
  if (!isServing(target)) return { verdict: 'fail', title, detail, remedy: l10n.t('Wait until it is available, or start it, then refresh.') };
  return isUsualStatus(target) ? { verdict: 'pass', title, detail } : { verdict: 'warn', title, detail, remedy: l10n.t('It may be away for a moment; try again when this is over.') };
}

export function endpointCheck(target: Target, endpoint: TargetEndpoint | undefined, l10n: Localizer): Check {
  const title = l10n.t('Endpoint');
  const wanted = endpoint ?? defaultEndpoint(target);
  if (!wanted) return { verdict: 'fail', title, detail: l10n.t('AWS names no endpoint yet.'), remedy: l10n.t('Wait until AWS has created it, then refresh.') };
  const how = joined([formatEndpoint(wanted), endpointText(wanted, l10n), tlsBadge(wanted.tls ?? target.tls, l10n), authBadge(target.auth, l10n)]);
  return { verdict: 'pass', title, detail: how };
}

/** Where what belongs to an open tunnel is not listed in this window: nothing is wrong with that. */
export function unlistedCheck({ profile, region }: DiscoveryScope, l10n: Localizer): Check {
  const detail = l10n.t('Region {0} of profile {1} is not among the resources of this window: only the tunnel itself can be looked at.', region, profile);
  return { verdict: 'unknown', title: l10n.t('Sign-in and account'), detail };
}

/** What is listed no longer; unknown where what would list it may not be asked, or has failed. */
export function goneCheck(title: string, name: string, faults: readonly ProviderFault[], l10n: Localizer): Check {
  const [first] = faults;
  return first ? unknown(title, first.fault) : { verdict: 'fail', title, detail: l10n.t('AWS knows "{0}" no longer.', name) };
}

/** What a tunnel goes through where that is nothing that AWS knows. */
export function openWayCheck({ method, ssh, bastion }: Route, { phase }: TunnelInfo['state'], l10n: Localizer): Check {
  const detail = joined([methodText({ method, ...(ssh && { ssh }) }, l10n), bastion?.name]);
  return { verdict: phase === 'open' ? 'pass' : 'unknown', title: l10n.t('Bastion'), detail };
}

/** The probe that was asked for has not ended in time: what was measured before says nothing of now. */
export function unansweredCheck({ local }: TunnelInfo, withinMs: number, l10n: Localizer): Check {
  const detail = l10n.t('The probe of the tunnel at {0} gave no answer within {1} s.', formatEndpoint(local), withinMs / 1000);
  return { verdict: 'unknown', title: l10n.t('Round trip through a tunnel'), detail };
}

/** Which bastion there is, how near its network is, and what the security groups say; or that none is needed. */
export function wayChecks(target: Target, endpoint: TargetEndpoint | undefined, inventory: RegionInventory, evidence: RankingEvidence, l10n: Localizer): Check[] {
  const title = l10n.t('Bastion');
  if (endpoint && goesDirectly(target, endpoint, bastionsOf(inventory), evidence)) {
    return [{ verdict: 'pass', title, detail: l10n.t('None is needed: the endpoint can be reached directly, if its security groups let this machine in.') }];
  }
  const ranking = rankBastions(target, bastionsOf(inventory), evidence);
  const best = ranking.find(({ automatic, obstacle }) => automatic && obstacle === undefined);
  if (best) return [{ verdict: 'pass', title, detail: named(best, l10n) }, networkCheck(best, target, l10n), rulesCheck(best, target, evidence, l10n)];
  const possible = ranking.filter(({ obstacle }) => obstacle === undefined);
  if (possible.length > 0) {
    const detail = possible.slice(0, MAX_NAMED).map((one) => named(one, l10n));
    return [{ verdict: 'warn', title, detail: detail.join('\n'), remedy: l10n.t('Nothing shows that their network reaches the target. Try one with "Connect Through…".') }];
  }
  if (ranking.length === 0) {
    const unlisted = faultsOf(inventory).find(({ provider }) => BASTION_PROVIDERS.includes(provider));
    if (unlisted) return [unknown(title, unlisted.fault)];
    const remedy = l10n.t('Launch an instance there whose role has AmazonSSMManagedInstanceCore, or tag one that reaches it.');
    return [{ verdict: 'fail', title, detail: l10n.t('There is none in VPC {0} or in a peered one.', target.vpcId ?? '?'), remedy }];
  }
  return ranking.slice(0, MAX_NAMED).map(({ bastion, obstacle }) => failed(title, faultData(obstacleFault(obstacle!, bastion, target))));
}

function named(ranked: RankedBastion, l10n: Localizer): string {
  const { bastion, reasons } = ranked;
  const why = reasons.map((reason) => reasonText(reason, ranked, l10n));
  return joined([`${bastion.name} (${bastion.id})`, ...why]);
}

function networkCheck({ bastion, reach }: RankedBastion, target: Target, l10n: Localizer): Check {
  const title = l10n.t('Network');
  const from = bastion.vpcId ?? '?';
  const to = target.vpcId ?? '?';
  switch (reach) {
    case 'same':
      return { verdict: 'pass', title, detail: l10n.t('Both are in VPC {0}.', to) };
    case 'peered':
      return { verdict: 'pass', title, detail: l10n.t('VPC {0} of the bastion is peered with {1}.', from, to) };
    case 'unknown':
      return { verdict: 'unknown', title, detail: l10n.t('Where the bastion’s network ends is not known to AWS.') };
    case 'other':
      return { verdict: 'warn', title, detail: l10n.t('VPC {0} of the bastion is not peered with {1}.', from, to), remedy: l10n.t('A transit gateway may still lead there: the round trip below tells.') };
  }
}

function rulesCheck({ bastion, reasons }: RankedBastion, target: Target, { port }: RankingEvidence, l10n: Localizer): Check {
  const title = l10n.t('Security groups');
  if (reasons.includes('permitted')) return { verdict: 'pass', title, detail: l10n.t('They let the bastion reach port {0} of the target.', port ?? '?') };
  if (reasons.includes('blocked')) {
    const [group = 'GROUP'] = target.securityGroupIds;
    const [source = 'SOURCE-GROUP'] = bastion.securityGroupIds;
    const command = `aws ec2 authorize-security-group-ingress --group-id ${group} --protocol tcp --port ${port ?? 'PORT'} --source-group ${source} --region ${target.place.region}`;
    return {
      verdict: 'fail',
      title,
      detail: l10n.t('No rule of {0} lets {1} reach port {2}.', target.securityGroupIds.join(', '), bastion.name, port ?? '?'),
      remedy: l10n.t('Add one, for instance: {0}', command),
    };
  }
  return { verdict: 'unknown', title, detail: l10n.t('They could not be read.'), remedy: l10n.t('It takes the permission {0}.', 'ec2:DescribeSecurityGroups') };
}

/** What an open tunnel has shown, or one that was opened for the diagnosis alone: that is `closed` already. */
export function tunnelCheck(info: TunnelInfo, l10n: Localizer): Check {
  const title = l10n.t('Round trip through a tunnel');
  const { state, health } = info;
  if ((state.phase === 'waiting' || state.phase === 'closed') && state.cause) return failed(title, state.cause);
  const trial = state.phase === 'closed';
  const way = trial ? l10n.t('A tunnel was opened for this and closed again') : l10n.t('The tunnel at {0} is open', formatEndpoint(info.local));
  const mood = tunnelMood(trial ? { health, state: { phase: 'open', streams: 0 } } : info);
  const said = joined([moodText(mood, l10n), health.latencyMs === undefined ? undefined : latencyText(health.latencyMs), health.detail]);
  const detail = `${way}: ${said}`;
  switch (health.level) {
    case 'ok':
      return { verdict: 'pass', title, detail };
    case 'degraded':
      return { verdict: 'warn', title, detail };
    case 'down':
      return {
        verdict: 'fail',
        title,
        detail,
        remedy: info.route.bastion
          ? l10n.t('The way to the bastion works; what is behind it does not answer. Compare the security groups above, and the target’s own log.')
          : l10n.t('The endpoint does not answer this machine. Its security groups may not let it in.'),
      };
    case 'unknown':
      return { verdict: 'unknown', title, detail };
  }
}

export function trialFailed(error: unknown, l10n: Localizer): Check {
  return failed(l10n.t('Round trip through a tunnel'), faultData(asFault(error)));
}

export function tunnelGoneCheck(l10n: Localizer): Check {
  return { verdict: 'unknown', title: l10n.t('Round trip through a tunnel'), detail: l10n.t('The tunnel is closed.') };
}

export function trialSkipped(l10n: Localizer): Check {
  return { verdict: 'skip', title: l10n.t('Round trip through a tunnel'), detail: l10n.t('Not tried: it cannot work before the above is mended.') };
}

/** What makes a machine usable as a bastion. */
export function bastionOnlyChecks(bastion: Bastion, l10n: Localizer): Check[] {
  const { state, managed, agentVersion, platform, vpcId, id } = bastion;
  const obstacle = bastionObstacle(bastion);
  const running = l10n.t('The machine runs');
  const online = l10n.t('Session Manager reaches its agent');
  const agent = l10n.t('The agent is new enough');
  const detail = joined([id, state, vpcId, platform]);
  if (obstacle === 'notRunning') {
    const remedy = bastion.kind === 'ec2' ? `aws ec2 start-instances --instance-ids ${id} --region ${bastion.place.region}` : undefined;
    return [{ verdict: 'fail', title: running, detail, ...(remedy !== undefined && { remedy }) }, { verdict: 'skip', title: online, detail: '' }, { verdict: 'skip', title: agent, detail: '' }];
  }
  const runs: Check = { verdict: 'pass', title: running, detail };
  if (obstacle === 'unmanaged' || obstacle === 'offline') {
    const why = obstacle === 'unmanaged' ? l10n.t('Systems Manager does not know it.') : l10n.t('Its last word is too long ago: {0}.', managed);
    const remedy =
      bastion.kind === 'ecs'
        ? l10n.t('Enable execute command on the service and deploy it anew; the task’s role needs the four ssmmessages actions.')
        : l10n.t('Its role needs AmazonSSMManagedInstanceCore, its agent must run, and its network must reach ssm and ssmmessages of {0} on port 443: by a NAT gateway, or by VPC endpoints.', bastion.place.region);
    return [runs, { verdict: 'fail', title: online, detail: why, remedy }, { verdict: 'skip', title: agent, detail: '' }];
  }
  const reached: Check =
    managed === 'unknown'
      ? { verdict: 'unknown', title: online, detail: l10n.t('The list of managed machines could not be read.'), remedy: l10n.t('It takes the permission {0}.', 'ssm:DescribeInstanceInformation') }
      : { verdict: 'pass', title: online, detail: l10n.t('Its agent is online.') };
  return [runs, reached, agentCheck(agent, agentVersion, obstacle === 'agentTooOld', id, l10n)];
}

function agentCheck(title: string, version: string | undefined, tooOld: boolean, id: string, l10n: Localizer): Check {
  if (version === undefined) return { verdict: 'unknown', title, detail: l10n.t('Its version is not known; forwarding to other hosts takes {0}.', REMOTE_HOST_AGENT) };
  const detail = l10n.t('It is {0}; forwarding to other hosts takes {1}.', version, REMOTE_HOST_AGENT);
  return tooOld ? { verdict: 'fail', title, detail, remedy: `aws ssm send-command --document-name AWS-UpdateSSMAgent --instance-ids ${id}` } : { verdict: 'pass', title, detail };
}

function failed(title: string, fault: FaultData): Check {
  return { verdict: 'fail', title, detail: fault.message, ...(fault.remedy && { remedy: fault.remedy.text }) };
}

function unknown(title: string, fault: FaultData): Check {
  return { verdict: 'unknown', title, detail: fault.message, ...(fault.remedy && { remedy: fault.remedy.text }) };
}

const WEIGHT = { fail: 4, warn: 3, unknown: 2, pass: 1, skip: 0 } as const;

/**
 * What all checks together say. A round trip that passed outweighs everything that could not be known, and it alone is proof:
 * nothing but that is `pass`.
 */
export function overall(checks: readonly Check[], roundTrip: Check | undefined): Check['verdict'] {
  if (roundTrip?.verdict === 'pass') return checks.some(({ verdict }) => verdict === 'fail') ? 'warn' : 'pass';
  const worst = checks.toSorted((a, b) => WEIGHT[b.verdict] - WEIGHT[a.verdict])[0];
  return worst === undefined || worst.verdict === 'skip' ? 'unknown' : worst.verdict;
}

/** What a person reads first: the one thing to mend, or that it works. */
export function summaryText(what: { readonly name: string; readonly isBastion: boolean }, checks: readonly Check[], verdict: Check['verdict'], l10n: Localizer): string {
  const { name, isBastion } = what;
  // Where the round trip has passed, a failed check is a remark.
  const culprit = checks.find((check) => check.verdict === verdict) ?? checks.find((check) => check.verdict === 'fail');
  switch (verdict) {
    case 'pass':
      return isBastion ? l10n.t('{0} can carry tunnels.', name) : l10n.t('{0} answers.', name);
    case 'fail':
      return l10n.t('{0}: {1} {2}', culprit?.title ?? name, culprit?.detail ?? '', culprit?.remedy ?? '').trim();
    case 'warn':
      return l10n.t('It may work, but look at this first. {0}: {1}', culprit?.title ?? '', culprit?.detail ?? '');
    case 'unknown':
    case 'skip':
      return l10n.t('Nothing speaks against it, but not everything could be seen.');
  }
}

