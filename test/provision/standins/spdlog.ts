// Takes the place of VS Code's native logger `@vscode/spdlog` inside the test server, so that no compiler is needed.
// Only what VS Code calls is here; log channels of extensions are written through it too.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

// Order and spelling of spdlog's own levels.
const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

let sharedLevel = LEVELS.indexOf('info');

export class Logger {
  #file: number | undefined;
  #level = sharedLevel;
  #bare = false;

  constructor(_kind: string, _name: string, path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, 'a');
  }

  trace(message: string): void {
    this.#write(0, message);
  }

  debug(message: string): void {
    this.#write(1, message);
  }

  info(message: string): void {
    this.#write(2, message);
  }

  warn(message: string): void {
    this.#write(3, message);
  }

  error(message: string): void {
    this.#write(4, message);
  }

  critical(message: string): void {
    this.#write(5, message);
  }

  getLevel(): number {
    return this.#level;
  }

  setLevel(level: number): void {
    this.#level = level;
  }

  /** VS Code formats the line itself then, line break included. */
  clearFormatters(): void {
    this.#bare = true;
  }

  setPattern(): void {
    this.#bare = false;
  }

  /** Every write is synchronous: there is nothing to flush. */
  flush(): void {}

  drop(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(level: number, message: string): void {
    if (this.#file === undefined || level < this.#level) return;
    writeSync(this.#file, this.#bare ? message : `${new Date().toISOString()} [${LEVELS[level]}] ${message}\n`);
  }
}

export function setLevel(level: number): void {
  sharedLevel = level;
}

export function setFlushOn(): void {}

export async function createRotatingLogger(name: string, path: string): Promise<Logger> {
  return new Logger('rotating', name, path);
}

export async function createAsyncRotatingLogger(name: string, path: string): Promise<Logger> {
  return new Logger('rotating_async', name, path);
}
