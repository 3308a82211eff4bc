import { asFault, isCancelled } from '../base/fault';
import type { Logger } from '../base/log';
import type { Bastion } from '../model/bastion';
import { bastionObstacle } from '../model/bastion';
import type { InventoryService } from '../model/inventory';
import type { NetworkFacts } from '../model/network';
import type { RankingEvidence } from '../model/ranking';
import { equalBest, networkMatters, parseBastionTag, rankBastions } from '../model/ranking';
import { goesDirectly } from '../model/route';
import type { Target, TargetEndpoint } from '../model/target';
import type { BastionMemory } from './bastionMemory';

export interface BastionAdviceDeps {
  readonly inventory: Pick<InventoryService, 'network' | 'privileges'>;
  readonly memory: BastionMemory;
  /** The setting `sallyport.bastionTag`. */
  readonly tag: () => string;
  readonly logger: Logger;
}

/** Gathers what decides between the bastions of a target. */
export class BastionAdvice {
  readonly #deps: BastionAdviceDeps;

  constructor(deps: BastionAdviceDeps) {
    this.#deps = deps;
  }

  /**
   * What "Connect" needs: the network is asked only where its answer could change which bastion is taken, and roles only of
   * those that are equal then. @throws Fault `operation.cancelled`
   */
  async toConnect(target: Target, endpoint: TargetEndpoint | undefined, bastions: readonly Bastion[], signal: AbortSignal): Promise<RankingEvidence> {
    const known = this.#known(target, endpoint);
    if (!endpoint || goesDirectly(target, endpoint, bastions, known)) return known;
    const matters = networkMatters(rankBastions(target, bastions, known));
    const facts = matters ? await this.#withNetwork(known, target, bastions, signal) : known;
    return this.#withPolicies(facts, target, equalBest(rankBastions(target, bastions, facts)), signal);
  }

  /** Everything that can be said of every bastion. @throws Fault `operation.cancelled` */
  async toChoose(target: Target, endpoint: TargetEndpoint, bastions: readonly Bastion[], signal: AbortSignal): Promise<RankingEvidence> {
    const facts = await this.#withNetwork(this.#known(target, endpoint), target, bastions, signal);
    const usable = rankBastions(target, bastions, facts).filter(({ obstacle }) => obstacle === undefined);
    return this.#withPolicies(facts, target, usable.length > 1 ? usable.map(({ bastion }) => bastion) : [], signal);
  }

  /** What is known without asking anybody. */
  atHand(target: Target, endpoint: TargetEndpoint): RankingEvidence {
    return this.#known(target, endpoint);
  }

  remember(targetId: string, key: string): void {
    this.#deps.memory.remember(targetId, key);
  }

  #known(target: Target, endpoint: TargetEndpoint | undefined): RankingEvidence {
    const chosen = this.#deps.memory.chosenFor(target.id);
    return {
      tag: parseBastionTag(this.#deps.tag()),
      ...(endpoint && { port: endpoint.port }),
      ...(chosen !== undefined && { chosen }),
    };
  }

  async #withNetwork(known: RankingEvidence, target: Target, bastions: readonly Bastion[], signal: AbortSignal): Promise<RankingEvidence> {
    const { inventory, logger } = this.#deps;
    const usable = bastions.filter((bastion) => bastionObstacle(bastion) === undefined);
    if (usable.length === 0) return known;
    try {
      const network: NetworkFacts = await inventory.network(target.place, groupsToAsk(target, usable), signal);
      return { ...known, network };
    } catch (error) {
      if (isCancelled(error)) throw error;
      logger.log('warn', 'network.unknown', { code: asFault(error).code });
      return known;
    }
  }

  /** @param candidates between which the roles decide, the best first */
  async #withPolicies(known: RankingEvidence, target: Target, candidates: readonly Bastion[], signal: AbortSignal): Promise<RankingEvidence> {
    const { inventory, logger } = this.#deps;
    const identities = [...new Set(candidates.flatMap(({ identityArn }) => identityArn ?? []))];
    if (identities.length === 0) return known;
    try {
      return { ...known, policies: await inventory.privileges(target.place, identities, signal) };
    } catch (error) {
      if (isCancelled(error)) throw error;
      logger.log('debug', 'privileges.unknown', { code: asFault(error).code });
      return known;
    }
  }
}

/** The target's own groups first, then those of the bastions that are nearest: only so many can be asked for. */
function groupsToAsk(target: Target, usable: readonly Bastion[]): string[] {
  const near = usable.filter(({ vpcId }) => vpcId === target.vpcId);
  const far = usable.filter(({ vpcId }) => vpcId !== target.vpcId);
  return [...new Set([...target.securityGroupIds, ...[...near, ...far].flatMap(({ securityGroupIds }) => securityGroupIds)])];
}
