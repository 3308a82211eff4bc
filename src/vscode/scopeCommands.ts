import type { ProfileInfo } from '../model/inventory';
import { isRegionCode } from '../model/region';
import type { Attempts } from './attempts';
import type { CommandHandlers } from './contributions';
import type { InventoryStore } from './inventoryStore';
import { REGIONS } from './regions';
import type { ChosenScope } from './selection';
import { resolveSelection } from './selection';
import type { SshHostStore } from './sshHostStore';
import type { PickItem, Ui } from './ui';
import { joined } from './wording';

export interface ScopeCommandDeps {
  readonly store: InventoryStore;
  readonly sshHosts: SshHostStore;
  readonly ui: Ui;
  readonly attempts: Attempts;
  readonly chosen: () => ChosenScope;
  readonly preferredProfile: string | undefined;
  /** Persists the choice; empty strings mean "none". The settings' change event does the rest. */
  readonly choose: (scope: Partial<ChosenScope>) => Promise<void>;
  readonly showLog: () => void;
}

/** Which account and region, and asking again. */
export class ScopeCommands {
  readonly #deps: ScopeCommandDeps;

  constructor(deps: ScopeCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'refresh' | 'selectProfile' | 'selectRegion' | 'showLog'> {
    const { store, sshHosts, showLog } = this.#deps;
    return {
      // What fails is shown in the tree itself.
      refresh: () => Promise.all([store.refresh(), sshHosts.refresh()]).then(() => {}),
      selectProfile: () => this.#selectProfile(),
      selectRegion: () => this.#selectRegion(),
      showLog: () => {
        showLog();
        return Promise.resolve();
      },
    };
  }

  async #selectProfile(): Promise<void> {
    const { store, ui, attempts, chosen, choose } = this.#deps;
    const { l10n } = ui;
    await attempts.run(
      'selectProfile',
      async () => {
        const profiles = await store.profiles();
        const current = this.#current(profiles)?.profile;
        const items = profiles.map((profile): PickItem<ProfileInfo> => ({
          label: profile.name,
          icon: profile.name === current ? 'check' : 'account',
          description: joined([profile.region, profile.name === current ? l10n.t('selected') : undefined]),
          value: profile,
        }));
        const profile = await ui.pick(items, { title: l10n.t('AWS Profile'), placeholder: l10n.t('Whose resources?') });
        if (!profile) return;
        // A region that was chosen for another profile would most likely show an empty account.
        if (profile.region && chosen().region && profile.name !== current) await choose({ region: '' });
        await choose({ profile: profile.name });
      },
      { retry: () => void this.#selectProfile() },
    );
  }

  async #selectRegion(): Promise<void> {
    const { store, ui, attempts, choose } = this.#deps;
    const { l10n } = ui;
    await attempts.run(
      'selectRegion',
      async () => {
        const profiles = await store.profiles();
        const current = this.#current(profiles);
        const own = profiles.find(({ name }) => name === current?.profile)?.region;
        const items = REGIONS.map(([code, place]): PickItem<string> => ({
          label: code,
          icon: code === current?.region ? 'check' : 'globe',
          description: place,
          value: code,
        }));
        if (own) items.unshift({ label: l10n.t("The profile's region"), icon: 'account', description: own, value: '' });
        const region = await ui.pickOrType(items, {
          title: l10n.t('AWS Region'),
          placeholder: l10n.t('Choose a region or type its code'),
          accept: (text) => (isRegionCode(text) ? { label: text, icon: 'globe', value: text } : undefined),
        });
        if (region !== undefined) await choose({ region });
      },
      { retry: () => void this.#selectRegion() },
    );
  }

  #current(profiles: readonly ProfileInfo[]): Partial<ChosenScope> | undefined {
    const selection = resolveSelection(profiles, this.#deps.chosen(), this.#deps.preferredProfile);
    if (selection.kind === 'scope') return selection.scope;
    return selection.kind === 'unavailable' && selection.profile !== undefined ? { profile: selection.profile } : undefined;
  }
}
