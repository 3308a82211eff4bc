import { Fault, isFault } from '../base/fault';
import { formatEndpoint } from '../model/endpoint';
import type { DiscoveryScope } from '../model/inventory';
import type { Route } from '../model/route';
import type { Target, TargetEndpoint } from '../model/target';
import { defaultEndpoint } from '../model/target';
import type { StartOptions, TunnelInfo } from '../model/tunnel';
import type { Attempts, Recovery } from './attempts';
import type { BastionAdvice } from './bastionAdvice';
import type { BastionStarter } from './bastionStarter';
import type { PortChoice } from './connectionsPorts';
import { ANY_PORT, parsePort, withPortChoice } from './connectionsPorts';
import type { CommandHandlers } from './contributions';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, targetsOf } from './inventoryState';
import type { InventoryStore } from './inventoryStore';
import { goneFault } from './inventoryStore';
import { resolveTarget } from './regionNodes';
import { planAlternates, planRoute } from './routePlan';
import type { SshHostStore } from './sshHostStore';
import type { LostTunnel, TunnelBoard } from './tunnelBoard';
import type { Way } from './throughChoice';
import { waysTo } from './throughChoice';
import type { PickItem, Ui } from './ui';
import { authBadge, endpointText, engineText, joined, routeLabel, targetIcon, tlsBadge } from './wording';

export interface ConnectDeps {
  readonly store: InventoryStore;
  readonly sshHosts: SshHostStore;
  readonly advice: BastionAdvice;
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
  /** Absent: bastions that are stopped stay so. */
  readonly starter?: BastionStarter;
  /** Shows the tunnel's row, where the view can be seen anyway. */
  readonly reveal: (tunnel: TunnelInfo) => void;
  /** Tunnels that were open lately, offered again beside the targets. */
  readonly recent: () => PickItem<() => Promise<void>>[];
}

/** A target, and the endpoint where the person chose one. */
export interface Destination {
  readonly target: Target;
  readonly endpoint?: TargetEndpoint;
}

/** A way that the person has chosen, and the key of its bastion. */
interface Chosen {
  readonly route: Route;
  readonly key: string;
}

/** From a row or from nothing to an open tunnel. */
export class ConnectCommands {
  readonly #deps: ConnectDeps;

  constructor(deps: ConnectDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'connect' | 'connectTo' | 'connectOnPort' | 'connectThrough'> {
    return {
      // On a row at once, to the endpoint that takes writes; elsewhere the person chooses.
      connect: (argument) => this.#command(argument, (found) => (argument === undefined ? this.withEndpoint(found) : Promise.resolve(found))),
      connectTo: (argument) => (argument === undefined ? this.#connectTo() : this.#command(argument, (found) => this.withEndpoint(found))),
      connectOnPort: (argument) => this.#onPort(argument),
      connectThrough: (argument) => this.#through(argument),
    };
  }

  /**
   * The destination of a row, or the one that the person picks; undefined when dismissed.
   * @param fits what is offered where the person picks; everything unless told
   * @throws Fault `inventory.gone` for a row that is no longer there, `target.none`
   */
  async destination(argument: unknown, fits: (target: Target) => boolean = () => true): Promise<Destination | undefined> {
    for (const inventory of this.#deps.store.inventories) {
      const found = resolveTarget(inventory, argument);
      if (found) return found;
    }
    if (typeof argument === 'string') throw goneFault('This resource');
    return this.#pickTarget(fits, []);
  }

  /** The open tunnel to the destination, opened if need be. @throws Fault. */
  async tunnelTo({ target, endpoint }: Destination, port: PortChoice, signal: AbortSignal): Promise<TunnelInfo> {
    const { store, board, advice } = this.#deps;
    const wanted = endpoint ?? defaultEndpoint(target);
    const open = wanted && board.toTarget(target.id, wanted, target.place.profile);
    if (open && open.state.phase !== 'closed') return open;
    // The bastions may still be on their way, and the target may have changed since its row was drawn.
    const inventory = await store.usable(target.place, signal);
    const current = targetsOf(inventory).find(({ id }) => id === target.id);
    if (!current) throw goneFault(`"${target.name}"`);
    const evidence = await advice.toConnect(current, endpoint ?? defaultEndpoint(current), bastionsOf(inventory), signal);
    const route = planRoute(inventory, current, endpoint, evidence);
    const alternates = planAlternates(inventory, current, endpoint ?? defaultEndpoint(current)!, evidence, route);
    return board.start(route, { ...port, ...(alternates.length > 0 && { alternates }) }, signal);
  }

  /** Opens the tunnel under a progress notification; undefined when that failed, which was shown then. */
  async connect(destination: Destination, wanted: PortChoice): Promise<TunnelInfo | undefined> {
    const { ui, attempts } = this.#deps;
    const title = ui.l10n.t('Connecting to {0}', destination.target.name);
    const opened = await attempts.run(
      'connect',
      () => withPortChoice(ui, wanted, (port) => ui.task(title, (signal, say) => this.#startedIfNeeded(destination, () => this.tunnelTo(destination, port, signal), signal, say))),
      { ...this.#recovery(destination.target.place, () => void this.connect(destination, wanted), destination), about: destination.target.id },
    );
    if (opened) this.#connected(opened.result, opened.port);
    return opened?.result;
  }

  /** Opens a tunnel again that ended, on the address and the port that it had. */
  async reopen({ route, local, exposedOn }: TunnelInfo): Promise<void> {
    await this.#reopen(route, { localPort: local.port, keepPort: false }, { ...(exposedOn !== undefined && { bindAddress: exposedOn }) });
  }

  /** A tunnel that ended for want of a sign-in opens again after one. */
  lost({ tunnel, cause }: LostTunnel): void {
    this.#deps.attempts.awaitSignIn('tunnel', cause, { retry: () => void this.reopen(tunnel), about: aboutRoute(tunnel.route) });
  }

  /** Asks which endpoint where there are several. */
  async withEndpoint({ target, endpoint }: Destination): Promise<Destination | undefined> {
    const { ui } = this.#deps;
    const { l10n } = ui;
    const [first, second] = target.endpoints;
    if (endpoint || !first || !second) return endpoint ? { target, endpoint } : { target };
    const items = target.endpoints.map((one): PickItem<TargetEndpoint> => ({
      label: endpointText(one, l10n),
      icon: one.role === 'reader' ? 'book' : 'symbol-interface',
      description: formatEndpoint(one),
      value: one,
    }));
    const chosen = await ui.pick(items, { title: target.name, placeholder: l10n.t('Which endpoint?') });
    return chosen && { target, endpoint: chosen };
  }

  async #command(argument: unknown, refine: (found: Destination) => Promise<Destination | undefined>): Promise<void> {
    const retry = (): void => void this.#command(undefined, (found) => this.withEndpoint(found));
    const destination = await this.#deps.attempts.run('connect', () => this.destination(argument), { retry });
    const refined = destination && (await refine(destination));
    if (refined) await this.connect(refined, ANY_PORT);
  }

  /** To a target, or to what was open lately. */
  async #connectTo(): Promise<void> {
    const recent = this.#deps.recent();
    const chosen = await this.#deps.attempts.run('connect', () => this.#pickTarget(() => true, recent), { retry: () => void this.#connectTo() });
    if (typeof chosen === 'function') {
      await chosen();
      return;
    }
    const refined = chosen && (await this.withEndpoint(chosen));
    if (refined) await this.connect(refined, ANY_PORT);
  }

  async #onPort(argument: unknown): Promise<void> {
    const { attempts } = this.#deps;
    const found = await attempts.run('connect', () => this.destination(argument), { retry: () => void this.#onPort(undefined) });
    const destination = found && (await this.withEndpoint(found));
    const port = destination && (await this.#askPort(destination));
    if (port !== undefined) await this.connect(destination!, { localPort: port, keepPort: true });
  }

  async #through(argument: unknown): Promise<void> {
    const { attempts } = this.#deps;
    const again = (): void => void this.#through(undefined);
    const found = await attempts.run('connect', () => this.destination(argument), { retry: again });
    const destination = found && (await this.withEndpoint(found));
    if (!destination) return;
    const recovery = { ...this.#recovery(destination.target.place, () => void this.#through(argument), destination), retry: again };
    const way = await attempts.run('connect', () => this.#pickWay(destination), recovery);
    // The person wants this way and no other.
    if (way) await this.#reopen(way.route, ANY_PORT, { chosen: way.key });
  }

  /** @throws Fault where there is no way at all */
  async #pickWay({ target, endpoint }: Destination): Promise<Chosen | undefined> {
    const { store, sshHosts, advice, ui } = this.#deps;
    const { l10n } = ui;
    const to = endpoint ?? defaultEndpoint(target);
    const { inventory, hosts, evidence } = await ui.task(l10n.t('Looking for bastions'), async (signal) => {
      const [found, configured] = await Promise.all([store.usable(target.place, signal), sshHosts.loaded()]);
      return { inventory: found, hosts: configured, evidence: to ? await advice.toChoose(target, to, bastionsOf(found), signal) : {} };
    });
    const ways = to ? waysTo(target, to, { bastions: bastionsOf(inventory), evidence, hosts }, l10n) : [];
    // Says which of the many possible reasons it is, or why the one that was chosen cannot be used.
    if (!ways.some(({ value }) => value.route)) planRoute(inventory, target, endpoint, evidence);
    const way = await ui.pick<Way>(ways, { title: l10n.t('Connect to {0}', target.name), placeholder: l10n.t('Through which bastion, and how?') });
    if (!way) return undefined;
    if (way.route) return { route: way.route, key: way.key };
    throw way.obstacle;
  }

  async #askPort({ target, endpoint }: Destination): Promise<number | undefined> {
    const { ui } = this.#deps;
    const { l10n } = ui;
    const text = await ui.input({
      title: l10n.t('Connect to {0} on a port of your choice', target.name),
      prompt: l10n.t('Local port on 127.0.0.1, 1 to 65535.'),
      value: String((endpoint ?? defaultEndpoint(target))?.port ?? ''),
      validate: (value) => (parsePort(value) === undefined ? l10n.t('Enter a number from 1 to 65535.') : undefined),
    });
    return text === undefined ? undefined : parsePort(text);
  }

  /** @param how `chosen`: key of the bastion, where the person has chosen it, remembered once it has worked; `bindAddress`: one they have agreed to */
  async #reopen(
    route: Route,
    wanted: PortChoice,
    how: { readonly chosen?: string } & Pick<StartOptions, 'bindAddress'> = {},
  ): Promise<void> {
    const { ui, advice, attempts, board } = this.#deps;
    const { chosen, ...at } = how;
    const title = ui.l10n.t('Connecting to {0}', route.target.name);
    const opened = await attempts.run(
      'connect',
      () => withPortChoice(ui, wanted, (port) => ui.task(title, (signal) => board.start(route, { ...port, ...at }, signal))),
      { ...this.#recovery(route.place, () => void this.#reopen(route, wanted, how)), about: aboutRoute(route) },
    );
    if (opened && chosen !== undefined) advice.remember(route.target.id, chosen);
    if (opened) this.#connected(opened.result, opened.port);
  }

  #recovery({ profile, region }: DiscoveryScope, again: () => void, destination?: Destination): Recovery {
    const { store, starter } = this.#deps;
    // Most faults of connecting are facts about AWS, so a repetition looks at them anew.
    const retry = (): void => void store.refresh({ scopes: [{ profile, region }] }).then(again);
    if (!starter || !destination || starter.policy === 'never') return { retry };
    const startBastion = async (instanceId = ''): Promise<void> => {
      if (await starter.run(destination.target.place, instanceId)) retry();
    };
    return { retry, startBastion: (instanceId) => void startBastion(instanceId) };
  }

  /** Starts the bastion that is missing, where that is allowed without asking, and tries once more. */
  async #startedIfNeeded<T>({ target }: Destination, work: () => Promise<T>, signal: AbortSignal, say: (text: string) => void): Promise<T> {
    const { starter, store } = this.#deps;
    try {
      return await work();
    } catch (error) {
      const remedy = isFault(error) ? error.remedy : undefined;
      if (starter?.policy !== 'always' || remedy?.action !== 'startBastion' || remedy.subject === undefined) throw error;
      await starter.start(target.place, remedy.subject, signal, say);
      await store.refresh({ scopes: [{ profile: target.place.profile, region: target.place.region }] });
      return work();
    }
  }

  #connected(tunnel: TunnelInfo, { localPort }: PortChoice): void {
    const { ui, reveal } = this.#deps;
    const name = routeLabel(tunnel.route, ui.l10n);
    const address = formatEndpoint(tunnel.local);
    reveal(tunnel);
    if (localPort !== 0 && tunnel.local.port !== localPort) ui.info(ui.l10n.t('{0} is already open at {1}.', name, address));
    else ui.brief(ui.l10n.t('Connected: {0} at {1}', name, address));
  }

  /** With a progress notification only where there is something to wait for. */
  #inventories(title: string): Promise<readonly RegionInventory[]> {
    const { store, ui } = this.#deps;
    if (store.complete) return store.loaded(new AbortController().signal);
    return ui.task(title, (signal) => store.loaded(signal));
  }

  async #pickTarget<T>(fits: (target: Target) => boolean, others: readonly PickItem<T>[]): Promise<Destination | T | undefined> {
    const { ui } = this.#deps;
    const { l10n } = ui;
    const inventories = await this.#inventories(l10n.t('Looking for caches and databases'));
    const targets = inventories.flatMap((inventory) => targetsOf(inventory).filter(fits));
    if (targets.length === 0 && others.length === 0) throw noTargets(inventories);
    const items = targets.map((target): PickItem<Destination | T> => ({
      label: target.name,
      icon: targetIcon(target),
      description: joined([engineText(target), target.status, tlsBadge(target.tls, l10n), authBadge(target.auth, l10n)]),
      detail: joined([target.place.profile, target.place.region, target.vpcId]),
      value: { target },
    }));
    return ui.pick([...others, ...items], { title: l10n.t('Connect'), placeholder: l10n.t('Which target?') });
  }
}

function aboutRoute({ target, endpoint }: Route): string {
  return `${target.id} ${formatEndpoint(endpoint)}`;
}

function noTargets(inventories: readonly RegionInventory[]): Fault {
  const [first] = inventories;
  const message =
    first && inventories.length === 1
      ? `The profile "${first.scope.profile}" shows nothing to connect to in ${first.scope.region}.`
      : 'There is nothing to connect to in the selected regions.';
  return new Fault('target.none', message, { remedy: { text: 'Select another region or profile.', action: 'selectRegion' } });
}
