import assert from 'node:assert/strict';
import { Door } from '../../../src/vscode/door';

/** Something to be opened by hand, and what has become of it. */
class Room {
  disposals = 0;
  openings = 0;
  readonly told: unknown[] = [];
  readonly door: Door<Room>;
  #settle: ((error?: Error) => void) | undefined;

  constructor() {
    const open = (): Promise<Room> =>
      new Promise((resolve, reject) => {
        this.openings++;
        this.#settle = (error) => (error ? reject(error) : resolve(this));
      });
    this.door = new Door(open, (error) => this.told.push(error));
  }

  settle(error?: Error): void {
    assert.ok(this.#settle, 'somebody has asked');
    this.#settle(error);
  }

  dispose(): void {
    this.disposals++;
  }
}

describe('a door', () => {
  it('opens at the first use, once for all who enter', async () => {
    const room = new Room();
    assert.equal(room.openings, 0);
    const entering = [room.door.enter(), room.door.enter()];
    room.settle();
    assert.deepEqual(await Promise.all(entering), [room, room]);
    assert.equal(await room.door.enter(), room);
    assert.equal(room.openings, 1);
    await room.door.dispose();
    assert.equal(room.disposals, 1);
  });

  it('tells of a failure once, and tries again for whoever comes later', async () => {
    const room = new Room();
    const failure = new Error('no such file');
    const entering = [room.door.enter(), room.door.enter()];
    room.settle(failure);
    assert.deepEqual(await Promise.all(entering), [undefined, undefined]);
    assert.deepEqual(room.told, [failure]);
    const again = room.door.enter();
    room.settle();
    assert.equal(await again, room);
    assert.equal(room.openings, 2);
    await room.door.dispose();
  });

  it('disposes what was still being opened, and lets nobody in', async () => {
    const room = new Room();
    const entering = room.door.enter();
    let isDisposed = false;
    const disposal = room.door.dispose().then(() => (isDisposed = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isDisposed, false, 'it waits for the opening');
    room.settle();
    assert.equal(await entering, undefined);
    await disposal;
    assert.equal(room.disposals, 1);
    assert.equal(await room.door.enter(), undefined);
    assert.equal(room.openings, 1);
    assert.deepEqual(room.told, []);
  });

  it('says nothing of an opening that fails after it is gone', async () => {
    const room = new Room();
    const entering = room.door.enter();
    const disposal = room.door.dispose();
    room.settle(new Error('too late'));
    await disposal;
    assert.equal(await entering, undefined);
    assert.deepEqual(room.told, []);
  });
});
