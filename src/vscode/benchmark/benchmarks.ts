import * as vscode from 'vscode';
import type { Disposable } from '../../base/event';
import { sameDestination } from '../../model/route';
import type { TunnelInfo } from '../../model/tunnel';
import { parseBenchmarkToHost } from '../../webview/protocol';
import { labelText } from '../safeText';
import type { RedisLogins, Services } from '../services';
import { readProductionRules } from '../settings';
import { createWebPage } from '../webPage';
import { BenchmarkController } from './controller';

interface Tab {
  readonly panel: vscode.WebviewPanel;
  readonly controller: BenchmarkController;
}

const VIEW_TYPE = 'sallyport.benchmark';

/** The benchmarks of this window: one editor tab per tunnel. */
export class Benchmarks implements Disposable {
  readonly #services: Services;
  readonly #logins: RedisLogins;
  readonly #extensionUri: vscode.Uri;
  readonly #tabs = new Set<Tab>();

  constructor(services: Services, logins: RedisLogins, extensionUri: vscode.Uri) {
    this.#services = services;
    this.#logins = logins;
    this.#extensionUri = extensionUri;
  }

  open(tunnel: TunnelInfo): void {
    const existing = [...this.#tabs].find(({ controller }) => controller.tunnel.id === tunnel.id || sameDestination(controller.tunnel.route, tunnel.route));
    if (!existing) {
      this.#create(tunnel);
      return;
    }
    existing.panel.reveal();
    existing.controller.moveTo(tunnel);
  }

  dispose(): void {
    for (const { panel } of [...this.#tabs]) panel.dispose();
  }

  #create(tunnel: TunnelInfo): void {
    const services = this.#services;
    const { logger } = services;
    const title = vscode.l10n.t('Benchmark: {0}', labelText(tunnel.route.target.name));
    const { panel, post, load } = createWebPage({ viewType: VIEW_TYPE, title, name: 'benchmark', extensionUri: this.#extensionUri });
    const controller = new BenchmarkController(tunnel, {
      services,
      runBenchmark: async (options, signal) => (await services.loadRedis()).runBenchmark(options, signal),
      logins: this.#logins,
      ui: services.ui,
      productionRules: readProductionRules,
      post,
    });
    const tab: Tab = { panel, controller };
    this.#tabs.add(tab);
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseBenchmarkToHost(value);
      if (message) controller.receive(message);
      else logger.log('warn', 'redis.benchmarkMessageRefused');
    });
    panel.onDidDispose(() => {
      this.#tabs.delete(tab);
      controller.dispose();
    });
    load();
  }
}
