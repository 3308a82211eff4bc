import { Fault } from '../base/fault';
import type { Bastion } from '../model/bastion';
import { bastionKey, bastionObstacle } from '../model/bastion';
import type { BastionSelector, ConnectionMethod, SavedConnection, TargetSelector } from '../model/connection';
import { customTargetId, formatTag, SSH_HOST_ID } from '../model/connectionEntry';
import { TAGS_PROVIDER } from '../model/inventory';
import { osUserFor } from '../model/osUser';
import type { BastionTag, RankingEvidence } from '../model/ranking';
import type { Route, RouteEnd } from '../model/route';
import { makeDirectRoute, obstacleFault } from '../model/route';
import type { SshHost } from '../model/ssh';
import type { Target, TargetEndpoint } from '../model/target';
import { defaultEndpoint } from '../model/target';
import type { BastionAdvice } from './bastionAdvice';
import type { ConnectionInventories } from './connectionsInventory';
import type { ResolveConnection } from './connectionsStore';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, faultsOf, listingFaultsOf, targetsOf } from './inventoryState';
import { planAlternates, planBastionRoute, planRoute, servingEndpoint } from './routePlan';
import type { SshHostStore } from './sshHostStore';

type HostSelector = Extract<TargetSelector, { readonly by: 'host' }>;

/** A discovered target, and the endpoint where the connection names one. */
export interface Discovered {
  readonly target: Target;
  readonly endpoint?: TargetEndpoint;
}

export interface ResolverDeps {
  readonly inventories: ConnectionInventories;
  readonly sshHosts: Pick<SshHostStore, 'loaded'>;
  readonly advice: Pick<BastionAdvice, 'toConnect'>;
}

/** Finds out where connections lead now, asking only for what each one needs. */
export function connectionResolver({ inventories, sshHosts, advice }: ResolverDeps): ResolveConnection {
  return async (connection, signal) => {
    const { target: selector, bastion, method, profile, region } = connection;
    const hosts = bastion?.by === 'ssh' ? await sshHosts.loaded() : [];
    // What a host of the SSH configuration leads to is nobody's at AWS.
    if (selector.by === 'host' && (bastion?.by === 'ssh' || method === 'direct')) return { route: routeToHost(connection, selector, { hosts }), alternates: [] };
    const all = await inventories.of({ ...(profile !== undefined && { profile }), ...(region !== undefined && { region }) }, signal);
    if (selector.by === 'host') {
      return { route: firstThatWorks(all, (inventory) => routeToHost(connection, selector, { inventory, hosts })), alternates: [] };
    }
    const inventory = inventoryWith(connection, all);
    const found = selectTarget(connection, inventory);
    const endpoint = found.endpoint ?? defaultEndpoint(found.target);
    const evidence = bastion || method === 'direct' ? {} : await advice.toConnect(found.target, endpoint, bastionsOf(inventory), signal);
    const route = routeToTarget(connection, found, { inventory, hosts, evidence });
    const isFree = bastion === undefined && method === undefined && endpoint !== undefined;
    return { route, alternates: isFree ? planAlternates(inventory, found.target, endpoint, evidence, route) : [] };
  };
}

/**
 * The target that the connection means.
 * @throws Fault `connections.noTarget`, `connections.ambiguous`, `connections.noEndpoint`, or that of a discovery that could not look
 */
export function selectTarget({ name, target: selector, endpoint: role }: SavedConnection, inventory: RegionInventory): Discovered {
  const found = targetsOf(inventory).filter((target) => isMeant(selector, target));
  const [target, another] = found;
  if (!target) throw notFound(name, selector, inventory);
  if (another) throw ambiguous(name, selector, found);
  if (role === undefined) return { target };
  const endpoint = target.endpoints.find((one) => one.role === role);
  if (endpoint) return { target, endpoint };
  const roles = [...new Set(target.endpoints.map((one) => one.role))];
  throw new Fault('connections.noEndpoint', `"${target.name}" has no ${role} endpoint.`, {
    remedy: { text: roles.length === 0 ? 'Wait until AWS has created one, then try again.' : `Name one that it has: ${roles.join(', ')}.`, action: 'editConnection', subject: name },
  });
}

/** The one in which the target is, or one that can say that it is not there. @param inventories at least one @throws Fault `connections.ambiguous` */
function inventoryWith({ name, target: selector }: SavedConnection, inventories: readonly RegionInventory[]): RegionInventory {
  const having = inventories.filter((inventory) => targetsOf(inventory).some((target) => isMeant(selector, target)));
  if (having.length > 1) {
    throw ambiguous(
      name,
      selector,
      having.flatMap((inventory) => targetsOf(inventory).filter((target) => isMeant(selector, target))),
    );
  }
  return having[0] ?? inventories[0]!;
}

/** @param inventories at least one @throws what the first try throws, where none works */
function firstThatWorks<T>(inventories: readonly RegionInventory[], work: (inventory: RegionInventory) => T): T {
  const failures: unknown[] = [];
  for (const inventory of inventories) {
    try {
      return work(inventory);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

function isMeant(selector: TargetSelector, target: Target): boolean {
  switch (selector.by) {
    case 'id':
      return target.id === selector.id || target.name === selector.id;
    case 'tag':
      return (selector.kind === undefined || target.kind === selector.kind) && (target.tags ?? []).some(({ key, value }) => fits(selector.tag, key, value));
    case 'host':
      return false;
  }
}

function fits(tag: BastionTag, key: string, value: string): boolean {
  return key === tag.key && (tag.value === undefined || value === tag.value);
}

/** Through the bastion that the connection names, else as its method says, else the way that "Connect" takes. @throws Fault */
export function routeToTarget(connection: SavedConnection, { target, endpoint }: Discovered, facts: RouteFacts): Route {
  const { inventory, evidence } = facts;
  const { bastion: selector, method } = connection;
  if (!selector && method === undefined) return planRoute(inventory, target, endpoint, evidence);
  if (!selector && method === 'direct') return makeDirectRoute(target, servingEndpoint(target, endpoint));
  if (!selector) {
    const best = planBastionRoute(inventory, target, endpoint, evidence);
    const bastion = bastionsOf(inventory).find(({ id }) => id === best.bastion.id)!;
    return through(best, bastion, method);
  }
  const to = servingEndpoint(target, endpoint);
  const { id, name, engine, tls, auth } = target;
  const destination = { target: { id, name, engine, tls, auth }, endpoint: { host: to.host, port: to.port }, role: to.role };
  if (selector.by === 'ssh') return throughHost({ ...destination, place: target.place }, sshHost(selector.alias, facts.hosts));
  const bastion = namedBastion(selector, inventory, (one) => refusal(one, target, method));
  return through({ ...destination, place: bastion.place }, bastion, method);
}

/** To a host that discovery knows nothing about. @throws Fault */
export function routeToHost(connection: SavedConnection, selector: HostSelector, facts: Partial<Pick<RouteFacts, 'inventory'>> & Pick<RouteFacts, 'hosts'>): Route {
  const { bastion: through_, method, profile = '', region = '' } = connection;
  const { host, port, engine } = selector;
  const destination = {
    target: { id: customTargetId(host, port), name: connection.name, engine, tls: 'preferred', auth: 'none' },
    endpoint: { host, port },
    place: { profile, region, accountId: '' },
  } as const;
  if (method === 'direct') return { ...destination, method };
  if (through_?.by === 'ssh') return throughHost(destination, sshHost(through_.alias, facts.hosts));
  if (!facts.inventory || !through_) throw new Fault('connections.noBastion', `"${connection.name}" names no bastion.`, { remedy: edit(connection.name) });
  const bastion = namedBastion(through_, facts.inventory, (one) => refusal(one, undefined, method));
  return through({ ...destination, place: bastion.place }, bastion, method);
}

export interface RouteFacts {
  readonly inventory: RegionInventory;
  readonly hosts: readonly SshHost[];
  readonly evidence: RankingEvidence;
}

/** The first bastion that is meant and can be used now. */
function namedBastion(selector: Exclude<BastionSelector, { readonly by: 'ssh' }>, inventory: RegionInventory, refuse: (bastion: Bastion) => Fault | undefined): Bastion {
  const isNamed = (bastion: Bastion): boolean =>
    selector.by === 'tag'
      ? Object.entries(bastion.tags ?? {}).some(([key, value]) => fits(selector.tag, key, value))
      : [bastion.id, bastion.name, bastionKey(bastion)].includes(selector.name);
  const named = bastionsOf(inventory).filter((bastion) => isNamed(bastion));
  const usable = named.find((bastion) => !refuse(bastion));
  if (usable) return usable;
  const [first] = named;
  if (first) throw refuse(first)!;
  const what = selector.by === 'tag' ? `with the tag ${formatTag(selector.tag)}` : `called "${selector.name}"`;
  const { profile, region } = inventory.scope;
  throw new Fault('connections.noBastion', `There is no bastion ${what} in ${region} as the profile "${profile}" shows it.`, {
    remedy: { text: 'Correct the connection, or refresh the resources.', action: 'retry' },
  });
}

/** Why the bastion cannot carry the connection now; undefined when it can. */
function refusal(bastion: Bastion, target: Target | undefined, method: ConnectionMethod = 'ssm'): Fault | undefined {
  const obstacle = bastionObstacle(bastion);
  // An agent does not matter to a direct connection.
  const matters = method === 'ssh' ? obstacle === 'notRunning' : obstacle !== undefined;
  if (matters) {
    if (target) return obstacleFault(obstacle!, bastion, target);
    return new Fault('connections.bastionUnusable', `Bastion "${bastion.name}" (${bastion.id}) cannot be used now: it is ${obstacle === 'notRunning' ? bastion.state : 'not online at Systems Manager'}.`, {
      remedy: { text: 'Start it or name another one, then try again.', action: 'retry' },
    });
  }
  if (method === 'ssm') return undefined;
  if (bastion.kind !== 'ec2' || osUser(bastion).user === undefined) return noSsh(bastion, 'EC2 Instance Connect does not know it');
  return method === 'ssh' && bastion.publicAddress === undefined ? noSsh(bastion, 'it has no public address') : undefined;
}

function noSsh({ id, name }: Bastion, why: string): Fault {
  return new Fault('connections.noSsh', `Bastion "${name}" (${id}) cannot be reached by SSH: ${why}.`, {
    remedy: { text: 'Name a host of your SSH configuration, or leave the method to Sallyport.' },
  });
}

type Destination = RouteEnd;

/** @throws Fault where the method does not fit the bastion */
function through({ target, endpoint, role, place }: Destination, bastion: Bastion, method: ConnectionMethod = 'ssm'): Route {
  const unfit = method === 'ssm' ? undefined : refusal(bastion, undefined, method);
  if (unfit) throw unfit;
  const route = { target, endpoint, ...(role !== undefined && { role }), bastion: { id: bastion.id, name: bastion.name }, place } as const;
  if (method === 'ssm') return { ...route, method: 'ssm' };
  const via = method === 'ssh' ? 'direct' : 'ssm';
  const host = via === 'direct' ? bastion.publicAddress! : bastion.id;
  return { ...route, method: 'ssh', ssh: { host, ...osUser(bastion), via, instanceConnect: true } };
}

function throughHost(destination: Destination, { alias }: SshHost): Route {
  const bastion = { id: `${SSH_HOST_ID}${alias}`, name: alias };
  return { ...destination, bastion, method: 'ssh', ssh: { host: alias, via: 'direct', instanceConnect: false } };
}

function osUser({ platform }: Bastion): { readonly user?: string } {
  const user = osUserFor({ ...(platform !== undefined && { platform }) });
  return user === undefined ? {} : { user };
}

/** Only hosts that the person has configured: a name of anything else could lead anywhere. */
function sshHost(alias: string, hosts: readonly SshHost[]): SshHost {
  const host = hosts.find((one) => one.alias === alias);
  if (host) return host;
  throw new Fault('connections.noSshHost', `There is no host "${alias}" in your SSH configuration.`, {
    remedy: { text: 'Add it to ~/.ssh/config, or correct the connection.', action: 'retry' },
  });
}

function notFound(name: string, selector: TargetSelector, inventory: RegionInventory): Fault {
  const { profile, region } = inventory.scope;
  const what = selector.by === 'tag' ? `target with the tag ${formatTag(selector.tag)}` : `"${selector.by === 'id' ? selector.id : name}"`;
  // "There is none" would be wrong where somebody could not look.
  const unlisted = listingFaultsOf(inventory).find(({ provider }) => !provider.endsWith('.bastions'));
  const untagged = selector.by === 'tag' ? faultsOf(inventory).find(({ provider }) => provider === TAGS_PROVIDER) : undefined;
  const unread = unlisted ? 'Some resources' : 'Some tags';
  const fault = unlisted?.fault ?? untagged?.fault;
  const text = fault ? `${unread} could not be read: ${fault.message}` : 'Correct the connection, or refresh the resources.';
  return new Fault('connections.noTarget', `The profile "${profile}" shows no ${what} in ${region}.`, {
    remedy: { text, action: 'editConnection', subject: name },
  });
}

function ambiguous(name: string, selector: TargetSelector, found: readonly Target[]): Fault {
  const what = selector.by === 'tag' ? `have the tag ${formatTag(selector.tag)}` : 'have that name';
  const shown = found.slice(0, 4).map(({ id }) => id);
  return new Fault('connections.ambiguous', `${found.length} targets ${what}: ${shown.join(', ')}${found.length > shown.length ? ', …' : ''}.`, {
    remedy: { text: 'Name one of them by its ARN.', action: 'editConnection', subject: name },
  });
}

function edit(name: string): { readonly text: string; readonly action: 'editConnection'; readonly subject: string } {
  return { text: 'Correct the connection.', action: 'editConnection', subject: name };
}
