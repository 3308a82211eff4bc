import { asFault, faultData, isCancelled } from '../../base/fault';
import { type BenchmarkPlan, DEFAULT_BENCHMARK } from '../../model/benchmark';
import { type ProductionRules, productionReasons } from '../../model/production';
import type { TunnelInfo } from '../../model/tunnel';
import type { RedisEngine } from '../../redis/types';
import type { BenchmarkToHost, BenchmarkToPage } from '../../webview/protocol';
import { reasonsText } from '../console/guardTexts';
import { withLogin } from '../console/login';
import { labelText } from '../safeText';
import type { RedisLogins, Services } from '../services';
import type { Ui } from '../ui';
import { type BenchmarkState, benchmarkPage, benchmarkText } from './page';

export interface BenchmarkPorts {
  readonly services: Pick<Services, 'targetCa' | 'logger'>;
  readonly runBenchmark: RedisEngine['runBenchmark'];
  readonly logins: RedisLogins;
  readonly ui: Pick<Ui, 'l10n' | 'input' | 'copy' | 'brief'>;
  readonly productionRules: () => ProductionRules;
  /** Hands a message to the page as it is now. */
  readonly post: (message: BenchmarkToPage) => void;
}

/** One benchmark's tab without its panel. It goes on while the page is hidden, which gets everything again when it is there. */
export class BenchmarkController {
  readonly #ports: BenchmarkPorts;
  #state: BenchmarkState;
  #running: AbortController | undefined;
  #disposed = false;

  constructor(tunnel: TunnelInfo, ports: BenchmarkPorts) {
    this.#ports = ports;
    this.#state = { tunnel, plan: DEFAULT_BENCHMARK, phase: 'idle', figures: [] };
  }

  get tunnel(): TunnelInfo {
    return this.#state.tunnel;
  }

  /** Goes on with another tunnel to the same place; what was measured stays. */
  moveTo(tunnel: TunnelInfo): void {
    this.#set({ tunnel });
  }

  receive(message: BenchmarkToHost): void {
    switch (message.type) {
      case 'ready':
        this.#show();
        break;
      case 'start':
        void this.#start(message.choice);
        break;
      case 'stop':
        this.#running?.abort();
        break;
      case 'copy':
        void this.#copy();
        break;
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#running?.abort();
  }

  async #start(plan: BenchmarkPlan): Promise<void> {
    if (this.#running || this.#disposed) return;
    const running = new AbortController();
    this.#running = running;
    const { services, runBenchmark, logins } = this.#ports;
    const { logger } = services;
    const { tunnel } = this.#state;
    const target = tunnel.route.target.id;
    try {
      if (!(await this.#allowed(running.signal)) || running.signal.aborted) return;
      const { noDirect: _, fault: __, progress: ___, ...rest } = this.#state;
      this.#state = { ...rest, plan, phase: 'connecting', figures: [] };
      this.#show();
      const report = await withLogin(tunnel, services, logins, running.signal, (options) =>
        runBenchmark(
          {
            plan,
            tunnel: options,
            isDirect: tunnel.route.method === 'direct',
            onProgress: (progress) => this.#set({ phase: 'running', progress }),
            onFigures: (figures) => this.#set({ phase: 'running', figures: [...this.#state.figures, figures] }),
          },
          running.signal,
        ),
      );
      this.#set({ phase: 'done', ...(report.noDirect && { noDirect: report.noDirect }) });
      logger.log('info', 'redis.benchmark', { target, tests: report.figures.length });
    } catch (error) {
      const fault = asFault(error);
      if (isCancelled(fault)) this.#set({ phase: 'stopped' });
      else {
        logger.log('warn', 'redis.benchmarkFailed', { target, code: fault.code, error: fault });
        this.#set({ phase: 'failed', fault: faultData(fault) });
      }
    } finally {
      this.#running = undefined;
    }
  }

  /** Production gets a load of thousands of requests only from whoever has typed its name. */
  async #allowed(signal: AbortSignal): Promise<boolean> {
    const { ui, productionRules } = this.#ports;
    const { target } = this.#state.tunnel.route;
    const reasons = productionReasons(target, productionRules());
    if (reasons.length === 0) return true;
    const name = labelText(target.name);
    const typed = await ui.input({
      title: ui.l10n.t('Benchmark on production'),
      prompt: `${reasonsText(reasons, ui.l10n)} ${ui.l10n.t('It gets as many requests as it can answer, from others meanwhile fewer. Type its name, {0}, to go on.', name)}`,
      signal,
      validate: (text) => (text.trim() === target.name ? undefined : ui.l10n.t('This is not its name, which is {0}.', name)),
    });
    return typed?.trim() === target.name;
  }

  async #copy(): Promise<void> {
    const { ui } = this.#ports;
    if (this.#state.figures.length === 0) return;
    await ui.copy(benchmarkText(this.#state, ui.l10n));
    ui.brief(ui.l10n.t('The results are in the clipboard.'));
  }

  #set(change: Partial<BenchmarkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#show();
  }

  #show(): void {
    if (!this.#disposed) this.#ports.post(benchmarkPage(this.#state, this.#ports.ui.l10n));
  }
}
