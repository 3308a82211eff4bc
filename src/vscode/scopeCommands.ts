import type { ProfileInfo } from '../model/inventory';
import type { Attempts } from './attempts';
import type { CommandHandlers } from './contributions';
import type { InventoryStore } from './inventoryStore';
import { REGIONS } from './regions';
import { accountOf } from './resourcesState';
import { profileOfRow } from './rowPlace';
import { refreshOfRow } from './rowRefresh';
import type { ChosenProfile } from './selection';
import { isRegionCode } from './selection';
import type { SshHostStore } from './sshHostStore';
import type { PickItem, Ui } from './ui';
import { joined } from './wording';

export interface ScopeCommandDeps {
  readonly store: InventoryStore;
  readonly sshHosts: SshHostStore;
  readonly ui: Ui;
  readonly attempts: Attempts;
  readonly chosen: () => readonly ChosenProfile[];
  /** Persists the choice; none means the default. The settings' change event does the rest. */
  readonly choose: (chosen: readonly ChosenProfile[]) => Promise<void>;
  /** Ids of the rows below a row of the view. */
  readonly below: (row: string) => readonly string[];
  readonly showLog: () => void;
}

/** Which accounts and regions, and asking again. */
export class ScopeCommands {
  readonly #deps: ScopeCommandDeps;

  constructor(deps: ScopeCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'refresh' | 'selectProfile' | 'selectRegion' | 'showLog'> {
    const { showLog } = this.#deps;
    return {
      refresh: (argument) => this.#refresh(argument),
      selectProfile: () => this.#selectProfiles(),
      selectRegion: (argument) => this.#selectRegions(argument),
      showLog: () => {
        showLog();
        return Promise.resolve();
      },
    };
  }

  /** What fails is shown in the tree itself. */
  async #refresh(row: unknown): Promise<void> {
    const { store, sshHosts, below } = this.#deps;
    const request = typeof row === 'string' ? refreshOfRow(row, below(row), store.state) : undefined;
    await (request ? store.refresh(request) : Promise.all([store.refresh(), sshHosts.refresh()]));
  }

  async #selectProfiles(): Promise<void> {
    const { store, ui, attempts, chosen, choose } = this.#deps;
    const { l10n } = ui;
    await attempts.run(
      'selectProfile',
      async () => {
        const profiles = await store.profiles();
        const before = chosen();
        const shown = new Set(before.length > 0 ? before.map(({ profile }) => profile) : store.profileNames);
        // One that is gone from the files stays until it is taken out.
        const absent = before.map(({ profile }) => profile).filter((name) => !profiles.some((info) => info.name === name));
        const items = [...profiles, ...absent.map((name): ProfileInfo => ({ name }))].map(({ name, region }): PickItem<string> => ({
          label: name,
          icon: 'account',
          description: joined([this.#accountText(name), region]),
          picked: shown.has(name),
          value: name,
        }));
        const names = await ui.pickMany(items, { title: l10n.t('AWS Profiles'), placeholder: l10n.t('Whose resources? None: the default profile') });
        if (!names) return;
        await choose(names.map((profile) => before.find((one) => one.profile === profile) ?? { profile, regions: [] }));
      },
      { retry: () => void this.#selectProfiles() },
    );
  }

  async #selectRegions(row: unknown): Promise<void> {
    const { ui, attempts } = this.#deps;
    const { l10n } = ui;
    await attempts.run(
      'selectRegion',
      async () => {
        const profile = await this.#profile(row);
        if (profile === undefined) return;
        const regions = await ui.pickMany(await this.#regionItems(profile), {
          title: l10n.t('AWS Regions of {0}', profile),
          placeholder: l10n.t("Choose regions or type a code. None: the profile's own"),
          accept: (text) => (isRegionCode(text) ? { label: text, icon: 'globe', value: text } : undefined),
        });
        if (regions) await this.#chooseRegions(profile, regions);
      },
      { retry: () => void this.#selectRegions(row) },
    );
  }

  async #regionItems(profile: string): Promise<PickItem<string>[]> {
    const { store, chosen, ui } = this.#deps;
    const own = (await store.profiles()).find(({ name }) => name === profile)?.region;
    const before = chosen().find((one) => one.profile === profile)?.regions ?? [];
    const picked = new Set(before.length > 0 ? before : own === undefined ? [] : [own]);
    const listed = new Map(REGIONS);
    const others = [...new Set([...(own === undefined ? [] : [own]), ...picked])].filter((code) => !listed.has(code));
    const items = [...others.map((code) => [code, undefined] as const), ...listed].map(([code, place]): PickItem<string> => ({
      label: code,
      icon: 'globe',
      description: joined([place, code === own ? ui.l10n.t("the profile's region") : undefined]),
      picked: picked.has(code),
      value: code,
    }));
    // What is chosen is at hand, in a list of forty.
    return items.toSorted((a, b) => Number(picked.has(b.value)) - Number(picked.has(a.value)));
  }

  async #chooseRegions(profile: string, regions: readonly string[]): Promise<void> {
    const { chosen, choose, store } = this.#deps;
    const own = (await store.profiles()).find(({ name }) => name === profile)?.region;
    const isDefault = regions.length === 0 || (regions.length === 1 && regions[0] === own);
    const next: ChosenProfile = { profile, regions: isDefault ? [] : regions };
    const before = chosen();
    await choose(before.some((one) => one.profile === profile) ? before.map((one) => (one.profile === profile ? next : one)) : [...before, next]);
  }

  /** The profile of the row, else the one that is shown, else the one that the person picks. */
  async #profile(row: unknown): Promise<string | undefined> {
    const { store, ui } = this.#deps;
    const { l10n } = ui;
    const ofRow = typeof row === 'string' ? profileOfRow(row, store.state) : undefined;
    if (ofRow !== undefined) return ofRow;
    const shown = store.profileNames;
    if (shown.length === 1) return shown[0];
    const names = shown.length > 0 ? shown : (await store.profiles()).map(({ name }) => name);
    const items = names.map((name): PickItem<string> => ({ label: name, icon: 'account', description: this.#accountText(name), value: name }));
    return ui.pick(items, { title: l10n.t('AWS Regions'), placeholder: l10n.t('Of which profile?') });
  }

  #accountText(profile: string): string {
    const account = accountOf(this.#deps.store.state, profile);
    return joined([account?.alias, account?.id]);
  }
}
