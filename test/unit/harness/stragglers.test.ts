import assert from 'node:assert/strict';
import type { ProcessEntry } from '../../run/stragglers';
import { parseStat, stragglersAmong } from '../../run/stragglers';

const entry = (fields: Partial<ProcessEntry>): ProcessEntry => ({
  pid: 100,
  name: 'node',
  session: 1,
  state: 'S',
  environment: 'PATH=/bin\0',
  ...fields,
});

describe('what a stage leaves running', () => {
  it('is found by its session', () => {
    assert.deepEqual(stragglersAmong([entry({ pid: 7, name: 'redis-server', session: 42 }), entry({})], 42, 'mark', 1), [
      { pid: 7, name: 'redis-server' },
    ]);
  });

  it('is found by the mark in its environment', () => {
    const marked = entry({ pid: 8, environment: 'A=b\0SALLYPORT_TEST_RUN=mark\0C=d' });
    assert.deepEqual(stragglersAmong([marked], 42, 'mark', 1), [{ pid: 8, name: 'node' }]);
  });

  it('is not what carries another mark or only resembles it', () => {
    const others = ['SALLYPORT_TEST_RUN=mark2', 'X=SALLYPORT_TEST_RUN=mark'].map((environment) => entry({ environment }));
    assert.deepEqual(stragglersAmong(others, 42, 'mark', 1), []);
  });

  it('is neither dead nor the runner itself', () => {
    const entries = [entry({ pid: 5, session: 42, state: 'Z' }), entry({ pid: 6, session: 42 })];
    assert.deepEqual(stragglersAmong(entries, 42, 'mark', 6), []);
  });
});

describe('a line of /proc/PID/stat', () => {
  it('is read past a name with blanks and parentheses', () => {
    assert.deepEqual(parseStat('31 (a b) (c) S 1 31 77 0 -1 4194560'), { name: 'a b) (c', state: 'S', session: 77 });
  });
});
