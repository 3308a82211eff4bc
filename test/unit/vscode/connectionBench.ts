import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import type { ConnectionOrigin, ConnectionSource } from '../../../src/model/connection';
import { ConnectionCommands } from '../../../src/vscode/connectionsCommands';
import { Consents } from '../../../src/vscode/connectionsConsent';
import { ConnectionInventories } from '../../../src/vscode/connectionsInventory';
import { RecentTunnels } from '../../../src/vscode/connectionsRecent';
import { connectionResolver } from '../../../src/vscode/connectionsResolve';
import { savedRows } from '../../../src/vscode/connectionsRows';
import type { SavedRows } from '../../../src/vscode/connectionsRows';
import { ConnectionStarter } from '../../../src/vscode/connectionsStarter';
import type { ConnectionSettings } from '../../../src/vscode/connectionsStore';
import { SavedConnections } from '../../../src/vscode/connectionsStore';
import { routeLabel } from '../../../src/vscode/wording';
import { Bench } from './commandBench';
import { MemoryState } from './samples';

/** settings.json, as far as saved connections are in it. */
export class MemorySettings implements ConnectionSettings {
  readonly changes = new Emitter<void>();
  readonly onDidChange = this.changes.event;
  readonly values: Record<ConnectionOrigin, unknown[]> = { user: [], workspace: [] };
  readonly edited: unknown[] = [];
  hasWorkspace = true;

  read(): readonly ConnectionSource[] {
    return [
      { origin: 'user', value: this.values.user },
      { origin: 'workspace', value: this.values.workspace },
    ];
  }

  write(origin: ConnectionOrigin, ...entries: unknown[]): void {
    this.values[origin] = entries;
    this.changes.fire();
  }

  add(origin: ConnectionOrigin, entry: Readonly<Record<string, unknown>>): Promise<void> {
    this.write(origin, ...this.values[origin], entry);
    return Promise.resolve();
  }

  change(origin: ConnectionOrigin, name: string, change: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const entries = this.values[origin] as { name: string }[];
    this.write(origin, ...entries.flatMap((entry) => (entry.name !== name ? [entry] : change ? [{ ...entry, ...change }] : [])));
    return Promise.resolve();
  }

  edit(entry?: unknown): Promise<void> {
    this.edited.push(entry);
    return Promise.resolve();
  }
}

/** Saved connections over the fakes of the commands. */
export class ConnectionBench extends Bench {
  readonly settings = new MemorySettings();
  readonly kept = new MemoryState();
  trusted = true;
  workspace = 'file:///work';
  readonly saved = new SavedConnections({
    settings: this.settings,
    board: this.board,
    kept: this.kept,
    logger: this.logger,
    resolve: connectionResolver({
      inventories: new ConnectionInventories({ store: this.store, inventory: this.inventory, chosen: () => this.chosen, preferredProfile: undefined }),
      sshHosts: this.sshHosts,
      advice: this.advice,
    }),
  });
  readonly consents = new Consents({
    ui: this.ui,
    kept: this.kept,
    workspaceId: () => this.workspace,
    trusted: () => this.trusted,
    onError: (error) => assert.ifError(error),
  });
  readonly starter = new ConnectionStarter({
    saved: this.saved,
    consents: this.consents,
    settings: this.settings,
    ui: this.ui,
    attempts: this.attempts,
    trusted: () => this.trusted,
    refresh: () => this.store.refresh(),
    reveal: ({ id }) => void this.revealed.push(id),
  });
  readonly recent = new RecentTunnels(this.kept, (error) => assert.ifError(error));
  readonly commands = new ConnectionCommands({
    saved: this.saved,
    starter: this.starter,
    settings: this.settings,
    recent: this.recent,
    board: this.board,
    ui: this.ui,
    attempts: this.attempts,
    destination: (argument) => this.connecting.destination(argument),
    chooseTunnel: () => this.tunnels.choose(undefined),
  });
  readonly #recents = this.board.onDidStart(({ route }) => this.recent.add(route, routeLabel(route, this.ui.l10n)));

  get rows(): SavedRows {
    return savedRows(this.saved);
  }

  override async dispose(): Promise<unknown> {
    this.#recents.dispose();
    await this.saved.dispose();
    return super.dispose();
  }
}
