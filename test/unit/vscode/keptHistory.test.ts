import assert from 'node:assert/strict';
import { KeptHistory } from '../../../src/vscode/console/keptHistory';
import { eventually } from '../../fixtures/eventually';
import { MemoryState } from './samples';

describe('KeptHistory', () => {
  const kept = (state = new MemoryState()): KeptHistory => new KeptHistory(state, (error) => assert.fail(String(error)));

  it('keeps lines by target, for every window', () => {
    const state = new MemoryState();
    kept(state).add('a', 'GET 1');
    kept(state).add('b', 'GET 2');
    kept(state).add('a', 'GET 3');
    assert.deepEqual(kept(state).linesOf('a'), ['GET 1', 'GET 3']);
    assert.deepEqual(kept(state).linesOf('b'), ['GET 2']);
    assert.deepEqual(kept(state).linesOf('c'), []);
  });

  it('never keeps a secret, a blank line, a very long one, or the same line twice in a row', () => {
    const state = new MemoryState();
    const history = kept(state);
    const secrets = ['AUTH pw', 'hello 3 auth u pw', 'ACL SETUSER me >pw', 'CONFIG SET requirepass pw', 'config set masterauth pw', 'MIGRATE h 1 k 0 1 AUTH2 u pw', 'migrate h 1 k 0 1 auth pw', '2 AUTH pw'];
    for (const line of [...secrets, ' ', 'GET a', 'GET a', `ECHO ${'x'.repeat(3000)}`]) history.add('a', line);
    assert.deepEqual(history.linesOf('a'), ['GET a']);
    assert.ok(!JSON.stringify([...state.values]).includes('pw'));
  });

  it('writes a long paste a few times, and not once a line', async () => {
    const state = new MemoryState();
    let writes = 0;
    const history = new KeptHistory({ get: (key) => state.get(key), update: (key, value) => (writes++, state.update(key, value)) }, (error) => assert.fail(String(error)));
    for (let index = 0; index < 1000; index++) history.add('a', `GET ${index}`);
    assert.equal(history.linesOf('a').length, 300, 'also of what is still to be written');
    await eventually(() => kept(state).linesOf('a').at(-1) === 'GET 999', 'it is written', 5000);
    assert.equal(writes, 2);
  });

  it('is bounded in lines, in text and in targets, and keeps the newest', () => {
    const history = kept();
    for (let index = 0; index < 400; index++) history.add('many', `GET ${index}`);
    assert.equal(history.linesOf('many').length, 300);
    assert.equal(history.linesOf('many').at(-1), 'GET 399');
    for (let index = 0; index < 20; index++) history.add('long', `ECHO ${index}${'x'.repeat(1900)}`);
    const long = history.linesOf('long');
    assert.ok(long.length > 4 && long.join('').length <= 16 * 1024);
    assert.ok(long.at(-1)?.startsWith('ECHO 19'));
    for (let index = 0; index < 30; index++) history.add(`target ${index}`, 'PING');
    assert.deepEqual(history.linesOf('many'), [], 'used for longest ago');
    assert.deepEqual(history.linesOf('target 29'), ['PING']);
  });

  it('takes nothing that does not look like a history', () => {
    const state = new MemoryState();
    for (const value of [1, 'x', {}, [1], [['a']], [['a', [1]]], [[1, ['x']]]]) {
      state.values.set('consoleHistory', JSON.stringify(value));
      assert.deepEqual(kept(state).linesOf('a'), []);
    }
  });

  it('says so when it cannot be kept', async () => {
    const errors: unknown[] = [];
    const history = new KeptHistory({ get: () => undefined, update: () => Promise.reject(new Error('disk')) }, (error) => errors.push(error));
    history.add('a', 'GET a');
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(errors.length, 1);
  });
});
