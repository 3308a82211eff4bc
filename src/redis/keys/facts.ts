import type { KeyFacts } from '../../model/redisKeys';
import type { RespValue } from '../../wire/resp';
import { askAll, type Command, type KeyPort } from './port';
import { countOf, integerOf, isDenied, isWrongType, labelOf } from './replies';
import { nameBytes } from './shown';

/** Rows of a page: more are never seen at once. */
export const MAX_FACTS = 200;
/** Elements that the server looks at to tell a value's memory. */
const SAMPLES = '5';
/** Each is answered with 0 by a key that is not there, and with WRONGTYPE by a value of another type. */
const LENGTHS: readonly (readonly [type: string, command: string])[] = [
  ['string', 'STRLEN'],
  ['hash', 'HLEN'],
  ['list', 'LLEN'],
  ['set', 'SCARD'],
  ['zset', 'ZCARD'],
  ['stream', 'XLEN'],
];

type Question = 'TYPE' | 'PTTL' | 'MEMORY USAGE' | 'OBJECT ENCODING' | 'DBSIZE' | 'INFO';

/** What is told of keys besides their values. What a user may not ask is asked once, and then left out. */
export class KeyFactsReader {
  readonly #port: KeyPort;
  readonly #denied = new Set<string>();

  constructor(port: KeyPort) {
    this.#port = port;
  }

  /** In the order in which they were found out. */
  get denied(): readonly string[] {
    return [...this.#denied];
  }

  mayAsk(question: Question): boolean {
    return !this.#denied.has(question);
  }

  /** Takes note of a refusal. */
  heard(question: Question, reply: RespValue | undefined): RespValue | undefined {
    if (isDenied(reply)) this.#denied.add(question);
    return reply;
  }

  /** Of at most 200 keys, in one batch; the others are left out. @throws Fault as `RedisSession.turn` */
  async of(names: readonly string[], signal: AbortSignal): Promise<readonly KeyFacts[]> {
    const some = names.slice(0, MAX_FACTS);
    const keys = some.map(nameBytes);
    const questions = this.#open(['TYPE', 'PTTL', 'MEMORY USAGE']);
    const replies = await askAll(this.#port, keys.flatMap((key) => questions.map((question) => asked(question, key))), signal);
    const facts = some.map((name, index) => this.#facts(name, questions, replies.slice(index * questions.length, (index + 1) * questions.length)));
    return this.mayAsk('TYPE') ? facts : this.#withGuessedTypes(facts, keys, signal);
  }

  /** Of one key, and how it is encoded. @throws Fault as `RedisSession.turn` */
  async ofOne(name: string, signal: AbortSignal): Promise<{ readonly facts: KeyFacts; readonly encoding: string | null }> {
    const key = nameBytes(name);
    const questions = this.#open(['TYPE', 'PTTL', 'MEMORY USAGE', 'OBJECT ENCODING']);
    const replies = await askAll(this.#port, questions.map((question) => asked(question, key)), signal);
    const facts = this.#facts(name, questions, replies);
    const encoding = replyTo('OBJECT ENCODING', questions, replies);
    const [whole = facts] = this.mayAsk('TYPE') ? [facts] : await this.#withGuessedTypes([facts], [key], signal);
    return { facts: whole, encoding: labelOf(this.heard('OBJECT ENCODING', encoding)) ?? null };
  }

  #open(questions: readonly Question[]): readonly Question[] {
    return questions.filter((question) => this.mayAsk(question));
  }

  #facts(name: string, questions: readonly Question[], replies: readonly RespValue[]): KeyFacts {
    for (const [index, question] of questions.entries()) this.heard(question, replies[index]);
    const type = labelOf(replyTo('TYPE', questions, replies));
    const ttl = integerOf(replyTo('PTTL', questions, replies));
    const memory = countOf(replyTo('MEMORY USAGE', questions, replies));
    return { name, type: ttl === -2 ? 'none' : (type ?? null), ttl: ttl !== undefined && ttl >= -1 ? ttl : null, memory: memory ?? null };
  }

  /** By the length that is told, where TYPE is not allowed. */
  async #withGuessedTypes(facts: readonly KeyFacts[], keys: readonly Buffer[], signal: AbortSignal): Promise<readonly KeyFacts[]> {
    const replies = await askAll(this.#port, keys.flatMap((key) => LENGTHS.map(([, command]) => [command, key])), signal);
    return facts.map((fact, index) => {
      const own = replies.slice(index * LENGTHS.length, (index + 1) * LENGTHS.length);
      const at = own.findIndex((reply) => (integerOf(reply) ?? 0) > 0);
      // A string may be empty; everything else is gone with its last element.
      const type = at >= 0 ? LENGTHS[at]![0] : own[0]?.type === 'integer' && own.slice(1).some(isWrongType) ? 'string' : undefined;
      return fact.type === null && type !== undefined ? { ...fact, type } : fact;
    });
  }
}

function asked(question: Question, key: Buffer): Command {
  return [...question.split(' '), key, ...(question === 'MEMORY USAGE' ? ['SAMPLES', SAMPLES] : [])];
}

function replyTo(question: Question, questions: readonly Question[], replies: readonly RespValue[]): RespValue | undefined {
  return replies[questions.indexOf(question)];
}
