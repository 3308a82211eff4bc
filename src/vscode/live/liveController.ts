import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import { asFault, type Fault, isCancelled } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { ProductionRules } from '../../model/production';
import type { TunnelInfo } from '../../model/tunnel';
import type { LiveFeed, RedisEngine, RedisSessionOptions } from '../../redis/types';
import { type LiveStatus, type LiveToHost, type LiveToPage, MAX_BATCH_ROWS } from '../../webview/protocol';
import { ConsoleGuard } from '../console/consoleGuard';
import type { Ui } from '../ui';
import { countsText, factsText, faultText, lineOf, liveStrings, oneLine, rateText, readable, rowOf } from './liveTexts';

/** What has to be so on the server before the feed is of use, and what it was before. */
export interface LivePreparation {
  /** What the person should know of it; may be empty. */
  readonly note: string;
  /** Puts it back. Never rejects: it tells the person what it could not do. */
  readonly restore: () => Promise<void>;
}

export interface LiveControllerPorts {
  readonly engine: Pick<RedisEngine, 'indentedJson'>;
  readonly logger: Logger;
  readonly ui: Pick<Ui, 'l10n' | 'confirm' | 'input' | 'copy'>;
  readonly clock: Clock;
  readonly productionRules: () => ProductionRules;
  readonly unlockMs: () => number;
  /** Calls `use` with the options of a connection, with one login after another until it works. @throws Fault of `use` */
  readonly withLogin: (tunnel: TunnelInfo, signal: AbortSignal, use: (options: RedisSessionOptions) => Promise<void>) => Promise<void>;
  readonly prepare?: (tunnel: TunnelInfo, guard: ConsoleGuard, signal: AbortSignal) => Promise<LivePreparation>;
  readonly openText: (text: string) => Promise<void>;
  /** Hands a message to the page that exists now. */
  readonly post: (message: LiveToPage) => void;
}

/** Ten batches a second: what comes more often is not seen one by one anyway. */
const BATCH_MS = 100;
/** Figures that change faster cannot be read. */
const TICKS_PER_STATS = 5;
/** After that a batch that was not confirmed counts as shown. */
const PATIENCE_TICKS = 50;

/** One live pane without its panel: runs the feed, and keeps the page equal to what is kept. */
export class LiveController {
  readonly #feed: LiveFeed;
  readonly #ports: LiveControllerPorts;
  readonly #guard: ConsoleGuard;
  readonly #title: string;
  readonly #keyspace: boolean;
  readonly #changes: Disposable;
  #tunnel: TunnelInfo;
  /** Of what is being started. */
  #starting: AbortController | undefined;
  #started: Promise<void> = Promise.resolve();
  #stopped: Promise<void> = Promise.resolve();
  #preparation: LivePreparation | undefined;
  #fault: Fault | undefined;
  #pageIsThere = false;
  #disposed = false;
  #filter = '';
  /** The number up to which the page is shown messages; undefined while it is not paused. */
  #pausedAt: number | undefined;
  /** What the page has been sent: up to this number, of that epoch of the log. */
  #sent = { seq: 0, epoch: 0, first: 0 };
  #resets = true;
  #batch = 0;
  #unconfirmedTicks = 0;
  #ticks = 0;
  #timer: Disposable | undefined;
  #lastStats = '';

  constructor(tunnel: TunnelInfo, feed: LiveFeed, { title, keyspace }: { readonly title: string; readonly keyspace: boolean }, ports: LiveControllerPorts) {
    this.#tunnel = tunnel;
    this.#feed = feed;
    this.#title = title;
    this.#keyspace = keyspace;
    this.#ports = ports;
    const { ui, clock, productionRules: rules, unlockMs, logger } = ports;
    const target = (): TunnelInfo['route']['target'] => this.#tunnel.route.target;
    this.#guard = new ConsoleGuard({ ui, clock, rules, unlockMs, target, logger, onChange: () => this.#postStatus() });
    this.#changes = feed.onDidChange(() => this.#feedChanged());
  }

  get tunnel(): TunnelInfo {
    return this.#tunnel;
  }

  receive(message: LiveToHost): void {
    switch (message.type) {
      case 'ready':
        this.#greet();
        break;
      case 'shown':
        if (message.batch === this.#batch) this.#unconfirmedTicks = 0;
        break;
      case 'pause':
        this.#pause(message.on);
        break;
      case 'filter':
        this.#filter = message.text;
        this.#resets = true;
        break;
      case 'clear':
        this.#feed.log.clear();
        if (this.#pausedAt !== undefined) this.#pausedAt = this.#feed.log.next;
        break;
      case 'repeat':
        this.#feed.repeat = message.on;
        this.#postStatus();
        break;
      case 'start':
        void this.start();
        break;
      case 'stop':
        void this.#stop();
        break;
      case 'unlockWrites':
        this.#act(this.#unlock());
        break;
      case 'details':
      case 'copy':
        this.#act(this.#showOne(message.type, message.seq));
        break;
      case 'copyAll':
        this.#act(this.#ports.ui.copy(this.#allText()));
        break;
      case 'openAll':
        this.#act(this.#ports.openText(this.#allText()));
        break;
    }
  }

  /** Resolves once it runs, or has failed: the page says why. */
  start(): Promise<void> {
    if (this.#starting || this.#isRunning || this.#disposed || this.#tunnel.state.phase === 'closed') return this.#started;
    const starting = new AbortController();
    this.#starting = starting;
    this.#fault = undefined;
    this.#started = this.#open(starting.signal).finally(() => {
      this.#starting = undefined;
      this.#postStatus();
    });
    this.#postStatus();
    return this.#started;
  }

  /** The page is gone until it says that it is ready again; nothing is lost but its place in the list. */
  pageHidden(): void {
    this.#pageIsThere = false;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  /** For each change of any tunnel. */
  tunnelChanged(info: TunnelInfo): void {
    if (info.id !== this.#tunnel.id) return;
    const closed = info.state.phase === 'closed' && this.#tunnel.state.phase !== 'closed';
    this.#tunnel = info;
    if (!closed) return;
    this.#guard.lock();
    void this.#stop();
  }

  /** Another tunnel leads to the same place, after the first was closed. It is used once the person starts again. */
  adopt(tunnel: TunnelInfo): void {
    this.#tunnel = tunnel;
    this.#postStatus();
  }

  guardChanged(): void {
    this.#postStatus();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.pageHidden();
    this.#guard.dispose();
    this.#changes.dispose();
    await this.#stop();
    await this.#feed.dispose();
  }

  get #isRunning(): boolean {
    return ['connecting', 'live', 'lost'].includes(this.#feed.state.phase);
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { withLogin, prepare, logger } = this.#ports;
    const { id } = this.#tunnel.route.target;
    try {
      // What the last stop still puts back would take away what is prepared now.
      await this.#stopped;
      this.#preparation ??= await prepare?.(this.#tunnel, this.#guard, signal);
      await withLogin(this.#tunnel, signal, (options) => this.#feed.start({ ...options, guard: this.#guard }, signal));
      logger.log('info', 'redis.liveStarted', { target: id, kind: this.#feed.kind });
    } catch (error) {
      const fault = asFault(error);
      if (signal.aborted || isCancelled(fault)) return;
      this.#fault = fault;
      // Its sentence quotes the command and the server: names of channels and keys, and whatever a stranger says.
      logger.log('warn', 'redis.liveFailed', { target: id, code: fault.code });
    }
  }

  #stop(): Promise<void> {
    this.#starting?.abort();
    this.#stopped = this.#end(this.#started);
    return this.#stopped;
  }

  async #end(started: Promise<void>): Promise<void> {
    await started;
    await this.#feed.stop();
    const preparation = this.#preparation;
    this.#preparation = undefined;
    await preparation?.restore();
    this.#postStatus();
  }

  async #unlock(): Promise<void> {
    await this.#guard.unlock();
    if (this.#guard.writesAllowed() && (this.#fault ?? this.#feedFault)?.code === 'redis.readOnly') await this.start();
  }

  get #feedFault(): Fault | undefined {
    const { state } = this.#feed;
    return state.phase === 'ended' || state.phase === 'lost' ? state.fault : undefined;
  }

  #feedChanged(): void {
    if (this.#feed.state.phase === 'live') this.#fault = undefined;
    this.#postStatus();
  }

  #greet(): void {
    this.#pageIsThere = true;
    this.#resets = true;
    this.#unconfirmedTicks = 0;
    this.#lastStats = '';
    const strings = liveStrings(this.#feed, this.#keyspace, this.#ports.ui.l10n);
    this.#post({ type: 'setup', strings, title: this.#title, filter: this.#filter, paused: this.#pausedAt !== undefined });
    this.#postStatus();
    this.#tick();
  }

  #pause(on: boolean): void {
    this.#pausedAt = on ? (this.#pausedAt ?? this.#sent.seq) : undefined;
    // To take something away that nobody sees would be no pause.
    this.#feed.hold(on);
    this.#postStats();
  }

  #tick(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    if (!this.#pageIsThere || this.#disposed) return;
    if (this.#unconfirmedTicks === 0 || ++this.#unconfirmedTicks > PATIENCE_TICKS) this.#postRows();
    if (this.#ticks++ % TICKS_PER_STATS === 0) this.#postStats();
    this.#timer = this.#ports.clock.schedule(BATCH_MS, () => this.#tick());
  }

  #postRows(): void {
    const { log } = this.#feed;
    const reset = this.#resets || this.#sent.epoch !== log.epoch;
    const paused = this.#pausedAt !== undefined;
    // What a person reads while it is paused does not go away.
    const first = paused && !reset ? this.#sent.first : log.first;
    const from = reset ? log.first : Math.max(this.#sent.seq, log.first);
    const until = this.#pausedAt ?? log.next;
    const { entries, next } = from < until ? log.from(from, this.#filter, MAX_BATCH_ROWS) : { entries: [], next: from };
    const rows = entries.filter(({ seq }) => seq < until).map((entry) => rowOf(entry, this.#ports.ui.l10n));
    const news = reset || rows.length > 0 || first !== this.#sent.first;
    this.#sent = { seq: Math.min(next, Math.max(until, from)), epoch: log.epoch, first };
    this.#resets = false;
    if (!news) return;
    this.#unconfirmedTicks = 1;
    this.#post({ type: 'rows', batch: ++this.#batch, reset, first, rows });
  }

  #postStats(): void {
    const { l10n } = this.#ports.ui;
    const stats = this.#feed.log.stats();
    const labels = stats.labels.map(([label, count]) => ({ label: oneLine(label, 200), count: count.toLocaleString() }));
    if (stats.otherLabels > 0) labels.push({ label: l10n.t('others'), count: stats.otherLabels.toLocaleString() });
    const message: LiveToPage = { type: 'stats', rate: rateText(stats, l10n), counts: countsText(stats, l10n), paused: this.#pausedText(), labels };
    const text = JSON.stringify(message);
    if (text === this.#lastStats) return;
    this.#lastStats = text;
    this.#post(message);
  }

  #pausedText(): string {
    if (this.#pausedAt === undefined) return '';
    const { l10n } = this.#ports.ui;
    const { log } = this.#feed;
    if (this.#feed.consumes) return l10n.t('Paused. Nothing more is taken once the command that waits is answered.');
    const waiting = (log.next - Math.max(this.#pausedAt, log.first)).toLocaleString();
    const gone = Math.max(0, log.first - this.#pausedAt);
    return gone === 0
      ? l10n.t('Paused. Messages go on being received: {0} wait.', waiting)
      : l10n.t('Paused. Messages go on being received: {0} wait, and {1} that came before them were dropped.', waiting, gone.toLocaleString());
  }

  #postStatus(): void {
    const { phase } = this.#tunnel.state;
    const closed = phase === 'closed';
    const running = this.#isRunning || this.#starting !== undefined;
    const { production, minutesLeft } = this.#guard.message;
    const fault = this.#fault ?? this.#feedFault;
    this.#post({
      type: 'status',
      ...this.#statusText(closed, fault),
      note: this.#preparation?.note ?? '',
      canStart: !running && !closed,
      canStop: running,
      canUnlock: !running && production && minutesLeft === 0 && fault?.code === 'redis.readOnly',
      repeat: this.#feed.repeatable ? this.#feed.repeat : null,
    });
  }

  #statusText(closed: boolean, fault: Fault | undefined): Pick<LiveStatus, 'tone' | 'text'> {
    const { l10n } = this.#ports.ui;
    if (closed) return { tone: 'warning', text: l10n.t('The tunnel is closed. Connect it again to go on here.') };
    if (this.#starting && this.#feed.state.phase !== 'live') return { tone: 'busy', text: l10n.t('Connecting…') };
    switch (this.#feed.state.phase) {
      case 'live':
        return { tone: 'live', text: this.#feed.kind === 'block' ? l10n.t('Waiting for what comes') : l10n.t('Live') };
      case 'lost':
        return { tone: 'warning', text: [l10n.t('The connection was lost; connecting again.'), fault && faultText(fault)].filter(Boolean).join(' ') };
      case 'connecting':
        return { tone: 'busy', text: l10n.t('Connecting…') };
      case 'idle':
      case 'ended':
        return fault ? { tone: 'error', text: faultText(fault) } : { tone: 'none', text: this.#feed.kind === 'block' ? l10n.t('Done') : l10n.t('Stopped') };
    }
  }

  /** What VS Code refuses is told by VS Code. */
  #act(work: Promise<void>): void {
    work.catch((error: unknown) => this.#ports.logger.log('warn', 'redis.liveActionFailed', { error }));
  }

  async #showOne(what: 'details' | 'copy', seq: number): Promise<void> {
    const { ui, engine } = this.#ports;
    const entry = this.#feed.log.get(seq);
    if (!entry) {
      const gone = ui.l10n.t('This message was dropped meanwhile; only its line is left.');
      if (what === 'details') this.#post({ type: 'details', seq, facts: gone, text: '', json: '' });
      return;
    }
    if (entry.mark !== undefined) {
      if (what === 'copy') await ui.copy(lineOf(entry, ui.l10n));
      return;
    }
    if (what === 'copy') {
      await ui.copy(entry.text);
      return;
    }
    const json = entry.cut ? undefined : engine.indentedJson(entry.text, MAX_DETAILS);
    // Never more than the page takes: escapes and blanks make a text longer.
    this.#post({ type: 'details', seq, facts: factsText(entry, ui.l10n), text: bounded(readable(entry.text)), json: bounded(readable(json ?? '')) });
  }

  /** What the filter leaves, oldest first. */
  #allText(): string {
    const { entries } = this.#feed.log.from(0, this.#filter, Number.MAX_SAFE_INTEGER);
    return entries.map((entry) => `${lineOf(entry, this.#ports.ui.l10n)}\n`).join('');
  }

  #post(message: LiveToPage): void {
    if (this.#pageIsThere) this.#ports.post(message);
  }
}

const MAX_DETAILS = 1024 * 1024;

function bounded(text: string): string {
  return text.length <= MAX_DETAILS ? text : text.slice(0, MAX_DETAILS);
}
