import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

/** How often the event loop is looked at, ms. */
const LOOP_RESOLUTION_MS = 1;

/** A process of the measurement: says one line of JSON when it is ready and ends when its standard input does. */
export interface Peer<T> {
  readonly ready: T;
  /** CPU time that it has used so far, in its own and in the kernel's code. */
  cpuSeconds(): Promise<number>;
  /** The longest that anything in it had to wait for its turn since the last call, ms. */
  loopDelay(): Promise<number>;
  /** One of the process's own questions. */
  ask(question: string): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts `script` (a module of this folder, without extension).
 * @param flags of Node
 * @throws Error when it ends before it is ready
 */
export async function startPeer<T>(script: string, options: object = {}, flags: readonly string[] = []): Promise<Peer<T>> {
  const child: ChildProcess = spawn(process.execPath, [...flags, join(__dirname, `${script}.js`), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const lines = createInterface({ input: child.stdout! });
  const first = await Promise.race([
    new Promise<string>((resolve) => {
      lines.once('line', resolve);
    }),
    exited.then(() => {
      throw new Error(`${script} ended before it was ready`);
    }),
  ]);
  const ask = async (what: string): Promise<number> => {
    const answer = once(lines, 'line') as Promise<[string]>;
    child.stdin!.write(`${what}\n`);
    const ended = exited.then(() => {
      throw new Error(`${script} ended before it had answered`);
    });
    return Number((await Promise.race([answer, ended]))[0]);
  };
  return {
    ready: JSON.parse(first) as T,
    cpuSeconds: () => ask('cpu'),
    loopDelay: () => ask('loop'),
    ask,
    stop: async () => {
      child.stdin!.end();
      await exited;
    },
  };
}

/** The options that `startPeer` passed. */
export function peerOptions(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}

/** What a process can be asked, and be asked to do; what it answers is a number. */
export type Answers = Readonly<Record<string, () => number | Promise<number>>>;

/**
 * Reports readiness, answers the questions on standard input, waits for its end, cleans up.
 * @param own questions besides those that every process answers
 */
export async function servePeer(ready: object, close: () => Promise<void>, own: Answers = {}): Promise<void> {
  console.log(JSON.stringify(ready));
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delays.enable();
  const answers: Answers = {
    ...own,
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    loop: () => {
      const longest = Math.max(0, delays.max / 1e6 - LOOP_RESOLUTION_MS);
      delays.reset();
      return longest;
    },
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    void Promise.resolve(answers[line]?.() ?? NaN).then((answer) => console.log(answer));
  });
  await new Promise((resolve) => {
    process.stdin.once('end', resolve);
  });
  await close();
}
