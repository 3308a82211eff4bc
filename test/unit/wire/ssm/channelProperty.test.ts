import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ChannelEvent } from '../../../../src/wire/ssm/channel';
import { Channel } from '../../../../src/wire/ssm/channel';
import { AgentModel, agentKeys, handshakeRequest, json } from './agentModel';

interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly corruption: number;
  /** Largest delay, ms; messages overtake each other. */
  readonly jitter: number;
}

/** A network in simulated time that mistreats messages in both directions. */
class Network {
  #queue: { readonly at: number; readonly order: number; readonly message: boolean; readonly run: () => void }[] = [];
  readonly #random: () => number;
  #order = 0;
  now = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  carry(bytes: Buffer, { loss, duplication, corruption, jitter }: Weather, receive: (bytes: Buffer) => void): void {
    if (this.#random() < loss) return;
    for (let copies = this.#random() < duplication ? 2 : 1; copies > 0; copies--) {
      const copy = Buffer.from(bytes);
      // The digest covers the payload alone: damage to the header is TLS's to notice.
      if (this.#random() < corruption) copy[120 + Math.floor(this.#random() * (copy.length - 120))]! ^= 1 + Math.floor(this.#random() * 255);
      this.#add(this.now + 1 + Math.floor(this.#random() * jitter), true, () => receive(copy));
    }
  }

  /** Something else that happens at its time. */
  later(at: number, run: () => void): void {
    this.#add(at, false, run);
  }

  /** Everything on its way is lost. */
  lose(): void {
    this.#queue = this.#queue.filter(({ message }) => !message);
  }

  #add(at: number, message: boolean, run: () => void): void {
    this.#queue.push({ at, order: this.#order++, message, run });
  }

  /** Delivers what is due at the next moment at which something is, or at `limit`. */
  advance(limit: number): void {
    this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
    this.now = Math.max(this.now, Math.min(this.#queue[0]?.at ?? limit, limit));
    while (this.#queue[0] && this.#queue[0].at <= this.now) this.#queue.shift()!.run();
  }
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

const DATA_KEY = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
/** So small that the bounds are reached. */
const TIGHT = {
  receiver: { maxMessages: 12, maxBytes: 240 },
  sender: { maxMessages: 16, maxBytes: 2500, initialWindow: 4 },
} as const;
/** What TIGHT allows, and what goes out beyond the window: one message and the handshake. */
const TIGHT_BYTES = 240 + 2500 + 250 + 1000;

interface Journey {
  readonly up: readonly Buffer[];
  readonly down: readonly Buffer[];
  readonly toAgent: Weather;
  readonly toClient: Weather;
  /** When the connection is replaced, ms; what was on its way arrives all the same, or is lost. */
  readonly cuts?: readonly { readonly at: number; readonly loses: boolean }[];
  /** When publication is paused, and for how long until the word comes that it goes on, ms. */
  readonly pauses?: readonly { readonly at: number; readonly ms: number }[];
  /** How long a data key takes, ms; undefined: the session is not encrypted. */
  readonly keyMs?: number | undefined;
  readonly tight?: boolean;
}

/** One session on its way through the weather. */
class Passage {
  readonly network: Network;
  readonly channel: Channel;
  readonly agent: AgentModel;
  readonly received: Buffer[] = [];
  readonly delivered: Buffer[] = [];
  over = false;
  steps = 0;
  mostHeld = 0;
  readonly #journey: Journey;
  readonly #toSend: Buffer[];
  readonly #keys = agentKeys(DATA_KEY);

  constructor(journey: Journey, seed: number) {
    this.#journey = journey;
    this.#toSend = [...journey.up];
    this.network = new Network(generator(seed));
    const ids = { idSeed: Buffer.alloc(16), nonceSeed: Buffer.alloc(12), epochOffset: 0 };
    this.channel = new Channel({ clientVersion: '1.2.707.0', ...ids, ...(journey.tight && TIGHT) }, (event) => this.#onEvent(event));
    this.agent = new AgentModel((bytes) => this.network.carry(bytes, journey.toClient, (copy) => this.channel.receive(copy, this.network.now)));
    this.agent.onInput = (payloadType, payload) => this.#onInput(payloadType, payload);
    for (const { at, loses } of journey.cuts ?? []) this.network.later(at, () => this.#cut(loses));
    for (const { at, ms } of journey.pauses ?? []) {
      this.network.later(at, () => this.agent.control('pause_publication', json({})));
      this.network.later(at + ms, () => this.agent.control('start_publication', json({})));
    }
    const kms = { ActionType: 'KMSEncryption', ActionParameters: { KMSKeyId: 'alias/sessions' } };
    this.agent.send(5, handshakeRequest({ moreActions: journey.keyMs === undefined ? [] : [kms] }), 0);
  }

  get done(): boolean {
    const { up, down } = this.#journey;
    if (this.received.length < up.length || this.delivered.length < down.length) return false;
    // Neither side sends anything again.
    return this.channel.deadline === undefined && this.agent.unacknowledged === 0;
  }

  run(): this {
    const { channel, network, agent } = this;
    for (; !this.over && !this.done && this.steps < 200_000; this.steps++) {
      for (const bytes of [...channel.takeOutgoing(), ...channel.takeResends(network.now)]) this.#send(bytes);
      while (this.#toSend.length > 0 && channel.canSend) {
        this.#send(channel.sendOutput([this.#toSend.shift()!], network.now));
        // Signs of life and flags take numbers in the same row.
        if (this.#toSend.length % 50 === 7) channel.sendSize(network.now);
      }
      agent.tick(network.now);
      this.mostHeld = Math.max(this.mostHeld, channel.heldBytes);
      network.advance(Math.min(network.now + 50, Math.max(network.now + 1, channel.deadline ?? Infinity)));
    }
    return this;
  }

  #send(bytes: Buffer): void {
    this.network.carry(bytes, this.#journey.toAgent, (copy) => this.agent.receive(copy));
  }

  #cut(loses: boolean): void {
    if (loses) this.network.lose();
    this.channel.reconnected(this.network.now, 0);
    this.agent.resendAll(this.network.now);
  }

  #onEvent(event: ChannelEvent): void {
    if (event.kind === 'output') this.delivered.push(event.payload);
    else if (event.kind === 'fault' || event.kind === 'closed') this.over = true;
    else if (event.kind === 'handshake' && event.encryption) {
      this.network.later(this.network.now + this.#journey.keyMs!, () => {
        this.channel.provideDataKey(DATA_KEY, Buffer.from('sealed'), this.network.now);
      });
    }
  }

  #onInput(payloadType: number, payload: Buffer): void {
    const { down, keyMs } = this.#journey;
    const encrypted = keyMs !== undefined;
    if (payloadType === 1) this.received.push(encrypted ? Buffer.from(this.#keys.open(payload), 'hex') : payload);
    else if (payloadType === 6 && encrypted) {
      this.agent.send(8, json({ Challenge: this.#keys.seal(Buffer.alloc(64, 5)).toString('base64') }), this.network.now);
    } else if (payloadType === 6 || payloadType === 9) {
      this.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), this.network.now);
      for (const chunk of down) this.agent.send(1, encrypted ? this.#keys.seal(chunk) : chunk, this.network.now);
    }
  }
}

const chunks = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 150, size: 'max' },
);
const weathers = fc.record<Weather>({
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.4, noNaN: true }),
  corruption: fc.double({ min: 0, max: 0.1, noNaN: true }),
  jitter: fc.integer({ min: 1, max: 400 }),
});
const journeys = fc.record({
  up: chunks,
  down: chunks,
  toAgent: weathers,
  toClient: weathers,
  cuts: fc.array(fc.record({ at: fc.integer({ min: 0, max: 5000 }), loses: fc.boolean() }), { maxLength: 4, size: 'max' }),
  pauses: fc.array(fc.record({ at: fc.integer({ min: 0, max: 3000 }), ms: fc.integer({ min: 0, max: 2000 }) }), { maxLength: 3, size: 'max' }),
  keyMs: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
  tight: fc.boolean(),
});
const calm: Weather = { loss: 0, duplication: 0, corruption: 0, jitter: 1 };

describe('the data channel in bad weather', () => {
  it('delivers both streams whole and in order, or ends with a fault', function () {
    this.timeout(60_000);
    let whole = 0;
    let tightest = 0;
    fc.assert(
      fc.property(journeys, fc.integer(), (journey, seed) => {
        const { received, delivered, over, steps, mostHeld } = new Passage(journey, seed).run();
        const expectedUp = Buffer.concat(journey.up);
        const expectedDown = Buffer.concat(journey.down);
        const [up, down] = [Buffer.concat(received), Buffer.concat(delivered)];
        if (over) {
          // What was delivered before the fault is a beginning of what was sent.
          assert.ok(expectedUp.subarray(0, up.length).equals(up));
          assert.ok(expectedDown.subarray(0, down.length).equals(down));
        } else {
          assert.ok(up.equals(expectedUp), `up incomplete after ${steps} steps`);
          assert.ok(down.equals(expectedDown), `down incomplete after ${steps} steps`);
          assert.ok(steps < 200_000, 'something is sent again for ever');
          whole++;
        }
        if (!journey.tight) return;
        assert.ok(mostHeld <= TIGHT_BYTES, `${mostHeld} bytes held`);
        tightest = Math.max(tightest, mostHeld);
      }),
      { numRuns: 200 },
    );
    assert.ok(whole > 150, `only ${whole} of 200 runs ended whole`);
    assert.ok(tightest > 2500, 'the bounds were never reached');
  });

  it('needs no resend at all in good weather', () => {
    const up = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index} `));
    const { received, network } = new Passage({ up, down: up, toAgent: calm, toClient: calm }, 1).run();
    assert.ok(Buffer.concat(received).equals(Buffer.concat(up)));
    assert.ok(network.now < 500, `took ${network.now} ms of simulated time`);
  });

  it('fills a lossy line: 3000 messages with 5 % loss in a few seconds', () => {
    const up = Array.from({ length: 3000 }, () => Buffer.alloc(10, 'x'));
    const lossy = { ...calm, loss: 0.05, jitter: 20 };
    const { received, network } = new Passage({ up, down: [], toAgent: lossy, toClient: lossy }, 2).run();
    assert.equal(Buffer.concat(received).length, 30_000);
    assert.ok(network.now < 10_000, `took ${network.now} ms of simulated time`);
  });

  it('ends, rather than going on for ever, where nothing arrives whole', () => {
    const spoilt = { ...calm, corruption: 1 };
    const { over, delivered, steps } = new Passage({ up: [], down: [Buffer.from('x')], toAgent: calm, toClient: spoilt }, 3).run();
    assert.ok(over && delivered.length === 0 && steps < 10_000);
  });
});
