import assert from 'node:assert/strict';
import type { Target } from '../../../src/model/target';
import type { TunnelInfo } from '../../../src/model/tunnel';
import { Attempts } from '../../../src/vscode/attempts';
import { BastionAdvice } from '../../../src/vscode/bastionAdvice';
import { KeptBastionMemory } from '../../../src/vscode/bastionMemory';
import { ConnectCommands } from '../../../src/vscode/connectCommands';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { RedisCommands } from '../../../src/vscode/redisCommands';
import type { ChosenProfile } from '../../../src/vscode/selection';
import { SshHostStore } from '../../../src/vscode/sshHostStore';
import { TunnelBoard } from '../../../src/vscode/tunnelBoard';
import { TunnelCommands } from '../../../src/vscode/tunnelCommands';
import { disposeAll, FakeInventory, FakeTunnels, FakeUi, MemoryLogger, MemoryState, parts, redisTools } from './samples';

/** Commands over fakes: what a window has, without the window. */
export class Bench {
  readonly inventory = new FakeInventory();
  readonly service = new FakeTunnels();
  readonly ui = new FakeUi();
  readonly logger = new MemoryLogger();
  readonly revealed: string[] = [];
  chosen: readonly ChosenProfile[] = [];
  readonly store = new InventoryStore({ inventory: this.inventory, chosen: () => this.chosen, preferredProfile: undefined, logger: this.logger });
  readonly sshHosts = new SshHostStore(this.inventory, this.logger);
  readonly board = new TunnelBoard(this.service, this.logger);
  readonly attempts = new Attempts(this.ui, this.logger);
  readonly memory = new KeptBastionMemory(new MemoryState(), (error) => assert.ifError(error));
  readonly advice = new BastionAdvice({ inventory: this.inventory, memory: this.memory, tag: () => 'sallyport=bastion', logger: this.logger });
  readonly connecting = new ConnectCommands({
    store: this.store,
    sshHosts: this.sshHosts,
    advice: this.advice,
    board: this.board,
    ui: this.ui,
    attempts: this.attempts,
    reveal: ({ id }) => void this.revealed.push(id),
    recent: () => [],
  });
  readonly consoles: string[] = [];
  readonly benchmarks: string[] = [];
  /** Of the console in front. */
  front: TunnelInfo | undefined;
  readonly pings: (number | Error)[] = [];
  /** Caches whose login was changed. */
  readonly logins: string[] = [];
  readonly tunnels = new TunnelCommands({
    board: this.board,
    ui: this.ui,
    attempts: this.attempts,
    connectTo: () => this.connecting.handlers.connectTo(undefined),
    openConsole: (tunnel) => this.redis.open(tunnel),
    toggle: {
      saved: () => [],
      recent: () => [],
      start: () => Promise.resolve(),
      startAll: () => Promise.resolve(),
      showDetails: ({ id }) => Promise.resolve(void this.revealed.push(id)),
      onDidChange: (listener) => this.board.onDidChange(() => listener()),
    },
  });
  readonly redis: RedisCommands = new RedisCommands({
    board: this.board,
    ui: this.ui,
    attempts: this.attempts,
    connecting: this.connecting,
    tunnels: this.tunnels,
    redis: redisTools(this.consoles, this.pings, () => this.front),
    benchmarks: { open: ({ route }) => void this.benchmarks.push(route.target.name) },
    changeLogin: ({ target, place }) => Promise.resolve(this.logins.push(`${target.name} of ${place.profile}`) < 10),
  });
  constructor(targets?: Target[]) {
    this.inventory.answer = parts(targets ? { targets } : {});
  }

  get destinations(): string[] {
    return this.service.started.map(({ route }) => `${route.endpoint.host} via ${route.bastion.id}`);
  }

  dispose(): Promise<unknown> {
    return disposeAll([this.store, this.board]);
  }
}
