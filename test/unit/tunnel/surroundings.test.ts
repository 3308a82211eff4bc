import { strict as assert } from 'node:assert';
import type { networkInterfaces } from 'node:os';
import { nullLogger } from '../../../src/base/log';
import { changeBetween, outwardAddresses, WatchedSurroundings, type SurroundingsChange } from '../../../src/tunnel/surroundings';
import { FakeClock } from '../../fixtures/fakeClock';

const address = (text: string, internal = false): { address: string; internal: boolean } => ({ address: text, internal });

describe('the surroundings of this machine', () => {
  const before = { now: 1000, wall: 50_000, addresses: ['eth0 10.0.0.1'] };
  const later = (change: Partial<typeof before> = {}): typeof before => ({ ...before, now: 3000, wall: 52_000, ...change });

  it('have not changed while time passes as it should', () => {
    assert.equal(changeBetween(before, later(), 2000), undefined);
    assert.equal(changeBetween(before, later({ now: 6000, wall: 55_000 }), 2000), undefined, 'a busy machine');
    assert.equal(changeBetween(before, later({ wall: 47_000 }), 2000), undefined, 'a clock that is set back');
  });

  it('tell of sleep by a wall clock that ran on, or by a look that is late', () => {
    assert.equal(changeBetween(before, later({ wall: before.wall + 8 * 3_600_000 }), 2000), 'wake');
    assert.equal(changeBetween(before, later({ now: 60_000, wall: 109_000 }), 2000), 'wake');
  });

  it('tell of another network by its addresses', () => {
    assert.equal(changeBetween(before, later({ addresses: ['wlan0 192.168.1.5'] }), 2000), 'network');
    assert.equal(changeBetween(before, later({ addresses: [] }), 2000), undefined, 'there is nothing to be done without one');
    assert.equal(changeBetween({ ...before, addresses: [] }, later(), 2000), 'network', 'there is one again');
  });

  it('are the addresses that lead somewhere, in an order of their own', () => {
    const interfaces = {
      wlan0: [address('192.168.1.5'), address('fe80::1'), address('2001:db8::1')],
      lo: [address('127.0.0.1', true)],
      eth0: [address('10.0.0.1'), address('169.254.7.7')],
      veth12: [address('fe80::42')],
      gone: undefined,
    };
    assert.deepEqual(outwardAddresses(interfaces), ['eth0 10.0.0.1', 'wlan0 192.168.1.5', 'wlan0 2001:db8::1']);
  });

  it('are looked at only while somebody watches, and told to all who do', () => {
    const clock = new FakeClock();
    let own = '10.0.0.1';
    const interfaces = (() => ({ eth0: [address(own)] })) as unknown as typeof networkInterfaces;
    const surroundings = new WatchedSurroundings({ clock, logger: nullLogger, interfaces });
    assert.equal(clock.pending, 0);
    const seen: [string, SurroundingsChange][] = [];
    const one = surroundings.watch((change) => seen.push(['one', change]));
    const two = surroundings.watch((change) => seen.push(['two', change]));
    assert.equal(clock.pending, 1);
    clock.advance(10_000);
    assert.equal(seen.length, 0);
    own = '10.0.0.2';
    clock.advance(5000);
    assert.deepEqual(seen.splice(0), [['one', 'network'], ['two', 'network']]);
    one.dispose();
    clock.sleep(8 * 3_600_000);
    clock.advance(5000);
    assert.deepEqual(seen.splice(0), [['two', 'wake']]);
    two.dispose();
    assert.equal(clock.pending, 0);
    const again = surroundings.watch((change) => seen.push(['again', change]));
    clock.advance(10_000);
    assert.equal(seen.length, 0);
    again.dispose();
  });

  it('are looked at more often while somebody waits for a change', () => {
    const clock = new FakeClock();
    let looks = 0;
    let waits = false;
    const interfaces = (() => (looks++, { eth0: [address('10.0.0.1')] })) as unknown as typeof networkInterfaces;
    const surroundings = new WatchedSurroundings({ clock, logger: nullLogger, interfaces });
    const one = surroundings.watch(() => {}, () => waits);
    const two = surroundings.watch(() => {});
    looks = 0;
    clock.advance(20_000);
    assert.equal(looks, 4);
    waits = true;
    clock.advance(5000);
    looks = 0;
    clock.advance(20_000);
    assert.equal(looks, 10);
    // Whoever has gone waits for nothing.
    one.dispose();
    clock.advance(2000);
    looks = 0;
    clock.advance(20_000);
    assert.equal(looks, 4);
    two.dispose();
    assert.equal(clock.pending, 0);
  });

  it('still tell of sleep where the system does not name its interfaces', () => {
    const clock = new FakeClock();
    const interfaces = (): never => {
      throw new Error('denied');
    };
    const seen: SurroundingsChange[] = [];
    const watching = new WatchedSurroundings({ clock, logger: nullLogger, interfaces }).watch((change) => seen.push(change));
    clock.sleep(60_000);
    clock.advance(5000);
    assert.deepEqual(seen, ['wake']);
    watching.dispose();
  });
});
