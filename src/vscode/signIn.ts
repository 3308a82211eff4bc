import type { FaultData } from '../base/fault';
import type { Disposable } from '../base/event';
import type { ProfileInfo } from '../model/inventory';
import type { SignInService, SignInWay } from '../model/signIn';
import type { Attempts } from './attempts';
import type { CommandHandlers } from './contributions';
import type { ResourcesState } from './inventoryState';
import { faultsOf } from './inventoryState';
import type { InventoryStore } from './inventoryStore';
import type { PickItem, Ui } from './ui';

export interface SignInDeps {
  readonly service: SignInService;
  readonly store: InventoryStore;
  readonly ui: Ui;
  readonly attempts: Attempts;
  /** Whether a browser that is opened from here can come back to where this runs. */
  readonly way: () => SignInWay;
}

/** Signing in to AWS from within the window. */
export class SignInCommands {
  readonly #deps: SignInDeps;

  constructor(deps: SignInDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'signIn'> {
    return { signIn: (argument) => this.#signIn(argument) };
  }

  /** @param argument a row of the Resources view, a profile's name, or nothing */
  async #signIn(argument: unknown): Promise<void> {
    const { service, ui, attempts, way } = this.#deps;
    const profile = await attempts.run('signIn', () => this.#profile(argument));
    if (profile === undefined) return;
    const title = ui.l10n.t('Signing in to AWS profile {0}', profile);
    const done = await attempts.run(
      'signIn',
      () => ui.task(title, (signal) => service.signIn(profile, way(), signal).then(() => true)),
      { retry: () => void this.#signIn(profile), about: profile },
    );
    if (done) ui.brief(ui.l10n.t('Signed in: {0}', profile));
  }

  async #profile(argument: unknown): Promise<string | undefined> {
    const { store, ui } = this.#deps;
    const shown = shownProfile(store.state);
    const own = shown === undefined ? [] : [`profile:${shown}`, `fault:${shown}`];
    const ofRow = typeof argument === 'string' && own.some((id) => argument === id || argument.startsWith(`${id}/`));
    if (typeof argument === 'string' && !ofRow) return argument;
    if (shown !== undefined) return shown;
    const items = (await store.profiles()).map((info): PickItem<ProfileInfo> => ({ label: info.name, icon: 'account', value: info }));
    const chosen = await ui.pick(items, { title: ui.l10n.t('Sign In'), placeholder: ui.l10n.t('To which AWS profile?') });
    return chosen?.name;
  }
}

/** Whatever failed for want of a sign-in is tried again after one, by whichever program it was done; changed files are read at once. */
export function retryAfterSignIn(service: SignInService, store: InventoryStore, attempts: Attempts): Disposable {
  return service.onDidChange((change) => {
    if (change.kind === 'configuration') {
      if (store.state.phase !== 'idle') void store.refresh();
      return;
    }
    const shown = shownProfile(store.state);
    if (shown !== undefined && change.profiles.includes(shown) && faultsShown(store.state).some(wantsSignIn)) void store.refresh();
    attempts.signedIn(change.profiles);
  });
}

function shownProfile(state: ResourcesState): string | undefined {
  if (state.phase === 'region') return state.inventory.scope.profile;
  return state.phase === 'unavailable' ? state.profile : undefined;
}

function faultsShown(state: ResourcesState): readonly FaultData[] {
  if (state.phase === 'unavailable') return [state.fault];
  if (state.phase !== 'region') return [];
  const { fault } = state.inventory;
  return [...(fault ? [fault] : []), ...faultsOf(state.inventory).map((one) => one.fault)];
}

export function wantsSignIn({ remedy }: FaultData): boolean {
  return remedy?.action === 'signIn';
}
