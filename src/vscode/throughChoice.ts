import type { Bastion } from '../model/bastion';
import { bastionObstacle } from '../model/bastion';
import { osUserFor } from '../model/osUser';
import type { Route } from '../model/route';
import { makeRoute, makeSshRoute, usableBastions } from '../model/route';
import type { SshHost } from '../model/ssh';
import type { Target, TargetEndpoint } from '../model/target';
import type { Localizer } from './localizer';
import type { PickItem } from './ui';
import { joined } from './wording';

/** Prefix of a bastion's id that is a host of the OpenSSH configuration. */
export const SSH_HOST_ID = 'ssh:';

/**
 * Every way to a target: by Session Manager, by SSH over it, by SSH to a public address, and by the hosts of the OpenSSH
 * configuration, which may be anywhere. In the order in which they are likely to work.
 */
export function waysTo(
  target: Target,
  endpoint: TargetEndpoint,
  bastions: readonly Bastion[],
  hosts: readonly SshHost[],
  l10n: Localizer,
): PickItem<Route>[] {
  const usable = usableBastions(target, bastions);
  const detailOf = (bastion: Bastion): string => joined([bastion.id, bastion.platform, bastion.vpcId]);
  return [
    ...usable.map((bastion): PickItem<Route> => ({
      label: bastion.name,
      icon: 'vm-running',
      description: l10n.t('Session Manager'),
      detail: detailOf(bastion),
      value: makeRoute(target, endpoint, bastion),
    })),
    ...hosts.map((host): PickItem<Route> => ({
      label: host.alias,
      icon: 'server',
      description: l10n.t('SSH'),
      detail: joined([sshAddress(host), host.file]),
      value: makeSshRoute(target, endpoint, { id: `${SSH_HOST_ID}${host.alias}`, name: host.alias }, { host: host.alias, via: 'direct', instanceConnect: false }),
    })),
    ...usable.filter(hasSshUser).map((bastion): PickItem<Route> => ({
      label: bastion.name,
      icon: 'vm-running',
      description: l10n.t('SSH over Session Manager, with a key of EC2 Instance Connect'),
      detail: detailOf(bastion),
      value: makeSshRoute(target, endpoint, refOf(bastion), { host: bastion.id, ...osUser(bastion), via: 'ssm', instanceConnect: true }),
    })),
    ...inVpcWithAddress(target, bastions).map((bastion): PickItem<Route> => ({
      label: bastion.name,
      icon: 'vm-running',
      description: l10n.t('SSH to {0}, with a key of EC2 Instance Connect', bastion.publicAddress!),
      detail: detailOf(bastion),
      value: makeSshRoute(target, endpoint, refOf(bastion), { host: bastion.publicAddress!, ...osUser(bastion), via: 'direct', instanceConnect: true }),
    })),
  ];
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

/** EC2 Instance Connect needs a login name, which Windows has none of. */
function hasSshUser(bastion: Bastion): boolean {
  return osUser(bastion).user !== undefined;
}

function refOf({ id, name }: Bastion): Route['bastion'] {
  return { id, name };
}

/** An agent that is offline does not matter to a direct connection. */
function inVpcWithAddress(target: Target, bastions: readonly Bastion[]): Bastion[] {
  return bastions.filter(
    (bastion) =>
      bastion.publicAddress !== undefined &&
      bastion.vpcId !== undefined &&
      bastion.vpcId === target.vpcId &&
      bastion.place.accountId === target.place.accountId &&
      bastion.place.region === target.place.region &&
      bastionObstacle(bastion) !== 'notRunning' &&
      hasSshUser(bastion),
  );
}
