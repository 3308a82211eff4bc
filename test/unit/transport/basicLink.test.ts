import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { endpoint, faultCode, never, readBytes, roundTrip, useRig } from './rig';
import { eventually } from '../../fixtures/eventually';

describe('a basic link', () => {
  const rig = useRig();

  beforeEach(() => {
    rig.service.properties = { host: 'cache.internal', portNumber: '6379' };
    rig.service.onBasic = (chunk, send) => send(chunk);
  });

  it('carries one stream at a time, and disconnects between them', async () => {
    const link = await rig.dial(never, { maxSessions: 1 });
    const first = await link.open(endpoint, never);
    assert.equal(await roundTrip(first, 'one'), 'one');
    let second: Duplex | undefined;
    const opening = link.open(endpoint, never).then((stream) => (second = stream));
    assert.equal(await roundTrip(first, 'still one'), 'still one');
    assert.equal(second, undefined);
    first.destroy();
    await opening;
    assert.deepEqual(rig.service.sessions[0]!.flags, [1]);
    assert.equal(await roundTrip(second!, 'two'), 'two');
    await link.dispose();
  });

  it('lets a waiting caller leave', async () => {
    const link = await rig.dial(never, { maxSessions: 1 });
    const first = await link.open(endpoint, never);
    const controller = new AbortController();
    const waiting = link.open(endpoint, controller.signal);
    controller.abort();
    await assert.rejects(waiting, faultCode('operation.cancelled'));
    const other = link.open(endpoint, never);
    first.destroy();
    assert.equal(await roundTrip(await other), 'ping');
    await link.dispose();
  });

  it('gives a first stream what the target said before it was opened', async () => {
    const link = await rig.dial(never, { maxSessions: 1 });
    rig.service.sessions[0]!.agent.send(1, Buffer.from('welcome'), performance.now());
    await eventually(() => rig.service.sessions[0]!.agent.unacknowledged === 0, 'the acknowledgement');
    const stream = await link.open(endpoint, never);
    assert.equal((await readBytes(stream, 7)).toString(), 'welcome');
    await link.dispose();
  });

  it('keeps a local end back for five seconds, or one while another caller waits', async () => {
    for (const [waits, ms] of [[false, 5000], [true, 1000]] as const) {
      const link = await rig.dial(never, { maxSessions: 1 });
      const { flags } = rig.service.sessions.at(-1)!;
      const stream = await link.open(endpoint, never);
      let echoed = 0;
      stream.on('data', (chunk: Buffer) => (echoed += chunk.length));
      stream.end('request');
      await eventually(() => stream.writableFinished && echoed === 7, 'the local end');
      const waiting = waits ? link.open(endpoint, never) : undefined;
      rig.clock.skip(ms * 0.1);
      assert.deepEqual(flags, []);
      rig.clock.skip(ms);
      await once(stream, 'close');
      await eventually(() => flags.length === 1, 'the flag');
      await waiting;
      await link.dispose();
    }
  });

  it('turns waiting callers away when the session ends', async () => {
    const link = await rig.dial(never, { maxSessions: 1 });
    await link.open(endpoint, never);
    const rejected = assert.rejects(link.open(endpoint, never), faultCode('ssm.linkClosed'));
    await link.dispose();
    await rejected;
  });
});
