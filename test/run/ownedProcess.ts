import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  readonly error?: Error;
}

export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment, not an addition. */
  readonly env?: NodeJS.ProcessEnv;
  /** `inherit` shows the output; `collect` keeps it for `output()`, at most its last megabyte. */
  readonly output: 'inherit' | 'collect';
  /** Its stdin stays open while we live; it is empty and closed otherwise. */
  readonly holdStdin?: boolean;
}

/** A program that ends with us: it leads a process group of its own, which is killed as a whole. */
export interface OwnedProcess {
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Undefined while it runs. */
  status(): ExitStatus | undefined;
  /** What it wrote to stdout and stderr so far, when collected. */
  output(): string;
  /** The same of stdout alone. */
  stdout(): string;
  /** Asks the group to end, kills it after `graceMs`, and waits for the end. Idempotent. */
  stop(graceMs?: number): Promise<void>;
}

const MAX_OUTPUT = 1 << 20;
const INHERITED = ['inherit', 'inherit'] as const;
const PIPED = ['pipe', 'pipe'] as const;
const running = new Set<number>();
let guarded = false;

/** Starts a program without a shell. What it leaves running in its group dies with `stop`, or when this process ends. */
export function startProcess(command: string, args: readonly string[], options: ProcessOptions): OwnedProcess {
  guardExit();
  const child = spawn(command, args, {
    ...(options.cwd && { cwd: options.cwd }),
    env: options.env ?? process.env,
    stdio: [options.holdStdin ? 'pipe' : 'ignore', ...(options.output === 'inherit' ? INHERITED : PIPED)],
    ...groupOptions(process.platform),
  });
  let output = '';
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout = (stdout + chunk).slice(-MAX_OUTPUT);
    output = (output + chunk).slice(-MAX_OUTPUT);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    output = (output + chunk).slice(-MAX_OUTPUT);
  });
  let status: ExitStatus | undefined;
  const exited = untilExit(child).then((end) => {
    status = end;
    // While the group has members its id belongs to nobody else.
    if (child.pid !== undefined && !groupLives(child.pid)) running.delete(child.pid);
    return end;
  });
  if (child.pid !== undefined) running.add(child.pid);
  return {
    pid: child.pid,
    exited,
    status: () => status,
    output: () => output,
    stdout: () => stdout,
    stop: async (graceMs = 5000) => {
      const { pid } = child;
      if (pid === undefined || !running.has(pid)) return;
      killGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
      killGroup(pid, 'SIGKILL');
      running.delete(pid);
    },
  };
}

/** A group of its own where there are process groups; on Windows the tree is found by `taskkill` instead. */
export function groupOptions(platform: NodeJS.Platform): Pick<SpawnOptions, 'detached' | 'windowsHide'> {
  return platform === 'win32' ? { windowsHide: true } : { detached: true };
}

function untilExit(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
    child.once('exit', (code, signal) => {
      // What is still in the pipes belongs to the output; a grandchild that keeps them open is not waited for.
      const end = (): void => resolve({ code, signal });
      const timer = setTimeout(end, 500);
      child.once('close', () => {
        clearTimeout(timer);
        end();
      });
    });
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

function groupLives(pid: number): boolean {
  if (process.platform === 'win32') return false;
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

let endGracefully: (() => void) | undefined;

/** Resolves at the first Ctrl+C or request to end; the next one ends this process at once. */
export function endRequested(): Promise<void> {
  guardExit();
  return new Promise((resolve) => {
    endGracefully = resolve;
  });
}

function guardExit(): void {
  if (guarded) return;
  guarded = true;
  process.on('exit', () => {
    for (const pid of running) killGroup(pid, 'SIGKILL');
  });
  // Without a handler a signal ends Node without its `exit` event, and the groups would live on.
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
  for (const [signal, number] of Object.entries(numbers)) {
    process.on(signal, () => {
      if (!endGracefully) process.exit(128 + number);
      endGracefully();
      endGracefully = undefined;
    });
  }
}
