import type { Clock } from '../../base/clock';
import { asFault, Fault, faultData, isCancelled } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Bastion } from '../../model/bastion';
import type { DiscoveryScope } from '../../model/inventory';
import type { Route } from '../../model/route';
import type { Target, TargetEndpoint } from '../../model/target';
import { defaultEndpoint } from '../../model/target';
import type { TunnelInfo, TunnelService } from '../../model/tunnel';
import type { DiagnosisToHost, DiagnosisToPage } from '../../webview/protocol';
import type { BastionAdvice } from '../bastionAdvice';
import type { InventoryStore } from '../inventoryStore';
import { bastionsOf, type RegionInventory, targetsOf } from '../inventoryState';
import type { Localizer } from '../localizer';
import { planRoute } from '../routePlan';
import { labelText } from '../safeText';
import type { TunnelBoard } from '../tunnelBoard';
import type { Ui } from '../ui';
import { routeLabel } from '../wording';
import {
  accountCheck,
  bastionOnlyChecks,
  type Check,
  endpointCheck,
  listingCheck,
  overall,
  statusCheck,
  summaryText,
  trialFailed,
  trialSkipped,
  tunnelCheck,
  wayChecks,
} from './checks';

/** What is looked at: a target, one of its endpoints, a tunnel, or a bastion. */
export type DiagnosisSubject =
  | { readonly kind: 'target'; readonly target: Target; readonly endpoint?: TargetEndpoint }
  | { readonly kind: 'tunnel'; readonly tunnel: TunnelInfo }
  | { readonly kind: 'bastion'; readonly bastion: Bastion };

export interface DiagnosisPorts {
  readonly store: Pick<InventoryStore, 'usable' | 'refresh' | 'inventories'>;
  readonly advice: Pick<BastionAdvice, 'toChoose'>;
  readonly board: Pick<TunnelBoard, 'get' | 'toTarget' | 'tunnels'>;
  readonly tunnels: Pick<TunnelService, 'start' | 'retry' | 'onDidChange'>;
  readonly ui: Pick<Ui, 'l10n' | 'copy' | 'brief'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hands a message to the page as it is now. */
  readonly post: (message: DiagnosisToPage) => void;
}

/** A probe that is asked for answers, or fails, within this. */
const PROBE_MS = 15_000;

/** One diagnosis: looks at everything from the sign-in to a round trip, and says the one thing to mend. It changes nothing that stays. */
export class Diagnosis {
  readonly subject: DiagnosisSubject;
  readonly #ports: DiagnosisPorts;
  readonly #life = new AbortController();
  #checks: Check[] = [];
  #roundTrip: Check | undefined;
  #running = false;

  constructor(subject: DiagnosisSubject, ports: DiagnosisPorts) {
    this.subject = subject;
    this.#ports = ports;
  }

  receive({ type }: DiagnosisToHost): void {
    if (type === 'copy') void this.#copy();
    else if (type === 'again' || (this.#checks.length === 0 && !this.#running)) void this.run();
    else this.#show();
  }

  async run(): Promise<void> {
    if (this.#running || this.#life.signal.aborted) return;
    this.#running = true;
    this.#checks = [];
    this.#roundTrip = undefined;
    this.#show();
    const { logger } = this.#ports;
    try {
      await this.#look(this.#life.signal);
    } catch (error) {
      if (!isCancelled(error)) logger.log('warn', 'diagnosis.failed', { code: asFault(error).code });
      if (!isCancelled(error)) this.#add({ ...trialFailed(error, this.#ports.ui.l10n), title: this.#ports.ui.l10n.t('Looking it up') });
    } finally {
      this.#running = false;
      this.#show();
    }
  }

  dispose(): void {
    this.#life.abort();
  }

  get page(): DiagnosisToPage {
    const { l10n } = this.#ports.ui;
    const name = labelText(this.#name);
    const verdict = overall(this.#checks, this.#roundTrip);
    const summary = this.#running ? l10n.t('Looking…') : summaryText({ name, isBastion: this.subject.kind === 'bastion' }, this.#checks, verdict, l10n);
    return {
      type: 'show',
      title: l10n.t('Diagnosis: {0}', name),
      summary: labelText(summary),
      verdict: this.#running ? 'running' : verdict,
      running: this.#running,
      strings: { again: l10n.t('Diagnose Again'), copy: l10n.t('Copy Report'), checks: l10n.t('Checks') },
      checks: this.#checks.map(({ verdict: one, title, detail, remedy = '' }) => ({ verdict: one, mark: markText(one, l10n), title, detail: textOf(detail), remedy: textOf(remedy) })),
    };
  }

  get #name(): string {
    const { subject } = this;
    if (subject.kind === 'bastion') return subject.bastion.name;
    return subject.kind === 'target' ? subject.target.name : routeLabel(subject.tunnel.route, this.#ports.ui.l10n);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { subject } = this;
    const { store, ui } = this.#ports;
    const place = placeOf(subject);
    // What is shown may be old; a diagnosis of yesterday's facts helps nobody.
    await store.refresh({ scopes: [place] });
    const inventory = await this.#inventory(place, signal);
    if (!inventory) return;
    this.#add(accountCheck(inventory, ui.l10n));
    if (subject.kind === 'bastion') this.#lookAtBastion(subject.bastion, inventory);
    else await this.#lookAtTarget(inventory, signal);
  }

  /** Undefined where there is none, which is a check then. */
  async #inventory(place: DiscoveryScope, signal: AbortSignal): Promise<RegionInventory | undefined> {
    const { store, ui } = this.#ports;
    try {
      return await store.usable(place, signal);
    } catch (error) {
      if (isCancelled(error)) throw error;
      this.#add(accountCheck({ scope: place, loading: false, providers: new Map(), fault: faultData(asFault(error)) }, ui.l10n));
      return undefined;
    }
  }

  #lookAtBastion(bastion: Bastion, inventory: RegionInventory): void {
    const { l10n } = this.#ports.ui;
    const current = bastionsOf(inventory).find(({ id }) => id === bastion.id);
    if (current) this.#add(...bastionOnlyChecks(current, l10n));
    else this.#add({ verdict: 'fail', title: l10n.t('The machine runs'), detail: l10n.t('AWS knows "{0}" no longer.', bastion.name) });
  }

  async #lookAtTarget(inventory: RegionInventory, signal: AbortSignal): Promise<void> {
    const { board, advice, ui } = this.#ports;
    const { l10n } = ui;
    const { id, endpoint: wanted } = this.#destination;
    const target = targetsOf(inventory).find((one) => one.id === id);
    const open = this.subject.kind === 'tunnel' ? board.get(this.subject.tunnel.id) : undefined;
    if (!target) {
      this.#add({ verdict: 'fail', title: l10n.t('Status of the target'), detail: l10n.t('AWS knows "{0}" no longer, or may not be asked about it.', this.#name) });
      if (open) await this.#probe(open);
      return;
    }
    const endpoint = target.endpoints.find((one) => one.host === wanted?.host && one.port === wanted.port) ?? defaultEndpoint(target);
    this.#add(statusCheck(target, l10n), endpointCheck(target, endpoint, l10n), listingCheck(inventory, l10n));
    const evidence = endpoint ? await advice.toChoose(target, endpoint, bastionsOf(inventory), signal) : {};
    this.#add(...wayChecks(target, endpoint, inventory, evidence, l10n));
    const leading = open ?? (endpoint && board.toTarget(target.id, endpoint, target.place.profile));
    if (leading && leading.state.phase !== 'closed') await this.#probe(leading);
    else await this.#try(() => planRoute(inventory, target, endpoint, evidence), signal);
  }

  get #destination(): { readonly id: string; readonly endpoint?: { readonly host: string; readonly port: number } } {
    const { subject } = this;
    if (subject.kind === 'tunnel') return { id: subject.tunnel.route.target.id, endpoint: subject.tunnel.route.endpoint };
    if (subject.kind === 'target') return { id: subject.target.id, ...(subject.endpoint && { endpoint: subject.endpoint }) };
    throw new Fault('internal.unexpected', 'A bastion leads nowhere by itself.');
  }

  /** A round trip now, through what is open. */
  async #probe(before: TunnelInfo): Promise<void> {
    const { tunnels, ui, clock } = this.#ports;
    const { signal } = this.#life;
    const done = new AbortController();
    const timer = clock.schedule(PROBE_MS, () => done.abort());
    let latest = before;
    const watching = tunnels.onDidChange((info) => {
      if (info.id !== before.id) return;
      latest = info;
      if (isAnswer(info, before)) done.abort();
    });
    const onAbort = (): void => done.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await tunnels.retry(before.id);
      if (!signal.aborted) await aborted(done.signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      watching.dispose();
      timer.dispose();
    }
    this.#roundTripIs(tunnelCheck(latest, ui.l10n));
  }

  /** The only proof there is: what a click on "Connect" does, ended at once unless someone else has clicked meanwhile. */
  async #try(plan: () => Route, signal: AbortSignal): Promise<void> {
    const { tunnels, ui } = this.#ports;
    if (this.#checks.some(({ verdict, title }) => verdict === 'fail' && title !== ui.l10n.t('Security groups'))) {
      this.#roundTripIs(trialSkipped(ui.l10n));
      return;
    }
    try {
      this.#roundTripIs(tunnelCheck(await tunnels.start(plan(), { trial: true }, signal), ui.l10n));
    } catch (error) {
      if (isCancelled(error)) throw error;
      this.#roundTripIs(trialFailed(error, ui.l10n));
    }
  }

  #roundTripIs(check: Check): void {
    this.#roundTrip = check;
    this.#add(check);
  }

  #add(...checks: readonly Check[]): void {
    this.#checks.push(...checks);
    this.#show();
  }

  async #copy(): Promise<void> {
    const { ui } = this.#ports;
    const { title, summary, checks } = this.page;
    const lines = checks.map(({ mark, title: what, detail, remedy }) => [`[${mark}] ${what}`, detail, remedy].filter((text) => text !== '').join('\n    '));
    await ui.copy([title, summary, '', ...lines].join('\n'));
    ui.brief(ui.l10n.t('The report is in the clipboard.'));
  }

  #show(): void {
    if (!this.#life.signal.aborted) this.#ports.post(this.page);
  }
}

/** Whether the probe that was asked for has ended, one way or the other. */
function isAnswer({ state, health }: TunnelInfo, before: TunnelInfo): boolean {
  if (state.phase === 'closed') return true;
  if (state.phase === 'waiting') return before.state.phase !== 'waiting' || state.attempt > before.state.attempt;
  return state.phase === 'open' && health.checkedAt > before.health.checkedAt;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function placeOf(subject: DiagnosisSubject): DiscoveryScope {
  const { profile, region } =
    subject.kind === 'bastion' ? subject.bastion.place : subject.kind === 'target' ? subject.target.place : subject.tunnel.route.place;
  return { profile, region };
}

function markText(verdict: Check['verdict'], l10n: Localizer): string {
  switch (verdict) {
    case 'pass':
      return l10n.t('pass');
    case 'warn':
      return l10n.t('warning');
    case 'fail':
      return l10n.t('fail');
    case 'unknown':
      return l10n.t('unknown');
    case 'skip':
      return l10n.t('skipped');
  }
}

/** Names and messages come from outside: without what reorders or hides text, line by line. */
function textOf(text: string): string {
  return text
    .split('\n')
    .map((line) => labelText(line))
    .join('\n');
}
