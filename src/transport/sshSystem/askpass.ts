import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Fault } from '../../base/fault';
import { asFault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Ask, Question } from '../../model/question';
import { answerNeeded } from './faults';
import type { AskpassCall } from './prompts';
import { classify, replyTo } from './prompts';

/** A prompt is a few lines; a server can make one longer. */
const MAX_CALL_BYTES = 32 * 1024;
/** Askpass programs at one time: OpenSSH runs one, and one per jump host. */
const MAX_CALLS = 8;

export interface AskpassParts {
  /** Private to this user and to this attempt. */
  readonly folder: string;
  /** The Node (or Electron) that runs the companion, and the companion. */
  readonly node: string;
  readonly companion: string;
  readonly ask: Ask;
  readonly logger: Logger;
  /** Shown where OpenSSH does not say whose prompt it is. */
  readonly user: string;
  readonly host: string;
  /** OpenSSH waits for a touch of a security key; the text is its own. */
  readonly onNotice: (text: string) => void;
  /** The person does not answer, or asking failed: the attempt is over. */
  readonly onGivenUp: (fault: Fault) => void;
}

/**
 * Lets OpenSSH ask for secrets here: its askpass program is a wrapper in the private folder around our companion, which
 * brings the prompt over a private socket. A token that only the program's environment holds says that it is ours.
 * An answer passes through that socket and the pipe to OpenSSH, and through nothing else.
 *
 * Not for Windows: its only wrapper is a batch file, on whose command line the text of a prompt, which may be the
 * server's, could be a command.
 */
export class AskpassServer {
  readonly #parts: AskpassParts;
  readonly #token = randomBytes(32).toString('base64url');
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #over = new AbortController();
  readonly #answered = new Set<string>();
  readonly #address: string;
  readonly #wrapper: string;
  #waiting = 0;

  constructor(parts: AskpassParts) {
    this.#parts = parts;
    this.#address = join(parts.folder, 'a');
    this.#wrapper = join(parts.folder, 'askpass');
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** How many prompts a person has before them, or touches are awaited. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @throws Error of the file system */
  async listen(): Promise<void> {
    const { node, companion } = this.#parts;
    await writeFile(this.#wrapper, wrapperText(node, companion), { mode: 0o700 });
    this.#server.listen(this.#address);
    await once(this.#server, 'listening');
    await chmod(this.#address, 0o600);
  }

  /** Variables of the environment in which `ssh` runs. Paths, and the token; answers never. */
  get environment(): Record<string, string> {
    return {
      SSH_ASKPASS: this.#wrapper,
      SSH_ASKPASS_REQUIRE: 'force',
      // Before 8.4 a display, and no terminal, is what makes it ask this way.
      DISPLAY: process.env['DISPLAY'] ?? 'none:0',
      SALLYPORT_ASKPASS_SOCKET: this.#address,
      SALLYPORT_ASKPASS_TOKEN: this.#token,
    };
  }

  async dispose(): Promise<void> {
    this.#over.abort();
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#sockets.size >= MAX_CALLS || this.#over.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MAX_CALL_BYTES) socket.destroy();
      if (size > MAX_CALL_BYTES || chunk.at(-1) !== 0x0a) return;
      socket.off('data', onData);
      socket.resume();
      const call = this.#parse(Buffer.concat(chunks).toString('utf8'));
      if (call) void this.#answer(call, socket);
      else socket.destroy();
    };
    socket.on('data', onData);
  }

  #parse(text: string): AskpassCall | undefined {
    try {
      const { token, prompt, hint } = JSON.parse(text) as Readonly<Record<string, unknown>>;
      if (typeof token !== 'string' || typeof prompt !== 'string' || typeof hint !== 'string') return undefined;
      const [given, own] = [Buffer.from(token), Buffer.from(this.#token)];
      return given.length === own.length && timingSafeEqual(given, own) ? { prompt, hint } : undefined;
    } catch {
      return undefined;
    }
  }

  async #answer(call: AskpassCall, socket: Socket): Promise<void> {
    const { user, host, logger, onNotice, onGivenUp } = this.#parts;
    const prompt = classify(call, this.#answered, user, host);
    logger.log('debug', 'ssh.prompt', { kind: prompt.kind === 'question' ? prompt.question.kind : prompt.kind, hint: call.hint });
    this.#waiting++;
    try {
      if (prompt.kind === 'refuse') {
        socket.end(`${JSON.stringify('no')}\n`);
      } else if (prompt.kind === 'notice') {
        onNotice(prompt.text);
        // OpenSSH ends its program, and so the socket, once the key was touched.
        await once(socket, 'close');
      } else {
        const reply = await this.#ask(prompt.question, call.hint, socket);
        if (socket.destroyed) return;
        this.#answered.add(call.prompt);
        if (reply === undefined && call.hint === '') onGivenUp(answerNeeded(prompt.asked));
        // No answer at all is a refusal.
        if (reply === undefined) socket.end();
        else socket.end(`${JSON.stringify(reply)}\n`);
      }
    } catch (error) {
      socket.destroy();
      if (!this.#over.signal.aborted) onGivenUp(asFault(error));
    } finally {
      this.#waiting--;
    }
  }

  async #ask(question: Question, hint: string, socket: Socket): Promise<string | undefined> {
    const gone = new AbortController();
    const onGone = (): void => gone.abort();
    socket.once('close', onGone);
    this.#over.signal.addEventListener('abort', onGone, { once: true });
    try {
      const answer = await this.#parts.ask(question, gone.signal);
      return answer === undefined ? undefined : replyTo(question, hint, answer);
    } finally {
      socket.off('close', onGone);
      this.#over.signal.removeEventListener('abort', onGone);
    }
  }
}

/** OpenSSH starts one file with one argument; this file adds what our companion needs. */
export function wrapperText(node: string, companion: string): string {
  const [program, script] = [node, companion].map((path) => `'${path.replaceAll("'", `'\\''`)}'`);
  return `#!/bin/sh\nunset NODE_OPTIONS\nELECTRON_RUN_AS_NODE=1 exec ${program} ${script} askpass "$1"\n`;
}
