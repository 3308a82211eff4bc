import { execFile } from 'node:child_process';
import { win32 } from 'node:path';

/** Ends a program together with everything that it has started. */
export interface ProcessGroup {
  /** Whether the program has to be started in a group of its own. */
  readonly detached: boolean;
  /** Never throws; what is gone already is no error. */
  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void;
  /** The leader itself has ended: what it left behind is killed, before its number can mean anything else. */
  sweep(pid: number): void;
}

/** What the platform's branches do their work with. */
export interface GroupTools {
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  readonly run: (program: string, args: readonly string[]) => void;
}

const SYSTEM_TOOLS: GroupTools = {
  kill: (pid, signal) => void process.kill(pid, signal),
  run: (program, args) => {
    // Its failure means that the program is gone, or shows as one that does not end in time.
    execFile(program, args, { windowsHide: true, timeout: 10_000 }, () => {});
  },
};

export function processGroup(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, tools: GroupTools = SYSTEM_TOOLS): ProcessGroup {
  return platform === 'win32' ? windowsTree(env, tools) : posixGroup(tools);
}

function posixGroup({ kill }: GroupTools): ProcessGroup {
  const signal = (pid: number, name: 'SIGTERM' | 'SIGKILL'): void => {
    // 0 and 1 would mean our own group and everybody's.
    if (pid <= 1) return;
    try {
      kill(-pid, name);
    } catch {
      // Nobody is left in the group; macOS says EPERM when only dead ones are.
    }
  };
  return { detached: true, signal, sweep: (pid) => signal(pid, 'SIGKILL') };
}

/**
 * Without console there is no gentle way, so that both signals are the same. Node puts children that are not detached
 * into a job that ends with us, and a tree whose root is gone cannot be found any more.
 */
function windowsTree(env: NodeJS.ProcessEnv, { run }: GroupTools): ProcessGroup {
  const root = env['SystemRoot'] ?? env['SYSTEMROOT'] ?? 'C:\\Windows';
  const taskkill = win32.join(root, 'System32', 'taskkill.exe');
  return {
    detached: false,
    signal: (pid) => run(taskkill, ['/PID', String(pid), '/T', '/F']),
    sweep: () => {},
  };
}

/** Groups that would outlive this process, which nobody else knows. */
const running = new Map<number, ProcessGroup>();

function killAll(): void {
  for (const [pid, group] of running) group.signal(pid, 'SIGKILL');
}

/** Keeps account of groups, for the case that this process cannot end them itself. */
export interface GroupLedger {
  groupStarted(pid: number): void;
  groupEnded(pid: number): void;
}

// Every bundle has a copy of this module; there is one ledger for all.
const LEDGER = Symbol.for('sallyport.groupLedger');
type WithLedger = typeof globalThis & { [LEDGER]?: GroupLedger | undefined };

export function keepGroupLedger(ledger: GroupLedger | undefined): void {
  (globalThis as WithLedger)[LEDGER] = ledger;
}

/** Has the group killed should this process exit first. */
export function guardGroup(pid: number, group: ProcessGroup): void {
  if (running.size === 0) process.once('exit', killAll);
  running.set(pid, group);
  (globalThis as WithLedger)[LEDGER]?.groupStarted(pid);
}

export function releaseGroup(pid: number): void {
  running.delete(pid);
  (globalThis as WithLedger)[LEDGER]?.groupEnded(pid);
  if (running.size === 0) process.removeListener('exit', killAll);
}
