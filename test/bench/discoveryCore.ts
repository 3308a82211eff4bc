// The product's core, as it is packaged, inside the process of the views or in one of its own.
import { type ChildProcess, fork } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { nullLogger } from '../../src/base/log';
import type { Core, CoreOptions } from '../../src/broker/client';
import { connectInProcess } from '../../src/broker/client';
import type { DiscoveryScope, InventoryPart, InventoryService, ProfileInfo } from '../../src/model/inventory';
import { DEFAULT_SSM_SETTINGS } from '../../src/model/ssmSettings';

export interface BenchCore {
  readonly inventory: Pick<InventoryService, 'profiles' | 'discover'>;
  /** When the first page came since this was asked last, ms since the epoch; NaN: none has. */
  firstPageAt(): Promise<number>;
  dispose(): Promise<void>;
}

export function coreInside(env: Readonly<Record<string, string>>): BenchCore {
  const options: CoreOptions = { logger: nullLogger, targetCa: async () => undefined, ssm: () => DEFAULT_SSM_SETTINGS, env: { ...env } };
  const load = async (): Promise<(options: CoreOptions) => Core> =>
    (createRequire(__filename)(join(__dirname, '../../../dist/core.js')) as { createCore: (options: CoreOptions) => Core }).createCore;
  const client = connectInProcess(options, load);
  const takeFirstPage = noteFirstPage();
  return { inventory: client.inventory, firstPageAt: async () => takeFirstPage(), dispose: () => client.dispose() };
}

/** Answers of services that list something: everything but the question who we are. */
function noteFirstPage(): () => number {
  let first = NaN;
  subscribe('http.client.response.finish', (message) => {
    const { request } = message as { readonly request: ClientRequest };
    const authorization = request.getHeader('authorization');
    if (Number.isNaN(first) && !String(authorization).includes('/sts/')) first = performance.timeOrigin + performance.now();
  });
  return () => {
    const at = first;
    first = NaN;
    return at;
  };
}

// The stand-in for a broker: JSON over a pipe, a message for each part.

type Question =
  | { readonly id: number; readonly kind: 'profiles' }
  | { readonly id: number; readonly kind: 'firstPageAt' }
  | { readonly id: number; readonly kind: 'discover'; readonly scope: DiscoveryScope; readonly only?: readonly string[] }
  | { readonly id: number; readonly kind: 'cancel' };
type Answer = { readonly id: number } & ({ readonly part: unknown } | { readonly end: true; readonly value?: unknown; readonly error?: string });

export function coreElsewhere(env: Readonly<Record<string, string>>): BenchCore {
  const child = fork(join(__dirname, 'discoveryCoreMain.js'), [JSON.stringify(env)], { stdio: ['ignore', 2, 2, 'ipc'] });
  const conversation = new Conversation(child);
  return {
    inventory: {
      profiles: async () => (await conversation.ask<readonly ProfileInfo[]>('profiles'))!,
      discover: (scope, signal, only) => conversation.discover(scope, signal, only),
    },
    firstPageAt: async () => (await conversation.ask<number | null>('firstPageAt')) ?? NaN,
    dispose: async () => {
      const exited = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.disconnect();
      await exited;
    },
  };
}

class Conversation {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
  }

  async ask<T>(kind: 'profiles' | 'firstPageAt'): Promise<T | undefined> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        if ('end' in answer && answer.error === undefined) resolve(answer.value as T | undefined);
        else reject(new Error('end' in answer ? answer.error : 'a part of nothing'));
      });
      this.#send({ id, kind });
    });
  }

  async *discover(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncGenerator<InventoryPart, void, undefined> {
    const id = ++this.#last;
    const arrived: Answer[] = [];
    let wake = (): void => {};
    this.#waiting.set(id, (answer) => {
      arrived.push(answer);
      wake();
    });
    const stop = (): void => this.#send({ id, kind: 'cancel' });
    signal.addEventListener('abort', stop, { once: true });
    this.#send({ id, kind: 'discover', scope, ...(only && { only }) });
    try {
      for (;;) {
        const answer = arrived.shift();
        if (!answer) await new Promise<void>((resolve) => void (wake = resolve));
        else if ('part' in answer) yield answer.part as InventoryPart;
        else if (answer.error !== undefined) throw new Error(answer.error);
        else return;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#waiting.delete(id);
    }
  }

  #send(question: Question): void {
    if (this.#child.connected) this.#child.send(question);
  }
}

/** The other end; ends with the connection. */
export function serveCore(env: Readonly<Record<string, string>>): void {
  const core = coreInside(env);
  const running = new Map<number, AbortController>();
  const tell = (answer: Answer): void => {
    if (process.connected) process.send!(answer);
  };
  const answer = async (question: Question): Promise<void> => {
    const { id } = question;
    if (question.kind === 'profiles') tell({ id, end: true, value: await core.inventory.profiles() });
    else if (question.kind === 'firstPageAt') tell({ id, end: true, value: await core.firstPageAt() });
    else if (question.kind === 'cancel') running.get(id)?.abort();
    else {
      const controller = new AbortController();
      running.set(id, controller);
      try {
        for await (const part of core.inventory.discover(question.scope, controller.signal, question.only)) tell({ id, part });
        tell({ id, end: true });
      } finally {
        running.delete(id);
      }
    }
  };
  process.on('message', (question: Question) => {
    answer(question).catch((error: unknown) => tell({ id: question.id, end: true, error: String(error) }));
  });
  process.once('disconnect', () => void core.dispose().then(() => process.exit(0)));
}
