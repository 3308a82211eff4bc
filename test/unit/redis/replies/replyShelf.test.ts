import assert from 'node:assert/strict';
import { ReplyShelf, type Shelved } from '../../../../src/redis/replies/replyShelf';

describe('ReplyShelf', () => {
  class Reply implements Shelved {
    dropped = false;

    drop(): void {
      this.dropped = true;
    }
  }

  it('drops the oldest that are complete, and never what is still coming', () => {
    const shelf = new ReplyShelf(100);
    const [old, growing, fresh] = [new Reply(), new Reply(), new Reply()];
    for (const reply of [old, growing, fresh]) shelf.add(reply);
    assert.ok(shelf.take(old, 40));
    assert.ok(shelf.take(growing, 40));
    shelf.settle(old);
    assert.ok(shelf.take(fresh, 60));
    assert.deepEqual([old.dropped, growing.dropped, shelf.bytes], [true, false, 100]);
    assert.equal(shelf.take(fresh, 1), false, 'nothing more can go');
    shelf.settle(growing);
    shelf.settle(fresh);
    assert.ok(shelf.take(fresh, 1));
    assert.deepEqual([growing.dropped, shelf.bytes], [true, 61]);
    assert.equal(shelf.take(old, 1), false, 'what is gone takes nothing any more');
    shelf.remove(fresh);
    assert.deepEqual([fresh.dropped, shelf.bytes], [true, 0]);
  });
});
