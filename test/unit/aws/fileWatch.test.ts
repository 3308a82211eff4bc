import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FileWatch } from '../../../src/aws/fileWatch';
import { systemClock } from '../../../src/base/clock';
import { nullLogger } from '../../../src/base/log';
import { eventually } from '../../fixtures/eventually';

describe('watching files', () => {
  let folder: string;
  let told: number;
  let watch: FileWatch;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-watch-'));
    told = 0;
  });

  afterEach(async () => {
    watch.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (files: readonly string[], more: Partial<ConstructorParameters<typeof FileWatch>[0]> = {}): void => {
    watch = new FileWatch({ clock: systemClock, logger: nullLogger, onChange: () => void told++, pollMs: 20, ...more });
    watch.set(files);
  };

  it('tells of a change in several steps once', async () => {
    const file = join(folder, 'config');
    start([file]);
    // At once: the pause that ends a change is not to fall between them.
    for (const text of ['a', 'b', 'c']) writeFileSync(file, text);
    await eventually(() => told > 0);
    assert.equal(told, 1);
  });

  it('sees a file that is replaced, and none of its neighbours', async () => {
    const file = join(folder, 'config');
    await writeFile(file, 'a');
    start([file]);
    await writeFile(join(folder, 'draft'), 'b');
    // Nothing can prove that an event will not come; the one that must come proves that those before have been looked at.
    await rename(join(folder, 'draft'), file);
    await eventually(() => told > 0);
    assert.equal(told, 1);
  });

  it('looks at the files where their folder cannot be watched', async () => {
    const file = join(folder, 'config');
    start([file], {
      watchFolder: () => {
        throw Object.assign(new Error('no watches left'), { code: 'ENOSPC' });
      },
    });
    await eventually(async () => {
      await writeFile(file, `${Math.random()}`);
      return told > 0;
    });
  });

  it('looks at files whose folder comes later', async () => {
    const file = join(folder, 'sso', 'cache', 'token.json');
    start([file]);
    await mkdir(join(folder, 'sso', 'cache'), { recursive: true });
    await eventually(async () => {
      await writeFile(file, `${Math.random()}`);
      return told > 0;
    });
  });

  it('goes on when a watcher fails', async () => {
    const file = join(folder, 'config');
    let fail: (error: Error) => void = () => {};
    let closed = 0;
    start([file], {
      watchFolder: (_folder, _onChange, onError) => {
        fail = onError;
        return { dispose: () => void closed++ };
      },
    });
    fail(new Error('gone'));
    assert.equal(closed, 1);
    // The failure itself may have hidden a change.
    await eventually(() => told === 1);
    await eventually(async () => {
      await writeFile(file, `${Math.random()}`);
      return told > 1;
    });
  });

  it('is silent after it was disposed', async () => {
    const file = join(folder, 'config');
    let changed: (name: string | undefined) => void = () => {};
    let closed = 0;
    start([file], {
      watchFolder: (_folder, onChange) => {
        changed = onChange;
        return { dispose: () => void closed++ };
      },
    });
    changed('config');
    watch.dispose();
    changed('config');
    watch.set([file]);
    assert.equal(closed, 1);
    assert.equal(told, 0);
  });
});
