import { Fault, faultFromData, isFault } from '../base/fault';
import type { Bastion } from '../model/bastion';
import type { BastionRoute, Route } from '../model/route';
import { chooseBastion, goesDirectly, makeDirectRoute, makeRoute } from '../model/route';
import type { RankingEvidence } from '../model/ranking';
import { rankBastions } from '../model/ranking';
import { MAX_ALTERNATES } from '../model/tunnel';
import type { Target, TargetEndpoint } from '../model/target';
import { defaultEndpoint, isServing } from '../model/target';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, faultsOf } from './inventoryState';

/**
 * The route that "Connect" takes: to the given endpoint, else to the one that takes writes; directly where that is known to
 * be possible, else through the best bastion.
 * @throws Fault as `planBastionRoute`
 */
export function planRoute(inventory: RegionInventory, target: Target, endpoint: TargetEndpoint | undefined, evidence: RankingEvidence): Route {
  const to = servingEndpoint(target, endpoint);
  return goesDirectly(target, to, bastionsOf(inventory), evidence) ? makeDirectRoute(target, to) : planBastionRoute(inventory, target, to, evidence);
}

/**
 * Through the best bastion, to the given endpoint or the one that takes writes.
 * @throws Fault `target.notServing`, `target.noEndpoint`, those of `chooseBastion`, or the discovery's own
 *   fault where the bastions are missing because they could not be listed.
 */
export function planBastionRoute(
  inventory: RegionInventory,
  target: Target,
  endpoint: TargetEndpoint | undefined,
  evidence: RankingEvidence,
): BastionRoute {
  return makeRoute(target, servingEndpoint(target, endpoint), bastionFor(inventory, target, evidence));
}

/** The endpoint, else the one that takes writes. @throws Fault `target.notServing`, `target.noEndpoint` */
export function servingEndpoint(target: Target, endpoint: TargetEndpoint | undefined): TargetEndpoint {
  if (!isServing(target)) {
    throw new Fault('target.notServing', `"${target.name}" is ${target.status} and does not accept connections.`, {
      remedy: { text: 'Wait until it is available, then refresh.', action: 'retry' },
    });
  }
  const destination = endpoint ?? defaultEndpoint(target);
  if (!destination) {
    throw new Fault('target.noEndpoint', `"${target.name}" has no endpoint yet.`, {
      remedy: { text: 'Wait until AWS has created it, then refresh.', action: 'retry' },
    });
  }
  return destination;
}

/**
 * Bastions to the same endpoint, for when that of `route` is gone or the endpoint cannot be reached directly: those that may
 * be taken without asking, the best first.
 */
export function planAlternates(inventory: RegionInventory, target: Target, endpoint: TargetEndpoint, evidence: RankingEvidence, route: Route): Route[] {
  return rankBastions(target, bastionsOf(inventory), evidence)
    .filter(({ automatic, obstacle, bastion }) => automatic && obstacle === undefined && (route.method !== 'ssm' || bastion.id !== route.bastion.id))
    .slice(0, MAX_ALTERNATES)
    .map(({ bastion }) => makeRoute(target, endpoint, bastion));
}

function bastionFor(inventory: RegionInventory, target: Target, evidence: RankingEvidence): Bastion {
  try {
    return chooseBastion(target, bastionsOf(inventory), evidence);
  } catch (error) {
    if (!isFault(error) || error.code !== 'route.noBastion') throw error;
    // "There is none" would be wrong where nobody could look.
    const unlisted = faultsOf(inventory).find(({ provider }) => provider.endsWith('.bastions'));
    throw unlisted ? faultFromData(unlisted.fault) : error;
  }
}
