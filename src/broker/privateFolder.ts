import { chmod, lstat, mkdir } from 'node:fs/promises';
import { Fault } from '../base/fault';

/**
 * Makes the folder if need be, and makes sure that it is ours alone: a folder and no link to one, of this user, closed to
 * everybody else. On Windows the user's own folders are closed by their access lists already.
 * @param uid number of the user; undefined on Windows
 * @throws Fault `broker.folderUnsafe` for one that belongs to somebody else, `broker.folderFailed` when it cannot be made
 */
export async function ensurePrivateFolder(path: string, uid: number | undefined): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const found = await lstat(path);
    if (!found.isDirectory()) throw unsafe(path, 'is no folder');
    if (uid === undefined) return;
    if (found.uid !== uid) throw unsafe(path, 'belongs to another user');
    if ((found.mode & 0o077) === 0) return;
    await chmod(path, 0o700);
    // A file system that knows no modes says yes to everything and does nothing.
    if (((await lstat(path)).mode & 0o077) !== 0) throw unsafe(path, 'is open to other users');
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('broker.folderFailed', `The folder ${path} cannot be used (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`, {
      cause: error,
      remedy: { text: 'Make its parent folder writable for you.', action: 'showLog' },
    });
  }
}

function unsafe(path: string, what: string): Fault {
  return new Fault('broker.folderUnsafe', `The folder ${path} ${what}.`, { remedy: { text: 'Remove it.', action: 'showLog' } });
}
