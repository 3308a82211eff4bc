import type { BastionSelector, ConnectionEntry, SavedConnection, TargetSelector } from './connection';
import type { BastionTag } from './ranking';
import { isLoopback } from './endpoint';
import type { Route } from './route';
import type { EndpointRole } from './target';
import type { TunnelInfo } from './tunnel';

/** Prefix of the id of a target that discovery does not know: a host and a port that somebody wrote down. */
const CUSTOM = 'custom:';
/** Prefix of the id of a bastion that is a host of the OpenSSH configuration. */
export const SSH_HOST_ID = 'ssh:';

export function customTargetId(host: string, port: number): string {
  return `${CUSTOM}${host}:${port}`;
}

/** The entry of a settings file that `parseConnection` reads back. */
export function formatConnection({ name, target, bastion, autoStart, env, ...rest }: SavedConnection): Readonly<Record<string, unknown>> {
  const { endpoint, profile, region, method, localPort, bindAddress, group } = rest;
  return definedOnly({
    name,
    target: formatTarget(target),
    endpoint,
    profile,
    region,
    bastion: bastion && formatBastion(bastion),
    method,
    localPort,
    bindAddress,
    group,
    autoStart: autoStart || undefined,
    env: Object.keys(env).length > 0 ? env : undefined,
  });
}

function formatTarget(target: TargetSelector): unknown {
  switch (target.by) {
    case 'id':
      return { id: target.id };
    case 'tag':
      return definedOnly({ tag: formatTag(target.tag), kind: target.kind });
    case 'host':
      return definedOnly({ host: target.host, port: target.port, engine: target.engine || undefined });
  }
}

function formatBastion(bastion: BastionSelector): unknown {
  switch (bastion.by) {
    case 'name':
      return bastion.name;
    case 'tag':
      return { tag: formatTag(bastion.tag) };
    case 'ssh':
      return { ssh: bastion.alias };
  }
}

export function formatTag({ key, value }: BastionTag): string {
  return value === undefined ? key : `${key}=${value}`;
}

function definedOnly(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * What would open the same tunnel again. A bastion is named only where the person must have chosen it: the best one is
 * found anew each time, since it may have been replaced.
 */
export function connectionTo(route: Route, name: string): SavedConnection {
  const { target, endpoint, role, place, bastion, method, ssh } = route;
  const custom = target.id === customTargetId(endpoint.host, endpoint.port);
  return {
    name,
    target: custom ? { by: 'host', ...endpoint, engine: target.engine } : { by: 'id', id: target.id },
    ...(!custom && role !== undefined && { endpoint: role }),
    ...(place.profile !== '' && { profile: place.profile }),
    ...(place.region !== '' && { region: place.region }),
    ...(bastion && (method === 'ssh' || custom) ? { bastion: bastionSelector(bastion.id) } : {}),
    ...(method === 'ssh' && { method: ssh?.via === 'ssm' ? ('ssh-over-ssm' as const) : ('ssh' as const) }),
    ...(method === 'direct' && { method }),
    autoStart: false,
    env: {},
  };
}

function bastionSelector(id: string): BastionSelector {
  return id.startsWith(SSH_HOST_ID) ? { by: 'ssh', alias: id.slice(SSH_HOST_ID.length) } : { by: 'name', name: id };
}

/** Everything that decides where the connection leads: what stays the same when it is merely renamed or given another port. */
export function selectorKey({ target, endpoint, profile, region }: SavedConnection): string {
  return JSON.stringify([formatTarget(target), endpoint, profile, region]);
}

/** Roles that a target has once at most and that a connection without one means; instances and nodes there may be many of. */
const SOLE_ROLES: ReadonlySet<EndpointRole> = new Set<EndpointRole>(['primary', 'writer', 'proxy', 'configuration']);

/** Whether the tunnel leads where the connection would, as far as that can be told without looking anything up. */
export function leadsTo({ target, endpoint, profile, region }: SavedConnection, { route }: Pick<TunnelInfo, 'route'>): boolean {
  const { place, role } = route;
  if (profile !== undefined && place.profile !== profile) return false;
  if (region !== undefined && place.region !== '' && place.region !== region) return false;
  switch (target.by) {
    case 'host':
      return route.target.id === customTargetId(target.host, target.port);
    case 'id':
      return (route.target.id === target.id || route.target.name === target.id) && (endpoint === undefined ? role !== undefined && SOLE_ROLES.has(role) : role === endpoint);
    case 'tag':
      return false;
  }
}

/** What a workspace may not decide alone. */
export type Concern = 'customHost' | 'sshHost' | 'profile' | 'bindAddress';

/**
 * What a person has to agree to before the connection is started for the first time: anybody may have written what a
 * workspace says. An address that others can reach needs a word whoever wrote it.
 * @param trusted whether the workspace is trusted
 */
export function concernsOf({ connection, origin }: ConnectionEntry, trusted: boolean): readonly Concern[] {
  const { target, bastion, profile, bindAddress } = connection;
  const concerns: Concern[] = [];
  if (origin === 'workspace') {
    if (target.by === 'host') concerns.push('customHost');
    if (bastion?.by === 'ssh') concerns.push('sshHost');
    if (profile !== undefined && !trusted) concerns.push('profile');
  }
  if (bindAddress !== undefined && !isLoopback(bindAddress)) concerns.push('bindAddress');
  return concerns;
}
