import { abortable } from '../base/abort';
import { asFault, Fault, faultData, faultFromData } from '../base/fault';
import type { FaultData } from '../base/fault';
import type { Clock } from '../base/clock';
import { systemClock } from '../base/clock';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import { Gate } from '../base/gate';
import type { Logger } from '../base/log';
import type { DiscoveryScope, InventoryService, ProfileInfo } from '../model/inventory';
import type { InventoryCache } from './inventoryCache';
import type { RegionInventory } from './inventoryState';
import { scopeKey } from './inventoryState';
import type { LastSelection } from './lastSelection';
import type { ResourcesState } from './resourcesState';
import { inventoriesOf, isOpenAtFirst } from './resourcesState';
import { ScopeDiscovery } from './scopeDiscovery';
import type { ChosenProfile, SelectedProfile } from './selection';
import { resolveSelection } from './selection';

export interface InventoryStoreDeps {
  readonly inventory: InventoryService;
  /** The settings as they are now. */
  readonly chosen: () => readonly ChosenProfile[];
  /** The profile that the environment names (AWS_PROFILE). */
  readonly preferredProfile: string | undefined;
  readonly logger: Logger;
  /** Without it nothing is known before AWS has been asked. */
  readonly cache?: InventoryCache;
  /** Without it nothing is shown before the configuration has been read. */
  readonly lastSelection?: LastSelection;
  readonly clock?: Clock;
}

export interface RefreshRequest {
  readonly scopes: readonly DiscoveryScope[];
  /** Ids of the providers to ask; all of them unless told. */
  readonly providers?: readonly string[];
}

/** Places that are asked for at a time: each asks a dozen services. */
const MAX_SCOPES_AT_A_TIME = 4;

/**
 * What is known of the selected profiles and regions. Asks nobody until `start`, `refresh`, `loaded` or `usable` is called,
 * and of itself only for the regions whose rows are open.
 */
export class InventoryStore {
  readonly #deps: InventoryStoreDeps;
  readonly #clock: Clock;
  readonly #changes: Emitter<ResourcesState>;
  readonly #gate = new Gate(MAX_SCOPES_AT_A_TIME);
  #state: ResourcesState = { phase: 'idle' };
  #profiles: readonly SelectedProfile[] | undefined;
  /** By `scopeKey`, in the order of the rows. */
  #scopes = new Map<string, ScopeDiscovery>();
  /** Whether a region's row is open, by `scopeKey`: as it first appeared, then as the person left it. So VS Code keeps it, too. */
  readonly #opened = new Map<string, boolean>();
  readonly #closedProfiles = new Set<string>();
  /** The account of each profile, as AWS said last. */
  readonly #accounts = new Map<string, string>();
  #epoch = 0;
  /** The reading of the configuration that is under way. */
  #selecting: Promise<void> | undefined;
  readonly #ends = new Set<Promise<void>>();
  #disposed = false;

  readonly onDidChange: Event<ResourcesState>;

  constructor(deps: InventoryStoreDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#changes = new Emitter((error) => deps.logger.log('error', 'inventory.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
  }

  get state(): ResourcesState {
    return this.#state;
  }

  /** All that is known now, however complete. */
  get inventories(): readonly RegionInventory[] {
    return inventoriesOf(this.#state);
  }

  /** The profiles that are shown. */
  get profileNames(): readonly string[] {
    return (this.#profiles ?? []).map(({ name }) => name);
  }

  /** Whether anything is being read or asked. */
  get busy(): boolean {
    return this.#selecting !== undefined || [...this.#scopes.values()].some(({ running }) => running !== undefined);
  }

  /** Whether every selected region can be shown without a wait. */
  get complete(): boolean {
    const scopes = [...this.#scopes.values()];
    return !this.#selecting && scopes.length > 0 && scopes.every(({ inventory }) => inventory && (!inventory.loading || inventory.asOf !== undefined));
  }

  /** Resolves when nothing is being read or asked. */
  async settled(): Promise<void> {
    while (this.busy) await Promise.all([this.#selecting, ...[...this.#scopes.values()].map(({ running }) => running)]);
  }

  /** Begins: what was kept is shown, and AWS is asked for what is open. Does nothing once it was called. */
  start(): void {
    if (this.#state.phase === 'idle') void this.refresh();
  }

  /**
   * Asks again, keeping what is shown until the answers replace it: for the given places, else, after the configuration
   * has been read anew, for all that are open. Resolves when the answers are in; never rejects.
   */
  async refresh(request?: RefreshRequest): Promise<void> {
    if (!request) {
      await this.#select();
      // Overtaken by another reading: only that one knows what is selected.
      while (this.#selecting) await this.#selecting;
      await Promise.all(this.#openScopes().map((scope) => scope.refresh()));
      return;
    }
    const wanted = request.scopes.flatMap((scope) => this.#scopes.get(scopeKey(scope)) ?? []);
    await Promise.all(wanted.map((scope) => scope.refresh(request.providers)));
  }

  /** Call when the chosen profiles or regions changed: what is chosen no longer vanishes at once. */
  selectionChanged(): void {
    if (this.#state.phase === 'idle') return;
    const chosen = this.#deps.chosen();
    const isLeft = (profile: string, region?: string): boolean =>
      chosen.some((one) => one.profile === profile && (region === undefined || one.regions.length === 0 || one.regions.includes(region)));
    const left = (this.#profiles ?? []).filter(({ name }) => isLeft(name));
    const profiles = left.map((profile): SelectedProfile => {
      const regions = profile.regions.filter((region) => isLeft(profile.name, region));
      return regions.length === profile.regions.length ? profile : Object.assign({ ...profile }, { regions });
    });
    this.#show(profiles.length > 0 ? profiles : undefined);
    if (profiles.length === 0) this.#publish({ phase: 'reading' });
    void this.#select().then(() => this.#ensureOpen());
  }

  /** The row of a region was opened or closed: what is open is asked for once. */
  setOpen(scope: DiscoveryScope, isOpen: boolean): void {
    this.#opened.set(scopeKey(scope), isOpen);
    this.#show(this.#profiles);
    this.#ensureOpen();
  }

  /** The row of a profile was opened or closed: what is in a closed one cannot be seen. */
  setProfileOpen(profile: string, isOpen: boolean): void {
    if (isOpen) this.#closedProfiles.delete(profile);
    else this.#closedProfiles.add(profile);
    this.#ensureOpen();
  }

  /** Profiles of the configuration. @throws Fault when it cannot be read. */
  profiles(): Promise<readonly ProfileInfo[]> {
    return this.#deps.inventory.profiles();
  }

  /**
   * The inventories of every selected region, each complete or as it was kept, asked for first if need be.
   * @throws Fault when there is none to be had, or the signal fires (what was asked for goes on for the view).
   */
  async loaded(signal: AbortSignal): Promise<readonly RegionInventory[]> {
    await this.#selected(signal);
    const scopes = [...this.#scopes.values()];
    await abortable(Promise.all(scopes.map((scope) => this.#ready(scope))), signal);
    const known = this.inventories.filter(({ fault, providers }) => !fault || providers.size > 0);
    if (known.length > 0) return known;
    throw faultFromData(this.#whyNothing());
  }

  /**
   * What is known of a place, for work on its resources: complete, or as it was kept if its account is still the same.
   * @throws Fault when there is nothing to be had, `inventory.gone` for a place that is not selected, or the signal fires
   */
  async usable(place: DiscoveryScope, signal: AbortSignal): Promise<RegionInventory> {
    await this.#selected(signal);
    const scope = this.#scopes.get(scopeKey(place));
    if (!scope) throw goneFault(`${place.region} of profile "${place.profile}"`);
    void scope.ensure();
    await this.#until(() => {
      const { inventory, running } = scope;
      return !running || (inventory?.asOf !== undefined && !inventory.accountUnconfirmed && inventory.providers.size > 0);
    }, signal);
    if (this.#scopes.get(scopeKey(place)) !== scope) throw goneFault(`${place.region} of profile "${place.profile}"`);
    const { inventory } = scope;
    if (!inventory || (inventory.fault && inventory.providers.size === 0)) throw faultFromData(inventory?.fault ?? this.#whyNothing());
    return inventory;
  }

  /** Ends every discovery and resolves when they have ended. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#epoch++;
    this.#changes.dispose();
    this.#drop([...this.#scopes.values()]);
    await Promise.all([this.#selecting, ...this.#ends]);
  }

  /** Reads the configuration and shows what it says, together with what was kept. Never rejects. */
  #select(): Promise<void> {
    const { chosen, preferredProfile, lastSelection } = this.#deps;
    const wanted = chosen();
    const run = this.#readSelection(++this.#epoch, wanted).finally(() => {
      if (this.#selecting !== run) return;
      this.#selecting = undefined;
      this.#publish();
    });
    this.#selecting = run;
    // What is shown stays until the files say that it is something else.
    if (!this.#profiles) this.#show(lastSelection?.recall(wanted, preferredProfile));
    if (!this.#profiles) this.#publish({ phase: 'reading' });
    return run;
  }

  async #readSelection(epoch: number, wanted: readonly ChosenProfile[]): Promise<void> {
    const { inventory, preferredProfile, logger, lastSelection } = this.#deps;
    try {
      const selection = resolveSelection(await inventory.profiles(), wanted, preferredProfile);
      if (epoch !== this.#epoch) return;
      if (selection.kind !== 'profiles') {
        this.#show(undefined);
        this.#publish(selection.kind === 'noProfiles' ? { phase: 'noProfiles' } : { phase: 'unavailable', fault: selection.fault });
        return;
      }
      this.#show(selection.profiles);
      lastSelection?.remember(wanted, preferredProfile, selection.profiles);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      const fault = faultData(asFault(error));
      logger.log('warn', 'inventory.failed', { code: fault.code, message: fault.message });
      this.#show(undefined);
      this.#publish({ phase: 'unavailable', fault });
    }
  }

  /** What is selected from now on; what is not vanishes, and what was kept of what is open appears. */
  #show(profiles: readonly SelectedProfile[] | undefined): void {
    if (this.#disposed) return;
    this.#profiles = profiles;
    const before = this.#scopes;
    this.#scopes = new Map();
    for (const { name, regions, settings } of profiles ?? []) {
      for (const region of regions) {
        const scope = { profile: name, region };
        const key = scopeKey(scope);
        const known = before.get(key);
        if (!this.#opened.has(key)) this.#opened.set(key, isOpenAtFirst(profiles ?? [], scope));
        // What was found under other settings may be of another account.
        this.#scopes.set(key, known && known.settings === settings ? known : this.#scope(scope, settings));
      }
    }
    const kept = new Set(this.#scopes.values());
    this.#drop([...before.values()].filter((scope) => !kept.has(scope)));
    for (const scope of this.#openScopes()) void scope.showKept();
    if (profiles) this.#publish();
  }

  #scope(scope: DiscoveryScope, settings: string | undefined): ScopeDiscovery {
    const { inventory, logger, cache } = this.#deps;
    return new ScopeDiscovery(scope, settings, {
      inventory,
      cache,
      gate: this.#gate,
      clock: this.#clock,
      logger,
      onChange: () => this.#publish(),
      onAccount: (accountId) => this.#accountIs(scope.profile, accountId),
      account: () => this.#accounts.get(scope.profile),
    });
  }

  #drop(scopes: readonly ScopeDiscovery[]): void {
    for (const scope of scopes) {
      const end = scope.dispose().finally(() => this.#ends.delete(end));
      this.#ends.add(end);
    }
  }

  /** What was found while the profile led to another account is nothing of this one's. */
  #accountIs(profile: string, accountId: string): void {
    this.#accounts.set(profile, accountId);
    for (const scope of this.#scopes.values()) {
      if (scope.scope.profile !== profile || !scope.belongsTo(accountId)) continue;
      // What a discovery that is under way still tells may be of either.
      if (scope.running || this.#isOpen(scope)) void scope.refresh();
    }
  }

  #isOpen({ scope }: ScopeDiscovery): boolean {
    return this.#opened.get(scopeKey(scope)) === true;
  }

  #openScopes(): ScopeDiscovery[] {
    return [...this.#scopes.values()].filter((scope) => this.#isOpen(scope) && !this.#closedProfiles.has(scope.scope.profile));
  }

  #ensureOpen(): void {
    // Before the files are read nobody knows whether what was shown last is still selected.
    if (this.#selecting) return;
    for (const scope of this.#openScopes()) void scope.ensure();
  }

  /** Complete, or as it was kept. */
  async #ready(scope: ScopeDiscovery): Promise<void> {
    await scope.showKept();
    if (scope.inventory?.asOf === undefined) await scope.ensure();
  }

  /** Waits until it is known what is selected. @throws Fault `operation.cancelled` */
  async #selected(signal: AbortSignal): Promise<void> {
    this.start();
    // One that begins meanwhile is waited for as well.
    while (this.#selecting) await abortable(this.#selecting, signal);
  }

  #whyNothing(): FaultData {
    const state = this.#state;
    if (state.phase === 'unavailable') return state.fault;
    const wrong = (this.#profiles ?? []).flatMap(({ faults }) => faults);
    return this.inventories.find(({ fault }) => fault)?.fault ?? wrong[0] ?? NO_PROFILES;
  }

  /** @throws Fault `operation.cancelled` */
  async #until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    if (isSo()) return;
    let listening = { dispose: (): void => {} };
    const changed = new Promise<void>((resolve) => {
      listening = this.onDidChange(() => {
        if (isSo()) resolve();
      });
    });
    try {
      await abortable(changed, signal);
    } finally {
      listening.dispose();
    }
  }

  #publish(state: ResourcesState = this.#shown()): void {
    if (this.#disposed || (state.phase !== 'profiles' && state.phase === this.#state.phase && state.phase !== 'unavailable')) return;
    this.#state = state;
    this.#changes.fire(state);
  }

  #shown(): ResourcesState {
    if (!this.#profiles) return this.#state;
    const scopes = [...this.#scopes];
    const known = scopes.flatMap(([key, { inventory }]) => (inventory ? [[key, inventory] as const] : []));
    const open = scopes.filter(([, scope]) => this.#isOpen(scope)).map(([key]) => key);
    return { phase: 'profiles', profiles: this.#profiles, regions: new Map(known), open: new Set(open) };
  }
}

const NO_PROFILES: FaultData = {
  code: 'selection.noProfiles',
  message: 'No AWS profile was found.',
  retryable: false,
  remedy: { text: 'Create one with `aws configure sso` or `aws configure`, then refresh.', action: 'retry' },
};

/** Faults of the store that commands also throw. */
export function goneFault(what: string): Fault {
  return new Fault('inventory.gone', `${what} is no longer listed.`, {
    remedy: { text: 'Refresh the resources and choose again.', action: 'retry' },
  });
}
