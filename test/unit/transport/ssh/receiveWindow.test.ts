import assert from 'node:assert/strict';
import { FIRST_WINDOW, MAX_WINDOW, MIN_WINDOW, ReceiveWindow, windowFor } from '../../../../src/transport/ssh/receiveWindow';

describe('the window of an SSH stream', () => {
  it('grows with the round trip, within its limits', () => {
    assert.equal(windowFor(0), MIN_WINDOW);
    assert.equal(windowFor(20), 8_000_000);
    assert.equal(windowFor(1000), MAX_WINDOW);
  });

  it('takes what was granted and not a byte more', () => {
    const window = new ReceiveWindow();
    assert.ok(window.receive(FIRST_WINDOW));
    assert.ok(!window.receive(1));
  });

  it('gives credit for consumed bytes alone, so that what is unread and on the way never exceeds it', () => {
    const window = new ReceiveWindow();
    assert.ok(window.receive(100_000));
    assert.equal(window.credit(100_000, MIN_WINDOW), 0, 'nothing is consumed yet');
    const first = window.credit(40_000, MIN_WINDOW);
    assert.equal(first, 60_000 + MIN_WINDOW - FIRST_WINDOW);
    assert.equal(window.credit(40_000, MIN_WINDOW), 0);
    assert.ok(window.receive(FIRST_WINDOW + first - 100_000), 'exactly what is granted');
    assert.ok(!window.receive(1));
  });

  it('gives credit in steps', () => {
    const window = new ReceiveWindow();
    window.receive(1);
    window.credit(0, MIN_WINDOW);
    window.receive(MIN_WINDOW / 8 - 1);
    assert.equal(window.credit(0, MIN_WINDOW), 0);
    window.receive(1);
    assert.equal(window.credit(0, MIN_WINDOW), MIN_WINDOW / 8);
  });
});
