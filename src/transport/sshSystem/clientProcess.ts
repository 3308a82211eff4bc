import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Clock } from '../../base/clock';
import type { Event } from '../../base/event';
import { Emitter } from '../../base/event';
import type { Logger } from '../../base/log';
import { processGroup } from '../processGroup';
import type { ProcessGroup } from '../processGroup';

/** Lines of stderr that are kept, and how much of each, characters. */
const MAX_LINES = 200;
const MAX_LINE = 1000;
/** From the polite signal to the other one, ms. */
const TERM_MS = 2_000;
/** How long what the program started may hold its stderr after its end, ms. */
const DRAIN_MS = 500;

export interface ProcessParts {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Removed should this process die without a chance to. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly node: string;
  readonly companion: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * `ssh` in a process group of its own, with everything that it starts (ProxyCommand, jump hosts, askpass). The group
 * ends with `dispose`, with `ssh` itself, and, by a watchdog, with this process, however that ends.
 */
export class ClientProcess {
  /** Resolves when the program has ended and its last words are in `lines`; with what kept it from starting, if anything. */
  readonly exited: Promise<Error | undefined>;
  readonly onLine: Event<string>;
  readonly #lineRead = new Emitter<string>();
  readonly #child: ChildProcess;
  readonly #parts: ProcessParts;
  readonly #group: ProcessGroup;
  #lines: string[] = [];
  #partial = '';
  #over = false;
  #watchdogGone: Promise<void> | undefined;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    const { program, args, env, platform } = parts;
    this.#group = processGroup(platform, process.env);
    this.onLine = this.#lineRead.event;
    this.#child = spawn(program, args, {
      env,
      cwd: parts.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: this.#group.detached,
      windowsHide: true,
    });
    const watchdog = this.#child.pid === undefined ? undefined : startWatchdog(parts, this.#child.pid);
    this.#child.stderr!.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
    this.exited = this.#untilOver().finally(() => {
      this.#over = true;
      this.#watchdogGone = watchdog?.release();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the program said since `forgetLines`, oldest first, without its debugging. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** What was said until now explains nothing that comes. */
  forgetLines(): void {
    this.#lines = [];
  }

  /** Ends the group; resolves when it has ended. Idempotent. */
  async dispose(): Promise<void> {
    if (!this.#over && this.#child.pid !== undefined) {
      this.#kill('SIGTERM');
      const timer = this.#parts.clock.schedule(TERM_MS, () => this.#kill('SIGKILL'));
      await this.exited;
      timer.dispose();
    }
    await this.exited;
    await this.#watchdogGone;
    this.#lineRead.dispose();
  }

  async #untilOver(): Promise<Error | undefined> {
    const child = this.#child;
    const failure = await new Promise<Error | undefined>((resolve) => {
      child.once('error', resolve);
      child.once('exit', () => resolve(undefined));
    });
    if (child.pid === undefined) return failure;
    const closed = new Promise<void>((resolve) => {
      if (child.stderr!.closed) resolve();
      child.stderr!.once('close', () => resolve());
    });
    // Its group may outlive it, and hold its stderr.
    this.#group.sweep(child.pid);
    const timer = this.#parts.clock.schedule(DRAIN_MS, () => child.stderr!.destroy());
    await closed;
    timer.dispose();
    if (this.#partial !== '') this.#line(this.#partial);
    return failure;
  }

  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#group.signal(this.#child.pid!, signal);
  }

  #read(chunk: string): void {
    const parts = (this.#partial + chunk).split('\n');
    this.#partial = parts.pop()!.slice(0, MAX_LINE);
    for (const part of parts) this.#line(part);
  }

  #line(text: string): void {
    const line = text.replace(/\r$/, '').slice(0, MAX_LINE);
    if (line.trim() === '') return;
    this.#parts.logger.log('debug', 'ssh.client', { pid: this.#child.pid, line });
    if (!/^debug\d: /.test(line)) {
      this.#lines.push(line);
      if (this.#lines.length > MAX_LINES) this.#lines.shift();
    }
    this.#lineRead.fire(line);
  }
}

interface Watchdog {
  /** There is nothing to watch any more; resolves when it has ended. */
  release(): Promise<void>;
}

/** A fixed text, given a number and a path that are ours: nothing in it comes from anyone's data. */
const WATCH = 'read -r done && exit 0; kill -s TERM -- "-$1"; sleep 1; kill -s KILL -- "-$1"; rm -rf -- "$2"';

/** A tiny process that waits for the end of a pipe from us: it comes by `release`, with a word, or by our death, without. */
function startWatchdog({ folder, platform, node, companion, logger }: ProcessParts, pid: number): Watchdog {
  const windows = platform === 'win32';
  const [program, args] = windows
    ? [node, [companion, 'watch', String(pid), folder]]
    : ['/bin/sh', ['-c', WATCH, 'sh', String(pid), folder]];
  const dog = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: windows ? undefined : '/',
    detached: true,
    windowsHide: true,
    ...(windows && { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } }),
  });
  dog.on('error', (error) => logger.log('warn', 'ssh.noWatchdog', { error }));
  dog.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => {
    dog.once('close', () => resolve());
    dog.once('error', () => resolve());
  });
  return {
    release: () => {
      dog.stdin.end('done\n');
      return gone;
    },
  };
}
