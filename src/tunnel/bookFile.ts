import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, sleep } from '../base/clock';
import { Fault } from '../base/fault';

/** One small file that several processes of the same user read and replace. */
export interface BookFile {
  /** Undefined while there is none. @throws the system's error */
  read(): Promise<string | undefined>;
  /** Replaces it as a whole, or leaves it as it is. @throws the system's error */
  write(text: string): Promise<void>;
  /** Moves a file that cannot be read out of the way; resolves with its new path. @throws the system's error */
  setAside(): Promise<string>;
  /** Runs the work while no other process runs its own. @throws Fault `state.locked`, the system's error, and what the work throws */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** A lock that is older than this was left behind: the work under it takes milliseconds. */
const STALE_MS = 10_000;
const LOCK_WAIT_MS = 2000;
const LOCK_PAUSE_MS = 15;
/** On Windows a file that another process has open for a moment cannot be replaced. */
const REPLACE_TRIES = 5;

/** `name` in the folder, which is made (0700) when it is first written; the file itself is 0600. */
export function bookFileIn(folder: string, name: string, clock: Clock): BookFile {
  const path = join(folder, name);
  const lock = `${path}.lock`;
  const pause = (): Promise<void> => sleep(clock, LOCK_PAUSE_MS, new AbortController().signal);
  return {
    async read() {
      return readFile(path, 'utf8').catch((error: unknown) => {
        if (isCode(error, 'ENOENT')) return undefined;
        throw error;
      });
    },
    async write(text) {
      const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
      try {
        await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
        for (let left = REPLACE_TRIES; ; left--) {
          try {
            await rename(temporary, path);
            return;
          } catch (error) {
            if (left <= 1 || !isCode(error, 'EPERM', 'EACCES', 'EBUSY')) throw error;
            await pause();
          }
        }
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw error;
      }
    },
    async setAside() {
      // One of them is enough to look at.
      const aside = `${path}.broken`;
      await rename(path, aside);
      return aside;
    },
    async exclusively(work) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await takeLock(lock, clock, pause);
      try {
        return await work();
      } finally {
        await rm(lock, { force: true }).catch(() => {});
      }
    },
  };
}

async function takeLock(lock: string, clock: Clock, pause: () => Promise<void>): Promise<void> {
  const end = clock.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return;
    } catch (error) {
      // On Windows a lock that is just being removed refuses with EPERM.
      if (!isCode(error, 'EEXIST', 'EPERM')) throw error;
      if (clock.now() > end) throw new Fault('state.locked', `Another process does not give ${lock} back.`, { cause: error });
    }
    const left = await stat(lock).catch(() => undefined);
    if (left && clock.wall() - left.mtimeMs > STALE_MS) await rm(lock, { force: true });
    else await pause();
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && codes.includes(code);
}
