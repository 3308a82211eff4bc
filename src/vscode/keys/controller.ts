import { asFault, describeFault, Fault, isCancelled } from '../../base/fault';
import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import type { ProductionRules } from '../../model/production';
import type { KeyEdit, KeyspaceOverview, KeyView } from '../../model/redisKeys';
import type { TunnelInfo } from '../../model/tunnel';
import type { KeyBrowser, OpenedKey, RedisSession } from '../../redis/types';
import type { KeysStrings, KeysToHost, KeysToPage } from '../../webview/protocol';
import { ConsoleGuard } from '../console/consoleGuard';
import type { RedisLogins, Services } from '../services';
import type { Ui } from '../ui';
import { deletedText, deleteManyText, deleteText, expiryInput, expiryOf, expiryOutcome, removeElementText, renameInput } from './keysTexts';
import { SessionLink } from './link';
import { PageSearch } from './search';
import { overviewNote } from './strings';

export interface KeysPorts {
  readonly services: Pick<Services, 'openRedisSession' | 'targetCa' | 'loadRedis'> & { readonly logger: Logger };
  readonly logins: RedisLogins;
  readonly strings: KeysStrings;
  readonly ui: Pick<Ui, 'l10n' | 'confirm' | 'input'>;
  readonly clock: Clock;
  /** By what a target counts as production, as the settings say now. */
  readonly productionRules: () => ProductionRules;
  /** For how long writes to one are unlocked, ms. */
  readonly unlockMs: () => number;
  /** Hands a message to the page that exists now. */
  readonly post: (message: KeysToPage) => void;
}

/** As many as the engine deletes at once. */
const MAX_REMOVED = 10_000;

type EditMessage = Extract<KeysToHost, { type: 'edit' }>;
type TurnMessage = Extract<KeysToHost, { type: 'turn' }>;

/** One key browser's tab without its panel: owns the session, and knows all that a page which was thrown away has shown. */
export class KeysController {
  readonly #ports: KeysPorts;
  readonly #guard: ConsoleGuard;
  readonly #link: SessionLink;
  readonly #search: PageSearch;
  #browser: KeyBrowser | undefined;
  #overview: KeyspaceOverview | undefined;
  #opened: OpenedKey | undefined;
  #view: { readonly view: KeyView; readonly at: number } | undefined;
  /** The answer to an edit for a page that is not there; a page has one edit at a time. */
  #missed: KeysToPage | undefined;
  /** What is about one key comes one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #pageIsThere = false;

  constructor(tunnel: TunnelInfo, ports: KeysPorts) {
    this.#ports = ports;
    const { ui, clock, productionRules: rules, unlockMs, services, logins } = ports;
    const target = (): TunnelInfo['route']['target'] => this.tunnel.route.target;
    this.#guard = new ConsoleGuard({ ui, clock, rules, unlockMs, target, logger: services.logger, onChange: () => this.guardChanged() });
    this.#link = new SessionLink(tunnel, {
      services,
      logins,
      guard: this.#guard,
      onStatus: (status, detail) => this.#post({ type: 'status', status, detail }),
      onSession: (session, signal) => void this.#begin(session, signal),
    });
    this.#search = new PageSearch({ post: (message) => this.#post(message), onFault: (fault) => void this.#link.failed(fault) });
  }

  get tunnel(): TunnelInfo {
    return this.#link.tunnel;
  }

  receive(message: KeysToHost): void {
    switch (message.type) {
      case 'ready':
        this.#greet();
        break;
      case 'connect':
        void this.#link.connectAgain();
        break;
      case 'unlockWrites':
        void this.#guard.unlock();
        break;
      case 'lockWrites':
        this.#guard.lock();
        break;
      case 'stop':
        this.#search.stop();
        break;
      case 'search':
      case 'more':
      case 'database':
      case 'facts':
      case 'open':
      case 'turn':
      case 'edit':
      case 'rename':
      case 'expire':
      case 'remove':
        void this.#act(message);
        break;
    }
  }

  /** The settings, the target or the lock has changed. */
  guardChanged(): void {
    this.#post(this.#guard.message);
  }

  /** The page is gone until it says that it is ready again. */
  pageHidden(): void {
    this.#pageIsThere = false;
  }

  /** For each change of any tunnel. */
  tunnelChanged(info: TunnelInfo): void {
    if (!this.#link.tunnelChanged(info)) return;
    this.#search.stop();
    this.#guard.lock();
  }

  /** Goes on with another tunnel to the same place, after the first was closed. */
  async moveTo(tunnel: TunnelInfo): Promise<void> {
    await this.#link.moveTo(tunnel);
    this.guardChanged();
  }

  async dispose(): Promise<void> {
    this.#pageIsThere = false;
    this.#search.stop();
    this.#guard.dispose();
    await this.#link.dispose();
  }

  #greet(): void {
    const { strings, clock } = this.#ports;
    this.#pageIsThere = true;
    this.#post({ type: 'setup', strings, query: this.#search.query });
    this.#post({ type: 'status', ...this.#link.status });
    this.#post(this.#guard.message);
    if (this.#overview) this.#post(this.#overviewMessage(this.#overview));
    this.#search.show();
    if (this.#view) {
      const { view, at } = this.#view;
      // As it is by now.
      const ttl = view.ttl === null || view.ttl < 0 ? view.ttl : Math.max(0, view.ttl - Math.round(clock.now() - at));
      this.#post({ type: 'view', view: { ...view, ttl } });
    }
    if (this.#missed) this.#post(this.#missed);
    this.#missed = undefined;
    if (this.#link.status.status === 'connecting') void this.#link.connect();
  }

  /** With a session that is new: the same database, the same search and the same key as before. */
  async #begin(session: RedisSession, signal: AbortSignal): Promise<void> {
    try {
      const browser = (await this.#ports.services.loadRedis()).browseKeys(session);
      if (signal.aborted) return;
      this.#browser = browser;
      const before = this.#overview?.database ?? 0;
      if (before !== 0) await browser.select(before, signal);
      await this.#look(browser, signal);
      const { name } = this.#opened ?? {};
      if (name !== undefined) await this.#inOrder(() => this.#open(browser, name, signal));
      await this.#search.begin(browser, this.#search.query, signal);
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #act(message: Exclude<KeysToHost, { type: 'ready' | 'connect' | 'unlockWrites' | 'lockWrites' | 'stop' }>): Promise<void> {
    const browser = this.#browser;
    const { signal } = this.#link;
    try {
      if (!browser || signal.aborted) throw notConnected();
      switch (message.type) {
        case 'search':
          await this.#look(browser, signal);
          await this.#search.begin(browser, message.query, signal);
          break;
        case 'more':
          await this.#search.more(signal);
          break;
        case 'database':
          this.#search.stop();
          // What was asked for before it is about the database of then.
          await this.#inOrder(() => this.#select(browser, message.index, signal));
          await this.#look(browser, signal);
          await this.#search.begin(browser, this.#search.query, signal);
          break;
        case 'facts':
          this.#post({ type: 'facts', facts: await browser.facts(message.names, signal) });
          break;
        case 'open':
          await this.#inOrder(() => this.#open(browser, message.name, signal));
          break;
        case 'turn':
          await this.#inOrder(() => this.#read(message.turn, signal));
          break;
        case 'edit':
          await this.#inOrder(() => this.#edit(message, signal));
          break;
        case 'rename':
          await this.#inOrder(() => this.#rename(browser, message.name, signal));
          break;
        case 'expire':
          await this.#inOrder(() => this.#expire(message.name, signal));
          break;
        case 'remove':
          await this.#inOrder(() => this.#remove(browser, message.names, signal));
          break;
      }
    } catch (error) {
      const fault = asFault(error);
      if (message.type === 'edit') this.#answer({ type: 'edited', outcome: 'failed', text: describeFault(fault) });
      if (message.type === 'database') this.#stay();
      // What was asked for beside the person's work is asked for again when there is a connection again.
      if (message.type === 'edit' || message.type === 'facts') await this.#link.failed(fault);
      else if (message.type === 'open') this.#post({ type: 'viewFault', name: message.name, text: describeFault(fault) });
      else await this.#failed(fault);
    }
  }

  /** The page shows the database that was chosen, which it is not. */
  #stay(): void {
    if (this.#overview) this.#post(this.#overviewMessage(this.#overview));
    this.#search.show();
  }

  /** How many keys there are, and where. */
  async #look(browser: KeyBrowser, signal: AbortSignal): Promise<void> {
    this.#overview = await browser.overview(signal);
    this.#post(this.#overviewMessage(this.#overview));
  }

  async #select(browser: KeyBrowser, index: number, signal: AbortSignal): Promise<void> {
    await browser.select(index, signal);
    this.#opened = undefined;
    this.#view = undefined;
    this.#post({ type: 'closed' });
  }

  async #open(browser: KeyBrowser, name: string, signal: AbortSignal): Promise<void> {
    this.#opened = browser.open(name);
    this.#view = undefined;
    await this.#read('first', signal);
  }

  /** Shows a page of the key, or why it cannot be. */
  async #read(turn: TurnMessage['turn'], signal: AbortSignal): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    try {
      const view = await opened.read(turn, signal);
      this.#view = { view, at: this.#ports.clock.now() };
      this.#post({ type: 'view', view });
      if (view.type === 'none') this.#gone([opened.name], null);
    } catch (error) {
      const fault = asFault(error);
      if (isCancelled(fault)) return;
      this.#post({ type: 'viewFault', name: opened.name, text: describeFault(fault) });
      await this.#link.failed(fault);
    }
  }

  async #edit({ name, version, edit }: EditMessage, signal: AbortSignal): Promise<void> {
    const opened = this.#opened;
    if (opened?.name !== name) throw new Fault('redis.keyGone', 'Another key is open by now.');
    if (edit.type === 'removeElement' && !(await this.#mayRemove(name))) {
      this.#answer({ type: 'edited', outcome: 'failed', text: '' });
      return;
    }
    const outcome = await opened.edit(edit, version, signal);
    await this.#read('same', signal);
    this.#answer({ type: 'edited', outcome, text: '' });
  }

  /** @throws Fault `redis.readOnly` before anybody is asked what could not be done anyway */
  async #mayRemove(name: string): Promise<boolean> {
    this.#checkLock();
    const { ui } = this.#ports;
    return ui.confirm(removeElementText(name, ui.l10n));
  }

  async #rename(browser: KeyBrowser, name: string, signal: AbortSignal): Promise<void> {
    this.#checkLock();
    const { ui } = this.#ports;
    const typed = await ui.input({ ...renameInput(name, ui.l10n), signal });
    if (typed === undefined || typed === name) return;
    const next = await browser.rename(name, typed, signal);
    this.#gone([name], next);
    if (this.#opened?.name !== name) return;
    this.#opened = browser.open(next);
    await this.#read('first', signal);
  }

  async #expire(name: string, signal: AbortSignal): Promise<void> {
    this.#checkLock();
    const { ui, clock } = this.#ports;
    const opened = this.#opened;
    const seen = this.#view;
    if (opened?.name !== name || !seen) return;
    const left = seen.view.ttl === null || seen.view.ttl < 0 ? seen.view.ttl : Math.max(0, seen.view.ttl - (clock.now() - seen.at));
    const typed = await ui.input({ ...expiryInput(name, left, ui.l10n), signal });
    const ms = typed === undefined ? undefined : expiryOf(typed);
    if (ms === undefined) return;
    const edit: KeyEdit = { type: 'expire', ms };
    const outcome = await opened.edit(edit, seen.view.version, signal);
    await this.#read('same', signal);
    this.#notice(expiryOutcome(outcome, ui.l10n), outcome !== 'done');
  }

  async #remove(browser: KeyBrowser, names: readonly string[], signal: AbortSignal): Promise<void> {
    if (names.length === 0) return;
    this.#checkLock();
    const { ui } = this.#ports;
    if (names.length > MAX_REMOVED) {
      this.#notice(ui.l10n.t('{0} keys are too many to be deleted at once; {1} can be.', names.length, MAX_REMOVED), true);
      return;
    }
    if (!(await this.#mayDelete(names, signal))) return;
    const { removed, fault } = await browser.remove(names, signal);
    if (removed.length > 0) this.#gone(removed, null);
    this.#notice(fault ? `${deletedText(removed.length, ui.l10n)} ${describeFault(fault)}` : deletedText(removed.length, ui.l10n), fault !== undefined);
    if (fault) await this.#link.failed(fault);
    else await this.#look(browser, signal);
  }

  /** Deleting always asks; on production what is more than one key at a stroke has the target's name typed. */
  async #mayDelete(names: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { ui } = this.#ports;
    const { name } = this.tunnel.route.target;
    if (names.length === 1 || !this.#guard.production()) return ui.confirm(deleteText(names, name, ui.l10n));
    const { title, prompt, wrong } = deleteManyText(names.length, name, ui.l10n);
    const typed = await ui.input({ title, prompt, signal, validate: (text) => (text.trim() === name ? undefined : wrong) });
    return typed?.trim() === name;
  }

  #checkLock(): void {
    if (!this.#guard.production() || this.#guard.writesAllowed()) return;
    throw new Fault('redis.readOnly', 'This is a production target, and its keys are read-only.', { remedy: { text: 'Unlock writes for a while, then try again.' } });
  }

  #gone(names: readonly string[], renamed: string | null): void {
    this.#search.forget(names, renamed);
    if (this.#opened && names.includes(this.#opened.name) && renamed === null) {
      this.#opened = undefined;
      this.#view = undefined;
    }
    this.#post({ type: 'gone', names, renamed });
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {
      // Whoever asked for it hears of it; the next one is not held up.
    });
    return mine;
  }

  async #failed(error: unknown): Promise<void> {
    const fault = asFault(error);
    if (isCancelled(fault)) return;
    this.#ports.services.logger.log('debug', 'redis.keysRefused', { code: fault.code });
    this.#notice(describeFault(fault), true);
    await this.#link.failed(fault);
  }

  #overviewMessage(overview: KeyspaceOverview): KeysToPage {
    return { type: 'overview', overview, note: overviewNote(overview, this.#ports.ui.l10n) };
  }

  #notice(text: string, isError: boolean): void {
    this.#post({ type: 'notice', text, isError });
  }

  #answer(message: KeysToPage): void {
    if (this.#pageIsThere) this.#post(message);
    else this.#missed = message;
  }

  #post(message: KeysToPage): void {
    if (this.#pageIsThere) this.#ports.post(message);
  }
}

function notConnected(): Fault {
  return new Fault('redis.closed', 'The key browser is not connected.', { remedy: { text: 'Connect it again.', action: 'retry' } });
}
