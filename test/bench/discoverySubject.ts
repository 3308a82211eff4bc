// What is measured: the store, its cache and the Resources view as the extension host runs them, over the core.
import { join } from 'node:path';
import type { Uri } from 'vscode';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import { FileInventoryCache } from '../../src/vscode/inventoryCache';
import { InventoryStore } from '../../src/vscode/inventoryStore';
import { KeptSelection } from '../../src/vscode/lastSelection';
import { plainText } from '../../src/vscode/localizer';
import type { NodeView } from '../../src/vscode/nodeView';
import { ResourceProjection } from '../../src/vscode/resourceNodes';
import type { ChosenProfile } from '../../src/vscode/selection';
import { coreElsewhere, coreInside } from './discoveryCore';
import type { DiscoveryFarEnd } from './discoveryFarEnd';
import { peerOptions, servePeer } from './peer';
import { installWorkbench, Workbench } from './workbench';

export interface DiscoverySubjectOptions {
  readonly core: 'inside' | 'elsewhere';
  readonly farEnd: DiscoveryFarEnd;
  /** Below it inventories are kept. */
  readonly folder: string;
}

/** Regions whose rows VS Code shows open by themselves: what is seen at once when the view is opened. */
const OPEN_AT_FIRST = 4;

installWorkbench();

interface Opened {
  readonly store: InventoryStore;
  readonly cache: FileInventoryCache;
  readonly view: NodeView;
  readonly workbench: Workbench;
  close(): Promise<void>;
}

async function main({ core: where, farEnd, folder }: DiscoverySubjectOptions): Promise<void> {
  const { NodeView: View, PROJECTION_MS } = await import('../../src/vscode/nodeView');
  const { ViewPlace } = await import('../../src/vscode/viewPlace');
  const core = where === 'inside' ? coreInside(farEnd.env) : coreElsewhere(farEnd.env);
  const clock = systemClock;
  const memory = new Map<string, unknown>();
  const state = { get: (key: string) => memory.get(key), update: async (key: string, value: unknown) => void memory.set(key, value) };
  const inventory = { ...core.inventory, sshHosts: async () => ({ hosts: [], faults: [] }), network: async () => ({}), privileges: async () => ({}), vpcNames: async () => ({}) };
  let opened: Opened | undefined;
  let firstNode = NaN;
  let runs = 0;
  let openCpu = NaN;
  let openAll = NaN;

  /** @param kept name of the folder of what was found before */
  const open = (chosen: readonly ChosenProfile[], kept: string): Opened => {
    const cache = new FileInventoryCache({ folder: join(folder, kept), version: 'bench', clock, logger: nullLogger });
    const lastSelection = new KeptSelection(state, () => {});
    const store = new InventoryStore({ inventory, chosen: () => chosen, preferredProfile: undefined, logger: nullLogger, cache, lastSelection });
    const projection = new ResourceProjection(plainText);
    const ssh = { hosts: [], faults: [] };
    const left = new Map<string, never>();
    const project = (): ReturnType<ResourceProjection['project']> => projection.project({ state: store.state, ssh, left, now: clock.wall() }, PROJECTION_MS);
    const place = new ViewPlace('resources', async () => {});
    const view = new View(place, { project, logger: nullLogger, media: {} as Uri });
    store.onDidChange(() => view.update());
    const workbench = new Workbench(view);
    const close = async (): Promise<void> => {
      workbench.dispose();
      await store.dispose();
      await cache.dispose();
      await view.dispose();
      await place.dispose();
    };
    return { store, cache, view, workbench, close };
  };

  const reopened = async (chosen: readonly ChosenProfile[], kept: string): Promise<Opened> => {
    await opened?.close();
    opened = open(chosen, kept);
    return opened;
  };

  /** Resolves when as many resources can be seen. @throws Error when that takes a minute */
  const seen = async ({ workbench }: Opened, count: number): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (workbench.resources < count) {
      if (performance.now() > deadline) throw new Error(`only ${workbench.resources} of ${count} resources can be seen`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await workbench.settled();
  };

  /** Everything of every profile and region, of which nothing was known before, until the last row can be seen; ms. */
  const all = async (): Promise<number> => {
    const shown = await reopened(farEnd.profiles.map((profile) => ({ profile, regions: farEnd.regions })), `all-${++runs}`);
    await core.firstPageAt();
    const started = performance.now();
    shown.store.start();
    for (const profile of farEnd.profiles) for (const region of farEnd.regions) shown.store.setOpen({ profile, region }, true);
    await shown.store.settled();
    await seen(shown, farEnd.rows);
    const ms = performance.now() - started;
    const pageAt = (await core.firstPageAt()) - performance.timeOrigin;
    firstNode = (shown.workbench.firstAt ?? NaN) - pageAt;
    return ms;
  };

  /** What was known of the regions that are open at first, from opening the view to all rows of the first one; ms. AWS is not asked. */
  const cachedOpen = async (): Promise<number> => {
    const [profile = ''] = farEnd.profiles;
    const regions = farEnd.regions.slice(0, OPEN_AT_FIRST);
    // Opened once before, so that what was selected is known, as it is in a window that is opened again.
    const before = await reopened([{ profile, regions }], 'kept');
    before.store.start();
    await before.store.settled();
    // Time enough for what a window keeps before it is closed.
    await before.cache.settled();
    await before.close();
    opened = undefined;
    const started = performance.now();
    const cpu = process.cpuUsage();
    const shown = await reopened([{ profile, regions }], 'kept');
    shown.store.start();
    // More rows than fit on any screen.
    while (shown.workbench.resources < farEnd.rowsPerPlace) await new Promise((resolve) => setTimeout(resolve, 1));
    const ms = performance.now() - started;
    await seen(shown, farEnd.rowsPerPlace * OPEN_AT_FIRST);
    openAll = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    openCpu = (user + system) / 1000;
    await shown.store.settled();
    return ms;
  };

  /** One region again, among all; ms until its rows are drawn. */
  const refreshOne = async (): Promise<number> => {
    const [profile = ''] = farEnd.profiles;
    const [region = ''] = farEnd.regions;
    if (!opened) throw new Error('nothing is open');
    const started = performance.now();
    await opened.store.refresh({ scopes: [{ profile, region }] });
    // By then the last redraw has been made.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await opened.workbench.settled();
    return opened.workbench.lastAt - started;
  };

  await servePeer(
    {},
    async () => {
      await opened?.close();
      await core.dispose();
    },
    { all, cachedOpen, refreshOne, firstNode: () => firstNode, openCpu: () => openCpu, openAll: () => openAll, rss: () => process.resourceUsage().maxRSS / 1000 },
  );
}

void main(peerOptions() as DiscoverySubjectOptions);
