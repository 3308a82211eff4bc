import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A process of the measurement: says one line of JSON when it is ready and ends when its standard input does. */
export interface Peer<T> {
  readonly ready: T;
  /** CPU time that it has used so far, in its own and in the kernel's code. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `script` (a module of this folder, without extension). @throws Error when it ends before it is ready. */
export async function startPeer<T>(script: string, options: object = {}): Promise<Peer<T>> {
  const child: ChildProcess = spawn(process.execPath, [join(__dirname, `${script}.js`), JSON.stringify(options)], {
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
  return {
    ready: JSON.parse(first) as T,
    cpuSeconds: async () => {
      const answer = once(lines, 'line');
      child.stdin!.write('cpu\n');
      return Number(((await answer) as [string])[0]);
    },
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

/**
 * Reports readiness, answers each line on standard input with the CPU seconds used so far, waits for the end of standard
 * input, cleans up.
 */
export async function servePeer(ready: object, close: () => Promise<void>): Promise<void> {
  console.log(JSON.stringify(ready));
  process.stdin.on('data', () => {
    const { user, system } = process.cpuUsage();
    console.log((user + system) / 1e6);
  });
  await new Promise((resolve) => {
    process.stdin.once('end', resolve);
  });
  await close();
}
