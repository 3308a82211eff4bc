import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import { cancelled, type Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { ProductionRules } from '../../../src/model/production';
import type { TunnelInfo, TunnelState } from '../../../src/model/tunnel';
import type { Completion, CompletionCandidate, LiveRequest, RedisLogin, RedisSession, RedisSessionOptions, RedisSessionState, RenderedReply } from '../../../src/redis/types';
import { ConsoleController } from '../../../src/vscode/console/controller';
import { KeptHistory } from '../../../src/vscode/console/keptHistory';
import type { SessionLogin } from '../../../src/vscode/services';
import { consoleStrings } from '../../../src/vscode/console/strings';
import { plainText } from '../../../src/vscode/localizer';
import type { ToPage } from '../../../src/webview/protocol';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeUi, MemoryState } from '../vscode/samples';

/** By the name alone. */
export const RULES: ProductionRules = { tags: [], accounts: [], namePatterns: ['live'] };

export function tunnel(id: string, state: TunnelState = { phase: 'open', streams: 0 }, name = 'orders'): TunnelInfo {
  const endpoint = { host: 'cache.internal', port: 6379 };
  const route = { target: { id: 'arn', name, tls: 'required' }, endpoint };
  return { id, route, local: { host: '127.0.0.1', port: 16379 }, state } as unknown as TunnelInfo;
}

export class FakeSession implements RedisSession {
  state: RedisSessionState = 'ready';
  prompt = 'cache.internal:6379';
  readonly #changes = new Emitter<RedisSessionState>();
  readonly onDidChangeState = this.#changes.event;
  disposed = false;
  runs: { line: string; answer: (text: string) => void; fail: (fault: Fault) => void }[] = [];
  pinging: () => Promise<number> = async () => 1.5;

  run(line: string, signal: AbortSignal): Promise<RenderedReply> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(cancelled()));
      this.runs.push({ line, answer: (text) => resolve({ kind: 'value', text, large: false, truncated: false, ending: 'whole', elapsedMs: 1 }), fail: reject });
    });
  }

  call(): Promise<never> {
    return Promise.reject(new Error('not a part of the console'));
  }

  turn(): Promise<never> {
    return this.call();
  }

  /** Lines that go to a pane. */
  readonly panes = new Map<string, LiveRequest>();

  liveRequest(line: string): LiveRequest | undefined {
    return this.panes.get(line);
  }

  reviewing: (lines: readonly string[]) => Promise<void> = async () => {};

  review(lines: readonly string[]): Promise<void> {
    return this.reviewing(lines);
  }

  ping(): Promise<number> {
    return this.pinging();
  }

  completing: (line: string) => Completion = () => ({ from: 0, candidates: [], hint: '' });

  complete(line: string): Completion {
    return this.completing(line);
  }

  naming: (line: string, explicit: boolean, signal: AbortSignal) => Promise<readonly CompletionCandidate[]> = async () => [];

  completeKeys(line: string, _: number, explicit: boolean, signal: AbortSignal): Promise<readonly CompletionCandidate[]> {
    return this.naming(line, explicit, signal);
  }

  change(state: RedisSessionState): void {
    this.state = state;
    this.#changes.fire(state);
  }

  dispose(): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }
}

/** A controller with a page, a server and a person, all of them made up. */
export class World {
  readonly posted: ToPage[] = [];
  readonly opened: RedisSessionOptions[] = [];
  readonly sessions: FakeSession[] = [];
  readonly asked: (string | undefined)[] = [];
  forgotten = 0;
  known: SessionLogin | undefined;
  /** What the person enters, in order; nothing more means Escape. */
  entered: RedisLogin[] = [];
  /** What the server says to an attempt; undefined lets it in. */
  refuse: (options: RedisSessionOptions) => Fault | undefined = () => undefined;
  readonly ui = new FakeUi();
  readonly documents: { readonly text: string; readonly language: string }[] = [];
  readonly clock = new FakeClock();
  readonly state = new MemoryState();
  readonly history = new KeptHistory(this.state, (error) => assert.fail(String(error)));
  rules = RULES;
  /** What went on in panes. */
  readonly live: LiveRequest[] = [];
  pulseMs = 0;
  readonly controller: ConsoleController;

  constructor(name = 'orders') {
    this.controller = new ConsoleController(tunnel('t1', undefined, name), {
      services: {
        openRedisSession: async (options) => {
          this.opened.push(options);
          const fault = this.refuse(options);
          if (fault) throw fault;
          const session = new FakeSession();
          this.sessions.push(session);
          return session;
        },
        targetCa: async () => 'PEM',
        logger: nullLogger,
      },
      logins: {
        known: async () => this.known,
        ask: async (_, because) => {
          this.asked.push(because?.code);
          return this.entered.shift();
        },
        forget: async () => void this.forgotten++,
      },
      history: this.history,
      strings: consoleStrings(plainText, 'Redis: orders'),
      ui: this.ui,
      openDocument: async (text, language) => void this.documents.push({ text, language }),
      clock: this.clock,
      productionRules: () => this.rules,
      unlockMs: () => 15 * 60_000,
      openLive: async (_, request) => void this.live.push(request),
      pulseMs: () => this.pulseMs,
      post: (message) => this.posted.push(structuredClone(message)),
    });
  }

  get last(): ToPage | undefined {
    return this.posted.at(-1);
  }

  /** `ready`, or `failed: why`; undefined when the last message was another one. */
  status(): string | undefined {
    const { last } = this;
    if (last?.type !== 'status') return undefined;
    return last.detail === '' ? last.status : `${last.status}: ${last.detail}`;
  }

  get session(): FakeSession {
    return this.sessions.at(-1)!;
  }

  async start(): Promise<this> {
    this.controller.receive({ type: 'ready' });
    await settled();
    return this;
  }
}

/** Lets everything that needs no outside event happen. */
export const settled = (): Promise<void> => new Promise((resolve) => {
  setImmediate(resolve);
});
