import { asFault, cancelled, Fault, faultData, faultFromData } from '../base/fault';
import type { FaultData } from '../base/fault';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { Logger } from '../base/log';
import type { InventoryService, ProfileInfo } from '../model/inventory';
import type { RegionInventory, ResourcesEvent, ResourcesState } from './inventoryState';
import { step } from './inventoryState';
import type { ChosenScope } from './selection';
import { resolveSelection } from './selection';

export interface InventoryStoreDeps {
  readonly inventory: InventoryService;
  /** The settings as they are now. */
  readonly chosen: () => ChosenScope;
  /** The profile that the environment names (AWS_PROFILE). */
  readonly preferredProfile: string | undefined;
  readonly logger: Logger;
}

/**
 * What is known of the selected profile and region. Asks nobody until `start`,
 * `refresh` or `loaded` is called. A new discovery fences the old one: parts
 * that still arrive for it change nothing.
 */
export class InventoryStore {
  readonly #deps: InventoryStoreDeps;
  readonly #changes: Emitter<ResourcesState>;
  #state: ResourcesState = { phase: 'idle' };
  #epoch = 0;
  #abort = new AbortController();
  /** The discovery that the state belongs to. */
  #current: Promise<void> | undefined;
  /** Every discovery that has not ended, those that were fenced off included. */
  readonly #running = new Set<Promise<void>>();

  readonly onDidChange: Event<ResourcesState>;

  constructor(deps: InventoryStoreDeps) {
    this.#deps = deps;
    this.#changes = new Emitter((error) => deps.logger.log('error', 'inventory.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
  }

  get state(): ResourcesState {
    return this.#state;
  }

  /** The inventory shown now, however complete. */
  get inventory(): RegionInventory | undefined {
    return this.#state.phase === 'region' ? this.#state.inventory : undefined;
  }

  /** Whether a discovery is under way. */
  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** Resolves when no discovery is under way. */
  async settled(): Promise<void> {
    while (this.#current) await this.#current;
  }

  /** Begins the first discovery; does nothing once there was one. */
  start(): void {
    if (this.#state.phase === 'idle') void this.refresh();
  }

  /** Asks again, keeping what is shown until the answers replace it. Resolves when the answers are in; never rejects. */
  refresh(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const epoch = ++this.#epoch;
    const run = this.#discover(epoch, this.#abort.signal).finally(() => {
      this.#running.delete(run);
      if (this.#current === run) this.#current = undefined;
    });
    this.#running.add(run);
    this.#current = run;
    return run;
  }

  /** Call when the chosen profile or region changed: what is shown vanishes at once. */
  selectionChanged(): void {
    if (this.#state.phase === 'idle') return;
    this.#apply({ type: 'deselected' });
    void this.refresh();
  }

  /** Profiles of the configuration. @throws Fault when it cannot be read. */
  profiles(): Promise<readonly ProfileInfo[]> {
    return this.#deps.inventory.profiles();
  }

  /**
   * The complete inventory, discovered first if need be.
   * @throws Fault when there is none to be had, or the signal fires (the discovery itself goes on for the view).
   */
  async loaded(signal: AbortSignal): Promise<RegionInventory> {
    this.start();
    // A refresh that begins meanwhile is waited for as well.
    while (this.#current) await abandonable(this.#current, signal);
    const state = this.#state;
    if (state.phase === 'region') {
      if (state.inventory.fault && state.inventory.providers.size === 0) throw faultFromData(state.inventory.fault);
      return state.inventory;
    }
    if (state.phase === 'unavailable') throw faultFromData(state.fault);
    throw faultFromData(NO_PROFILES);
  }

  /** Ends every discovery and resolves when they have ended. */
  async dispose(): Promise<void> {
    this.#epoch++;
    this.#abort.abort();
    this.#changes.dispose();
    await Promise.all(this.#running);
  }

  async #discover(epoch: number, signal: AbortSignal): Promise<void> {
    const { inventory, chosen, preferredProfile, logger } = this.#deps;
    const apply = (event: ResourcesEvent): void => {
      if (epoch === this.#epoch) this.#apply(event);
    };
    apply({ type: 'reading' });
    try {
      const selection = resolveSelection(await inventory.profiles(), chosen(), preferredProfile);
      if (epoch !== this.#epoch) return;
      if (selection.kind !== 'scope') {
        apply(selection.kind === 'noProfiles' ? { type: 'noProfiles' } : { ...selection, type: 'unavailable' });
        return;
      }
      apply({ type: 'discovering', scope: selection.scope });
      for await (const part of inventory.discover(selection.scope, signal)) {
        if (epoch !== this.#epoch) return;
        if (part.kind === 'fault') logger.log('warn', 'inventory.partFailed', { provider: part.provider, ...fields(part.fault) });
        apply({ type: 'part', part });
      }
      apply({ type: 'discovered' });
    } catch (error) {
      if (epoch !== this.#epoch) return;
      const fault = faultData(asFault(error));
      logger.log('warn', 'inventory.failed', fields(fault));
      apply(this.inventory ? { type: 'discoveryFailed', fault } : { type: 'unavailable', fault });
    }
  }

  #apply(event: ResourcesEvent): void {
    const next = step(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#changes.fire(next);
  }
}

const NO_PROFILES: FaultData = {
  code: 'selection.noProfiles',
  message: 'No AWS profile was found.',
  retryable: false,
  remedy: { text: 'Create one with `aws configure sso` or `aws configure`, then refresh.', action: 'retry' },
};

function fields(fault: FaultData): { code: string; message: string } {
  return { code: fault.code, message: fault.message };
}

/** Waits for `work` unless the signal fires first; the work itself is not touched. */
function abandonable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Faults of the store that commands also throw. */
export function goneFault(what: string): Fault {
  return new Fault('inventory.gone', `${what} is no longer listed.`, {
    remedy: { text: 'Refresh the resources and choose again.', action: 'retry' },
  });
}
