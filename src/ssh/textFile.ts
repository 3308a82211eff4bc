import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What a file was, and what it held: `contents` is cut at the limit, and `whole` says whether it is all. */
export interface FileReading {
  readonly contents: Buffer;
  readonly whole: boolean;
  /** Numeric owner and permission bits; meaningless on Windows. */
  readonly owner: number;
  readonly mode: number;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads at most `limit` bytes. Never waits for the writer of a pipe, and takes a directory for an empty file, as OpenSSH's
 * fopen does. Undefined: there is no such file. @throws the system's error
 */
export async function readBounded(path: string, limit: number): Promise<FileReading | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const about = await handle.stat();
    const facts = { owner: about.uid, mode: about.mode & 0o7777 };
    if (about.isDirectory()) return { contents: Buffer.alloc(0), whole: true, ...facts };
    return { ...(await readChunks(handle, limit)), ...facts };
  } catch (error) {
    if (isMissing(error)) return undefined;
    const folder = await folderFacts(path);
    if (folder) return { contents: Buffer.alloc(0), whole: true, ...folder };
    throw error;
  } finally {
    await handle?.close();
  }
}

/** Windows does not open folders at all, so that they have to be told from what is really closed. */
async function folderFacts(path: string): Promise<Pick<FileReading, 'owner' | 'mode'> | undefined> {
  const about = await stat(path).catch(() => undefined);
  return about?.isDirectory() ? { owner: about.uid, mode: about.mode & 0o7777 } : undefined;
}

async function readChunks(handle: FileHandle, limit: number): Promise<Pick<FileReading, 'contents' | 'whole'>> {
  const chunks: Buffer[] = [];
  for (let total = 0; total <= limit; ) {
    // One byte beyond the limit tells a file that just fits from one that does not.
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(CHUNK_BYTES, limit + 1 - total)));
    if (bytesRead === 0) return { contents: Buffer.concat(chunks), whole: true };
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
  return { contents: Buffer.concat(chunks).subarray(0, limit), whole: false };
}

/** There is no file of that name, or a part of its path is no folder. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The system's code, e.g. `EACCES`. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
