import { Fault } from '../base/fault';
import type { TunnelInfo } from '../model/tunnel';
import type { Attempts, Recovery } from './attempts';
import type { ConnectCommands } from './connectCommands';
import { resolveTunnel } from './connectionNodes';
import { ANY_PORT } from './connectionsPorts';
import type { CommandHandlers } from './contributions';
import type { LoginPlace } from './services';
import type { TunnelBoard } from './tunnelBoard';
import type { TunnelCommands } from './tunnelCommands';
import type { Ui } from './ui';
import { latencyText, speaksRedis } from './wording';

/** The consoles, as far as the commands use them. */
export interface RedisTools {
  open(tunnel: TunnelInfo): Promise<void>;
  /** Round-trip time of a PING, ms; asks for the login where one is needed. @throws Fault. */
  ping(tunnel: TunnelInfo, signal: AbortSignal): Promise<number>;
  /** That of the console which the person looks at. */
  front(): TunnelInfo | undefined;
  /** Of the console in front. @throws Fault `redis.noConsole`. */
  unlockWrites(): Promise<void>;
  lockWrites(): void;
  searchHistory(): void;
}

export interface RedisCommandDeps {
  readonly redis: RedisTools;
  readonly benchmarks: { open(tunnel: TunnelInfo): void };
  /** Lets the person choose how to log in; false when dismissed. @throws Fault */
  readonly changeLogin: (where: LoginPlace) => Promise<boolean>;
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
  readonly connecting: ConnectCommands;
  readonly tunnels: TunnelCommands;
}

const ANOTHER = Symbol('another cache');

/** "Redis: …" on a tunnel, or on a target that is connected first. */
export class RedisCommands {
  readonly #deps: RedisCommandDeps;

  constructor(deps: RedisCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'pingRedis' | 'openConsole' | 'benchmark' | 'changeLogin' | 'unlockWrites' | 'lockWrites' | 'searchHistory'> {
    const { redis, benchmarks } = this.#deps;
    return {
      pingRedis: (argument) => this.#on('ping', argument, (tunnel) => this.#ping(tunnel)),
      openConsole: (argument) => this.#on('console', argument, (tunnel) => this.open(tunnel), () => undefined),
      benchmark: (argument) => this.#on('benchmark', argument, async (tunnel) => benchmarks.open(tunnel)),
      changeLogin: (argument) => this.#changeLoginOf(argument),
      unlockWrites: () => redis.unlockWrites(),
      lockWrites: async () => redis.lockWrites(),
      searchHistory: async () => redis.searchHistory(),
    };
  }

  async open(tunnel: TunnelInfo): Promise<void> {
    const { attempts, redis } = this.#deps;
    await attempts.run('console', () => redis.open(tunnel), this.#again(tunnel, (same) => this.open(same)));
  }

  async #ping(tunnel: TunnelInfo): Promise<void> {
    const { ui, attempts, redis } = this.#deps;
    const { name } = tunnel.route.target;
    const ms = await attempts.run(
      'ping',
      () => ui.task(ui.l10n.t('Pinging {0}', name), (signal) => redis.ping(tunnel, signal)),
      this.#again(tunnel, (same) => this.#ping(same)),
    );
    if (ms !== undefined) ui.info(ui.l10n.t('PONG from {0} in {1}', name, latencyText(ms)));
  }

  #again(tunnel: TunnelInfo, act: (tunnel: TunnelInfo) => Promise<void>): Recovery {
    const again = (): void => void act(this.#deps.board.get(tunnel.id) ?? tunnel);
    const changeLogin = (): void => void this.#changeLogin(tunnel.route, again);
    return { retry: again, enterPassword: again, changeLogin };
  }

  /** Needs no tunnel. */
  async #changeLoginOf(argument: unknown): Promise<void> {
    const { attempts, board, connecting } = this.#deps;
    const open = resolveTunnel(board.tunnels, argument) ?? (argument === undefined ? await this.#pickOpen() : undefined);
    if (open === null) return;
    const where = await attempts.run('login', async () => {
      if (open) return checked(open).route;
      const destination = await connecting.destination(argument, speaksRedis);
      return destination && checked({ route: { target: destination.target, place: destination.target.place } }).route;
    });
    if (where) await this.#changeLogin(where);
  }

  async #changeLogin(where: LoginPlace, then: () => void = () => {}): Promise<void> {
    const { attempts, changeLogin } = this.#deps;
    const again = (): void => void this.#changeLogin(where, then);
    const changed = await attempts.run('login', () => changeLogin(where), { retry: again, changeLogin: again });
    if (changed) then();
  }

  /** `front`: what it is about when no row is told; a console that is in front needs no second one. */
  async #on(event: string, argument: unknown, act: (tunnel: TunnelInfo) => Promise<void>, front = () => this.#deps.redis.front()): Promise<void> {
    const retry = (): void => void this.#on(event, argument, act, front);
    const tunnel = await this.#deps.attempts.run(event, () => this.#tunnel(argument, front), { retry });
    if (tunnel) await act(tunnel);
  }

  async #tunnel(argument: unknown, front: () => TunnelInfo | undefined): Promise<TunnelInfo | undefined> {
    const { board, connecting } = this.#deps;
    // A button in the title of a tab hands over the tab, the palette nothing: either way it is about what is in front.
    const seen = typeof argument === 'string' ? undefined : front();
    if (seen && seen.state.phase !== 'closed') return seen;
    const open = resolveTunnel(board.tunnels, argument) ?? (argument === undefined ? await this.#pickOpen() : undefined);
    if (open === null) return undefined;
    if (open) return checked(open);
    const destination = await connecting.destination(argument, speaksRedis);
    if (!destination) return undefined;
    checked({ route: { target: destination.target } });
    return connecting.connect(destination, ANY_PORT);
  }

  /** A tunnel that is open already; undefined for another cache, null when dismissed. */
  async #pickOpen(): Promise<TunnelInfo | undefined | null> {
    const { board, ui, tunnels } = this.#deps;
    const open = board.tunnels.filter(({ route }) => speaksRedis(route.target));
    if (open.length === 0) return undefined;
    const items = open.map((tunnel) => tunnels.item<TunnelInfo | typeof ANOTHER>(tunnel, tunnel));
    items.push({ label: ui.l10n.t('Another cache…'), icon: 'plug', value: ANOTHER });
    const chosen = await ui.pick(items, { title: 'Redis', placeholder: ui.l10n.t('Which tunnel?') });
    if (chosen === undefined) return null;
    return chosen === ANOTHER ? undefined : chosen;
  }
}

function checked<T extends { readonly route: { readonly target: { readonly name: string; readonly engine: string } } }>(tunnel: T): T {
  const { name, engine } = tunnel.route.target;
  if (!speaksRedis({ engine })) {
    throw new Fault('target.notRedis', `"${name}" (${engine}) does not speak the Redis protocol.`, {
      remedy: { text: 'Choose a Redis or Valkey cache.' },
    });
  }
  return tunnel;
}
