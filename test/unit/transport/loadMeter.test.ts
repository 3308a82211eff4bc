import assert from 'node:assert/strict';
import { NO_LOAD, LoadMeter, type Traffic } from '../../../src/transport/ssm/loadMeter';

/** Feeds `seconds` of even traffic in steps of 10 ms. @returns the time afterwards. */
function run(meter: LoadMeter, traffic: Traffic, from: number, seconds: number, perStep: { messages: number; bytes: number }): number {
  let now = from;
  for (let step = 0; step < seconds * 100; step++) {
    now += 10;
    traffic.messages += perStep.messages;
    traffic.received += perStep.messages * perStep.bytes;
    meter.turn(now);
  }
  return now;
}

describe('the load of a session', () => {
  const fresh = (): { traffic: Traffic; meter: LoadMeter } => {
    const traffic = { messages: 0, received: 0, sent: 0 };
    return { traffic, meter: new LoadMeter(traffic, 0) };
  };

  it('is at the limit of an agent that sends full messages as fast as its sleep lets it', () => {
    const { traffic, meter } = fresh();
    const now = run(meter, traffic, 0, 1, { messages: 7, bytes: 1024 });
    const load = meter.load(now);
    assert.ok(load.saturated && load.agentLimited);
    assert.equal(Math.round(load.messagesPerSecond), 700);
    assert.equal(Math.round(load.receivedPerSecond), 700 * 1024);
  });

  it('is saturated but not limited by the agent when its messages are small', () => {
    const { traffic, meter } = fresh();
    const load = meter.load(run(meter, traffic, 0, 1, { messages: 6, bytes: 20 }));
    assert.deepEqual([load.saturated, load.agentLimited], [true, false]);
  });

  it('is not at the limit of an agent that does not sleep', () => {
    const { traffic, meter } = fresh();
    const load = meter.load(run(meter, traffic, 0, 1, { messages: 200, bytes: 1024 }));
    assert.deepEqual([load.saturated, load.agentLimited], [false, false]);
  });

  it('does not take one large reply for a load', () => {
    const { traffic, meter } = fresh();
    const now = run(meter, traffic, 0, 0.25, { messages: 7, bytes: 1024 });
    assert.equal(meter.load(now).saturated, false);
  });

  it('begins anew once nothing runs any more', () => {
    const { traffic, meter } = fresh();
    let now = run(meter, traffic, 0, 3, { messages: 7, bytes: 1024 });
    assert.ok(meter.load(now).bulky && meter.load(now).agentLimited);
    meter.rest(now);
    assert.deepEqual(meter.load(now), NO_LOAD);
    now = run(meter, traffic, now, 0.4, { messages: 7, bytes: 1024 });
    assert.deepEqual([meter.load(now).saturated, meter.load(now).bulky], [false, false]);
    now = run(meter, traffic, now, 0.3, { messages: 7, bytes: 1024 });
    assert.equal(meter.load(now).saturated, true);
  });

  it('is bulky after two seconds of much data in one direction, and no longer when it ends', () => {
    const { traffic, meter } = fresh();
    let now = run(meter, traffic, 0, 1.9, { messages: 7, bytes: 1024 });
    assert.equal(meter.load(now).bulky, false);
    now = run(meter, traffic, now, 0.2, { messages: 7, bytes: 1024 });
    assert.equal(meter.load(now).bulky, true);
    now = run(meter, traffic, now, 0.5, { messages: 1, bytes: 1024 });
    assert.equal(meter.load(now).bulky, false);
    for (let step = 0; step < 220; step++) {
      traffic.sent += 4096;
      meter.turn((now += 10));
    }
    assert.equal(meter.load(now).bulky, true, 'upwards too');
  });

  it('forgets a measurement that nothing has confirmed for a second', () => {
    const { traffic, meter } = fresh();
    const now = run(meter, traffic, 0, 1, { messages: 7, bytes: 1024 });
    assert.ok(meter.load(now + 900).saturated);
    assert.equal(meter.load(now + 1001).saturated, false);
  });

  it('has not worked while only keepalives pass, and has while something is sent', () => {
    const { traffic, meter } = fresh();
    run(meter, traffic, 0, 10, { messages: 0.1, bytes: 20 });
    assert.equal(meter.workedAt, 0);
    for (let seconds = 10; seconds < 300; seconds += 5) {
      traffic.sent += 8;
      meter.turn(seconds * 1000);
    }
    assert.equal(meter.workedAt, 0);
    traffic.sent += 100_000;
    meter.turn(295_300);
    assert.equal(meter.workedAt, 295_300);
  });
});
