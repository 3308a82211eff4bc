import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import { Fault, isFault } from '../base/fault';
import type { Logger } from '../base/log';
import type { Notice } from '../model/notice';
import type { Ask } from '../model/question';
import type { Route } from '../model/route';
import { sameDestination } from '../model/route';
import type { CredentialsChange } from '../model/signIn';
import type { StartOptions, TunnelDetails, TunnelInfo } from '../model/tunnel';
import type { Core, CoreOptions, WindowSettings } from './client';
import { coreOptionsOf } from './coreOptions';
import type { Journal, OpenSession } from './journal';
import { withVariables } from './protocol';
import type { Asked } from './questionDesk';
import { QuestionDesk } from './questionDesk';
import { Speakers } from './speakers';

/** A window as the host sees it. */
export interface Member extends Asked {
  readonly env: Readonly<Record<string, string>>;
  readonly settings: WindowSettings;
  readonly companion: string;
  /** False as soon as it has gone. */
  readonly present: boolean;
  tell(notice: Notice): void;
  credentialsChanged(change: CredentialsChange): void;
}

export interface HostDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The variables of this process. */
  readonly env: NodeJS.ProcessEnv;
  readonly journal: Journal;
  /** Where the local ports of destinations are kept. */
  readonly stateDir: string;
  /** What a broker before this one has left at the service. */
  readonly left: readonly OpenSession[];
  readonly createCore: () => Promise<(options: CoreOptions) => Core>;
}

/** One core and everything that windows with the same variables share: credentials, clients, tunnels. */
interface Access {
  readonly key: string;
  readonly core: Promise<Core>;
  /** Where its settings come from while no window is there. */
  last: Member;
}

interface Running {
  readonly access: Access;
  readonly info: TunnelInfo;
}

/** Accesses that no window uses are kept up to this number: a window that is reloaded finds its credentials again. */
const MAX_ACCESSES = 8;
const ENDING_MS = 30_000;

/**
 * The cores behind the windows. The rule for whatever windows may differ in: variables decide which core works for a window,
 * and the settings that a core reads (at each dial) are those of the window that acted last among those it works for.
 * Questions go there first, too, and so does what is to be said of a tunnel in trouble. A tunnel belongs to all: whoever asks for
 * the same destination gets the one that is there.
 */
export class BrokerHost {
  readonly #deps: HostDeps;
  readonly #desk: QuestionDesk;
  readonly #accesses = new Map<string, Access>();
  /** In the order in which they acted, the last one first. */
  #members: Member[] = [];
  readonly #running = new Map<string, Running>();
  /** The tunnel whose end is being told: who speaks for it is still known. */
  #ending: Running | undefined;
  readonly #starting = new Set<{ readonly route: Route; readonly access: Access }>();
  readonly #changes: Emitter<TunnelInfo>;
  readonly #speakers = new Speakers<Member>();
  readonly #left = new Map<string, OpenSession>();
  /** Accesses that nobody uses any more, until they have ended. */
  readonly #endings = new Set<Promise<void>>();
  #disposed = false;

  readonly onDidChange: Event<TunnelInfo>;

  constructor(deps: HostDeps) {
    this.#deps = deps;
    this.#desk = new QuestionDesk(deps);
    this.#changes = new Emitter((error) => deps.logger.log('error', 'broker.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
    for (const session of deps.left) this.#left.set(session.id, session);
  }

  /** Tunnels that exist, those that are being opened included. */
  get tunnels(): readonly TunnelInfo[] {
    return [...this.#running.values()].map(({ info }) => info);
  }

  /** Nothing would be lost if this process ended now. */
  get idle(): boolean {
    return this.#running.size === 0 && this.#starting.size === 0;
  }

  join(member: Member): void {
    this.#members.unshift(member);
    this.#accessOf(member).last = member;
    this.#desk.windowJoined();
    this.#endLeftSessions(this.#accessOf(member));
  }

  leave(member: Member): void {
    this.#members = this.#members.filter((one) => one !== member);
    this.#dropUnused();
    // Whoever speaks now hears of it as of any other change.
    if (this.#speakers.left(member)) for (const { info } of [...this.#running.values()]) this.#changes.fire(info);
  }

  /** The tunnel as this window is to see it: one window speaks for it. */
  seenBy(member: Member, info: TunnelInfo): TunnelInfo {
    const running = this.#running.get(info.id);
    const ending = this.#ending?.info.id === info.id ? this.#ending : undefined;
    const key = (running ?? ending)?.access.key;
    if (key === undefined) return info;
    const speaker = this.#speakers.of(ending?.info ?? info, key, () => this.#askable(key));
    return speaker === undefined || speaker === member ? info : { ...info, spokenFor: true };
  }

  /** The person does something in this window. */
  acted(member: Member): void {
    if (!this.#members.includes(member)) return;
    this.#members = [member, ...this.#members.filter((one) => one !== member)];
    this.#accessOf(member).last = member;
  }

  core(member: Member): Promise<Core> {
    return this.#accessOf(member).core;
  }

  async start(member: Member, route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    if (this.#disposed) throw endingFault();
    this.acted(member);
    const starting = { route, access: this.#leadingTo(route) ?? this.#accessOf(member) };
    this.#starting.add(starting);
    try {
      return await (await starting.access.core).tunnels.start(route, options, signal);
    } finally {
      this.#starting.delete(starting);
    }
  }

  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running) await (await running.access.core).tunnels.stop(id);
  }

  /** Undefined for a tunnel that is gone. */
  async details(id: string): Promise<TunnelDetails | undefined> {
    const running = this.#running.get(id);
    return running && (await running.access.core).tunnels.details(id);
  }

  async retry(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running) await (await running.access.core).tunnels.retry(id);
  }

  async list(): Promise<readonly TunnelInfo[]> {
    const cores = await Promise.all([...this.#accesses.values()].map(({ core }) => core));
    const lists = await Promise.all(cores.map(({ tunnels }) => tunnels.list()));
    return lists.flat();
  }

  /** Ends every tunnel, session and request. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const cores = await Promise.allSettled([...this.#accesses.values()].map(({ core }) => core));
    await Promise.allSettled(cores.flatMap((core) => (core.status === 'fulfilled' ? [core.value.dispose()] : [])));
    await Promise.allSettled(this.#endings);
    this.#changes.dispose();
  }

  #leadingTo(route: Route): Access | undefined {
    const starting = [...this.#starting].find((one) => sameDestination(one.route, route));
    if (starting) return starting.access;
    return [...this.#running.values()].find(({ info }) => sameDestination(info.route, route))?.access;
  }

  #accessOf(member: Member): Access {
    const key = fingerprint(member.env);
    const known = this.#accesses.get(key);
    if (known) return known;
    const access: Access = { key, last: member, core: this.#createCore(key, member) };
    this.#accesses.set(key, access);
    // One that could not be loaded is tried again by the next who asks.
    access.core.catch((error: unknown) => {
      this.#deps.logger.log('error', 'broker.coreFailed', { error });
      this.#accesses.delete(key);
    });
    return access;
  }

  async #createCore(key: string, member: Member): Promise<Core> {
    const { createCore, logger, journal, env, stateDir } = this.#deps;
    const create = await createCore();
    const current = (): Member => this.#membersOf(key)[0] ?? this.#accesses.get(key)?.last ?? member;
    const ask: Ask = (question, signal) =>
      this.#desk.ask(question, () => this.#askable(key), signal) as ReturnType<typeof ask<typeof question>>;
    const core = create({
      ...coreOptionsOf(() => current().settings),
      // A program in any folder that others may have written is not run, whichever window it is open in.
      workspaceFolders: () => [...new Set([current(), ...this.#members].flatMap(({ settings }) => settings.workspaceFolders))],
      logger,
      ask,
      env: withVariables(env, member.env),
      companion: member.companion,
      ledger: journal,
      stateDir,
    });
    core.tunnels.onDidChange((info) => this.#changed(key, info));
    core.onDidNotice((notice) => this.#askable(key)[0]?.tell(notice));
    core.signIn.onDidChange((change) => {
      for (const one of this.#membersOf(key)) one.credentialsChanged(change);
      const access = this.#accesses.get(key);
      if (access && change.kind === 'signedIn') this.#endLeftSessions(access);
    });
    return core;
  }

  #changed(key: string, info: TunnelInfo): void {
    const access = this.#accesses.get(key);
    const before = this.#running.get(info.id);
    if (info.state.phase === 'closed' || !access) {
      this.#running.delete(info.id);
      // Whoever has spoken for it until now tells of its end, too.
      const spokenFor = before && this.#speakers.of(before.info, key, () => []) !== undefined;
      this.#ending = before && { access: before.access, info: spokenFor ? before.info : info };
    } else this.#running.set(info.id, { access, info });
    this.#changes.fire(info);
    this.#ending = undefined;
    // Only now: that it is well again is said by the same window.
    this.#speakers.keep(() => [...this.#running.values()].map((running) => [running.info, running.access.key] as const));
  }

  #membersOf(key: string): readonly Member[] {
    return this.#members.filter(({ env }) => fingerprint(env) === key);
  }

  /** Its own windows first, then all others. */
  #askable(key: string): readonly Member[] {
    const own = this.#membersOf(key);
    return [...own, ...this.#members.filter((one) => !own.includes(one))].filter(({ present }) => present);
  }

  #dropUnused(): void {
    for (const [key, access] of this.#accesses) {
      if (this.#accesses.size <= MAX_ACCESSES) return;
      const used = this.#membersOf(key).length > 0 || [...this.#running.values(), ...this.#starting].some((one) => one.access === access);
      if (used) continue;
      this.#accesses.delete(key);
      const ending = access.core.then((core) => core.dispose()).catch((error: unknown) => this.#deps.logger.log('warn', 'broker.coreNotEnded', { error }));
      this.#endings.add(ending);
      void ending.finally(() => this.#endings.delete(ending));
    }
  }

  /** Each access may be the one whose credentials are still good for them. */
  #endLeftSessions(access: Access): void {
    for (const { place, id } of [...this.#left.values()]) {
      void access.core
        .then((core) => core.endSession(place, id, AbortSignal.timeout(ENDING_MS)))
        .then(() => {
          this.#left.delete(id);
          this.#deps.logger.log('info', 'broker.leftSessionEnded', { sessionId: id });
        })
        .catch((error: unknown) => this.#deps.logger.log('warn', 'broker.leftSession', { sessionId: id, code: isFault(error) ? error.code : undefined }));
    }
  }
}

function endingFault(): Fault {
  return new Fault('broker.ending', "Sallyport's background process is ending.", {
    retryable: true,
    remedy: { text: 'Try again.', action: 'retry' },
  });
}

const fingerprints = new WeakMap<object, string>();

/** Variables are compared by a hash: they hold secrets, which are not to be kept as keys. */
function fingerprint(env: Readonly<Record<string, string>>): string {
  const known = fingerprints.get(env);
  if (known !== undefined) return known;
  const made = createHash('sha256').update(JSON.stringify(Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1)))).digest('hex');
  fingerprints.set(env, made);
  return made;
}
