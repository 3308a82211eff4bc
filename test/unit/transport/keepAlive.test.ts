import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { WebSocket } from 'ws';
import type { Rig } from './rig';
import { endpoint, faultCode, never, readBytes, roundTrip, useRig } from './rig';

const NOP = Buffer.from([1, 3, 0, 0, 0, 0, 0, 0]);
/** A byte for a stream that nobody has. */
const NOISE = Buffer.from([1, 2, 1, 0, 99, 0, 0, 0, 0]);

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets everything that either side has to say arrive, acknowledgements included. */
async function settle({ socket }: { readonly socket: WebSocket | undefined }): Promise<void> {
  for (let trips = 0; trips < 2; trips++) {
    if (socket?.readyState !== 1) return;
    const answered = new AbortController();
    const { signal } = answered;
    socket.ping();
    await Promise.race([once(socket, 'pong', { signal }), once(socket, 'close', { signal })]);
    answered.abort();
  }
}

/** Lets time pass in steps of five seconds, at which the client looks after its session. */
async function pass(rig: Rig, seconds: number, eachStep: () => void = () => {}): Promise<void> {
  for (let step = 0; step < seconds / 5; step++) {
    eachStep();
    await settle(rig.service.sessions[0]!);
    rig.clock.skip(5000);
    await settle(rig.service.sessions[0]!);
  }
}

describe('an idle session', () => {
  const rig = useRig();
  const session = (): (typeof rig.service.sessions)[number] => rig.service.sessions[0]!;

  it('sends a frame that means nothing at least every 45 seconds, where it multiplexes', async () => {
    const link = await rig.dial();
    await pass(rig, 35);
    assert.equal(session().nops, 0);
    await pass(rig, 10);
    assert.equal(session().nops, 1);
    await pass(rig, 8 * 45);
    assert.ok(session().nops >= 9 && session().nops <= 10, `${session().nops} in 405 s`);
    assert.deepEqual(session().sizes, []);
    await link.dispose();
  });

  it('sends the size of a terminal in basic mode, and no byte to the target', async () => {
    rig.service.properties = { host: 'cache.internal', portNumber: '6379' };
    let received = '';
    rig.service.onBasic = (chunk, send) => {
      received += chunk.toString();
      send(chunk);
    };
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    assert.equal(await roundTrip(stream), 'ping');
    await pass(rig, 35);
    assert.deepEqual(session().sizes, []);
    await pass(rig, 100);
    assert.ok(session().sizes.length >= 2 && session().sizes.every((size) => size === '{"cols":80,"rows":24}'));
    assert.equal(await roundTrip(stream), 'ping');
    assert.equal(received, 'pingping');
    await link.dispose();
  });

  for (const mode of ['mux', 'basic']) {
    it(`is left to the time-out of the service when that is wanted: ${mode}`, async () => {
      if (mode === 'basic') rig.service.properties = { host: 'cache.internal', portNumber: '6379' };
      const link = await rig.dial(never, { keepAlive: false });
      await pass(rig, 300);
      assert.deepEqual([session().nops, session().sizes], [0, []]);
      await link.dispose();
    });
  }

  it('needs nothing more while data goes out, and something when data only comes', async () => {
    rig.service.onStream = (stream) => (stream.onData = (chunk) => stream.send(chunk));
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    stream.resume();
    await pass(rig, 100, () => stream.write('busy'));
    assert.equal(session().nops, 0);
    await pass(rig, 50, () => rig.service.streams[0]!.send(Buffer.from('news')));
    assert.equal(session().nops, 1);
    await link.dispose();
  });

  it('goes on with it over the next socket', async () => {
    const link = await rig.dial();
    await pass(rig, 30);
    session().socket!.terminate();
    while (session().greetings.length < 2) await nextTurn();
    await pass(rig, 90);
    assert.ok(session().nops >= 2, `${session().nops}`);
    await link.dispose();
  });
});

describe('an agent with smux keepalive', () => {
  const rig = useRig();
  const session = (): (typeof rig.service.sessions)[number] => rig.service.sessions[0]!;

  it('hears from us every ten seconds, whatever the settings, although nobody says anything', async () => {
    rig.service.agentVersion = '3.1.1511.0';
    const link = await rig.dial(never, { keepAlive: false });
    let before = 0;
    for (let step = 0; step < 30; step++) {
      session().agent.send(1, NOISE, 0);
      await pass(rig, 10);
      assert.ok(session().nops > before, `silent for the ten seconds before ${(step + 1) * 10}`);
      before = session().nops;
    }
    await link.dispose();
  });

  it('is gone when it has said nothing for thirty seconds, not even a NOP', async () => {
    rig.service.agentVersion = '3.1.1511.0';
    const link = await rig.dial();
    let over = false;
    void link.closed.then(() => (over = true));
    await pass(rig, 25);
    session().agent.send(1, NOP, 0);
    await pass(rig, 25);
    assert.equal(over, false);
    await pass(rig, 10);
    const fault = await link.closed;
    faultCode('ssm.agentSilent')(fault);
    assert.match(fault!.message, /not even its keepalive/);
    await link.dispose();
  });

  it('is not missed while we do not read because a client does not', async () => {
    rig.service.agentVersion = '3.1.1511.0';
    const link = await rig.dial();
    let over = false;
    void link.closed.then(() => (over = true));
    const stream = await link.open(endpoint, never);
    stream.write('?');
    while (rig.service.streams.length === 0) await nextTurn();
    rig.service.streams[0]!.send(Buffer.alloc(3 * 1024 * 1024));
    while (stream.readableLength < 1024 * 1024) await nextTurn();
    await nextTurn();
    for (let step = 0; step < 20; step++) {
      rig.clock.skip(5000);
      await nextTurn();
    }
    assert.equal(over, false);
    assert.equal((await readBytes(stream, 3 * 1024 * 1024)).length, 3 * 1024 * 1024);
    await link.dispose();
  });

  it('is any up to 3.1.1511.0; later ones switch it off, and may be silent', async () => {
    rig.service.agentVersion = '3.1.1512.0';
    const link = await rig.dial(never, { keepAlive: false });
    await pass(rig, 300);
    assert.equal(session().nops, 0);
    await link.dispose();
    assert.equal(await link.closed, undefined);
  });
});
