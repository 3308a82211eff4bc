import * as vscode from 'vscode';
import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import { Scope } from '../base/scope';
import type { Logger } from '../base/log';
import type { TunnelDetails as Details, TunnelInfo, TunnelService } from '../model/tunnel';
import type { TunnelToPage } from '../webview/protocol';
import { parseTunnelToHost } from '../webview/protocol';
import type { CommandHandlers } from './contributions';
import { tunnelPage } from './tunnelPage';
import { createWebPage, type WebPage } from './webPage';

export interface TunnelDetailsDeps {
  readonly service: TunnelService;
  readonly extensionUri: vscode.Uri;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The tunnel of a row, the only one, or the one that the person picks. @throws Fault */
  readonly choose: (argument: unknown) => Promise<TunnelInfo | undefined>;
}

const VIEW_TYPE = 'sallyport.tunnelDetails';
const EVERY_MS = 1000;

/** The pages with the details of tunnels: one editor tab per tunnel, kept up to date while it can be seen. */
export class TunnelPages implements Disposable {
  readonly #deps: TunnelDetailsDeps;
  readonly #pages = new Map<string, vscode.WebviewPanel>();

  constructor(deps: TunnelDetailsDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'showTunnel' | 'reconnect'> {
    return {
      reconnect: async (argument) => {
        const tunnel = await this.#deps.choose(argument);
        if (tunnel) await this.#deps.service.retry(tunnel.id);
      },
      showTunnel: async (argument) => {
        const tunnel = await this.#deps.choose(argument);
        if (tunnel) this.open(tunnel);
      },
    };
  }

  open(tunnel: TunnelInfo): void {
    const existing = this.#pages.get(tunnel.id);
    if (existing) existing.reveal();
    else this.#create(tunnel);
  }

  dispose(): void {
    for (const panel of [...this.#pages.values()]) panel.dispose();
  }

  #create(tunnel: TunnelInfo): void {
    const { extensionUri, logger } = this.#deps;
    const { title } = textsOf({ info: tunnel, history: [] });
    const page = createWebPage({ viewType: VIEW_TYPE, title, name: 'tunnel', extensionUri });
    const { panel } = page;
    this.#pages.set(tunnel.id, panel);
    const scope = new Scope();
    const feed = scope.add(new Feed(tunnel, this.#deps, page));
    scope.add(
      panel.webview.onDidReceiveMessage((value: unknown) => {
        if (parseTunnelToHost(value)) feed.ready();
        else logger.log('warn', 'tunnelDetails.messageRefused');
      }),
    );
    scope.add(panel.onDidChangeViewState(() => feed.look()));
    panel.onDidDispose(() => {
      this.#pages.delete(tunnel.id);
      void scope.dispose();
    });
    page.load();
  }
}

/** Sends one page what it shows: once a second while it can be seen, and once more when its tunnel has closed. */
class Feed implements Disposable {
  readonly #deps: TunnelDetailsDeps;
  readonly #page: WebPage;
  #last: Details;
  #ready = false;
  #timer: Disposable | undefined;
  #disposed = false;

  constructor(tunnel: TunnelInfo, deps: TunnelDetailsDeps, page: WebPage) {
    this.#deps = deps;
    this.#page = page;
    this.#last = { info: tunnel, history: [] };
  }

  /** The page is there, for the first time or anew: what is hidden is thrown away. */
  ready(): void {
    this.#ready = true;
    this.look();
  }

  /** The page may have been shown or hidden. */
  look(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    if (!this.#page.panel.visible) this.#ready = false;
    if (this.#ready) void this.#send();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  async #send(): Promise<void> {
    const { service, clock, logger } = this.#deps;
    try {
      const { info } = this.#last;
      this.#last = (await service.details(info.id)) ?? { ...this.#last, info: { ...info, state: { phase: 'closed' } } };
    } catch (error) {
      logger.log('warn', 'tunnelDetails.unknown', { error });
    }
    if (this.#disposed || !this.#page.panel.visible) return;
    this.#page.post(textsOf(this.#last));
    this.#timer?.dispose();
    this.#timer = this.#last.info.state.phase === 'closed' ? undefined : clock.schedule(EVERY_MS, () => void this.#send());
  }
}

function textsOf(details: Details): TunnelToPage {
  const language = vscode.env.language;
  return tunnelPage(details, vscode.l10n, {
    date: (ms) => new Date(ms).toLocaleString(language),
    time: (ms) => new Date(ms).toLocaleTimeString(language),
  });
}
