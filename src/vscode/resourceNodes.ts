import type { SshHosts } from '../model/ssh';
import type { ResourcesContext } from './contributions';
import type { ResourcesState } from './inventoryState';
import { isUrgent, leftText } from './expiryWatch';
import type { CredentialsLeft } from './expiryWatch';
import { faultNode } from './faultNode';
import type { Localizer } from './localizer';
import { regionNode } from './regionNodes';
import { labelText, tooltipMarkdown } from './safeText';
import { sshAddress } from './throughChoice';
import type { TreeOptions } from './treeOptions';
import type { ViewNode } from './viewNode';
import { joined } from './wording';

/**
 * The state of the stores as rows: profile → region → Bastions, Caches and Databases, and the hosts of the OpenSSH
 * configuration, which belong to no profile. No rows where welcome content stands instead.
 */
export function resourceNodes(state: ResourcesState, ssh: SshHosts, l10n: Localizer, left?: CredentialsLeft, options?: TreeOptions): readonly ViewNode[] {
  switch (state.phase) {
    case 'idle':
    case 'reading':
    case 'noProfiles':
      return [];
    case 'unavailable': {
      const fault = faultNode(`fault:${state.profile ?? ''}`, state.fault, l10n);
      return state.profile === undefined ? [fault] : [profileNode(state.profile, undefined, [fault], l10n, left)];
    }
    case 'region': {
      const { scope, accountId } = state.inventory;
      return [profileNode(scope.profile, accountId, [regionNode(state.inventory, l10n, options)], l10n, left), ...sshHostNodes(ssh, l10n)];
    }
  }
}

/** Value of the context key that chooses the welcome content of an empty view. */
export function resourcesContext(state: ResourcesState): ResourcesContext {
  switch (state.phase) {
    case 'idle':
    case 'reading':
      return 'loading';
    case 'noProfiles':
      return 'noProfiles';
    case 'unavailable':
    case 'region':
      return 'shown';
  }
}

function profileNode(
  profile: string,
  accountId: string | undefined,
  children: readonly ViewNode[],
  l10n: Localizer,
  left: CredentialsLeft | undefined,
): ViewNode {
  const own = left?.profile === profile ? left : undefined;
  const ending = own && leftText(own, l10n);
  const description = joined([accountId, ending]);
  return {
    id: `profile:${profile}`,
    label: labelText(profile),
    ...(description !== '' && { description }),
    icon: own && isUrgent(own) ? { id: 'account', color: 'list.warningForeground' } : { id: 'account' },
    tooltip: tooltipMarkdown(profile, [
      [l10n.t('AWS profile'), profile],
      [l10n.t('Account'), accountId],
      [l10n.t('Credentials'), ending],
    ]),
    words: ['profile'],
    children,
    open: true,
  };
}

/** One group, or none where there is nothing to say. */
function sshHostNodes({ hosts, faults }: SshHosts, l10n: Localizer): ViewNode[] {
  if (hosts.length === 0 && faults.length === 0) return [];
  const rows = hosts.map((host): ViewNode => ({
    id: `sshHost:${host.alias}`,
    label: labelText(host.alias),
    description: labelText(sshAddress(host)),
    icon: { id: 'server' },
    tooltip: tooltipMarkdown(host.alias, [
      [l10n.t('Host name'), host.hostName],
      [l10n.t('User'), host.user],
      [l10n.t('Port'), String(host.port)],
      [l10n.t('Written in'), l10n.t('{0}, line {1}', host.file, host.line)],
    ]),
    spoken: labelText(l10n.t('SSH host {0}, {1}', host.alias, sshAddress(host))),
    words: ['sshHost'],
  }));
  const wrong = faults.map((fault, index) => faultNode(`fault:ssh/${index}`, fault, l10n));
  return [
    {
      id: 'sshHosts',
      label: `${l10n.t('SSH hosts')} (${hosts.length})`,
      icon: { id: 'terminal' },
      words: ['group'],
      children: [...rows, ...wrong],
      // What is wrong must be seen without a search for it.
      open: wrong.length > 0,
    },
  ];
}
