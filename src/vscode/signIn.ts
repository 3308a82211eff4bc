import type { FaultData } from '../base/fault';
import type { Disposable } from '../base/event';
import type { DiscoveryScope } from '../model/inventory';
import type { SignInService, SignInWay } from '../model/signIn';
import type { Attempts } from './attempts';
import type { CommandHandlers } from './contributions';
import type { InventoryStore } from './inventoryStore';
import { faultsIn } from './resourcesState';
import { profileOfRow } from './rowPlace';
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
    const shown = store.profileNames;
    if (typeof argument === 'string') return profileOfRow(argument, store.state) ?? argument;
    if (shown.length === 1) return shown[0];
    const names = shown.length > 0 ? shown : (await store.profiles()).map(({ name }) => name);
    const failed = new Set(scopesToSignIn(store).map(({ profile }) => profile));
    const items = names
      .toSorted((a, b) => Number(failed.has(b)) - Number(failed.has(a)))
      .map((name): PickItem<string> => ({ label: name, icon: failed.has(name) ? 'warning' : 'account', value: name }));
    return ui.pick(items, { title: ui.l10n.t('Sign In'), placeholder: ui.l10n.t('To which AWS profile?') });
  }
}

/** Whatever failed for want of a sign-in is tried again after one, by whichever program it was done; changed files are read at once. */
export function retryAfterSignIn(service: SignInService, store: InventoryStore, attempts: Attempts): Disposable {
  return service.onDidChange((change) => {
    if (change.kind === 'configuration') {
      if (store.state.phase !== 'idle') void store.refresh();
      return;
    }
    const scopes = scopesToSignIn(store).filter(({ profile }) => change.profiles.includes(profile));
    if (scopes.length > 0) void store.refresh({ scopes });
    attempts.signedIn(change.profiles);
  });
}

/** Where something failed for want of a sign-in. */
function scopesToSignIn(store: InventoryStore): readonly DiscoveryScope[] {
  return store.inventories.filter((inventory) => faultsIn(inventory).some(wantsSignIn)).map(({ scope }) => scope);
}

export function wantsSignIn({ remedy }: FaultData): boolean {
  return remedy?.action === 'signIn';
}
