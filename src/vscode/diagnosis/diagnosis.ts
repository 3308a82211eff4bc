import type { Clock } from '../../base/clock';
import { abortable } from '../../base/abort';
import { asFault, Fault, faultData, isCancelled } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Bastion } from '../../model/bastion';
import { customTargetId } from '../../model/connectionEntry';
import { BASTION_PROVIDERS, type DiscoveryScope } from '../../model/inventory';
import type { Route } from '../../model/route';
import type { Target, TargetEndpoint } from '../../model/target';
import { defaultEndpoint } from '../../model/target';
import type { TunnelInfo, TunnelService } from '../../model/tunnel';
import type { DiagnosisToHost, DiagnosisToPage } from '../../webview/protocol';
import type { BastionAdvice } from '../bastionAdvice';
import type { InventoryStore } from '../inventoryStore';
import { bastionsOf, listingFaultsOf, type ProviderFault, type RegionInventory, targetsOf } from '../inventoryState';
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
  goneCheck,
  listingCheck,
  openWayCheck,
  overall,
  statusCheck,
  summaryText,
  trialFailed,
  trialSkipped,
  tunnelCheck,
  tunnelGoneCheck,
  unansweredCheck,
  unlistedCheck,
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
    await abortable(store.refresh({ scopes: [place] }), signal);
    // A host that the person has named by themselves is nowhere in AWS.
    const inventory = place.profile === '' ? undefined : await this.#inventory(place, signal);
    if (inventory) this.#add(accountCheck(inventory, ui.l10n));
    if (subject.kind === 'bastion') {
      if (inventory) this.#lookAtBastion(subject.bastion, inventory);
    } else if (inventory) {
      await this.#lookAtTarget(inventory, signal);
    } else if (subject.kind === 'tunnel') {
      await this.#lookAtTunnel(subject.tunnel);
    }
  }

  /** Without what AWS knows around it. */
  async #lookAtTunnel({ id, route, state }: TunnelInfo): Promise<void> {
    const { board, ui } = this.#ports;
    const open = board.get(id);
    this.#add(openWayCheck(route, (open ?? { state }).state, ui.l10n));
    if (open) await this.#probe(open);
    else this.#roundTripIs(tunnelGoneCheck(ui.l10n));
  }

  /** Undefined where there is none, which is a check then. */
  async #inventory(place: DiscoveryScope, signal: AbortSignal): Promise<RegionInventory | undefined> {
    const { store, ui } = this.#ports;
    try {
      return await store.usable(place, signal);
    } catch (error) {
      if (isCancelled(error)) throw error;
      const fault = asFault(error);
      if (this.subject.kind === 'tunnel' && fault.code === 'inventory.gone') this.#add(unlistedCheck(place, ui.l10n));
      else this.#add(accountCheck({ scope: place, loading: false, providers: new Map(), fault: faultData(fault) }, ui.l10n));
      return undefined;
    }
  }

  #lookAtBastion(bastion: Bastion, inventory: RegionInventory): void {
    const { l10n } = this.#ports.ui;
    const current = bastionsOf(inventory).find(({ id }) => id === bastion.id);
    if (current) this.#add(...bastionOnlyChecks(current, l10n));
    else this.#add(goneCheck(l10n.t('The machine runs'), bastion.name, listingFaultsOf(inventory).filter(tellsBastions), l10n));
  }

  async #lookAtTarget(inventory: RegionInventory, signal: AbortSignal): Promise<void> {
    const { board, advice, ui } = this.#ports;
    const { l10n } = ui;
    const { id, endpoint: wanted } = this.#destination;
    const target = targetsOf(inventory).find((one) => one.id === id);
    const open = this.subject.kind === 'tunnel' ? board.get(this.subject.tunnel.id) : undefined;
    if (!target) {
      const isCustom = wanted !== undefined && id === customTargetId(wanted.host, wanted.port);
      if (!isCustom) this.#add(goneCheck(l10n.t('Status of the target'), this.#name, this.#faultsAround(inventory), l10n));
      if (this.subject.kind === 'tunnel') await this.#lookAtTunnel(this.subject.tunnel);
      return;
    }
    const endpoint = target.endpoints.find((one) => one.host === wanted?.host && one.port === wanted.port) ?? defaultEndpoint(target);
    this.#add(statusCheck(target, l10n), endpointCheck(target, endpoint, l10n), listingCheck(inventory, l10n));
    const evidence = endpoint ? await advice.toChoose(target, endpoint, bastionsOf(inventory), signal) : {};
    const leading = open ?? (endpoint && board.toTarget(target.id, endpoint, target.place.profile));
    // A way that AWS does not offer is told by nothing but the tunnel that takes it, or took it before it was closed.
    const taken = leading?.route ?? (this.subject.kind === 'tunnel' ? this.subject.tunnel.route : undefined);
    const other = taken && taken.method !== 'ssm' ? taken : undefined;
    if (other) this.#add(openWayCheck(other, leading?.state ?? { phase: 'closed' }, l10n));
    else this.#add(...wayChecks(target, endpoint, inventory, evidence, l10n));
    if (leading && leading.state.phase !== 'closed') await this.#probe(leading);
    else await this.#try(() => other ?? planRoute(inventory, target, endpoint, evidence), signal);
  }

  /** Why the target may be missing. */
  #faultsAround(inventory: RegionInventory): ProviderFault[] {
    const { subject } = this;
    const faults = listingFaultsOf(inventory).filter((one) => !tellsBastions(one));
    // A tunnel does not know which kind of target it leads to.
    return subject.kind === 'target' ? faults.filter(({ provider }) => serviceOf(provider) === serviceOf(subject.target.kind)) : faults;
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
    let answered = false;
    const watching = tunnels.onDidChange((info) => {
      if (info.id !== before.id) return;
      latest = info;
      if (!isAnswer(info, before)) return;
      answered = true;
      done.abort();
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
    // A tunnel that waits says why, whatever the probe does.
    const silent = !answered && latest.state.phase !== 'waiting';
    if (latest.state.phase === 'closed' && !latest.state.cause) this.#roundTripIs(tunnelGoneCheck(ui.l10n));
    else this.#roundTripIs(silent ? unansweredCheck(latest, PROBE_MS, ui.l10n) : tunnelCheck(latest, ui.l10n));
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

/** Of a provider or of a kind of target: one call tells all that RDS runs. */
function serviceOf(id: string): string {
  const [service = ''] = id.split('.');
  return service === 'docdb' || service === 'neptune' ? 'rds' : service;
}

function tellsBastions({ provider }: ProviderFault): boolean {
  return BASTION_PROVIDERS.includes(provider);
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
