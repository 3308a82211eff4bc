import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Logger } from '../../base/log';
import { Lines } from './lines';
import { guardGroup, releaseGroup } from '../processGroup';
import type { ProcessGroup } from '../processGroup';

/** How long a program may take to end by itself once it has been asked to, ms. */
const TERM_MS = 2_000;
/** How long the system may take to end one that was killed, ms; then nobody waits any longer. */
const KILL_MS = 3_000;
/** How long output may still come after a program has exited, ms: what it left behind may hold the pipes for ever. */
const DRAIN_MS = 500;
/** Lines of one program that reach the log. */
const MAX_LOGGED = 200;
/** Characters of a line that are kept once its secrets are out. */
const MAX_LINE = 1000;

export interface ProcessOptions {
  readonly program: string;
  /** Never a secret: every user of the machine can read them. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly group: ProcessGroup;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Taken out of everything that the program says. */
  readonly secrets: readonly string[];
  /** Told of each line of its output, without secrets. */
  readonly onLine: (line: string) => void;
}

/** One program without a shell, a terminal or an input, ended together with everything that it starts. */
export class PluginProcess {
  /** Resolves when the program has ended and its output is read; with what kept it from starting, if anything. Never rejects. */
  readonly ended: Promise<Error | undefined>;
  readonly #options: ProcessOptions;
  readonly #child: ChildProcess;
  #exited = false;
  #lastLine = '';
  #logged = 0;
  #stopping: Promise<void> | undefined;
  #draining: Disposable | undefined;

  /** @throws Error when the system refuses the very call; one that cannot be run ends at once instead. */
  constructor(options: ProcessOptions) {
    this.#options = options;
    const { program, args, env, cwd, group } = options;
    this.#child = spawn(program, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: group.detached,
      windowsHide: true,
      shell: false,
    });
    const { pid } = this.#child;
    if (pid !== undefined) guardGroup(pid, group);
    this.#listen();
    this.ended = new Promise((resolve) => {
      // Not started, or not to be signalled: only the former ends it.
      this.#child.on('error', (error) => {
        if (pid === undefined) this.#end(() => resolve(error));
      });
      this.#child.once('exit', () => this.#onExit());
      this.#child.once('close', () => this.#end(() => resolve(undefined)));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Known at once when it has exited; `ended` tells it when its output is read. */
  get exited(): boolean {
    return this.#exited;
  }

  /** The last line that was not blank, without secrets. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /** Ends the program and all that it has started; resolves when it is gone. Idempotent, never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { group, clock, logger } = this.#options;
    const { pid } = this.#child;
    if (pid === undefined || this.#exited) {
      await this.ended;
      return;
    }
    const timers: Disposable[] = [];
    const late = new Promise<void>((resolve) => {
      group.signal(pid, 'SIGTERM');
      const kill = (): void => {
        group.signal(pid, 'SIGKILL');
        timers.push(clock.schedule(KILL_MS, resolve));
      };
      timers.push(clock.schedule(TERM_MS, kill));
    });
    await Promise.race([this.ended, late]);
    for (const timer of timers) timer.dispose();
    if (!this.#exited) logger.log('error', 'plugin.notKilled', { pid });
  }

  #listen(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      const lines = new Lines((line, cut) => this.#onLine(line, cut));
      stream?.on('data', (chunk: Buffer) => lines.push(chunk));
      // A pipe that was cut has an `error` and no `end`.
      stream?.on('error', () => {});
      stream?.once('close', () => lines.end());
    }
  }

  #onLine(raw: string, cut: boolean): void {
    const { secrets, logger, onLine } = this.#options;
    const line = withoutSecrets(raw, cut, secrets).slice(0, MAX_LINE);
    this.#lastLine = line;
    this.#logged++;
    if (this.#logged <= MAX_LOGGED) logger.log('debug', 'plugin.said', { pid: this.pid, line });
    else if (this.#logged === MAX_LOGGED + 1) logger.log('debug', 'plugin.saysTooMuch', { pid: this.pid });
    onLine(line);
  }

  #onExit(): void {
    this.#exited = true;
    const { pid } = this.#child;
    if (pid === undefined) return;
    this.#options.group.sweep(pid);
    releaseGroup(pid);
    this.#draining = this.#options.clock.schedule(DRAIN_MS, () => {
      this.#child.stdout?.destroy();
      this.#child.stderr?.destroy();
    });
  }

  #end(settle: () => void): void {
    this.#exited = true;
    this.#draining?.dispose();
    settle();
  }
}

/** Where the line was cut, one that had just begun goes too. */
function withoutSecrets(raw: string, cut: boolean, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length);
  const clean = longestFirst.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), raw);
  return cut ? clean.slice(0, Math.max(0, clean.length - (longestFirst[0]?.length ?? 0))) : clean;
}
