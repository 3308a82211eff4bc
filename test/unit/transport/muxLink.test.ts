import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { endpoint, faultCode, never, readBytes, roundTrip, useRig } from './rig';
import { eventually } from '../../fixtures/eventually';

describe('a multiplexed link', () => {
  const rig = useRig();

  it('carries many streams at once, each whole', async () => {
    rig.echo();
    const link = await rig.dial();
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const stream = await link.open(endpoint, never);
        const sent = randomBytes(20_000);
        stream.write(sent);
        assert.ok((await readBytes(stream, sent.length)).equals(sent));
        stream.destroy();
      }),
    );
    assert.equal(rig.service.streams.length, 100);
    await link.dispose();
  });

  it('applies backpressure to a writer while nothing is acknowledged, and goes on afterwards', async () => {
    let received = 0;
    rig.service.onStream = (stream) => {
      stream.onData = (chunk) => void (received += chunk.length);
    };
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    rig.service.sessions[0]!.agent.deaf = true;
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    while (stream.write(chunk)) written += chunk.length;
    written += chunk.length;
    assert.ok(written < 2 * 1024 * 1024, `${written} bytes accepted`);
    rig.service.sessions[0]!.agent.deaf = false;
    await once(stream, 'drain');
    await eventually(() => received === written, 'everything to arrive');
    await link.dispose();
  });

  it('keeps the local end back until the reply has come', async () => {
    let request = '';
    let endedEarly = false;
    rig.service.onStream = (stream) => {
      stream.onData = (chunk) => {
        request += chunk.toString();
        setTimeout(() => {
          stream.send(Buffer.from('the reply'));
          stream.end();
        }, 50);
      };
      stream.onEnd = () => (endedEarly = true);
    };
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    stream.end('the request');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'the reply');
    assert.equal(request, 'the request');
    assert.equal(endedEarly, false);
    await link.dispose();
  });

  it('passes the local end on when nothing has moved for five seconds, and not before', async () => {
    let ended = false;
    rig.service.onStream = (stream) => {
      stream.onData = () => {};
      stream.onEnd = () => {
        ended = true;
        stream.end();
      };
    };
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    stream.end('request');
    await eventually(() => stream.writableFinished && rig.service.streams.length === 1, 'the local end, and the stream at the agent');
    rig.clock.skip(4000);
    rig.service.streams[0]!.send(Buffer.from('half a reply'));
    await readBytes(stream, 12);
    rig.clock.skip(4000);
    assert.equal(ended, false);
    rig.clock.skip(1500);
    stream.resume();
    await once(stream, 'end');
    assert.equal(ended, true);
    await link.dispose();
  });

  it('ends the readable side when the target ends, and fails writes that can reach no one', async () => {
    rig.service.onStream = (stream) => {
      stream.onData = () => {
        stream.send(Buffer.from('bye'));
        stream.end();
      };
    };
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    stream.write('hello');
    assert.equal((await readBytes(stream, 3)).toString(), 'bye');
    stream.resume();
    await once(stream, 'end');
    const failed = once(stream, 'error');
    stream.write('anyone?');
    const [error] = (await failed) as [unknown];
    faultCode('ssm.peerClosed')(error);
    await link.dispose();
  });

  for (const [seconds, words] of [[0, /refused at once|does not resolve/], [127, /dropped without an answer for 12[78] seconds/]] as const) {
    it(`reports a connection that failed after ${seconds} s, and leaves other streams alone`, async () => {
      rig.echo();
      const link = await rig.dial();
      const healthy = await link.open(endpoint, never);
      assert.equal(await roundTrip(healthy), 'ping');
      rig.service.onStream = () => {};
      const failing = await link.open(endpoint, never);
      failing.write('hello');
      await eventually(() => rig.service.streams.length === 2, 'the stream to open');
      rig.clock.skip(seconds * 1000);
      const failed = once(failing, 'error');
      rig.service.sessions[0]!.agent.send(10, Buffer.from([0, 0, 0, 3]), performance.now());
      rig.service.streams[1]!.end();
      const [error] = (await failed) as [Error];
      faultCode('ssm.connectFailed')(error);
      assert.match(error.message, words);
      assert.equal(await roundTrip(healthy), 'ping');
      await link.dispose();
    });
  }

  it('keeps what a stream does not read, whose session others share, and delays none of them', async function () {
    this.timeout(60_000);
    const link = await rig.dial(never, { maxSessions: 1 });
    const slow = await link.open(endpoint, never);
    slow.write('x');
    await eventually(() => rig.service.streams.length === 1, 'the first stream');
    rig.echo();
    const quick = await link.open(endpoint, never);
    assert.equal(await roundTrip(quick), 'ping');
    // A real agent sends only its oldest message again.
    rig.service.sessions[0]!.agent.resendMs = 60_000;
    const sent = randomBytes(12 * 1024 * 1024);
    rig.service.streams[0]!.send(sent);
    for (let round = 0; round < 20; round++) assert.equal(await roundTrip(quick), 'ping');
    assert.ok((await readBytes(slow, sent.length)).equals(sent));
    assert.equal(await roundTrip(quick), 'ping');
    await link.dispose();
  });

  it('reads for others now and then while a stream is not read, though they ask for nothing', async function () {
    this.timeout(60_000);
    const link = await rig.dial(never, { maxSessions: 1 });
    const slow = await link.open(endpoint, never);
    slow.write('x');
    await eventually(() => rig.service.streams.length === 1, 'the first stream');
    const quiet = await link.open(endpoint, never);
    quiet.write('subscribe');
    await eventually(() => rig.service.streams.length === 2, 'the second stream');
    // A real agent sends only its oldest message again.
    rig.service.sessions[0]!.agent.resendMs = 60_000;
    const sent = randomBytes(2.5 * 1024 * 1024);
    rig.service.streams[0]!.send(sent);
    await eventually(() => slow.readableLength > 1024 * 1024, 'the slow stream to fall behind', 30_000);
    rig.clock.skip(2000);
    rig.service.streams[1]!.send(Buffer.from('news'));
    assert.equal((await readBytes(quiet, 4)).toString(), 'news');
    assert.ok((await readBytes(slow, sent.length)).equals(sent));
    await link.dispose();
  });

  it('holds up reading for a stream that has the session to itself, and loses nothing', async function () {
    this.timeout(60_000);
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    stream.write('x');
    await eventually(() => rig.service.streams.length === 1, 'the stream');
    // A real agent sends only its oldest message again.
    rig.service.sessions[0]!.agent.resendMs = 60_000;
    const sent = randomBytes(8 * 1024 * 1024);
    rig.service.streams[0]!.send(sent);
    await eventually(() => stream.readableLength > 1024 * 1024, 'the buffer to fill', 30_000);
    // The socket has filled up behind it: nothing moves any more.
    let before = -1;
    await eventually(() => {
      const settled = before === rig.service.sessions[0]!.socket!.bufferedAmount;
      before = rig.service.sessions[0]!.socket!.bufferedAmount;
      return settled;
    }, 'the flow to stop', 30_000);
    assert.ok(stream.readableLength < 4 * 1024 * 1024, `${stream.readableLength} bytes held`);
    assert.ok((await readBytes(stream, sent.length)).equals(sent));
    await link.dispose();
  });

  it('opens streams to its own destination only, and none once it is closed or the caller has gone', async () => {
    const link = await rig.dial();
    await assert.rejects(link.open({ host: 'elsewhere', port: 1 }, never), faultCode('ssm.wrongDestination'));
    await assert.rejects(link.open(endpoint, AbortSignal.abort()), faultCode('operation.cancelled'));
    await link.dispose();
    await assert.rejects(link.open(endpoint, never), faultCode('ssm.linkClosed'));
  });

  it('ends with a protocol fault when the agent speaks another language', async () => {
    const link = await rig.dial();
    rig.service.sessions[0]!.agent.send(1, Buffer.from('HTTP/1.1 400 Bad Request'), performance.now());
    faultCode('ssm.protocol')(await link.closed);
    await link.dispose();
  });
});
