import { createHash } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/log';
import type { DiscoveryScope } from '../model/inventory';
import type { KeptInventory } from './inventoryState';
import { KeptReader, keptLines } from './keptInventory';

/** What outlives the window: the last inventory of each place. */
export interface InventoryCache {
  /** @param settings what the profile is made of now: what was kept under another is not given. Never rejects. */
  read(scope: DiscoveryScope, settings: string | undefined): Promise<KeptInventory | undefined>;
  /** Never rejects. */
  write(scope: DiscoveryScope, settings: string | undefined, kept: KeptInventory): Promise<void>;
}

export interface FileCacheDeps {
  /** Absolute path; made when something is first kept. */
  readonly folder: string;
  /** Of the program that writes: files of another are ignored, since its types may be others. */
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives the event loop to others; one turn of it unless told. */
  readonly breathe?: () => Promise<void>;
}

/** About 60,000 resources. Longer files are neither written nor read, bytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Files that are kept; the oldest go first. */
const MAX_FILES = 200;
/** So long we keep the event loop at a stretch, ms. */
const TURN_MS = 5;
/** Read at a time, bytes: what decoding it takes is part of a turn. */
const READ_BYTES = 128 * 1024;
const NEWLINE = Buffer.from('\n');
const SUFFIX = '.jsonl';
const PART = /\.part$/;

/**
 * One file per profile and region in a folder that is the person's alone. It holds what discovery found and no secret:
 * names, addresses, tags. Written beside and renamed, so that a reader sees one whole file or the other.
 */
export class FileInventoryCache implements InventoryCache {
  readonly #deps: FileCacheDeps;
  readonly #breathe: () => Promise<void>;
  /** Writes one after the other: they are the background of all else. */
  #writing: Promise<void> = Promise.resolve();
  #disposed = false;
  /** A full disk fails each time alike. */
  #complained = false;
  #written = 0;

  constructor(deps: FileCacheDeps) {
    this.#deps = deps;
    this.#breathe = deps.breathe ?? (() => new Promise((resolve) => setImmediate(resolve)));
  }

  async read(scope: DiscoveryScope, settings: string | undefined): Promise<KeptInventory | undefined> {
    const { logger, version, clock } = this.#deps;
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path(scope), 'r');
      const { size } = await file.stat();
      if (size > MAX_FILE_BYTES) throw new Error('it is too long');
      const reader = new KeptReader({ scope, settings, version });
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size + 1));
      let turn = clock.now();
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) break;
        for (const _line of reader.take(buffer.subarray(0, bytesRead))) {
          if (clock.now() - turn < TURN_MS) continue;
          await this.#breathe();
          turn = clock.now();
        }
        // What was kept under other settings is nobody's fault, and not worth reading.
        if (reader.foreign) return undefined;
      }
      return reader.end();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') logger.log('warn', 'inventoryCache.unreadable', { ...scope, error });
      return undefined;
    } finally {
      await file?.close().catch(() => {});
    }
  }

  write(scope: DiscoveryScope, settings: string | undefined, kept: KeptInventory): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#disposed) return;
      try {
        await this.#write(scope, settings, kept);
      } catch (error) {
        if (!this.#complained) this.#deps.logger.log('warn', 'inventoryCache.notKept', { ...scope, error });
        this.#complained = true;
      }
    });
    return this.#writing;
  }

  /** Resolves when everything that was to be written is written, or could not be. */
  async settled(): Promise<void> {
    for (let writing: Promise<void> | undefined; writing !== this.#writing; ) await (writing = this.#writing);
  }

  /** What waits to be written is not; resolves when nothing is being written. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#writing;
  }

  async #write(scope: DiscoveryScope, settings: string | undefined, kept: KeptInventory): Promise<void> {
    const { folder, version } = this.#deps;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // It may have been there; Windows has no such modes, and its folder lies in the person's own profile.
    await chmod(folder, 0o700);
    const path = this.#path(scope);
    // Windows of the same person write the same file.
    const part = `${path}.${process.pid}.${++this.#written}.part`;
    try {
      const isWhole = await this.#writeLines(part, keptLines({ scope, settings, version }, kept));
      // What is kept of it must not stay where the new state cannot be kept.
      await (isWhole ? rename(part, path) : rm(path, { force: true }));
    } finally {
      await rm(part, { force: true }).catch(() => {});
    }
    await this.#prune(folder);
  }

  /** False where it would be too long, or the window closes meanwhile. */
  async #writeLines(path: string, lines: Iterable<string>): Promise<boolean> {
    const { clock } = this.#deps;
    const file = await open(path, 'wx', 0o600);
    try {
      let size = 0;
      let turn = clock.now();
      for (const line of lines) {
        const bytes = Buffer.from(line);
        size += bytes.length + NEWLINE.length;
        if (size > MAX_FILE_BYTES || this.#disposed) return false;
        // Two pieces: to put them together is to copy the longer one.
        const { bytesWritten } = await file.writev([bytes, NEWLINE]);
        if (bytesWritten < bytes.length + NEWLINE.length) throw new Error('it could not be written whole');
        if (clock.now() - turn < TURN_MS) continue;
        await this.#breathe();
        turn = clock.now();
      }
      return true;
    } finally {
      await file.close();
    }
  }

  async #prune(folder: string): Promise<void> {
    const names = await readdir(folder);
    const own = names.filter((name) => name.endsWith(SUFFIX));
    const abandoned = names.filter((name) => PART.test(name)).length;
    if (own.length <= MAX_FILES && abandoned === 0) return;
    const aged = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name);
        return { path, part: PART.test(name), at: await stat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity) };
      }),
    );
    const hourAgo = this.#deps.clock.wall() - 3_600_000;
    const left = aged.filter(({ part, at }) => part && at < hourAgo);
    const oldest = aged.filter(({ path }) => path.endsWith(SUFFIX)).toSorted((a, b) => b.at - a.at).slice(MAX_FILES);
    for (const { path } of [...left, ...oldest]) await rm(path, { force: true });
  }

  /** The names of profiles are no names of files. */
  #path({ profile, region }: DiscoveryScope): string {
    return join(this.#deps.folder, `${createHash('sha256').update(JSON.stringify([profile, region])).digest('hex').slice(0, 32)}${SUFFIX}`);
  }
}
