import assert from 'node:assert/strict';
import { Fault, isCancelled } from '../../../src/base/fault';
import type { GuardPorts, Verdict } from '../../../src/redis/types';
import { RULES, settled, tunnel, World } from './consoleWorld';

describe('ConsoleController on a production target', () => {
  const guardOf = async (world: World): Promise<GuardPorts> => {
    await world.start();
    const guard = world.opened[0]?.guard;
    assert.ok(guard);
    return guard;
  };
  const flushall: Verdict = { command: 'FLUSHALL', class: 'dangerous', writes: true };
  const never = new AbortController().signal;
  const guards = (world: World): (readonly [production: boolean, minutesLeft: number])[] =>
    world.posted.flatMap((message) => (message.type === 'guard' ? [[message.production, message.minutesLeft] as const] : []));

  it('tells the page why, and that it is read-only', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    assert.deepEqual(world.posted.find(({ type }) => type === 'guard'), { type: 'guard', production: true, reasons: 'It counts as production: its name contains "live".', minutesLeft: 0 });
    assert.equal(guard.production(), true);
    assert.equal(guard.writesAllowed(), false);
    world.rules = { ...RULES, namePatterns: [] };
    world.controller.guardChanged();
    assert.deepEqual(guards(world).at(-1), [false, 0]);
    assert.equal(guard.production(), false);
  });

  it('unlocks writes when the person says so, and locks them again by itself', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    world.ui.agree = [false, true];
    world.controller.receive({ type: 'unlockWrites' });
    world.controller.receive({ type: 'unlockWrites' });
    await settled();
    assert.equal(world.ui.confirmed.length, 1, 'one question at a time');
    assert.match(world.ui.confirmed[0]!.message, /"orders-live" for 15 min/);
    assert.equal(guard.writesAllowed(), false);
    world.controller.receive({ type: 'unlockWrites' });
    await settled();
    assert.equal(guard.writesAllowed(), true);
    assert.deepEqual(guards(world).at(-1), [true, 15]);
    world.clock.advance(60_000);
    assert.deepEqual(guards(world).at(-1), [true, 14]);
    world.clock.advance(14 * 60_000 - 1);
    assert.equal(guard.writesAllowed(), true);
    world.clock.advance(1);
    assert.equal(guard.writesAllowed(), false);
    assert.deepEqual(guards(world).at(-1), [true, 0]);
    assert.equal(world.clock.pending, 0);
  });

  it('locks them on request, with the tunnel, and with the tab', async () => {
    for (const end of [
      (world: World) => world.controller.receive({ type: 'lockWrites' }),
      (world: World) => world.controller.tunnelChanged(tunnel('t1', { phase: 'closed' }, 'orders-live')),
      (world: World) => void world.controller.dispose(),
    ]) {
      const world = new World('orders-live');
      const guard = await guardOf(world);
      world.ui.agree = [true];
      await world.controller.unlockWrites();
      assert.equal(guard.writesAllowed(), true);
      end(world);
      assert.equal(guard.writesAllowed(), false);
      assert.equal(world.clock.pending, 0);
    }
  });

  it('unlocks nothing by an answer that came after the lock', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    let answer: ((yes: boolean) => void) | undefined;
    world.ui.confirm = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const unlocking = world.controller.unlockWrites();
    world.controller.tunnelChanged(tunnel('t1', { phase: 'closed' }, 'orders-live'));
    answer?.(true);
    await unlocking;
    assert.equal(guard.writesAllowed(), false);
    assert.equal(world.clock.pending, 0);
  });

  it('asks for nothing where there is nothing to unlock', async () => {
    const world = await new World().start();
    await world.controller.unlockWrites();
    assert.equal(world.ui.confirmed.length, 0);
  });

  it('has the name typed, and nothing else will do', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    world.ui.type = [' orders-live '];
    assert.equal(await guard.ask({ kind: 'name', verdicts: [flushall], lines: 1 }, never), true);
    const [box] = world.ui.inputs;
    assert.match(box!.title, /FLUSHALL/);
    assert.match(box!.prompt, /orders-live/);
    assert.ok(box!.validate?.('orders') && box!.validate('') && box!.validate('yes'));
    assert.equal(await guard.ask({ kind: 'name', verdicts: [flushall], lines: 1 }, never), false, 'dismissed');
  });

  it('asks for a yes, and says how much a slow command would read', async () => {
    const world = new World();
    const guard = await guardOf(world);
    world.ui.agree = [true];
    const slow: Verdict = { command: 'HGETALL', class: 'slow', writes: false };
    assert.equal(await guard.ask({ kind: 'confirm', verdicts: [slow], lines: 1, size: { count: 20_000, unit: 'elements' } }, never), true);
    assert.match(world.ui.confirmed[0]!.detail, /20000 elements/);
    assert.equal(await guard.ask({ kind: 'confirm', verdicts: [flushall, slow], lines: 7 }, never), false);
    assert.match(world.ui.confirmed[1]!.message, /FLUSHALL, HGETALL/);
    assert.match(world.ui.confirmed[1]!.detail, /7 lines/);
  });

  it('gives a question up when the command is cancelled', async () => {
    const world = new World();
    const guard = await guardOf(world);
    world.ui.confirm = () => new Promise(() => {});
    const abort = new AbortController();
    const asked = guard.ask({ kind: 'confirm', verdicts: [flushall], lines: 1 }, abort.signal);
    abort.abort();
    await assert.rejects(asked, (error) => isCancelled(error));
  });

  it('has a paste judged before its first line, and tells the page what is read-only', async () => {
    const world = await new World('orders-live').start();
    const reviews: (readonly string[])[] = [];
    world.session.reviewing = async (lines) => void reviews.push(lines);
    world.controller.receive({ type: 'run', id: 1, line: 'GET a', rest: ['GET b'], judged: false });
    await settled();
    world.session.runs[0]!.answer('x');
    await settled();
    world.controller.receive({ type: 'run', id: 2, line: 'GET b', rest: [], judged: true });
    await settled();
    world.session.runs[1]!.answer('x');
    await settled();
    assert.deepEqual(reviews, [['GET a', 'GET b']]);
    world.session.reviewing = async () => {
      throw new Fault('redis.readOnly', 'Read-only.');
    };
    world.controller.receive({ type: 'run', id: 3, line: 'SET a 1', rest: [], judged: false });
    await settled();
    assert.deepEqual(world.last, { type: 'fault', id: 3, text: 'Read-only.', cancelled: false, readOnly: true, prompt: 'cache.internal:6379' });
    assert.equal(world.session.runs.length, 2);
  });
});
