import { Emitter } from '../base/event';
import type { Event } from '../base/event';
import type { Logger } from '../base/log';
import type { Bastion } from '../model/bastion';
import type { Target } from '../model/target';
import type { Attempts } from './attempts';
import type { CommandHandlers } from './contributions';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, targetsOf } from './inventoryState';
import { DEFAULT_TREE, filterWords, groupingText, isTagKey, tagKeys } from './treeOptions';
import type { Grouping, TreeOptions } from './treeOptions';
import type { PickItem, Ui } from './ui';

/** More keys than these nobody looks through; any other can be typed. */
const MAX_KEYS = 100;

/** What the person has asked the Resources view to show. The same value as long as nothing changes, so that rows can be kept by it. */
export class TreeState {
  readonly #changes: Emitter<TreeOptions>;
  #options: TreeOptions;
  #filter = '';

  readonly onDidChange: Event<TreeOptions>;

  constructor(grouping: Grouping, logger: Logger) {
    this.#options = { ...DEFAULT_TREE, grouping };
    this.#changes = new Emitter((error) => logger.log('error', 'tree.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
  }

  get options(): TreeOptions {
    return this.#options;
  }

  /** As it was typed; empty for none. */
  get filter(): string {
    return this.#filter;
  }

  setFilter(text: string): void {
    const filter = text.trim();
    if (filter === this.#filter) return;
    this.#filter = filter;
    this.#set({ ...this.#options, words: filterWords(filter) });
  }

  setGrouping(grouping: Grouping): void {
    if (groupingText(grouping) !== groupingText(this.#options.grouping)) this.#set({ ...this.#options, grouping });
  }

  setVpcNames(vpcNames: ReadonlyMap<string, string>): void {
    this.#set({ ...this.#options, vpcNames });
  }

  dispose(): void {
    this.#changes.dispose();
  }

  #set(options: TreeOptions): void {
    this.#options = options;
    this.#changes.fire(options);
  }
}

export interface TreeCommandDeps {
  readonly tree: TreeState;
  /** What is shown now. */
  readonly inventories: () => readonly RegionInventory[];
  readonly ui: Ui;
  readonly attempts: Attempts;
  /** Saves the grouping; the settings' change event does the rest. */
  readonly saveGrouping: (text: string) => Promise<void>;
  /** Brings the view into sight. */
  readonly show: () => Promise<void>;
}

export type TreeHandlers = Pick<CommandHandlers, 'groupBy' | 'filterResources' | 'clearFilter'>;

/** How the Resources view is ordered, and what of it is shown. */
export class TreeCommands {
  readonly #deps: TreeCommandDeps;

  constructor(deps: TreeCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): TreeHandlers {
    const { tree } = this.#deps;
    return {
      groupBy: () => this.#groupBy(),
      filterResources: () => this.#filter(),
      clearFilter: () => {
        tree.setFilter('');
        return Promise.resolve();
      },
    };
  }

  async #groupBy(): Promise<void> {
    const { ui, attempts, saveGrouping } = this.#deps;
    const { l10n } = ui;
    const chosen = await ui.pickOrType(this.#groupings(), {
      title: l10n.t('Group Resources By'),
      placeholder: l10n.t('Type, VPC or the key of a tag'),
      accept: (text): PickItem<Grouping> | undefined =>
        isTagKey(text) ? { label: l10n.t('Tag {0}', text), icon: 'tag', value: { by: 'tag', key: text } } : undefined,
    });
    if (!chosen) return;
    await attempts.run('groupBy', () => saveGrouping(groupingText(chosen)));
  }

  #groupings(): PickItem<Grouping>[] {
    const { tree, inventories, ui } = this.#deps;
    const { l10n } = ui;
    const current = groupingText(tree.options.grouping);
    const resources = inventories().flatMap((inventory) => (targetsOf(inventory) as (Target | Bastion)[]).concat(bastionsOf(inventory)));
    const item = (value: Grouping, label: string, icon: string, detail: string): PickItem<Grouping> => ({
      label,
      icon,
      detail,
      value,
      ...(groupingText(value) === current && { description: l10n.t('selected') }),
    });
    return [
      item({ by: 'type' }, l10n.t('Type'), 'list-tree', l10n.t('Bastions, caches and databases')),
      item({ by: 'vpc' }, l10n.t('VPC'), 'type-hierarchy-sub', l10n.t('What stands in one network, with its bastions')),
      ...tagKeys(resources)
        .slice(0, MAX_KEYS)
        .map((key) => item({ by: 'tag', key }, key, 'tag', l10n.t('The values of this tag'))),
    ];
  }

  /**
   * VS Code's own find in trees (Ctrl+F) knows only the rows that were opened once, and hides what a refresh brings; this one
   * looks at everything that is known.
   */
  async #filter(): Promise<void> {
    const { tree, ui, show } = this.#deps;
    const { l10n } = ui;
    const before = tree.filter;
    await show();
    const typed = await ui.liveInput({
      title: l10n.t('Filter Resources'),
      prompt: l10n.t('Name, id, engine, tag KEY=VALUE, VPC or address; all words must occur.'),
      value: before,
      onChange: (text) => tree.setFilter(text),
    });
    tree.setFilter(typed ?? before);
  }
}
