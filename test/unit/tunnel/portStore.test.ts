import assert from 'node:assert/strict';
import { formatBook, portOf } from '../../../src/tunnel/portBook';
import type { BookFile } from '../../../src/tunnel/bookFile';
import { PortStore } from '../../../src/tunnel/portStore';
import { MemoryLogger } from '../vscode/samples';

class MemoryFile implements BookFile {
  text: string | undefined;
  asides: string[] = [];
  failure: (Error & { code?: string }) | undefined;
  writes = 0;

  read(): Promise<string | undefined> {
    return Promise.resolve(this.text);
  }

  write(text: string): Promise<void> {
    this.writes++;
    if (this.failure) return Promise.reject(this.failure);
    this.text = text;
    return Promise.resolve();
  }

  setAside(): Promise<string> {
    this.asides.push(this.text!);
    this.text = undefined;
    return Promise.resolve('ports.json.broken');
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}

describe('the kept port book', () => {
  let file: MemoryFile;
  let logger: MemoryLogger;
  let store: PortStore;

  beforeEach(() => {
    file = new MemoryFile();
    logger = new MemoryLogger();
    store = new PortStore(file, logger);
  });

  const port = async (destination: string): Promise<number | undefined> => portOf(await store.book(), destination);

  it('knows at once what it was told, and writes it', async () => {
    store.remember({ destination: 'a', port: 5 });
    assert.equal(await port('a'), 5);
    await store.settled();
    assert.equal(portOf(await new PortStore(file, logger).book(), 'a'), 5);
  });

  it('keeps what others wrote meanwhile', async () => {
    file.text = formatBook([{ destination: 'theirs', port: 7 }]);
    store.remember({ destination: 'ours', port: 8 });
    await store.settled();
    assert.deepEqual([await port('theirs'), await port('ours')], [7, 8]);
  });

  it('works in memory while the disk is full, says so once, and writes all of it later', async () => {
    file.failure = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    store.remember({ destination: 'a', port: 5 });
    store.remember({ destination: 'b', port: 6 });
    await store.settled();
    assert.deepEqual([await port('a'), await port('b'), file.text], [5, 6, undefined]);
    assert.deepEqual(logger.lines.map(({ event }) => event), ['ports.notKept']);
    file.failure = undefined;
    store.remember({ destination: 'c', port: 9 });
    await store.settled();
    const fresh = await new PortStore(file, logger).book();
    assert.deepEqual(fresh.map(({ destination }) => destination), ['a', 'b', 'c']);
    assert.equal(logger.lines.length, 1);
  });

  it('keeps a broken file aside and begins anew', async () => {
    file.text = '{"version":1,"ports":[["a",';
    assert.equal(await port('a'), undefined);
    store.remember({ destination: 'b', port: 6 });
    await store.settled();
    assert.deepEqual(file.asides, ['{"version":1,"ports":[["a",']);
    assert.equal(portOf(await new PortStore(file, logger).book(), 'b'), 6);
    assert.deepEqual(logger.lines.map(({ event }) => event), ['ports.setAside']);
  });

  it('leaves the file of a later version alone', async () => {
    file.text = '{"version":2}';
    store.remember({ destination: 'b', port: 6 });
    await store.settled();
    assert.deepEqual([file.text, file.writes, await port('b')], ['{"version":2}', 0, 6]);
  });

  it('is in memory alone where there is no folder', async () => {
    store = new PortStore(undefined, logger);
    store.remember({ destination: 'a', port: 5 });
    await store.settled();
    assert.equal(await port('a'), 5);
  });
});
