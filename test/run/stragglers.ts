import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { RUN_MARK } from './environment';

export interface Straggler {
  readonly pid: number;
  readonly name: string;
}

/** One process as `/proc` shows it. */
export interface ProcessEntry extends Straggler {
  /** Process id of the leader of its session. */
  readonly session: number;
  /** Name of the state, `Z` for one that is dead and not yet waited for. */
  readonly state: string;
  /** The environment it was started with, entries separated by NUL. */
  readonly environment: string;
}

/**
 * What a stage left running, by its session or by the mark in its environment: programs that rewrite
 * their title (redis-server) lose the environment, programs that start a session of their own keep it.
 */
export function stragglersAmong(entries: Iterable<ProcessEntry>, session: number, mark: string, self: number): Straggler[] {
  const marked = `${RUN_MARK}=${mark}`;
  return [...entries]
    .filter((entry) => entry.pid !== self && entry.state !== 'Z')
    .filter((entry) => entry.session === session || entry.environment.split('\0').includes(marked))
    .map(({ pid, name }) => ({ pid, name }));
}

/** Parses `/proc/PID/stat`: the name may itself contain blanks and parentheses. */
export function parseStat(stat: string): Pick<ProcessEntry, 'name' | 'state' | 'session'> {
  const end = stat.lastIndexOf(')');
  const [state = '', , , session = '0'] = stat.slice(end + 2).split(' ');
  return { name: stat.slice(stat.indexOf('(') + 1, end), state, session: Number(session) };
}

/**
 * Waits up to `graceMs` for everything of a finished stage to end, kills what does not and returns it.
 * Only where `/proc` exists; elsewhere process groups have to do.
 */
export async function collectStragglers(session: number, mark: string, graceMs: number): Promise<Straggler[]> {
  if (process.platform !== 'linux') return [];
  const deadline = performance.now() + graceMs;
  let left = stragglersAmong(processes(), session, mark, process.pid);
  while (left.length > 0 && performance.now() < deadline) {
    await delay(50);
    left = stragglersAmong(processes(), session, mark, process.pid);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended in the meantime.
    }
  }
  return left;
}

/** The living processes that were started with this variable. None where there is no `/proc`. */
export function processesWith(variable: string, value: string): Straggler[] {
  if (process.platform !== 'linux') return [];
  const entry = `${variable}=${value}`;
  return processes().filter(({ pid, state, environment }) => pid !== process.pid && state !== 'Z' && environment.split('\0').includes(entry));
}

function processes(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = parseStat(readFileSync(`/proc/${name}/stat`, 'latin1'));
        return [{ pid: Number(name), ...stat, environment: readFileSync(`/proc/${name}/environ`, 'latin1') }];
      } catch {
        // It ended while we looked, or belongs to somebody else.
        return [];
      }
    });
}
