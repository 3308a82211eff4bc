import * as vscode from 'vscode';
import { systemClock } from '../../base/clock';
import { Fault } from '../../base/fault';
import { Scope } from '../../base/scope';
import { sameDestination } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import { parseToHost } from '../../webview/protocol';
import { labelText } from '../safeText';
import type { RedisLogins, Services } from '../services';
import { onDidChangeSettings, readProductionRules, readSetting, readUnlockMs } from '../settings';
import { CONSOLE_TAB } from '../contributions';
import { createWebPage } from '../webPage';
import { ConsoleController, type ControllerPorts } from './controller';
import type { KeptHistory } from './keptHistory';
import { openWithLogin } from './login';
import { consoleStrings } from './strings';

interface Tab {
  readonly panel: vscode.WebviewPanel;
  readonly controller: ConsoleController;
}

const MAX_PULSE_SECONDS = 3600;

/** The Redis consoles of this window: one editor tab per tunnel. */
export class RedisConsoles {
  readonly #services: Services;
  readonly #logins: RedisLogins;
  readonly #history: KeptHistory;
  readonly #extensionUri: vscode.Uri;
  readonly #openLive: ControllerPorts['openLive'];
  readonly #tabs = new Set<Tab>();
  readonly #listeners = new Scope();

  constructor(services: Services, logins: RedisLogins, history: KeptHistory, extensionUri: vscode.Uri, openLive: ControllerPorts['openLive']) {
    this.#services = services;
    this.#logins = logins;
    this.#history = history;
    this.#extensionUri = extensionUri;
    this.#openLive = openLive;
    this.#listeners.add(
      services.broker.tunnels.onDidChange((info) => {
        for (const { controller } of this.#tabs) controller.tunnelChanged(info);
      }),
    );
    this.#listeners.add(
      onDidChangeSettings(['pulseSeconds'], () => {
        for (const { controller } of this.#tabs) controller.pulseChanged();
      }),
    );
    this.#listeners.add(
      onDidChangeSettings(['productionTags', 'productionAccounts', 'productionNames'], () => {
        for (const { controller } of this.#tabs) controller.guardChanged();
      }),
    );
  }

  /** Shows the tunnel's console. A tab whose tunnel was closed goes on with a new tunnel to the same place. */
  async open(tunnel: TunnelInfo): Promise<void> {
    const existing = this.#tabOf(tunnel);
    if (!existing) {
      this.#create(tunnel);
      return;
    }
    existing.panel.reveal();
    if (existing.controller.tunnel.id !== tunnel.id) await existing.controller.moveTo(tunnel);
  }

  /** Whether a console of this window uses the tunnel. */
  has({ id }: Pick<TunnelInfo, 'id'>): boolean {
    return [...this.#tabs].some(({ controller }) => controller.tunnel.id === id);
  }

  /** Round-trip time of a PING through the tunnel, ms; asks for a login where one is needed. @throws Fault. */
  async ping(tunnel: TunnelInfo, signal: AbortSignal): Promise<number> {
    const session = await openWithLogin(tunnel, this.#services, this.#logins, undefined, signal);
    try {
      return await session.ping(signal);
    } finally {
      await session.dispose();
    }
  }

  /** The tunnel of the console which the person looks at. */
  front(): TunnelInfo | undefined {
    return [...this.#tabs].find(({ panel }) => panel.active)?.controller.tunnel;
  }

  /** Of the console in front. @throws Fault `redis.noConsole`. */
  async unlockWrites(): Promise<void> {
    await this.#inFront().unlockWrites();
  }

  /** Of the console in front. @throws Fault `redis.noConsole`. */
  lockWrites(): void {
    this.#inFront().lockWrites();
  }

  /** Of the console in front. @throws Fault `redis.noConsole`. */
  searchHistory(): void {
    this.#inFront().searchHistory();
  }

  async dispose(): Promise<void> {
    // Closing a panel closes its session.
    for (const { panel } of [...this.#tabs]) panel.dispose();
    await this.#listeners.dispose();
  }

  #inFront(): ConsoleController {
    const tabs = [...this.#tabs];
    const tab = tabs.find(({ panel }) => panel.active) ?? (tabs.length === 1 ? tabs[0] : undefined);
    if (tab) return tab.controller;
    throw new Fault('redis.noConsole', 'No Redis console is in front.', { remedy: { text: 'Open one, or click into it, then try again.' } });
  }

  #tabOf(tunnel: TunnelInfo): Tab | undefined {
    const tabs = [...this.#tabs];
    return (
      tabs.find(({ controller }) => controller.tunnel.id === tunnel.id) ??
      tabs.find(({ controller: { tunnel: old } }) => old.state.phase === 'closed' && sameDestination(old.route, tunnel.route))
    );
  }

  #create(tunnel: TunnelInfo): void {
    const title = vscode.l10n.t('Redis: {0}', labelText(tunnel.route.target.name));
    const { panel, post, load } = createWebPage({ viewType: CONSOLE_TAB, title, name: 'console', extensionUri: this.#extensionUri });
    const controller = new ConsoleController(tunnel, {
      services: this.#services,
      logins: this.#logins,
      history: this.#history,
      strings: consoleStrings(vscode.l10n, title),
      ui: this.#services.ui,
      clock: systemClock,
      productionRules: readProductionRules,
      unlockMs: readUnlockMs,
      openLive: this.#openLive,
      openDocument,
      pulseMs: () => Math.min(Math.max(readSetting('pulseSeconds'), 0), MAX_PULSE_SECONDS) * 1000,
      post,
    });
    const tab: Tab = { panel, controller };
    this.#tabs.add(tab);
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseToHost(value);
      if (message) controller.receive(message);
      else this.#services.logger.log('warn', 'redis.consoleMessageRefused');
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) controller.pageHidden();
    });
    panel.onDidDispose(() => {
      this.#tabs.delete(tab);
      controller.dispose().catch((error: unknown) => this.#services.logger.log('error', 'redis.consoleCloseFailed', { error }));
    });
    load();
  }
}

async function openDocument(content: string, language: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ content, language });
  await vscode.window.showTextDocument(document, { preview: false });
}
