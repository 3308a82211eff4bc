import { asFault, faultData } from '../base/fault';
import type { FaultData } from '../base/fault';
import type { Clock } from '../base/clock';
import type { Gate } from '../base/gate';
import type { Logger } from '../base/log';
import { withTags } from '../model/inventory';
import type { DiscoveryScope, InventoryService } from '../model/inventory';
import type { InventoryCache } from './inventoryCache';
import type { RegionEvent, RegionInventory } from './inventoryState';
import { emptyRegion, keptOf, stepRegion } from './inventoryState';

export interface ScopeDeps {
  readonly inventory: Pick<InventoryService, 'discover'>;
  readonly cache: InventoryCache | undefined;
  /** So many places are asked for at a time. */
  readonly gate: Gate;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: () => void;
  /** AWS has said which account the profile leads to; called before anything else of that answer is shown. */
  readonly onAccount: (accountId: string) => void;
  /** The account of the profile, as AWS said last in this session. */
  readonly account: () => string | undefined;
}

interface Run {
  readonly ended: Promise<void>;
  /** The providers that are asked; absent: all of them. */
  readonly only: readonly string[] | undefined;
}

/**
 * What is known of one place, and how it comes to be known. A new discovery fences the old one: parts that still arrive for
 * it change nothing. Nothing is asked before `refresh` or `ensure`.
 */
export class ScopeDiscovery {
  readonly scope: DiscoveryScope;
  /** What the profile is made of; kept inventories of another are not read. */
  readonly settings: string | undefined;
  readonly #deps: ScopeDeps;
  #inventory: RegionInventory | undefined;
  #epoch = 0;
  #abort = new AbortController();
  #run: Run | undefined;
  #reading: Promise<void> | undefined;
  /** When AWS was last asked for everything, ms since the epoch. */
  #askedAt: number | undefined;
  readonly #ends = new Set<Promise<void>>();
  #disposed = false;

  constructor(scope: DiscoveryScope, settings: string | undefined, deps: ScopeDeps) {
    this.scope = scope;
    this.settings = settings;
    this.#deps = deps;
  }

  /** Undefined while nothing was asked and nothing was kept. */
  get inventory(): RegionInventory | undefined {
    return this.#inventory;
  }

  /** Whether AWS has been asked in this session, or is being asked. */
  get asked(): boolean {
    return this.#run !== undefined || this.#askedAt !== undefined || this.#inventory?.fault !== undefined;
  }

  /** The discovery that is under way. */
  get running(): Promise<void> | undefined {
    return this.#run?.ended;
  }

  /** Shows what was kept, unless more is known. */
  showKept(): Promise<void> {
    this.#reading ??= this.#readKept();
    return this.#reading;
  }

  /**
   * Asks again, keeping what is shown until the answers replace it. Resolves when the answers are in; never rejects.
   * @param only ids of the providers to ask; a discovery of all of them that is under way is joined
   */
  refresh(only?: readonly string[]): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    const present = this.#run;
    if (only && present && !present.only) return present.ended;
    const whole = only && withTags(only);
    const wanted = whole && present?.only ? [...new Set([...present.only, ...whole])] : whole;
    this.#abort.abort();
    this.#abort = new AbortController();
    const epoch = ++this.#epoch;
    const ended = this.#discover(epoch, wanted, this.#abort.signal).finally(() => {
      this.#ends.delete(ended);
      if (this.#epoch !== epoch) return;
      this.#run = undefined;
      this.#deps.onChange();
    });
    this.#ends.add(ended);
    this.#run = { ended, only: wanted };
    return ended;
  }

  /** Asks unless AWS was asked already. Resolves when the answers are in; never rejects. */
  ensure(): Promise<void> {
    return this.#run?.ended ?? (this.asked ? Promise.resolve() : this.refresh());
  }

  /**
   * Call when the profile leads to this account: whatever is known of another vanishes.
   * @returns whether it did
   */
  belongsTo(accountId: string): boolean {
    const known = this.#inventory?.accountId;
    if (known === undefined || known === accountId) return false;
    this.#askedAt = undefined;
    this.#apply({ type: 'otherAccount' });
    return true;
  }

  /** Ends every discovery and resolves when they have ended. Shows nothing any more. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#epoch++;
    this.#abort.abort();
    this.#run = undefined;
    await Promise.all([...this.#ends, this.#reading]);
  }

  async #discover(epoch: number, only: readonly string[] | undefined, signal: AbortSignal): Promise<void> {
    const { inventory, gate, logger, onAccount } = this.#deps;
    const apply = (event: RegionEvent): void => {
      if (epoch === this.#epoch) this.#apply(event);
    };
    apply({ type: 'discovering', ...(only && { only }) });
    let leave = (): void => {};
    try {
      leave = await gate.enter(signal);
      // Cancelled together with those before it, it was let in only to go.
      if (epoch !== this.#epoch) return;
      const askedAt = this.#deps.clock.wall();
      for await (const part of inventory.discover(this.scope, signal, only)) {
        if (epoch !== this.#epoch) return;
        if (part.kind === 'fault') logger.log('warn', 'inventory.partFailed', { ...this.scope, provider: part.provider, ...fields(part.fault) });
        apply({ type: 'part', part });
        if (part.kind === 'account') onAccount(part.accountId);
      }
      apply({ type: 'discovered', ...(only && { only }) });
      if (epoch === this.#epoch) this.#keep(only ? this.#askedAt : (this.#askedAt = askedAt));
    } catch (error) {
      if (epoch !== this.#epoch) return;
      const fault = faultData(asFault(error));
      logger.log('warn', 'inventory.failed', { ...this.scope, ...fields(fault) });
      apply({ type: 'failed', fault });
    } finally {
      leave();
    }
  }

  async #readKept(): Promise<void> {
    const { cache, clock, logger, account } = this.#deps;
    if (!cache) return;
    const started = clock.now();
    const kept = await cache.read(this.scope, this.settings);
    // What AWS has said meanwhile is newer, and the account that it has named may be another.
    if (!kept || this.#disposed || this.#askedAt !== undefined || (account() ?? kept.accountId) !== kept.accountId) return;
    this.#apply({ type: 'kept', kept });
    logger.log('debug', 'inventory.kept', { ...this.scope, ms: Math.round(clock.now() - started) });
  }

  /** In the background: nobody waits for it. */
  #keep(at: number | undefined): void {
    const kept = at !== undefined && this.#inventory ? keptOf(this.#inventory, at) : undefined;
    if (kept) void this.#deps.cache?.write(this.scope, this.settings, kept);
  }

  #apply(event: RegionEvent): void {
    const before = this.#inventory;
    this.#inventory = stepRegion(before ?? emptyRegion(this.scope), event);
    if (this.#inventory !== before && !this.#disposed) this.#deps.onChange();
  }
}

function fields(fault: FaultData): { code: string; message: string } {
  return { code: fault.code, message: fault.message };
}
