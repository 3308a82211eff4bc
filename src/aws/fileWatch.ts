import { unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import type { Logger } from '../base/log';

/** Changes within this time are told once, ms. */
const SETTLE_MS = 200;
const POLL_MS = 5_000;

export interface FileWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called a little after one of the files has changed, or something that looks like it. */
  readonly onChange: () => void;
  /** `fs.watch` unless told; for tests of what happens where it does not work. */
  readonly watchFolder?: typeof watchFolder;
  readonly pollMs?: number;
}

/**
 * Sees changes of files by watching their folders, which survives that a file is replaced; where that does not work (no such
 * folder yet, a network drive, no watches left) by looking at each file every five seconds. Keeps no process alive.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #folders = new Map<string, Disposable>();
  readonly #polled = new Set<string>();
  #files = new Set<string>();
  #settling: Disposable | undefined;
  #disposed = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** Watches these files, which need not exist, and no others any more. Absolute paths. */
  set(files: readonly string[]): void {
    if (this.#disposed) return;
    this.#files = new Set(files);
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.dispose();
      this.#folders.delete(folder);
    }
    for (const folder of folders) this.#watch(folder);
    this.#poll();
  }

  dispose(): void {
    this.#disposed = true;
    this.#settling?.dispose();
    for (const watcher of this.#folders.values()) watcher.dispose();
    this.#folders.clear();
    this.#files.clear();
    this.#poll();
  }

  #watch(folder: string): void {
    if (this.#folders.has(folder)) return;
    const { watchFolder: start = watchFolder, logger } = this.#options;
    const lost = (error?: Error): void => {
      logger.log('debug', 'fileWatch.lost', { folder, error });
      this.#folders.get(folder)?.dispose();
      this.#folders.delete(folder);
      this.#poll();
      this.#changed();
    };
    const changed = (name: string | undefined): void => {
      // Linux gives the folder's own name when it has been deleted: nothing more is seen then.
      if (name === basename(folder)) lost();
      // Some systems do not say which file it was.
      else if (name === undefined || [...this.#files].some((file) => dirname(file) === folder && basename(file) === name)) this.#changed();
    };
    try {
      const watcher = start(folder, changed, lost);
      this.#folders.set(folder, watcher);
    } catch (error) {
      logger.log('debug', 'fileWatch.failed', { folder, error });
    }
  }

  /** Looks at what no folder's watcher sees, and at nothing else. */
  #poll(): void {
    const wanted = new Set([...this.#files].filter((file) => !this.#folders.has(dirname(file))));
    for (const file of this.#polled) {
      if (wanted.has(file)) continue;
      unwatchFile(file, this.#changed);
      this.#polled.delete(file);
    }
    for (const file of wanted) {
      if (this.#polled.has(file)) continue;
      watchFile(file, { persistent: false, interval: this.#options.pollMs ?? POLL_MS }, this.#changed);
      this.#polled.add(file);
    }
  }

  readonly #changed = (): void => {
    if (this.#disposed) return;
    // Not put off by further changes: what never comes to rest is told of all the same.
    this.#settling ??= this.#options.clock.schedule(SETTLE_MS, () => {
      this.#settling = undefined;
      this.#options.onChange();
    });
  };
}

/** @throws Error when the folder cannot be watched */
function watchFolder(folder: string, onChange: (name: string | undefined) => void, onError: (error: Error) => void): Disposable {
  const watcher = watch(folder, { persistent: false }, (_event, name) => onChange(name ?? undefined));
  watcher.on('error', onError);
  return {
    dispose: () => {
      watcher.removeAllListeners();
      // Closing one that has failed may fail once more.
      watcher.on('error', () => {});
      watcher.close();
    },
  };
}
