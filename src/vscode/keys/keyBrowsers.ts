import * as vscode from 'vscode';
import { systemClock } from '../../base/clock';
import { Scope } from '../../base/scope';
import { sameDestination } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import { parseKeysToHost } from '../../webview/protocol';
import { labelText } from '../safeText';
import type { RedisLogins, Services } from '../services';
import { onDidChangeSettings, readProductionRules, readUnlockMs } from '../settings';
import { createWebPage } from '../webPage';
import { KeysController } from './controller';
import { keysStrings } from './strings';

interface Tab {
  readonly panel: vscode.WebviewPanel;
  readonly controller: KeysController;
}

const VIEW_TYPE = 'sallyport.keys';

/** The key browsers of this window: one editor tab per tunnel. */
export class KeyBrowsers {
  readonly #services: Services;
  readonly #logins: RedisLogins;
  readonly #extensionUri: vscode.Uri;
  readonly #tabs = new Set<Tab>();
  readonly #listeners = new Scope();

  constructor(services: Services, logins: RedisLogins, extensionUri: vscode.Uri) {
    this.#services = services;
    this.#logins = logins;
    this.#extensionUri = extensionUri;
    this.#listeners.add(
      services.broker.tunnels.onDidChange((info) => {
        for (const { controller } of this.#tabs) controller.tunnelChanged(info);
      }),
    );
    this.#listeners.add(
      onDidChangeSettings(['productionTags', 'productionAccounts', 'productionNames'], () => {
        for (const { controller } of this.#tabs) controller.guardChanged();
      }),
    );
  }

  /** Shows the keys behind the tunnel. A tab whose tunnel was closed goes on with a new tunnel to the same place. */
  async open(tunnel: TunnelInfo): Promise<void> {
    const existing = this.#tabOf(tunnel);
    if (!existing) {
      this.#create(tunnel);
      return;
    }
    existing.panel.reveal();
    if (existing.controller.tunnel.id !== tunnel.id) await existing.controller.moveTo(tunnel);
  }

  async dispose(): Promise<void> {
    // Closing a panel closes its session.
    for (const { panel } of [...this.#tabs]) panel.dispose();
    await this.#listeners.dispose();
  }

  #tabOf(tunnel: TunnelInfo): Tab | undefined {
    const tabs = [...this.#tabs];
    return (
      tabs.find(({ controller }) => controller.tunnel.id === tunnel.id) ??
      tabs.find(({ controller: { tunnel: old } }) => old.state.phase === 'closed' && sameDestination(old.route, tunnel.route))
    );
  }

  #create(tunnel: TunnelInfo): void {
    const { ui, logger } = this.#services;
    const title = vscode.l10n.t('Keys: {0}', labelText(tunnel.route.target.name));
    const { panel, post, load } = createWebPage({ viewType: VIEW_TYPE, title, name: 'keys', extensionUri: this.#extensionUri });
    const controller = new KeysController(tunnel, {
      services: this.#services,
      logins: this.#logins,
      strings: keysStrings(vscode.l10n, title),
      ui,
      clock: systemClock,
      productionRules: readProductionRules,
      unlockMs: readUnlockMs,
      post,
    });
    const tab: Tab = { panel, controller };
    this.#tabs.add(tab);
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseKeysToHost(value);
      if (message) controller.receive(message);
      else logger.log('warn', 'redis.keysMessageRefused');
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) controller.pageHidden();
    });
    panel.onDidDispose(() => {
      this.#tabs.delete(tab);
      controller.dispose().catch((error: unknown) => logger.log('error', 'redis.keysCloseFailed', { error }));
    });
    load();
  }
}
