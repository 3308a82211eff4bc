import { Fault } from '../../base/fault';
import type { RespValue } from '../../wire/resp';
import { word } from '../commands';
import { classify, isUnknown, type Knowledge, NO_KNOWLEDGE, type Verdict } from './classify';
import { decide } from './policy';
import { serverCommands } from './serverCommands';
import type { SizeProbe } from './slowness';
import type { GuardPorts, GuardQuestion } from './types';

/** Runs a command of the guard's own over the connection that the judged command will use. */
export type GuardCall = (args: readonly (string | Buffer)[], signal: AbortSignal) => Promise<RespValue>;

/** The connection at the moment of judging. */
export interface GuardedConnection {
  /** The same object for the same connection: what was learned of the server holds for that long. */
  readonly identity: object;
  readonly call: GuardCall;
  /** Inside MULTI nothing can be asked: it would be queued. */
  readonly inTransaction: boolean;
}

/** Names that are asked about with COMMAND INFO, per connection: more are somebody's random words. */
const MAX_LEARNED = 200;

/**
 * Stands before every command of one session. The server is asked for its commands once per connection; where its access
 * control list forbids that, the table of ours judges alone. A name that neither knows and that cannot be looked up is dangerous.
 */
export class Guard {
  readonly #ports: GuardPorts;
  /** Whose server the knowledge is about. */
  #known: Learned | undefined;
  /** Whether the open transaction holds something that writes. */
  #queueWrites = false;
  /** Lines of a paste that were confirmed as a whole, in the order in which they have to come. */
  #confirmed: readonly string[] = [];

  constructor(ports: GuardPorts) {
    this.#ports = ports;
  }

  /**
   * Judges the lines of a paste before its first one runs, and asks once for all that is dangerous; `run` then does not ask again.
   * @throws Fault `redis.readOnly`, `redis.notConfirmed`, or whatever `call` throws.
   */
  async review(commands: readonly ReviewedLine[], connection: GuardedConnection, signal: AbortSignal): Promise<void> {
    this.#confirmed = [];
    const asked = new Map<string, Verdict>();
    let refused: Verdict | undefined;
    let kind: GuardQuestion['kind'] = 'confirm';
    for (const { args } of commands) {
      const verdict = await this.#judge(args, connection, signal);
      const decision = this.#decide(verdict);
      // The others are judged all the same: whoever shows them has to know what they are.
      if (decision === 'readOnly') refused ??= verdict;
      // How large something is shows only when its turn comes.
      if (verdict.class !== 'dangerous') continue;
      if (decision === 'name') kind = 'name';
      asked.set(verdict.command, verdict);
    }
    if (refused) throw readOnly(refused);
    if (asked.size === 0) return;
    await this.#ask({ kind, verdicts: [...asked.values()], lines: commands.length }, signal);
    this.#confirmed = commands.map(({ line }) => line);
  }

  /**
   * Lets a command pass, or says why it must not. To be called in the command's turn, just before it is sent; before each
   * repetition of it, `check` throws once writes are locked.
   * @throws Fault as `review`.
   */
  async admit(line: string | undefined, args: readonly Buffer[], connection: GuardedConnection, signal: AbortSignal): Promise<{ check(): void }> {
    const confirmed = line !== undefined && this.#takeConfirmed(line);
    const verdict = await this.#judge(args, connection, signal);
    const check = (): void => {
      if (this.#decide(verdict) === 'readOnly') throw readOnly(verdict);
    };
    check();
    const decision = this.#decide(verdict);
    if (decision !== 'run' && decision !== 'readOnly' && !(confirmed && verdict.class === 'dangerous')) await this.#confirm(verdict, decision, connection, signal);
    // Time has passed at the question, and writes may have been locked meanwhile.
    check();
    if (connection.inTransaction && verdict.writes) this.#queueWrites = true;
    return { check };
  }

  /** Whether a command of the console's own only reads, and so needs nobody's yes. Leaves what was confirmed alone. @throws whatever `call` throws. */
  async isRead(args: readonly Buffer[], connection: GuardedConnection, signal: AbortSignal): Promise<boolean> {
    return (await this.#judge(args, connection, signal)).class === 'read';
  }

  #takeConfirmed(line: string): boolean {
    const [next, ...rest] = this.#confirmed;
    this.#confirmed = next === line ? rest : [];
    return next === line;
  }

  #decide(verdict: Verdict): ReturnType<typeof decide> {
    const production = this.#ports.production();
    return decide(verdict, production, !production || this.#ports.writesAllowed());
  }

  async #judge(args: readonly Buffer[], connection: GuardedConnection, signal: AbortSignal): Promise<Verdict> {
    const { identity, call, inTransaction } = connection;
    if (this.#known?.identity !== identity) this.#known = inTransaction ? undefined : await learn(call, identity, signal);
    if (!inTransaction) this.#queueWrites = false;
    const { knowledge, learned } = this.#known ?? { knowledge: NO_KNOWLEDGE, learned: undefined };
    if (learned && learned.size < MAX_LEARNED && !inTransaction && isUnknown(args, knowledge)) {
      await learnName(word(args, 0), learned, call, signal);
    }
    const name = word(args, 0);
    if (isUnknown(args, knowledge) || knowledge.aliases.has(name)) this.#ports.onUnknown?.(name, knowledge.aliases.get(name));
    const verdict = classify(args, knowledge);
    // It may be a command that was renamed, and nobody can say which.
    if (isUnknown(args, knowledge)) return { ...verdict, class: 'dangerous' };
    // Whatever was queued is carried out here.
    return verdict.command === 'EXEC' && this.#queueWrites ? { ...verdict, class: 'write', writes: true } : verdict;
  }

  async #confirm(verdict: Verdict, kind: GuardQuestion['kind'], connection: GuardedConnection, signal: AbortSignal): Promise<void> {
    const { size: probe } = verdict;
    const count = probe && !connection.inTransaction ? await sizeOf(probe, connection.call, signal) : undefined;
    if (probe && count !== undefined && verdict.class === 'slow' && count <= probe.limit) return;
    const size = probe && count !== undefined ? { size: { count, unit: probe.unit } } : {};
    await this.#ask({ kind, verdicts: [verdict], lines: 1, ...size }, signal);
  }

  async #ask(question: GuardQuestion, signal: AbortSignal): Promise<void> {
    if (await this.#ports.ask(question, signal)) return;
    const names = question.verdicts.map(({ command }) => command).join(', ');
    throw new Fault('redis.notConfirmed', `Nothing was run: ${names.slice(0, 200)} was not confirmed.`);
  }
}

/** A line of a paste, and the command that it is. */
export interface ReviewedLine {
  readonly line: string;
  readonly args: readonly Buffer[];
}

interface Learned {
  readonly identity: object;
  readonly knowledge: Knowledge;
  /** The aliases of `knowledge`, to be added to. */
  readonly learned: Map<string, string>;
}

async function learn(call: GuardCall, identity: object, signal: AbortSignal): Promise<Learned> {
  // An error reply has no entries: the table of ours is all there is then.
  const commands = serverCommands(await call(['COMMAND'], signal));
  const learned = new Map<string, string>();
  return { identity, knowledge: { commands, aliases: learned }, learned };
}

/** COMMAND lists a renamed command under its own name, and only COMMAND INFO knows the new one (Redis 7). A refusal tells nothing. */
async function learnName(name: string, learned: Map<string, string>, call: GuardCall, signal: AbortSignal): Promise<void> {
  const reply = await call(['COMMAND', 'INFO', name], signal);
  if (reply.type === 'error') return;
  const [own] = serverCommands(reply).keys();
  learned.set(name, own ?? name);
}

/** Undefined when one of the answers is no size. */
async function sizeOf({ commands }: SizeProbe, call: GuardCall, signal: AbortSignal): Promise<number | undefined> {
  let sum = 0;
  for (const command of commands) {
    const reply = await call(command, signal);
    if (reply.type === 'null') continue;
    if (reply.type !== 'integer') return undefined;
    sum += Number(reply.value);
  }
  return sum;
}

/** Commands that have a sister which only reads. */
const HAS_READER = new Set(['BITFIELD', 'EVAL', 'EVALSHA', 'FCALL', 'GEORADIUS', 'GEORADIUSBYMEMBER', 'SORT']);

function readOnly({ command }: Verdict): Fault {
  const reader = HAS_READER.has(command) ? `Use ${command}_RO, or unlock` : 'Unlock';
  return new Fault('redis.readOnly', `${command} was not run: this is a production target, and its console is read-only.`, {
    remedy: { text: `${reader} writes for a while, then run it again.` },
  });
}
