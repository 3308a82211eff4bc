import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { Duplex } from 'node:stream';
import { guardGroup, processGroup, releaseGroup } from '../processGroup';
import type { ProcessGroup } from '../processGroup';
import { proxyCommandFailed } from './faults';

/** How a ProxyCommand is started. */
export interface ProxyStart {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
}

/** Bytes of what the command says that are kept for the message. */
const STDERR_BYTES = 4096;

/**
 * As OpenSSH does: through the person's shell, which `exec`s the command so that no shell stays in between; in a process group
 * of its own, so that all of it can be ended. Windows has neither: there it is cmd, whose tree is ended.
 */
export function proxyStart(command: string, platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): ProxyStart {
  const stdio: SpawnOptions['stdio'] = ['pipe', 'pipe', 'pipe'];
  if (platform === 'win32') {
    const shell = env['ComSpec'] ?? 'cmd.exe';
    const args = ['/d', '/s', '/c', `"${command}"`];
    return { file: shell, args, options: { stdio, windowsHide: true, windowsVerbatimArguments: true } };
  }
  return { file: env['SHELL'] || '/bin/sh', args: ['-c', `exec ${command}`], options: { stdio, detached: true } };
}

/** A byte stream through a command's standard input and output; destroying it ends the command. Errors are Faults. */
export class ProxyStream extends Duplex {
  readonly #child: ChildProcess;
  readonly #group: ProcessGroup;
  readonly #command: string;
  #said = '';
  #received = false;
  #waiting: (() => void) | undefined;

  constructor(command: string, platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>) {
    super({ allowHalfOpen: true, highWaterMark: 64 * 1024 });
    this.#command = command;
    this.#group = processGroup(platform, env);
    const { file, args, options } = proxyStart(command, platform, env);
    this.#child = spawn(file, args, { ...options, env });
    const { stdin, stdout, stderr, pid } = this.#child;
    if (pid !== undefined) guardGroup(pid, this.#group);
    this.on('error', () => {});
    this.#child.once('error', (error) => this.destroy(this.#fault(error.message, error)));
    // `close`, and not `exit`: its last words may come after it.
    this.#child.once('close', (code, signal) => {
      if (!this.#received) this.destroy(this.#fault(code === null ? `ended by ${signal}` : `exit status ${code}`));
    });
    // A command that ends without a connection says why on its way out, which `close` waits for.
    stdin?.on('error', (error: Error) => this.#received && this.destroy(this.#fault(error.message, error)));
    stdin?.on('drain', () => this.#drained());
    stdout?.on('data', (bytes: Buffer) => {
      this.#received = true;
      if (!this.push(bytes)) stdout.pause();
    });
    stdout?.once('end', () => {
      // Without anything from it there never was a connection: why is known once it has ended.
      if (this.#received) this.push(null);
    });
    stderr?.on('data', (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString('utf8')).slice(-STDERR_BYTES);
    });
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const { stdin } = this.#child;
    if (!stdin || stdin.destroyed) done(this.#fault('it takes nothing more'));
    else if (stdin.write(bytes)) done();
    else this.#waiting = done;
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#endGroup();
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe?.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
    done(error);
  }

  /** The command and everything that it has started; its number means nothing any more once it has ended. */
  #endGroup(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return;
    if (exitCode === null && signalCode === null) this.#group.signal(pid, 'SIGKILL');
    releaseGroup(pid);
  }

  #drained(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }

  #fault(how: string, cause?: unknown): Error {
    const last = this.#said.trim().split('\n').at(-1)?.trim();
    return proxyCommandFailed(this.#command, last || how, cause);
  }
}
