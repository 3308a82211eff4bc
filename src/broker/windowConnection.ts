import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import { Fault } from '../base/fault';
import type { Logger } from '../base/log';
import { Scope } from '../base/scope';
import type { InventoryPart } from '../model/inventory';
import type { Notice } from '../model/notice';
import type { Question } from '../model/question';
import type { CredentialsChange } from '../model/signIn';
import type { WindowSettings } from './client';
import type { BrokerHost, Member } from './host';
import type { LogRing } from './logRing';
import type { EndReason, Hello, LogEntry } from './protocol';
import {
  ACTIVE,
  ASK,
  CACHE_SECRET,
  CACHE_TOKEN,
  CHANGED,
  CONDITION,
  CREDENTIALS,
  DETAILS,
  DISCOVER,
  ENDING,
  EXPIRY,
  LEAVE,
  LIST,
  LOG,
  NETWORK,
  PRIVILEGES,
  NEXT_PART,
  NOTICE,
  PROFILES,
  RETRY,
  SETTINGS,
  SIGN_IN,
  SSH_HOSTS,
  START,
  START_BASTION,
  STOP,
  VPC_NAMES,
} from './protocol';
import type { Answer } from './questionDesk';
import type { Rpc } from './rpc';

export interface WindowConnectionDeps {
  readonly host: BrokerHost;
  readonly ring: LogRing;
  readonly logger: Logger;
  readonly clock: Clock;
}

interface Discovery {
  readonly parts: AsyncIterator<InventoryPart>;
  readonly abort: AbortController;
}

/** Discoveries of one window at a time. */
const MAX_DISCOVERIES = 32;
/** Log entries wait so long for more, ms, so that a burst is one message. */
const LOG_DELAY_MS = 20;
const MAX_LOG_BATCH = 500;
/** How long a window may take to read the last words, ms. */
const LEAVE_MS = 1_000;
/** With so many bytes unread by the window, log entries are dropped. */
const MAX_UNREAD_LOG = 4 * 1024 * 1024;

/** One window that has proved who it is, from its welcome to its end. */
export class WindowConnection implements Member {
  readonly env: Readonly<Record<string, string>>;
  readonly companion: string;
  readonly #rpc: Rpc;
  readonly #deps: WindowConnectionDeps;
  readonly #scope = new Scope();
  readonly #gone = new AbortController();
  readonly #discoveries = new Map<number, Discovery>();
  #settings: WindowSettings;
  #streams = 0;
  readonly #unsaid: LogEntry[] = [];
  #logTimer: Disposable | undefined;

  constructor(rpc: Rpc, { env, settings, companion }: Hello, deps: WindowConnectionDeps) {
    this.#rpc = rpc;
    this.#deps = deps;
    this.env = env;
    this.#settings = settings;
    this.companion = companion;
    this.#serve();
    void rpc.closed.then(() => this.#left());
  }

  get settings(): WindowSettings {
    return this.#settings;
  }

  get present(): boolean {
    return this.#rpc.open && !this.#gone.signal.aborted;
  }

  /** Call once it has been welcomed: events follow from now on. */
  begin(): void {
    const { host, ring } = this.#deps;
    this.#scope.add(host.onDidChange((info) => this.#rpc.notify(CHANGED, host.seenBy(this, info))));
    this.#scope.add(ring.onDidAdd((entry) => this.#log(entry)));
    for (const entry of ring.entries) this.#log(entry);
    host.join(this);
  }

  ask(question: Question, signal: AbortSignal): Promise<Answer | null> {
    return this.#rpc.request(ASK, { question }, signal);
  }

  tell(notice: Notice): void {
    this.#rpc.notify(NOTICE, notice);
  }

  credentialsChanged(change: CredentialsChange): void {
    this.#rpc.notify(CREDENTIALS, change);
  }

  /** Says why the broker ends. Resolves when the window has left; it does so once it has heard all that was said before. */
  ending(reason: EndReason, successor: string | undefined): Promise<void> {
    this.#rpc.notify(ENDING, { reason, ...(successor !== undefined && { successor }) });
    return this.#rpc.left(LEAVE_MS);
  }

  #left(): void {
    this.#gone.abort();
    for (const { abort } of this.#discoveries.values()) abort.abort();
    this.#discoveries.clear();
    this.#deps.host.leave(this);
    this.#logTimer?.dispose();
    void this.#scope.dispose();
  }

  #serve(): void {
    const { host } = this.#deps;
    const rpc = this.#rpc;
    // Not bound to the window: a start that is under way when a window is reloaded goes on.
    rpc.onRequest(START, async ({ route, options }, signal) => host.seenBy(this, await host.start(this, route, options, signal)));
    rpc.onRequest(STOP, ({ id }) => host.stop(id).then(() => null));
    rpc.onRequest(LIST, async () => (await host.list()).map((info) => host.seenBy(this, info)));
    rpc.onRequest(DETAILS, async ({ id }) => (await host.details(id)) ?? null);
    rpc.onRequest(RETRY, ({ id }) => host.retry(id).then(() => null));
    rpc.onRequest(CONDITION, async ({ where, instanceId }, signal) => (await host.core(this)).power.condition(where, instanceId, this.#until(signal)));
    rpc.onRequest(START_BASTION, ({ where, instanceId }, signal) =>
      this.#acting(async () => {
        await (await host.core(this)).power.start(where, instanceId, this.#until(signal));
        return null;
      }),
    );
    rpc.onRequest(CACHE_TOKEN, async ({ place, cache, user }, signal) => (await host.core(this)).cacheLogins.token(place, cache, user, this.#until(signal)));
    rpc.onRequest(CACHE_SECRET, async ({ place, id }, signal) => (await host.core(this)).cacheLogins.secret(place, id, this.#until(signal)));
    rpc.onRequest(PROFILES, async () => (await host.core(this)).inventory.profiles());
    rpc.onRequest(SSH_HOSTS, async () => (await host.core(this)).inventory.sshHosts());
    rpc.onRequest(NETWORK, async ({ scope, groupIds }, signal) => (await host.core(this)).inventory.network(scope, groupIds, this.#until(signal)));
    rpc.onRequest(PRIVILEGES, async ({ scope, identityArns }, signal) => (await host.core(this)).inventory.privileges(scope, identityArns, this.#until(signal)));
    rpc.onRequest(VPC_NAMES, async ({ scope, vpcIds }, signal) => (await host.core(this)).inventory.vpcNames(scope, vpcIds, this.#until(signal)));
    rpc.onRequest(SIGN_IN, ({ profile, way }, signal) =>
      this.#acting(async () => {
        await (await host.core(this)).signIn.signIn(profile, way, this.#until(signal));
        return null;
      }),
    );
    rpc.onRequest(EXPIRY, async ({ profile }) => (await (await host.core(this)).signIn.expiry(profile)) ?? null);
    rpc.onRequest(DISCOVER, ({ scope, only }) =>
      this.#acting(async () => {
        if (this.#discoveries.size >= MAX_DISCOVERIES) throw tooMany();
        const abort = new AbortController();
        const core = await host.core(this);
        const stream = ++this.#streams;
        this.#discoveries.set(stream, { abort, parts: core.inventory.discover(scope, this.#until(abort.signal), only)[Symbol.asyncIterator]() });
        return { stream };
      }),
    );
    rpc.onRequest(NEXT_PART, ({ stream }) => this.#nextPart(stream));
    rpc.onNote(LEAVE, ({ stream }) => this.#endDiscovery(stream));
    rpc.onNote(ACTIVE, () => host.acted(this));
    rpc.onNote(SETTINGS, (settings) => {
      this.#settings = settings;
      host.acted(this);
    });
  }

  #acting<T>(work: () => Promise<T>): Promise<T> {
    this.#deps.host.acted(this);
    return work();
  }

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#gone.signal]);
  }

  async #nextPart(stream: number): Promise<InventoryPart | null> {
    const discovery = this.#discoveries.get(stream);
    if (!discovery) return null;
    try {
      const next = await discovery.parts.next();
      if (!next.done) return next.value;
      this.#discoveries.delete(stream);
      return null;
    } catch (error) {
      this.#discoveries.delete(stream);
      throw error;
    }
  }

  #endDiscovery(stream: number): void {
    const discovery = this.#discoveries.get(stream);
    this.#discoveries.delete(stream);
    discovery?.abort.abort();
    void discovery?.parts.return?.().catch((error: unknown) => this.#deps.logger.log('debug', 'broker.discoveryEnd', { error }));
  }

  #log(entry: LogEntry): void {
    if (!this.present || this.#rpc.unread > MAX_UNREAD_LOG) return;
    this.#unsaid.push(entry);
    if (this.#logTimer) return;
    const say = (): void => {
      this.#logTimer = undefined;
      for (let batch = this.#unsaid.splice(0, MAX_LOG_BATCH); batch.length > 0; batch = this.#unsaid.splice(0, MAX_LOG_BATCH)) {
        this.#rpc.notify(LOG, batch);
      }
    };
    this.#logTimer = this.#deps.clock.schedule(LOG_DELAY_MS, say);
  }
}

function tooMany(): Fault {
  return new Fault('broker.tooManyDiscoveries', 'This window is looking for resources too often at once.', {
    retryable: true,
    remedy: { text: 'Wait a moment, then refresh.', action: 'retry' },
  });
}
