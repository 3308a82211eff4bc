import assert from 'node:assert/strict';
import { noteMemory } from '../../../../src/transport/ssh/shortLived';

const MEGABYTE = 1024 * 1024;

describe('memory of packets', () => {
  const process = globalThis as { gc?: unknown };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'gc');

  afterEach(() => {
    if (before) Object.defineProperty(globalThis, 'gc', before);
    else delete process.gc;
  });

  it('is given back after each two megabytes, by a collection of young objects alone', () => {
    const asked: unknown[] = [];
    process.gc = (options: unknown) => void asked.push(options);
    // What other tests have noted.
    noteMemory(2 * MEGABYTE);
    asked.length = 0;
    for (let megabytes = 0; megabytes < 10; megabytes++) noteMemory(MEGABYTE);
    assert.deepEqual(asked, Array.from({ length: 5 }, () => ({ type: 'minor' })));
  });

  it('is left to V8 in a process that cannot ask', () => {
    delete process.gc;
    for (let megabytes = 0; megabytes < 3; megabytes++) noteMemory(MEGABYTE);
  });
});
