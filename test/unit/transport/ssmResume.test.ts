import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Fault } from '../../../src/base/fault';
import { endpoint, faultCode, never, readBytes, roundTrip, useRig } from './rig';
import { eventually } from '../../fixtures/eventually';

describe('a lost socket', () => {
  const rig = useRig();

  const cuts: Readonly<Record<string, () => void>> = {
    'code 1000 "Bye"': () => rig.service.sessions[0]!.socket!.close(1000, 'Bye'),
    'a reset': () => rig.service.sessions[0]!.socket!.terminate(),
  };

  for (const [how, cut] of Object.entries(cuts)) {
    it(`is replaced without losing a byte of any stream: ${how}`, async () => {
      rig.echo();
      const link = await rig.dial();
      const stream = await link.open(endpoint, never);
      assert.equal(await roundTrip(stream), 'ping');
      const sent = randomBytes(1024 * 1024);
      stream.write(sent);
      const reading = readBytes(stream, sent.length);
      for (let round = 1; round <= 3; round++) {
        const before = rig.service.sessions[0]!.agent.expected;
        await eventually(() => rig.service.sessions[0]!.agent.expected > before + 20 || round > 1, 'some progress');
        rig.service.sessions[0]!.agent.deaf = false;
        cut();
        await eventually(() => rig.service.sessions[0]!.greetings.length === round + 1, 'the next socket');
      }
      assert.ok((await reading).equals(sent));
      const ids = new Set(rig.service.sessions[0]!.greetings.map((greeting) => greeting['ClientId']));
      assert.equal(ids.size, 1, 'one client id');
      const tokens = new Set(rig.service.sessions[0]!.greetings.map((greeting) => greeting['TokenValue']));
      assert.equal(tokens.size, 4, 'a token per socket');
      await link.dispose();
    });
  }

  it('is noticed when it has fallen silent, and replaced', async () => {
    rig.echo();
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    assert.equal(await roundTrip(stream), 'ping');
    const socket = rig.service.sessions[0]!.socket! as unknown as { _socket: { pause(): void; resume(): void } };
    socket._socket.pause();
    stream.write('hello?');
    await eventually(() => {
      rig.clock.skip(1000);
      return rig.service.sessions[0]!.greetings.length > 1;
    }, 'the next socket');
    assert.equal((await readBytes(stream, 6)).toString(), 'hello?');
    await link.dispose();
    socket._socket.resume();
  });

  it('is noticed at once, and resumed without a pause, when it is told to check', async () => {
    rig.echo();
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    assert.equal(await roundTrip(stream), 'ping');
    const socket = rig.service.sessions[0]!.socket! as unknown as { _socket: { pause(): void; resume(): void } };
    socket._socket.pause();
    const before = rig.clock.now();
    link.check!();
    rig.clock.skip(5000);
    await eventually(() => rig.service.sessions[0]!.greetings.length > 1, 'the next socket');
    assert.ok(rig.clock.now() - before < 10_000, 'sooner than anything else would tell');
    assert.equal(await roundTrip(stream), 'ping');
    await link.dispose();
    socket._socket.resume();
  });

  it('stays as it is when it is told to check, and answers', async () => {
    rig.echo();
    rig.echo();
    const link = await rig.dial();
    link.check!();
    // What is sent after the ping is answered after it.
    assert.equal(await roundTrip(await link.open(endpoint, never)), 'ping');
    rig.clock.skip(5000);
    assert.equal(rig.service.sessions[0]!.greetings.length, 1);
    await link.dispose();
  });

  it('ends the link when the service says that the session is over', async () => {
    const link = await rig.dial();
    rig.service.sessions[0]!.over = true;
    rig.service.sessions[0]!.socket!.close(1000, 'Bye');
    const fault = await link.closed;
    faultCode('ssm.sessionEnded')(fault);
    assert.equal(fault!.retryable, true);
    assert.equal(rig.service.resumes, 1);
    await link.dispose();
  });

  it('is asked for again with growing pauses for five minutes, before the link ends', async function () {
    this.timeout(30_000);
    const link = await rig.dial();
    rig.service.resumeFailures = 100;
    const times: number[] = [];
    const resume = rig.service.resume.bind(rig.service);
    rig.service.resume = (place, id) => {
      times.push(rig.clock.now());
      return resume(place, id);
    };
    let fault: Fault | undefined;
    void link.closed.then((ending) => (fault = ending));
    rig.service.sessions[0]!.socket!.terminate();
    await eventually(() => {
      rig.clock.skip(2000);
      return fault !== undefined;
    }, 'the end of the link', 20_000);
    faultCode('ssm.connectionLost')(fault);
    for (const [index, least] of [100, 200, 400, 800, 1600].entries()) assert.ok(times[index + 1]! - times[index]! >= least);
    const took = times.at(-1)! - times[0]!;
    assert.ok(took >= 5 * 60_000 && took < 6 * 60_000, `${took} ms`);
    await link.dispose();
  });

  it('is replaced although the first tries fail', async () => {
    rig.echo();
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    rig.service.resumeFailures = 2;
    rig.service.sessions[0]!.socket!.terminate();
    assert.equal(await roundTrip(stream), 'ping');
    assert.equal(rig.service.resumes, 3);
    await link.dispose();
  });

  it('keeps no new stream waiting: it gets a session of its own when the first is not resumed soon', async () => {
    rig.echo();
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    rig.service.resumeFailures = Infinity;
    rig.service.sessions[0]!.socket!.terminate();
    await eventually(() => {
      rig.clock.skip(500);
      return rig.service.resumes >= 5;
    }, 'some tries');
    const other = await link.open(endpoint, never);
    assert.equal(await roundTrip(other), 'ping');
    assert.equal(rig.service.sessions.length, 2);
    // The stream that was there keeps its session, and goes on with it.
    rig.service.resumeFailures = 0;
    const answer = roundTrip(stream);
    await eventually(() => {
      rig.clock.skip(500);
      return rig.service.sessions[0]!.greetings.length > 1;
    }, 'the next socket');
    assert.equal(await answer, 'ping');
    await link.dispose();
  });

  it('can be disposed of while it is being replaced', async () => {
    const link = await rig.dial();
    rig.service.resume = () => new Promise(() => {});
    rig.service.sessions[0]!.socket!.terminate();
    await eventually(() => rig.logged.some(({ event }) => event === 'ssm.socketLost'), 'the loss');
    await link.dispose();
    assert.equal(await link.closed, undefined);
  });
});
