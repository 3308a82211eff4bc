import assert from 'node:assert/strict';
import type { DataSocket } from '../../../src/transport/ssm/dataSocket';
import type { Carrier, PumpOptions } from '../../../src/transport/ssm/sessionPump';
import { SessionPump } from '../../../src/transport/ssm/sessionPump';
import { Channel } from '../../../src/wire/ssm/channel';
import { FakeClock } from '../../fixtures/fakeClock';
import { AgentModel, decodeMessage, handshakeRequest, json } from '../wire/ssm/agentModel';

/** A pump between a channel in simulated time and an agent that answers after a millisecond. */
class Bench {
  readonly clock = new FakeClock();
  readonly received: Buffer[] = [];
  /** When how many bytes of payload went out, acknowledgements left aside. */
  readonly sent: { readonly at: number; readonly bytes: number }[] = [];
  /** Of the messages that we send, every nth is lost; 0: none. */
  loseEvery = 0;
  readonly pump: SessionPump;
  readonly channel: Channel;
  readonly agent: AgentModel;
  acknowledgements = 0;
  /** Whether a consumer is slow. */
  congested = false;
  pings = 0;
  readonly #pending: Buffer[] = [];
  readonly #toClient: Buffer[] = [];
  #count = 0;

  constructor(options: Partial<PumpOptions>) {
    const isCongested = (): boolean => this.congested;
    const carrier: Carrier = {
      pull: (max) => this.#pull(max),
      output: () => {},
      connectError: () => {},
      endTurn: () => {},
      get congested() {
        return isCongested();
      },
      ended: () => {},
    };
    const ids = { idSeed: Buffer.alloc(16), nonceSeed: Buffer.alloc(12), epochOffset: 0 };
    this.channel = new Channel({ clientVersion: '1.2.707.0', ...ids }, ({ kind }) => {
      if (kind === 'ready') this.pump.carry(carrier, false);
    });
    const whole = { payloadBytes: 1024, keepAlive: false, paceBytesPerSecond: 0, ...options };
    this.pump = new SessionPump(this.channel, this.clock, whole, { socketDead: assert.fail, agentSilent: assert.fail });
    this.agent = new AgentModel((bytes) => this.#toClient.push(bytes));
    this.agent.onInput = (payloadType, payload) => {
      if (payloadType === 6) this.agent.send(7, json({ HandshakeTimeToComplete: 1, CustomerMessage: '' }), 0);
      else if (payloadType === 1) this.received.push(payload);
    };
    this.pump.attach(this.#socket());
    this.agent.send(5, handshakeRequest(), 0);
  }

  write(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.pump.wake();
  }

  /** Lets `ms` pass, millisecond by millisecond. */
  async pass(ms: number): Promise<void> {
    for (let elapsed = 0; elapsed < ms; elapsed++) {
      this.clock.advance(1);
      for (const bytes of this.#toClient.splice(0)) this.pump.receive(bytes);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async until(done: () => boolean, limitMs: number): Promise<number> {
    const began = this.clock.now();
    while (!done()) {
      assert.ok(this.clock.now() - began < limitMs, `not done after ${limitMs} ms`);
      await this.pass(1);
    }
    return this.clock.now() - began;
  }

  #pull(max: number): Buffer[] | undefined {
    const [first] = this.#pending;
    if (!first) return undefined;
    if (first.length > max) this.#pending[0] = first.subarray(max);
    else this.#pending.shift();
    return [first.subarray(0, max)];
  }

  #socket(): DataSocket {
    return {
      buffered: 0,
      send: (frame) => {
        const message = decodeMessage(frame)!;
        if (message.type === 'acknowledge') this.acknowledgements++;
        else this.sent.push({ at: this.clock.now(), bytes: message.payload.length });
        if (this.loseEvery > 0 && message.type !== 'acknowledge' && ++this.#count % this.loseEvery === 0) return;
        this.agent.receive(frame);
      },
      batch: (write) => write(),
      pause: () => assert.ok(this.congested),
      resume: assert.fail,
      ping: () => {
        this.pings++;
        this.pump.pong();
      },
      close: () => Promise.resolve(),
      destroy: () => {},
    };
  }
}

/** Asserts that no span of time saw more than the rate, 50 ms of it saved up and a message. */
function assertRate({ sent }: Bench, rate: number): void {
  for (let from = 0; from < sent.length; from += 13) {
    let sum = 0;
    for (const { at, bytes } of sent.slice(from)) {
      sum += bytes;
      const most = (rate * (at - sent[from]!.at + 50)) / 1000 + 1025;
      assert.ok(sum <= most, `${sum} bytes in ${at - sent[from]!.at} ms`);
    }
  }
}

describe('a session in doubt', () => {
  it('is asked for a sign of life, unless none could be read', async () => {
    const bench = new Bench({});
    await bench.until(() => bench.channel.canSend, 100);
    bench.pump.check();
    assert.equal(bench.pings, 1);
    bench.congested = true;
    bench.pump.wake();
    await bench.pass(2);
    bench.pump.check();
    assert.equal(bench.pings, 1);
    bench.pump.dispose();
    assert.equal(bench.clock.pending, 0);
  });
});

describe('the pace of a session', () => {
  const data = Buffer.from(Array.from({ length: 150_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
  let bench: Bench;

  const open = async (options: Partial<PumpOptions>): Promise<void> => {
    bench = new Bench(options);
    await bench.until(() => bench.channel.canSend, 100);
    bench.sent.length = 0;
  };
  afterEach(() => {
    bench.pump.dispose();
    assert.equal(bench.clock.pending, 0, 'timers left');
  });

  const arrived = (bytes: number) => (): boolean => bench.received.reduce((sum, { length }) => sum + length, 0) >= bytes;

  it('is not limited unless that is asked for', async () => {
    await open({});
    bench.write(data);
    assert.ok((await bench.until(arrived(data.length), 1000)) < 20);
  });

  it('holds, is reached, and loses no byte', async () => {
    await open({ paceBytesPerSecond: 100_000 });
    bench.write(data);
    const ms = await bench.until(arrived(data.length), 3000);
    assert.ok(ms >= 1400 && ms <= 1600, `${ms} ms for 1.5 s of bytes`);
    assertRate(bench, 100_000);
    assert.ok(Buffer.concat(bench.received).equals(data));
  });

  it('counts what is sent again, and still loses no byte', async () => {
    await open({ paceBytesPerSecond: 100_000 });
    bench.loseEvery = 5;
    bench.write(data);
    const ms = await bench.until(arrived(data.length), 10_000);
    const total = bench.sent.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(total > 1.2 * data.length, `${total} bytes sent`);
    assert.ok(ms >= total / 100 - 100, `${ms} ms for ${total} bytes`);
    assertRate(bench, 100_000);
    assert.ok(Buffer.concat(bench.received).equals(data));
  });

  it('delays no small message while there is room, and acknowledgements never', async () => {
    await open({ paceBytesPerSecond: 10_000 });
    for (let round = 0; round < 20; round++) {
      const before = bench.received.length;
      bench.write(Buffer.from('PING'));
      assert.ok((await bench.until(() => bench.received.length > before, 100)) <= 1);
      await bench.pass(5);
    }
    bench.write(Buffer.alloc(20_000));
    await bench.pass(50);
    const { acknowledgements } = bench;
    for (let message = 0; message < 100; message++) bench.agent.send(1, Buffer.from('x'), bench.clock.now());
    await bench.pass(3);
    assert.equal(bench.acknowledgements, acknowledgements + 100);
    assert.equal(bench.agent.unacknowledged, 0);
    assert.equal(arrived(20_000)(), false);
  });

  it('holds on a new socket, where everything on its way is sent again', async () => {
    await open({ paceBytesPerSecond: 100_000 });
    bench.agent.deaf = true;
    bench.write(data.subarray(0, 30_000));
    await bench.pass(400);
    bench.agent.deaf = false;
    bench.channel.reconnected(bench.clock.now(), 0);
    bench.pump.wake();
    const ms = await bench.until(arrived(30_000), 2000);
    assert.ok(ms >= 240, `${ms} ms`);
    assertRate(bench, 100_000);
  });
});
