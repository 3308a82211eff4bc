import { mkdir, open, readFile, rmdir, stat, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from './processIdentity';
import { isSame } from './processIdentity';

/** The broker that is there, as its lock file names it. */
export interface LockRecord extends ProcessIdentity {
  /** Tells this broker from every other. */
  readonly nonce: string;
  /** Where it listens. */
  readonly address: string;
}

/** A lock whose content is not readable counts as held by somebody who is just writing it, for so long, ms. */
const WRITING_MS = 3_000;
/** Somebody who recovers a stale lock has died over it when it takes longer, ms. */
const RECOVERY_MS = 5_000;
/** Between looking at a stale lock and taking it lie a few calls of the file system: after so long they are over, ms. */
const SETTLING_MS = 50;
const MAX_BYTES = 4096;

/** What the lock file says; undefined without one, or when it is no lock file. */
export async function readLock(file: string): Promise<LockRecord | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    return text.length > MAX_BYTES ? undefined : parseLock(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function parseLock(value: unknown): LockRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, started, nonce, address } = value as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof nonce !== 'string' || typeof address !== 'string') return undefined;
  return { pid, nonce, address, ...(typeof started === 'string' && { started }) };
}

/**
 * Takes the lock for this process; a stale one is recovered. False when somebody else holds it, or is about to.
 * @throws the file system's error when the file cannot be written
 */
export async function acquireLock(file: string, record: LockRecord): Promise<boolean> {
  if (await create(file, record)) return true;
  if (await isHeld(file)) return false;
  // One at a time: whoever finds the lock stale must not remove the one that another has just taken.
  const recovery = `${file}.recovery`;
  if (!(await beginRecovery(recovery))) return false;
  try {
    if (await isHeld(file)) return false;
    await unlink(file).catch(ignoreMissing);
    if (!(await create(file, record))) return false;
    // Two may be here where somebody has died over a recovery: the later one has removed the earlier one's lock.
    await delay(SETTLING_MS);
    return await holdsLock(file, record);
  } finally {
    await rmdir(recovery).catch(() => {});
  }
}

/** Whether the lock is still this broker's. */
export async function holdsLock(file: string, { nonce }: LockRecord): Promise<boolean> {
  return (await readLock(file))?.nonce === nonce;
}

export async function releaseLock(file: string, record: LockRecord): Promise<void> {
  if (await holdsLock(file, record)) await unlink(file).catch(ignoreMissing);
}

async function create(file: string, record: LockRecord): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(record));
    } catch (error) {
      await unlink(file).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isHeld(file: string): Promise<boolean> {
  const record = await readLock(file);
  if (record) return isSame(record);
  return (await ageOf(file)) < WRITING_MS;
}

async function beginRecovery(folder: string): Promise<boolean> {
  for (const last of [false, true]) {
    try {
      await mkdir(folder);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (last || (await ageOf(folder)) < RECOVERY_MS) return false;
      await rmdir(folder).catch(() => {});
    }
  }
  return false;
}

/** Milliseconds since the last change; infinite when it is gone. */
async function ageOf(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return Infinity;
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
