import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ChannelEvent } from '../../../../src/wire/ssm/channel';
import { Channel } from '../../../../src/wire/ssm/channel';
import { AgentModel, handshakeRequest, json } from './agentModel';

interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly corruption: number;
  /** Largest delay, ms; messages overtake each other. */
  readonly jitter: number;
}

/** A network in simulated time that mistreats messages in both directions. */
class Network {
  readonly #queue: { readonly at: number; readonly order: number; readonly deliver: () => void }[] = [];
  readonly #weather: Weather;
  readonly #random: () => number;
  #order = 0;
  now = 0;

  constructor(weather: Weather, random: () => number) {
    this.#weather = weather;
    this.#random = random;
  }

  carry(bytes: Buffer, receive: (bytes: Buffer) => void): void {
    const { loss, duplication, corruption, jitter } = this.#weather;
    if (this.#random() < loss) return;
    for (let copies = this.#random() < duplication ? 2 : 1; copies > 0; copies--) {
      const copy = Buffer.from(bytes);
      // The digest covers the payload alone: damage to the header is TLS's to notice.
      if (this.#random() < corruption) copy[120 + Math.floor(this.#random() * (copy.length - 120))]! ^= 1 + Math.floor(this.#random() * 255);
      this.#queue.push({ at: this.now + 1 + Math.floor(this.#random() * jitter), order: this.#order++, deliver: () => receive(copy) });
    }
  }

  /** Delivers what is due at the next moment at which something is, or at `limit`. */
  advance(limit: number): void {
    this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
    this.now = Math.max(this.now, Math.min(this.#queue[0]?.at ?? limit, limit));
    while (this.#queue[0] && this.#queue[0].at <= this.now) this.#queue.shift()!.deliver();
  }
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** Runs one session through the weather. @returns what each side received, or the fault with which the channel ended. */
function run(weather: Weather, seed: number, up: readonly Buffer[], down: readonly Buffer[], cuts: readonly number[]) {
  const network = new Network(weather, generator(seed));
  const events: ChannelEvent[] = [];
  const channel = new Channel({ clientVersion: '1.2.707.0', idSeed: Buffer.alloc(16), nonceSeed: Buffer.alloc(12), epochOffset: 0 }, (event) => events.push(event));
  const agent = new AgentModel((bytes) => network.carry(bytes, (copy) => channel.receive(copy, network.now)));
  const received: Buffer[] = [];
  let completed = false;
  agent.onInput = (payloadType, payload) => {
    if (payloadType === 1) received.push(payload);
    if (payloadType !== 6 || completed) return;
    completed = true;
    agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), network.now);
    for (const chunk of down) agent.send(1, chunk, network.now);
  };
  agent.send(5, handshakeRequest(), 0);
  const toSend = [...up];
  const cutsLeft = [...cuts];
  const toAgent = (bytes: Buffer): void => network.carry(bytes, (copy) => agent.receive(copy));
  const over = (): boolean => events.some(({ kind }) => kind === 'fault' || kind === 'closed');
  const delivered = (): Buffer[] => events.filter((event) => event.kind === 'output').map(({ payload }) => payload);
  const done = (): boolean => received.length === up.length && delivered().length === down.length && channel.deadline === undefined;
  let steps = 0;
  for (; !over() && !done() && steps < 200_000; steps++) {
    if (cutsLeft.length > 0 && network.now >= cutsLeft[0]!) {
      cutsLeft.shift();
      channel.reconnected(network.now, 0);
      agent.resendAll(network.now);
    }
    for (const bytes of [...channel.takeOutgoing(), ...channel.takeResends(network.now)]) toAgent(bytes);
    while (toSend.length > 0 && channel.canSend) toAgent(channel.sendOutput([toSend.shift()!], network.now));
    agent.tick(network.now);
    network.advance(Math.min(network.now + 50, Math.max(network.now + 1, channel.deadline ?? Infinity)));
  }
  return { received: Buffer.concat(received), delivered: Buffer.concat(delivered()), over: over(), steps, ms: network.now };
}

const chunks = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 150 },
);
const weathers = fc.record<Weather>({
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.4, noNaN: true }),
  corruption: fc.double({ min: 0, max: 0.1, noNaN: true }),
  jitter: fc.integer({ min: 1, max: 400 }),
});

describe('the data channel in bad weather', () => {
  it('delivers both streams whole and in order, or ends with a fault', function () {
    this.timeout(60_000);
    let whole = 0;
    fc.assert(
      fc.property(weathers, fc.integer(), chunks, chunks, fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 3 }), (weather, seed, up, down, cuts) => {
        const result = run(weather, seed, up, down, cuts.toSorted((a, b) => a - b));
        const expectedUp = Buffer.concat(up);
        const expectedDown = Buffer.concat(down);
        if (result.over) {
          // What was delivered before the fault is a beginning of what was sent.
          assert.ok(expectedUp.subarray(0, result.received.length).equals(result.received));
          assert.ok(expectedDown.subarray(0, result.delivered.length).equals(result.delivered));
        } else {
          assert.ok(result.received.equals(expectedUp), `up incomplete after ${result.steps} steps`);
          assert.ok(result.delivered.equals(expectedDown), `down incomplete after ${result.steps} steps`);
          whole++;
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(whole > 75, `only ${whole} of 150 runs ended whole`);
  });

  it('needs no resend at all in good weather', () => {
    const up = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index} `));
    const result = run({ loss: 0, duplication: 0, corruption: 0, jitter: 1 }, 1, up, up, []);
    assert.ok(result.received.equals(Buffer.concat(up)));
    assert.ok(result.ms < 500, `took ${result.ms} ms of simulated time`);
  });

  it('fills a lossy line: 3000 messages with 5 % loss in a few seconds', () => {
    const up = Array.from({ length: 3000 }, () => Buffer.alloc(10, 'x'));
    const result = run({ loss: 0.05, duplication: 0, corruption: 0, jitter: 20 }, 2, up, [], []);
    assert.equal(result.received.length, 30_000);
    assert.ok(result.ms < 10_000, `took ${result.ms} ms of simulated time`);
  });
});
