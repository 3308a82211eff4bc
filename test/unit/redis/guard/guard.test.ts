import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { Guard, type GuardedConnection } from '../../../../src/redis/guard/guard';
import type { GuardQuestion } from '../../../../src/redis/guard/types';
import { splitArguments } from '../../../../src/redis/splitArguments';
import { RespDecoder, type RespValue } from '../../../../src/wire/resp';

const never = new AbortController().signal;
const FLUSHALL_INFO = '*1\r\n*6\r\n+flushall\r\n:-1\r\n*1\r\n+write\r\n:0\r\n:0\r\n:0\r\n';

/** A session of which only the guard is real. */
class World {
  production = true;
  unlocked = false;
  answers: boolean[] = [];
  readonly questions: GuardQuestion[] = [];
  readonly unknown: (readonly [name: string, own: string | undefined])[] = [];
  /** Commands of the guard's own. */
  readonly called: string[] = [];
  /** Replies by the command's text; everything else is refused. */
  replies: Record<string, string> = {};
  inTransaction = false;
  identity = {};
  onAsk = (): void => {};
  readonly guard = new Guard({
    production: () => this.production,
    writesAllowed: () => this.unlocked,
    ask: async (question) => {
      this.questions.push(question);
      this.onAsk();
      return this.answers.shift() ?? false;
    },
    onUnknown: (name, own) => void this.unknown.push([name, own]),
  });

  get connection(): GuardedConnection {
    return {
      identity: this.identity,
      inTransaction: this.inTransaction,
      call: async (args) => {
        const text = args.map(String).join(' ');
        this.called.push(text);
        return reply(this.replies[text] ?? '-NOPERM no\r\n');
      },
    };
  }

  async admit(line: string): Promise<string> {
    return codeOf(this.guard.admit(line, splitArguments(line), this.connection, never));
  }

  async review(...lines: string[]): Promise<string> {
    return codeOf(this.guard.review(lines.map((line) => ({ line, args: splitArguments(line) })), this.connection, never));
  }
}

function reply(wire: string): RespValue {
  return new RespDecoder().push(Buffer.from(wire))[0]!;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'runs';
  } catch (error) {
    assert.ok(isFault(error), String(error));
    return error.code;
  }
}

describe('Guard', () => {
  it('keeps production read-only until writes are allowed', async () => {
    const world = new World();
    assert.equal(await world.admit('GET a'), 'runs');
    for (const line of ['SET a 1', 'del a', 'EVAL "return 1" 0', 'FLUSHALL', 'NOSUCH', 'SORT l']) assert.equal(await world.admit(line), 'redis.readOnly', line);
    assert.equal(world.questions.length, 0);
    world.unlocked = true;
    assert.equal(await world.admit('SET a 1'), 'runs');
    assert.equal(world.questions.length, 0);
  });

  it('asks for the name before what is dangerous on production, and for a yes elsewhere', async () => {
    const world = new World();
    world.unlocked = true;
    world.answers = [true, false, true, true];
    assert.equal(await world.admit('FLUSHALL'), 'runs');
    assert.equal(await world.admit('FLUSHALL'), 'redis.notConfirmed');
    world.unlocked = false;
    assert.equal(await world.admit('KEYS *'), 'runs', 'it writes nothing');
    world.production = false;
    assert.equal(await world.admit('FLUSHDB'), 'runs');
    assert.deepEqual(world.questions.map(({ kind, verdicts }) => [kind, verdicts[0]?.command]), [['name', 'FLUSHALL'], ['name', 'FLUSHALL'], ['name', 'KEYS'], ['confirm', 'FLUSHDB']]);
  });

  it('runs nothing that was confirmed when the time for writes was over', async () => {
    const world = new World();
    world.unlocked = true;
    world.answers = [true];
    world.onAsk = () => {
      world.unlocked = false;
    };
    assert.equal(await world.admit('FLUSHALL'), 'redis.readOnly');
  });

  it('stops repeating a command when writes are locked', async () => {
    const world = new World();
    world.unlocked = true;
    const line = '1000 INCR a';
    const { check } = await world.guard.admit(line, splitArguments('INCR a'), world.connection, never);
    check();
    world.unlocked = false;
    assert.throws(check, (error) => isFault(error) && error.code === 'redis.readOnly');
  });

  it('names the sister of a command that only reads', async () => {
    const world = new World();
    await assert.rejects(world.guard.admit('SORT l', splitArguments('SORT l'), world.connection, never), /production/);
    const fault: unknown = await world.guard.admit('SORT l', splitArguments('SORT l'), world.connection, never).catch((error: unknown) => error);
    assert.ok(isFault(fault) && /SORT_RO/.test(fault.remedy?.text ?? ''));
  });

  it('asks about slow commands only where the key is large, or nobody knows', async () => {
    const world = new World();
    world.answers = [true, true];
    world.replies = { 'HLEN small': ':10000\r\n', 'HLEN big': ':10001\r\n', 'HLEN none': '$-1\r\n', 'SCARD a': ':6000\r\n', 'SCARD b': ':4001\r\n' };
    assert.equal(await world.admit('HGETALL small'), 'runs');
    assert.equal(await world.admit('HGETALL none'), 'runs');
    assert.equal(world.questions.length, 0);
    assert.equal(await world.admit('HGETALL big'), 'runs');
    assert.deepEqual(world.questions[0]?.size, { count: 10_001, unit: 'elements' });
    assert.equal(await world.admit('SUNION a b'), 'runs');
    assert.deepEqual(world.questions[1]?.size, { count: 10_001, unit: 'elements' });
    assert.equal(await world.admit('HGETALL forbidden'), 'redis.notConfirmed');
    assert.equal(world.questions[2]?.size, undefined);
  });

  it('asks the server for its commands once per connection, and judges alone where it refuses', async () => {
    const world = new World();
    world.replies = { COMMAND: '*1\r\n*6\r\n+get\r\n:2\r\n*1\r\n+write\r\n:1\r\n:1\r\n:1\r\n' };
    assert.equal(await world.admit('GET a'), 'redis.readOnly', 'this server says that GET writes');
    assert.equal(await world.admit('STRLEN a'), 'runs');
    assert.deepEqual(world.called, ['COMMAND']);
    world.identity = {};
    world.replies = {};
    assert.equal(await world.admit('GET a'), 'runs');
    assert.deepEqual(world.called, ['COMMAND', 'COMMAND']);
  });

  it('finds out what an unknown name was renamed from, once', async () => {
    const world = new World();
    world.production = false;
    world.replies = { 'COMMAND INFO wipe': FLUSHALL_INFO, 'COMMAND INFO nosuch': '*1\r\n*-1\r\n' };
    assert.equal(await world.admit('WIPE'), 'redis.notConfirmed');
    assert.equal(await world.admit('wipe'), 'redis.notConfirmed');
    assert.equal(await world.admit('nosuch'), 'runs');
    assert.equal(await world.admit('nosuch'), 'runs');
    assert.deepEqual(world.called, ['COMMAND', 'COMMAND INFO wipe', 'COMMAND INFO nosuch']);
  });

  it('tells what unknown names are, also those behind a line that production does not get', async () => {
    const world = new World();
    world.replies = { 'COMMAND INFO users': '*1\r\n*6\r\n+acl\r\n:-2\r\n*0\r\n:0\r\n:0\r\n:0\r\n', 'COMMAND INFO nosuch': '*1\r\n*-1\r\n' };
    assert.equal(await world.review('SET a 1', 'Users SETUSER bob', 'nosuch', 'GET a', 'denied pw'), 'redis.readOnly');
    assert.deepEqual(world.unknown, [['users', 'acl'], ['nosuch', 'nosuch'], ['denied', undefined]]);
    await world.admit('users LIST');
    assert.deepEqual(world.unknown.at(-1), ['users', 'acl']);
  });

  it('sends nothing of its own inside a transaction', async () => {
    const world = new World();
    world.unlocked = true;
    await world.admit('MULTI');
    world.inTransaction = true;
    world.called.length = 0;
    world.answers = [true, true, false];
    assert.equal(await world.admit('HGETALL h'), 'runs');
    assert.equal(await world.admit('NOSUCH'), 'runs');
    assert.equal(await world.admit('NOSUCH'), 'redis.notConfirmed');
    assert.deepEqual(world.questions.map(({ kind, verdicts }) => [kind, verdicts[0]?.command, verdicts[0]?.class]), [
      ['confirm', 'HGETALL', 'slow'],
      ['name', 'NOSUCH', 'dangerous'],
      ['name', 'NOSUCH', 'dangerous'],
    ]);
    assert.deepEqual(world.called, []);
  });

  it('takes a name that it looked up before a transaction for what it is inside of it', async () => {
    const world = new World();
    world.production = false;
    world.replies = { 'COMMAND INFO wipe': FLUSHALL_INFO, 'COMMAND INFO nosuch': '*1\r\n*-1\r\n' };
    await world.admit('WIPE');
    await world.admit('nosuch');
    world.questions.length = 0;
    world.inTransaction = true;
    assert.equal(await world.admit('wipe'), 'redis.notConfirmed');
    assert.equal(await world.admit('nosuch'), 'runs');
    assert.deepEqual(world.questions.map(({ verdicts }) => verdicts[0]?.command), ['FLUSHALL']);
  });

  it('asks about unknown names where the server does not say what they are', async () => {
    const world = new World();
    world.production = false;
    assert.equal(await world.admit('NOSUCH'), 'redis.notConfirmed');
    assert.equal(await world.review('GET a', 'NOSUCH'), 'redis.notConfirmed');
    world.replies = { 'COMMAND INFO nosuch': '*1\r\n*-1\r\n' };
    assert.equal(await world.admit('NOSUCH'), 'runs', 'a refusal is not remembered');
  });

  it('asks about unknown names once it has looked up as many as it keeps', async () => {
    const world = new World();
    world.production = false;
    for (let index = 0; index < 200; index++) {
      world.replies[`COMMAND INFO no-${index}`] = '*1\r\n*-1\r\n';
      assert.equal(await world.admit(`no-${index}`), 'runs');
    }
    world.replies['COMMAND INFO wipe'] = FLUSHALL_INFO;
    assert.equal(await world.admit('wipe'), 'redis.notConfirmed');
    assert.equal(await world.admit('no-0'), 'runs');
  });

  it('takes EXEC for a write when the transaction holds one', async () => {
    const world = new World();
    world.unlocked = true;
    await world.admit('MULTI');
    world.inTransaction = true;
    assert.equal(await world.admit('GET a'), 'runs');
    world.unlocked = false;
    assert.equal(await world.admit('SET a 1'), 'redis.readOnly', 'it is not even queued');
    assert.equal(await world.admit('EXEC'), 'runs', 'there is nothing that writes');
    world.unlocked = true;
    assert.equal(await world.admit('SET a 1'), 'runs');
    world.unlocked = false;
    assert.equal(await world.admit('EXEC'), 'redis.readOnly');
    assert.equal(await world.admit('DISCARD'), 'runs');
    world.inTransaction = false;
    await world.admit('MULTI');
    world.inTransaction = true;
    assert.equal(await world.admit('EXEC'), 'runs', 'the one before is forgotten');
  });

  it('judges all lines of a paste before the first one', async () => {
    const world = new World();
    assert.equal(await world.review('GET a', 'GET b', 'SET a 1', 'GET c'), 'redis.readOnly');
    world.unlocked = true;
    assert.equal(await world.review('GET a', 'SET a 1'), 'runs');
    assert.equal(world.questions.length, 0);
  });

  it('asks once for a paste, and not again for the same lines in the same order', async () => {
    const world = new World();
    world.production = false;
    world.answers = [true];
    const lines = ['SET a 1', 'FLUSHDB', 'FLUSHDB', 'SCRIPT FLUSH'];
    assert.equal(await world.review(...lines), 'runs');
    assert.deepEqual(world.questions.map(({ verdicts, lines: count }) => [verdicts.map(({ command }) => command), count]), [[['FLUSHDB', 'SCRIPT FLUSH'], 4]]);
    for (const line of lines) assert.equal(await world.admit(line), 'runs');
    assert.equal(await world.admit('FLUSHDB'), 'redis.notConfirmed', 'it was confirmed for the paste alone');
    world.answers = [true];
    await world.review('FLUSHDB', 'FLUSHALL');
    assert.equal(await world.admit('GET a'), 'runs', 'another line comes between');
    assert.equal(await world.admit('FLUSHDB'), 'redis.notConfirmed');
  });

  it('runs no line of a paste that was not confirmed', async () => {
    const world = new World();
    world.production = false;
    assert.equal(await world.review('SET a 1', 'FLUSHDB'), 'redis.notConfirmed');
    assert.equal(await world.admit('FLUSHDB'), 'redis.notConfirmed');
  });
});
