import * as vscode from 'vscode';
import { Scope } from '../../base/scope';
import { sameDestination } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import { parseClusterToHost } from '../../webview/protocol';
import { labelText } from '../safeText';
import type { RedisLogins, Services } from '../services';
import { createWebPage } from '../webPage';
import { ClusterController, type ClusterPagePorts } from './controller';

interface Tab {
  readonly panel: vscode.WebviewPanel;
  readonly controller: ClusterController;
}

const VIEW_TYPE = 'sallyport.cluster';

/** The pictures of clusters of this window: one editor tab per tunnel. */
export class Clusters {
  readonly #services: Services;
  readonly #logins: RedisLogins;
  readonly #extensionUri: vscode.Uri;
  readonly #openConsole: ClusterPagePorts['openConsole'];
  readonly #tabs = new Set<Tab>();
  readonly #listeners = new Scope();

  constructor(services: Services, logins: RedisLogins, extensionUri: vscode.Uri, openConsole: ClusterPagePorts['openConsole']) {
    this.#services = services;
    this.#logins = logins;
    this.#extensionUri = extensionUri;
    this.#openConsole = openConsole;
    this.#listeners.add(
      services.broker.tunnels.onDidChange((info) => {
        for (const { controller } of this.#tabs) controller.tunnelChanged(info);
      }),
    );
  }

  /** A tab whose tunnel was closed goes on with a new one to the same place. */
  async open(tunnel: TunnelInfo): Promise<void> {
    const existing = [...this.#tabs].find(({ controller }) => controller.tunnel.id === tunnel.id || sameDestination(controller.tunnel.route, tunnel.route));
    if (!existing) {
      this.#create(tunnel);
      return;
    }
    existing.panel.reveal();
    await existing.controller.moveTo(tunnel);
  }

  async dispose(): Promise<void> {
    const tabs = [...this.#tabs];
    for (const { panel } of tabs) panel.dispose();
    // Their tunnels end with them.
    await Promise.all(tabs.map(({ controller }) => controller.dispose()));
    await this.#listeners.dispose();
  }

  #create(tunnel: TunnelInfo): void {
    const services = this.#services;
    const { logger } = services;
    const title = vscode.l10n.t('Cluster: {0}', labelText(tunnel.route.target.name));
    const { panel, post, load } = createWebPage({ viewType: VIEW_TYPE, title, name: 'cluster', extensionUri: this.#extensionUri });
    const controller = new ClusterController(tunnel, { services, logins: this.#logins, ui: services.ui, openConsole: this.#openConsole, post });
    const tab: Tab = { panel, controller };
    this.#tabs.add(tab);
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseClusterToHost(value);
      if (message) controller.receive(message);
      else logger.log('warn', 'redis.clusterMessageRefused');
    });
    panel.onDidDispose(() => {
      this.#tabs.delete(tab);
      controller.dispose().catch((error: unknown) => logger.log('error', 'redis.clusterCloseFailed', { error }));
    });
    load();
  }
}
