import { asFault, describeFault, Fault, isCancelled } from '../../base/fault';
import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import type { ProductionRules } from '../../model/production';
import { NO_RENAMES, type Renames, withRename } from '../../model/redisSecrets';
import type { TunnelInfo } from '../../model/tunnel';
import type { LiveRequest, RedisSession, RedisSessionState, RenderedReply } from '../../redis/types';
import type { ConsoleStatus, ConsoleStrings, ToHost, ToPage } from '../../webview/protocol';
import type { RedisLogins } from '../services';
import type { Ui } from '../ui';
import { ConsoleCompletion } from './consoleCompletion';
import { ConsoleGuard } from './consoleGuard';
import { ConsoleReplies } from './consoleReplies';
import type { KeptHistory } from './keptHistory';
import { ConsolePulse } from './pulse';
import { needsLogin, needsOtherLogin, openWithLogin, type SessionServices, promptLabel } from './login';

export interface ControllerPorts {
  readonly services: SessionServices & { readonly logger: Logger };
  readonly logins: RedisLogins;
  readonly history: KeptHistory;
  readonly strings: ConsoleStrings;
  readonly ui: Pick<Ui, 'l10n' | 'confirm' | 'input' | 'copy'>;
  /** Shows a text as a new document that belongs to no file. */
  readonly openDocument: (text: string, language: string) => Promise<void>;
  readonly clock: Clock;
  /** By what a target counts as production, as the settings say now. */
  readonly productionRules: () => ProductionRules;
  /** For how long writes to one are unlocked, ms. */
  readonly unlockMs: () => number;
  /** Opens a pane beside for what streams or waits. @throws Fault */
  readonly openLive: (tunnel: TunnelInfo, request: LiveRequest) => Promise<void>;
  /** Between two pings of the strip, ms; 0 is never. */
  readonly pulseMs: () => number;
  /** Hands a message to the page that exists now. */
  readonly post: (message: ToPage) => void;
}

/**
 * One console tab without its panel: owns the session, answers the page, and keeps what the page
 * missed while it was hidden (VS Code throws hidden pages away).
 */
export class ConsoleController {
  readonly #ports: ControllerPorts;
  readonly #guard: ConsoleGuard;
  readonly #completion: ConsoleCompletion;
  readonly #pulse: ConsolePulse;
  readonly #replies: ConsoleReplies;
  #tunnel: TunnelInfo;
  #session: RedisSession | undefined;
  /** Ends with the tunnel or the tab; a new one begins with the next tunnel. */
  #life = new AbortController();
  #connecting: Promise<void> | undefined;
  #status: ConsoleStatus = 'connecting';
  #detail = '';
  /** Of this server, as far as its commands were used here. */
  #renames: Renames = NO_RENAMES;
  #running: { readonly id: number; readonly abort: AbortController } | undefined;
  /** Replies for a page that is not there; there is one command at a time, so this is at most one. */
  readonly #missed: ToPage[] = [];
  #pageIsThere = false;
  #disposed = false;

  constructor(tunnel: TunnelInfo, ports: ControllerPorts) {
    this.#tunnel = tunnel;
    this.#ports = ports;
    const { ui, clock, productionRules: rules, unlockMs, pulseMs: everyMs, services } = ports;
    const target = (): TunnelInfo['route']['target'] => this.#tunnel.route.target;
    const onUnknown = (name: string, own: string | undefined): void => this.#learn(withRename(this.#renames, name, own));
    this.#guard = new ConsoleGuard({ ui, clock, rules, unlockMs, target, logger: services.logger, onChange: () => this.guardChanged(), onUnknown });
    this.#completion = new ConsoleCompletion((message) => this.#post(message), services.logger);
    const post = (message: ToPage): void => this.#post(message);
    this.#replies = new ConsoleReplies({ ui, clock, logger: services.logger, post, openDocument: ports.openDocument });
    this.#pulse = new ConsolePulse({ clock, everyMs, ping: () => this.#quietPing(), post: (message) => this.#post(message) });
  }

  get tunnel(): TunnelInfo {
    return this.#tunnel;
  }

  receive(message: ToHost): void {
    switch (message.type) {
      case 'ready':
        this.#greet();
        break;
      case 'run':
        void this.#run(message);
        break;
      case 'cancel':
        if (this.#running?.id === message.id) this.#running.abort.abort();
        break;
      case 'complete':
        // While a command runs its connection is not free, and the answer could be far away.
        void this.#completion.answer(message, this.#session, !this.#running);
        break;
      case 'ping':
        void this.#ping();
        break;
      case 'connect':
        void this.#connectAgain();
        break;
      case 'unlockWrites':
        void this.unlockWrites();
        break;
      case 'lockWrites':
        this.lockWrites();
        break;
      case 'view':
      case 'rows':
      case 'find':
      case 'copy':
      case 'copyText':
      case 'openInEditor':
      case 'openText':
      case 'forget':
        this.#replies.receive(message);
        break;
    }
  }

  /** Asks whether writes may be allowed for a while; nothing to ask about where the target is not production. */
  async unlockWrites(): Promise<void> {
    if (!this.#disposed) await this.#guard.unlock();
  }

  lockWrites(): void {
    this.#guard.lock();
  }

  searchHistory(): void {
    this.#post({ type: 'searchHistory' });
  }

  /** The settings, the target or the lock has changed. */
  guardChanged(): void {
    this.#post(this.#guard.message);
  }

  pulseChanged(): void {
    this.#pulse.changed();
  }

  /** The page is gone until it says that it is ready again. */
  pageHidden(): void {
    this.#pageIsThere = false;
    this.#pulse.end();
  }

  /** For each change of any tunnel. */
  tunnelChanged(info: TunnelInfo): void {
    if (info.id !== this.#tunnel.id || info.state.phase !== 'closed' || this.#status === 'tunnelClosed') return;
    this.#tunnel = info;
    this.#life.abort();
    this.#guard.lock();
    this.#setStatus('tunnelClosed', info.state.cause ? describeFault(info.state.cause) : '');
    void this.#dropSession();
  }

  /** Goes on with another tunnel to the same place, after the first was closed. */
  async moveTo(tunnel: TunnelInfo): Promise<void> {
    this.#life.abort();
    await this.#dropSession();
    await this.#connecting;
    if (this.#disposed) return;
    this.#tunnel = tunnel;
    this.#life = new AbortController();
    this.guardChanged();
    await this.#connect();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#pageIsThere = false;
    this.#completion.cancel();
    this.#pulse.dispose();
    this.#replies.dispose();
    this.#guard.dispose();
    this.#life.abort();
    this.#running?.abort.abort();
    await this.#dropSession();
    await this.#connecting;
  }

  #greet(): void {
    this.#pageIsThere = true;
    const { strings, history } = this.#ports;
    const running = this.#running?.id ?? null;
    // Before the replies that were missed, which end what the page still believes to be running.
    const unanswered = this.#missed.flatMap((message) => ('id' in message ? [message.id] : []));
    this.#post({
      type: 'setup',
      strings,
      prompt: this.#prompt,
      status: this.#status,
      detail: this.#detail,
      running: running ?? unanswered[0] ?? null,
      history: history.linesOf(this.#tunnel.route.target.id),
    });
    this.#post(this.#guard.message);
    if (this.#renames.size > 0) this.#post({ type: 'renames', names: [...this.#renames] });
    for (const message of this.#missed.splice(0)) this.#post(message);
    this.#replies.tellGrowth();
    this.#pulse.begin();
    if (!this.#session && this.#status === 'connecting') void this.#connect();
  }

  get #prompt(): string {
    return this.#session?.prompt ?? promptLabel(this.#tunnel.route);
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#openSession().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #openSession(): Promise<void> {
    const { services, logins } = this.#ports;
    const { signal } = this.#life;
    this.#setStatus('connecting');
    try {
      const session = await openWithLogin(this.#tunnel, services, logins, this.#guard, signal);
      if (signal.aborted) {
        await session.dispose();
        return;
      }
      this.#session = session;
      session.onDidChangeState((state) => this.#sessionChanged(session, state));
      this.#setStatus('ready');
      services.logger.log('info', 'redis.consoleConnected', { target: this.#tunnel.route.target.id });
    } catch (error) {
      if (signal.aborted) return;
      const fault = asFault(error);
      services.logger.log('warn', 'redis.consoleFailed', { target: this.#tunnel.route.target.id, code: fault.code, error: fault });
      this.#setStatus('failed', describeFault(fault));
    }
  }

  #sessionChanged(session: RedisSession, state: RedisSessionState): void {
    if (session !== this.#session || state === 'closed') return;
    this.#setStatus(state);
  }

  /** The button of the banner. */
  async #connectAgain(): Promise<void> {
    if (this.#status === 'tunnelClosed' || this.#disposed) return;
    const session = this.#session;
    if (session?.state !== 'lost') {
      if (!session) await this.#connect();
      return;
    }
    try {
      await session.ping(this.#life.signal);
    } catch (error) {
      await this.#reconnectFailed(session, asFault(error));
    }
  }

  /** A lost session that cannot come back: with a new password it begins anew, else it says why. */
  async #reconnectFailed(session: RedisSession, fault: Fault): Promise<void> {
    if (session !== this.#session || this.#life.signal.aborted || session.state !== 'lost') return;
    if (needsOtherLogin(fault.code)) {
      await this.#dropSession();
      this.#setStatus('failed', describeFault(fault));
      return;
    }
    if (!needsLogin(fault.code)) {
      this.#setStatus('lost', describeFault(fault));
      return;
    }
    await this.#dropSession();
    await this.#connect();
  }

  async #run({ id, line, rest, judged }: Extract<ToHost, { type: 'run' }>): Promise<void> {
    const session = this.#session;
    if (!session || this.#running) {
      this.#answer(this.#faultMessage(id, this.#running ? busy() : notConnected()));
      return;
    }
    const abort = new AbortController();
    this.#running = { id, abort };
    let answer: ToPage;
    let failed: Fault | undefined;
    try {
      const live = session.liveRequest(line);
      if (!judged) await this.#review(session, [line, ...rest], abort.signal);
      this.#keep(line);
      const rendered = live ? await this.#runBeside(live) : await session.run(line, abort.signal, (reply) => this.#replies.grows(id, reply));
      this.#replies.ended(id, rendered);
      const { kind, text, large, reply, truncated, ending, elapsedMs } = rendered;
      const { rows, views } = { rows: large ? (reply?.rows ?? 0) : 0, views: reply?.views ?? [] };
      answer = { type: 'reply', id, kind, text, rows, views, truncated, ending, elapsedMs, prompt: this.#prompt };
    } catch (error) {
      this.#replies.ended(id);
      failed = asFault(error);
      answer = this.#faultMessage(id, failed);
    }
    this.#running = undefined;
    this.#answer(answer);
    if (failed && (needsLogin(failed.code) || needsOtherLogin(failed.code))) await this.#reconnectFailed(session, failed);
  }

  async #review(session: RedisSession, lines: readonly [string, ...string[]], signal: AbortSignal): Promise<void> {
    try {
      await session.review(lines, signal);
    } catch (error) {
      const { code } = asFault(error);
      // Whatever else went wrong, nobody knows then what a name means that may be a new one of AUTH.
      if (code === 'redis.readOnly' || code === 'redis.notConfirmed') this.#keep(lines[0]);
      throw error;
    }
  }

  #keep(line: string): void {
    this.#ports.history.add(this.#tunnel.route.target.id, line, this.#renames);
  }

  #learn(renames: Renames): void {
    if (renames === this.#renames) return;
    this.#renames = renames;
    this.#post({ type: 'renames', names: [...renames] });
  }

  async #runBeside(live: LiveRequest): Promise<RenderedReply> {
    const { openLive, ui } = this.#ports;
    await openLive(this.#tunnel, live);
    return { kind: 'value', text: ui.l10n.t('It goes on in a pane of its own.'), large: false, truncated: false, ending: 'whole', elapsedMs: 0 };
  }

  #faultMessage(id: number, fault: Fault): ToPage {
    const readOnly = fault.code === 'redis.readOnly';
    return { type: 'fault', id, text: describeFault(fault), cancelled: isCancelled(fault), readOnly, prompt: this.#prompt };
  }

  async #ping(): Promise<void> {
    try {
      if (!this.#session) throw notConnected();
      const latencyMs = await this.#session.ping(this.#life.signal);
      this.#post({ type: 'pong', latencyMs });
    } catch (error) {
      this.#post({ type: 'pingFailed', text: describeFault(asFault(error)) });
    }
  }

  /** Only on a connection that is free: a lost one comes back when the person wants something. */
  async #quietPing(): Promise<number | undefined> {
    const session = this.#session;
    if (session?.state !== 'ready' || this.#running) return undefined;
    try {
      return await session.ping(this.#life.signal);
    } catch (error) {
      // Inside of a transaction it would become a part of it, and nothing was sent.
      if (asFault(error).code === 'redis.busy') return undefined;
      throw error;
    }
  }

  async #dropSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#pulse.forget();
    await session?.dispose();
  }

  #setStatus(status: ConsoleStatus, detail = ''): void {
    if (this.#disposed) return;
    this.#status = status;
    this.#detail = detail;
    this.#post({ type: 'status', status, prompt: this.#prompt, detail });
  }

  #answer(message: ToPage): void {
    if (this.#pageIsThere) this.#post(message);
    else if (!this.#disposed) this.#missed.push(message);
  }

  #post(message: ToPage): void {
    if (this.#pageIsThere) this.#ports.post(message);
  }
}

function notConnected(): Fault {
  return new Fault('redis.closed', 'The console is not connected.', { remedy: { text: 'Connect it again.', action: 'retry' } });
}

function busy(): Fault {
  return new Fault('redis.busy', 'Another command is running.', { remedy: { text: 'Wait for it, or cancel it.' } });
}
