import * as vscode from 'vscode';
import { systemClock } from '../../base/clock';
import { Scope } from '../../base/scope';
import { sameDestination } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import type { LiveRequest, RedisEngine } from '../../redis/types';
import { parseLiveToHost } from '../../webview/protocol';
import { openWithLogin, placeOptions, withLogin } from '../console/login';
import { labelText } from '../safeText';
import type { RedisLogins, Services } from '../services';
import { onDidChangeSettings, readProductionRules, readUnlockMs } from '../settings';
import { createWebPage } from '../webPage';
import { prepareKeyspaceEvents } from './keyspaceSetting';
import { LiveController, type LiveControllerPorts } from './liveController';
import { askKeyspaceWatch, askSubscription } from './liveRequests';

interface Tab {
  readonly panel: vscode.WebviewPanel;
  readonly controller: LiveController;
}

interface Opening {
  /** Beside the console in which it was typed. */
  readonly beside: boolean;
  readonly prepare?: LiveControllerPorts['prepare'];
}

const VIEW_TYPE = 'sallyport.redisLive';

/** The live panes of this window: one editor tab per command that streams or waits. */
export class LivePanes {
  readonly #services: Services;
  readonly #logins: RedisLogins;
  readonly #extensionUri: vscode.Uri;
  readonly #tabs = new Set<Tab>();
  readonly #listeners = new Scope();
  /** What closed tabs still have to put right on their servers. */
  readonly #closing = new Set<Promise<void>>();

  constructor(services: Services, logins: RedisLogins, extensionUri: vscode.Uri) {
    this.#services = services;
    this.#logins = logins;
    this.#extensionUri = extensionUri;
    this.#listeners.add(services.broker.tunnels.onDidChange((info) => this.#tunnelChanged(info)));
    this.#listeners.add(
      onDidChangeSettings(['productionTags', 'productionAccounts', 'productionNames'], () => {
        for (const { controller } of this.#tabs) controller.guardChanged();
      }),
    );
  }

  /** A pane beside the console for what was typed there. @throws Fault as `RedisEngine.createLiveFeed` */
  async open(tunnel: TunnelInfo, request: LiveRequest): Promise<void> {
    await this.#create(tunnel, request, { beside: true });
  }

  /** Asks what to subscribe to. */
  async subscribe(tunnel: TunnelInfo): Promise<void> {
    const request = await askSubscription(this.#services.ui);
    if (request) await this.#create(tunnel, request, { beside: false });
  }

  async monitor(tunnel: TunnelInfo): Promise<void> {
    await this.#create(tunnel, { args: ['MONITOR'] }, { beside: false });
  }

  /** Asks which keys to watch. */
  async keyspaceEvents(tunnel: TunnelInfo): Promise<void> {
    const services = this.#services;
    const asked = await askKeyspaceWatch(services.ui);
    if (!asked) return;
    const { ui, logger } = services;
    const openSession: Parameters<typeof prepareKeyspaceEvents>[3]['openSession'] = (where, guard, signal) => openWithLogin(where, services, this.#logins, guard, signal);
    const prepare: NonNullable<Opening['prepare']> = (where, guard, signal) => prepareKeyspaceEvents(where, asked.watch, guard, { ui, logger, openSession }, signal);
    await this.#create(tunnel, asked.request, { beside: false, prepare });
  }

  async dispose(): Promise<void> {
    for (const { panel } of [...this.#tabs]) panel.dispose();
    await this.#listeners.dispose();
    await Promise.all(this.#closing);
  }

  async #create(tunnel: TunnelInfo, request: LiveRequest, { beside, prepare }: Opening): Promise<void> {
    const { loadRedis, ui, logger } = this.#services;
    const engine = await loadRedis();
    const feed = engine.createLiveFeed(request);
    const title = labelText(`${feed.title} · ${tunnel.route.target.name}`);
    const { panel, post, load } = createWebPage({ viewType: VIEW_TYPE, title, name: 'live', extensionUri: this.#extensionUri, beside });
    const controller = new LiveController(tunnel, feed, { title, keyspace: request.keyspace === true }, {
      ...this.#ports(engine, request),
      ui,
      logger,
      ...(prepare && { prepare }),
      post,
    });
    const tab: Tab = { panel, controller };
    this.#tabs.add(tab);
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseLiveToHost(value);
      if (message) controller.receive(message);
      else logger.log('warn', 'redis.liveMessageRefused');
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) controller.pageHidden();
    });
    panel.onDidDispose(() => this.#closed(tab));
    load();
    void controller.start();
  }

  #ports(engine: RedisEngine, { login }: LiveRequest): Pick<LiveControllerPorts, 'engine' | 'clock' | 'productionRules' | 'unlockMs' | 'withLogin' | 'openText'> {
    // Whoever typed the command was logged in like this; what is remembered is none of its business.
    const logins: RedisLogins = login ? { known: async () => login, ask: (...args) => this.#logins.ask(...args), forget: async () => {} } : this.#logins;
    return {
      engine,
      clock: systemClock,
      productionRules: readProductionRules,
      unlockMs: readUnlockMs,
      withLogin: (tunnel, signal, use) => withLogin(tunnel, this.#services, logins, signal, (options) => use({ ...options, ...placeOptions(tunnel, this.#services) })),
      openText: async (content) => {
        await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: 'plaintext' }));
      },
    };
  }

  #closed(tab: Tab): void {
    this.#tabs.delete(tab);
    const closing = tab.controller
      .dispose()
      .catch((error: unknown) => this.#services.logger.log('error', 'redis.liveCloseFailed', { error }))
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #tunnelChanged(info: TunnelInfo): void {
    for (const { controller } of this.#tabs) {
      const { tunnel } = controller;
      if (tunnel.id === info.id) controller.tunnelChanged(info);
      else if (tunnel.state.phase === 'closed' && info.state.phase === 'open' && sameDestination(tunnel.route, info.route)) controller.adopt(info);
    }
  }
}
