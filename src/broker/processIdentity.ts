import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { win32 } from 'node:path';

/** Windows' own tool is slow to start. */
const TOOL_TIMEOUT_MS = 5_000;
/** In place of a start: the process is dead, waited for or not. */
const GONE = 'gone';

/** A process that was seen: its number, and when it began, since numbers are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the platform's own words, compared and never read; absent where it could not be found out. */
  readonly started?: string;
}

/** Who has this number now; undefined when nobody has. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const started = await startOf(pid);
  if (started === GONE || !exists(pid)) return undefined;
  return started === undefined ? { pid } : { pid, started };
}

/** Whether the very process that was seen is still there. One whose start is not known counts as the same. */
export async function isSame({ pid, started }: ProcessIdentity): Promise<boolean> {
  const now = await identify(pid);
  return now !== undefined && (started === undefined || now.started === undefined || now.started === started);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Undefined where it cannot be found out. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return startInProc(pid);
  const [program, ...args] = startCommand(process.platform, pid);
  return output(program, args);
}

/** The command that prints when a process began: of Windows, else of POSIX. By its place, since a search may lead anywhere. */
export function startCommand(platform: NodeJS.Platform, pid: number, systemRoot = process.env['SystemRoot'] ?? 'C:\\Windows'): readonly [string, ...string[]] {
  return platform === 'win32'
    ? [win32.join(systemRoot, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe'), '-NoProfile', '-NonInteractive', '-Command', `(Get-Process -Id ${pid}).StartTime.Ticks`]
    : ['/bin/ps', '-o', 'lstart=', '-p', String(pid)];
}

/** Field 22 of /proc/PID/stat counts from the start of the system (proc(5)), which is therefore named, too. */
async function startInProc(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => ''),
    ]);
    // The name in parentheses may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? GONE : `${boot.trim()}/${fields[19] ?? ''}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? GONE : undefined;
  }
}

function output(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { windowsHide: true, timeout: TOOL_TIMEOUT_MS }, (error, stdout) => {
      const text = stdout.trim();
      resolve(error || text === '' ? undefined : text);
    });
  });
}
