import { asFault, type FaultData } from '../base/fault';
import type { Disposable } from '../base/event';
import type { Logger } from '../base/log';
import { wayOf } from '../model/route';
import { needOf, type TunnelInfo } from '../model/tunnel';
import type { Attempts } from './attempts';
import type { BastionStarter } from './bastionStarter';
import type { TunnelBoard } from './tunnelBoard';
import type { Ui } from './ui';
import { routeLabel } from './wording';

export interface TunnelNewsDeps {
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
  readonly starter: BastionStarter;
  readonly logger: Logger;
  /** Dials at once where the tunnel waits. */
  readonly retry: (id: string) => Promise<void>;
}

/** What has been seen, and said, of a tunnel that lives. */
interface Known {
  /** What the last link that was up went through, or the first that was tried; see `wayOf`. */
  way: string;
  /** Whether it was found out, in this outage, if its bastion is stopped. */
  looked: boolean;
}

/** A bastion that is stopped looks like these. */
const MAY_BE_STOPPED: ReadonlySet<string> = new Set(['ssm.targetNotConnected', 'instanceConnect.notRunning']);
const INSTANCE = /^i-[0-9a-f]+$/;

/** Tells the person, once each and in one window, what tunnels need of them, and that one goes over another bastion now. */
export class TunnelNews implements Disposable {
  readonly #deps: TunnelNewsDeps;
  readonly #known = new Map<string, Known>();
  /** What was asked for, and is still needed: many tunnels of one profile ask once. */
  readonly #asked = new Set<string>();
  readonly #subscription: Disposable;
  readonly #over = new AbortController();

  constructor(deps: TunnelNewsDeps) {
    this.#deps = deps;
    this.#subscription = deps.board.onDidChange((tunnels) => this.#look(tunnels));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#over.abort();
  }

  #look(tunnels: readonly TunnelInfo[]): void {
    const ids = new Set(tunnels.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
    for (const tunnel of tunnels) this.#lookAt(tunnel);
    // What another window asks for by now may be ours again, when that one has gone.
    const needed = new Set(tunnels.filter(({ spokenFor }) => !spokenFor).map((tunnel) => needOf(tunnel)));
    for (const key of this.#asked) if (!needed.has(key)) this.#asked.delete(key);
  }

  #lookAt(tunnel: TunnelInfo): void {
    const { id, route, state } = tunnel;
    const known = this.#known.get(id);
    if (!known) {
      this.#known.set(id, { way: wayOf(route), looked: false });
    } else if (state.phase === 'open') {
      if (known.way !== wayOf(route) && !tunnel.spokenFor) this.#sayOther(tunnel);
      known.way = wayOf(route);
      known.looked = false;
    }
    if (state.phase !== 'waiting' || tunnel.spokenFor) return;
    if (state.needs === 'signIn') this.#ask(tunnel, state.cause);
    else if (known && !known.looked && MAY_BE_STOPPED.has(state.cause.code) && INSTANCE.test(wayOf(route))) {
      known.looked = true;
      void this.#offerStart(tunnel).catch((error: unknown) => {
        this.#deps.logger.log('warn', 'tunnelNews.conditionUnknown', { code: asFault(error).code, error });
      });
    }
  }

  #sayOther({ route, lastFault }: TunnelInfo): void {
    const { ui } = this.#deps;
    const because = lastFault ? ` ${lastFault.fault.message}` : '';
    const name = routeLabel(route, ui.l10n);
    const text = route.bastion ? ui.l10n.t('The tunnel to {0} goes through {1} now.', name, route.bastion.name) : ui.l10n.t('The tunnel to {0} goes without a bastion now.', name);
    ui.info(text + because);
  }

  #ask(tunnel: TunnelInfo, cause: FaultData): void {
    const { attempts, ui, board } = this.#deps;
    const key = needOf(tunnel);
    if (key === undefined || this.#asked.has(key)) return;
    this.#asked.add(key);
    const again = (): void => {
      for (const one of board.tunnels) if (needOf(one) === key) this.#retry(one.id);
    };
    const message = ui.l10n.t('The tunnel to {0} waits: {1}', routeLabel(tunnel.route, ui.l10n), cause.message);
    const signsIn = cause.remedy?.action === 'signIn';
    attempts.report(
      'tunnel',
      { ...cause, message, remedy: signsIn ? cause.remedy : { text: cause.remedy?.text ?? ui.l10n.t('Connect again.'), action: 'retry' } },
      { retry: again, about: key },
    );
  }

  async #offerStart(tunnel: TunnelInfo): Promise<void> {
    const { ui, starter, board } = this.#deps;
    const { place, bastion } = tunnel.route;
    if (starter.policy === 'never' || !bastion) return;
    const { instance } = await starter.condition(place, bastion.id, this.#over.signal);
    const waits = (): boolean => board.get(tunnel.id)?.state.phase === 'waiting';
    if ((instance !== 'stopped' && instance !== 'stopping') || !waits()) return;
    if (starter.policy === 'ask') {
      const start = ui.l10n.t('Start {0} and Connect', bastion.id);
      const text = ui.l10n.t('The tunnel to {0} waits: its bastion "{1}" ({2}) is stopped.', routeLabel(tunnel.route, ui.l10n), bastion.name, bastion.id);
      if ((await ui.error(text, [start])) !== start || this.#over.signal.aborted) return;
    }
    if (await starter.run(place, bastion.id)) this.#retry(tunnel.id);
  }

  #retry(id: string): void {
    this.#deps.retry(id).catch((error: unknown) => this.#deps.logger.log('warn', 'tunnelNews.retryFailed', { error }));
  }
}
