import * as vscode from 'vscode';
import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import type { Logger } from '../base/log';
import { Scope } from '../base/scope';
import type { SignInService } from '../model/signIn';
import { setContext } from './contextKeys';
import type { ResourcesContext } from './contributions';
import { VIEWS } from './contributions';
import { ResourceDisplay } from './emptyStates';
import { ExpiryWatch } from './expiryWatch';
import type { InventoryStore } from './inventoryStore';
import type { Localizer } from './localizer';
import { NodeView, PROJECTION_MS } from './nodeView';
import { regionNode } from './regionNodes';
import type { Projected } from './resourceNodes';
import { ResourceProjection, resourcesContext } from './resourceNodes';
import { scopeOfRow } from './rowPlace';
import { onDidChangeSettings, readSetting } from './settings';
import type { SshHostStore } from './sshHostStore';
import type { TreeState } from './treeCommands';
import type { ViewNode } from './viewNode';
import type { ViewPlace } from './viewPlace';

export interface ResourcesViewDeps {
  readonly place: ViewPlace;
  readonly store: InventoryStore;
  readonly sshHosts: SshHostStore;
  readonly tree: TreeState;
  readonly signIn: Pick<SignInService, 'expiry'>;
  readonly l10n: Localizer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The folder of our own pictures. */
  readonly media: vscode.Uri;
}

const MINUTE_MS = 60_000;

/** The Resources view: the rows of the stores, what makes them grow older, and what the person opens. */
export class ResourcesView {
  readonly #deps: ResourcesViewDeps;
  readonly #scope = new Scope();
  readonly #projection: ResourceProjection;
  readonly #display: ResourceDisplay;
  readonly #expiry: ExpiryWatch;
  readonly #view: NodeView;
  /** Runs while the view can be seen. */
  #minutes: Disposable | undefined;
  #sinceRefresh = 0;
  #context: ResourcesContext | undefined;
  #isProgressShown = false;

  constructor(deps: ResourcesViewDeps) {
    const { place, store, sshHosts, tree, signIn: service, l10n, clock, logger, media } = deps;
    this.#deps = deps;
    this.#projection = new ResourceProjection(l10n, (inventory) => regionNode(inventory, l10n, tree.options));
    this.#display = new ResourceDisplay(tree, l10n);
    const profiles = (): readonly string[] => store.profileNames;
    this.#expiry = this.#scope.add(new ExpiryWatch({ service, clock, logger, profiles, onChange: () => this.#view.update() }));
    this.#view = this.#scope.add(
      new NodeView(place, {
        project: () => this.#project(),
        heading: () => this.#display.heading,
        onShown: () => this.#show(),
        onHidden: () => this.#hide(),
        onToggled: (row, isOpen) => this.#toggled(row, isOpen),
        logger,
        media,
      }),
    );
    this.#scope.defer(() => this.#hide());
    this.#scope.add(store.onDidChange(() => this.#update()));
    this.#scope.add(sshHosts.onDidChange(() => this.#view.update()));
    this.#scope.add(tree.onDidChange(() => this.#showOtherwise()));
    this.#scope.add(onDidChangeSettings(['refreshMinutes'], () => (this.#sinceRefresh = 0)));
    this.#update();
  }

  /** Ids of all rows below a row. */
  below(row: string): readonly string[] {
    return this.#view.below(row);
  }

  dispose(): Promise<void> {
    return this.#scope.dispose();
  }

  #project(): Projected {
    const { store, sshHosts, clock } = this.#deps;
    const inputs = { state: store.state, ssh: sshHosts.state, left: this.#expiry.left, now: clock.wall() };
    const { rows, complete } = this.#projection.project(inputs, PROJECTION_MS);
    const shown = this.#display.take(rows);
    const context = this.#display.empty ?? resourcesContext(store.state);
    if (context !== this.#context) setContext('resources', (this.#context = context));
    return { rows: shown, complete };
  }

  /** The same resources, grouped or filtered in another way. */
  #showOtherwise(): void {
    setContext('filtered', this.#deps.tree.filter !== '');
    this.#projection.forget();
    this.#view.update();
  }

  #update(): void {
    const { store } = this.#deps;
    this.#view.update();
    if (!store.busy) this.#expiry.look();
    // The bar at the top of the view runs as long as the store is busy.
    if (store.busy && !this.#isProgressShown) void this.#showProgress();
  }

  async #showProgress(): Promise<void> {
    this.#isProgressShown = true;
    await vscode.window.withProgress({ location: { viewId: VIEWS.resources } }, () => this.#deps.store.settled());
    this.#isProgressShown = false;
  }

  #show(): void {
    const { store, sshHosts, clock } = this.#deps;
    store.start();
    sshHosts.start();
    this.#expiry.show();
    this.#minutes ??= clock.schedule(MINUTE_MS, () => this.#minute());
  }

  #hide(): void {
    this.#expiry.hide();
    this.#minutes?.dispose();
    this.#minutes = undefined;
  }

  /** What is shown with its age has grown older; and the person may want it asked for now and then. */
  #minute(): void {
    const { store, clock } = this.#deps;
    this.#minutes = clock.schedule(MINUTE_MS, () => this.#minute());
    this.#sinceRefresh++;
    const every = readSetting('refreshMinutes');
    if (every > 0 && this.#sinceRefresh >= every && !store.busy) {
      this.#sinceRefresh = 0;
      void store.refresh();
    } else if (store.inventories.some(({ asOf }) => asOf !== undefined)) {
      this.#view.update();
    }
  }

  #toggled({ id, words }: ViewNode, isOpen: boolean): void {
    const { store } = this.#deps;
    if (words.includes('profile')) store.setProfileOpen(id.slice('profile:'.length), isOpen);
    const scope = words.includes('region') ? scopeOfRow(id, store.state) : undefined;
    if (scope) store.setOpen(scope, isOpen);
  }
}
