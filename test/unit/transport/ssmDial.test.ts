import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isMultiplexed } from '../../../src/transport/ssm/ssmTransport';
import type { Obstacle } from './fakeService';
import { endpoint, faultCode, never, roundTrip, route, useRig } from './rig';
import { eventually } from '../../fixtures/eventually';

describe('dialling through Session Manager', () => {
  const rig = useRig();

  it('asks for the route, greets, completes the handshake and logs how', async () => {
    const link = await rig.dial(never, { document: 'Custom-Document' });
    assert.deepEqual(rig.service.requests, [{ place: route.place, bastionId: 'i-0abc', to: endpoint, documentName: 'Custom-Document' }]);
    const [greeting] = rig.service.sessions[0]!.greetings;
    assert.equal(greeting!['MessageSchemaVersion'], '1.0');
    assert.equal(greeting!['ClientVersion'], '1.2.707.0');
    assert.match(String(greeting!['ClientId']), /^[0-9a-f-]{36}$/);
    const dialed = rig.logged.find(({ event }) => event === 'ssm.dialed');
    assert.equal(dialed?.fields?.['mode'], 'mux');
    assert.equal(dialed?.fields?.['agent'], '3.3.1142.0');
    await link.dispose();
  });

  it('multiplexes with agents after 3.0.196.0 in port forwarding sessions only', () => {
    const session = { sessionType: 'Port', properties: { type: 'LocalPortForwarding' } };
    assert.equal(isMultiplexed({ ...session, agentVersion: '3.0.196.0' }), false);
    assert.equal(isMultiplexed({ ...session, agentVersion: '3.0.197.0' }), true);
    assert.equal(isMultiplexed({ ...session, agentVersion: '3.3.1142.0', properties: {} }), false);
  });

  for (const step of ['api', 'connection', 'request', 'completion'] satisfies Obstacle[]) {
    it(`can be cancelled while it waits for: ${step}`, async () => {
      rig.service.obstacle = step;
      const controller = new AbortController();
      const dialling = rig.dial(controller.signal);
      const reached = (): boolean => {
        if (step === 'api') return rig.service.requests.length === 1;
        if (step === 'connection') return rig.clock.pending > 0;
        return step === 'request' ? rig.service.sessions[0]?.greetings.length === 1 : rig.service.sessions[0]?.agent.expected === 1;
      };
      await eventually(reached, step);
      controller.abort();
      await assert.rejects(dialling, step === 'api' ? { name: 'AbortError' } : faultCode('operation.cancelled'));
    });
  }

  for (const step of ['connection', 'request', 'completion'] satisfies Obstacle[]) {
    it(`gives up 15 seconds after: ${step}`, async () => {
      rig.service.obstacle = step;
      const dialling = rig.dial();
      const settled = assert.rejects(dialling, faultCode('ssm.handshakeTimeout'));
      if (step === 'completion') await eventually(() => rig.service.sessions[0]?.agent.expected === 1, 'the handshake response');
      else if (step === 'request') await eventually(() => rig.service.sessions[0]?.greetings.length === 1, 'the greeting');
      else await eventually(() => rig.clock.pending > 0, 'the connection');
      // The timer of the step starts when the client has seen the one before.
      let over = false;
      void settled.then(() => (over = true));
      await eventually(() => {
        if (!over) rig.clock.skip(15_001);
        return over;
      }, 'the time-out');
    });
  }

  for (const [step, blamed] of [['data key', /KMS did not give a key/], ['challenge', /did not open the key/]] as const) {
    it(`gives up 15 seconds after, in an encrypted session: ${step}`, async () => {
      rig.service.obstacle = 'completion';
      rig.service.moreActions = [{ ActionType: 'KMSEncryption', ActionParameters: { KMSKeyId: 'alias/sessions', Challenge: 'of the day' } }];
      let asked: unknown;
      let aborted = false;
      rig.service.dataKey = (_place, request, signal) => {
        asked = request;
        signal.addEventListener('abort', () => (aborted = true));
        return step === 'data key' ? new Promise(() => {}) : Promise.resolve({ plaintext: new Uint8Array(64), sealed: new Uint8Array(9) });
      };
      let over = false;
      const settled = assert.rejects(rig.dial(), (error: Error) => faultCode('ssm.handshakeTimeout')(error) && blamed.test(error.message));
      void settled.then(
        () => (over = true),
        () => (over = true),
      );
      await eventually(() => asked !== undefined, 'the request for a key');
      const context = { 'aws:ssm:SessionId': 'session-0', 'aws:ssm:TargetId': 'i-0abc', 'aws:ssm:RandomChallenge': 'of the day' };
      assert.deepEqual(asked, { keyId: 'alias/sessions', context });
      if (step === 'challenge') await eventually(() => rig.service.sessions[0]!.agent.expected === 1, 'the handshake response');
      await eventually(() => {
        if (!over) rig.clock.skip(15_001);
        return over;
      }, 'the time-out');
      await settled;
      assert.ok(aborted);
    });
  }

  it('wipes the data key once it is in use', async () => {
    rig.service.obstacle = 'completion';
    rig.service.moreActions = [{ ActionType: 'KMSEncryption', ActionParameters: { KMSKeyId: 'alias/sessions' } }];
    const plaintext = new Uint8Array(64).fill(7);
    rig.service.dataKey = () => Promise.resolve({ plaintext, sealed: new Uint8Array(9) });
    const controller = new AbortController();
    const dialling = assert.rejects(rig.dial(controller.signal), faultCode('operation.cancelled'));
    await eventually(() => rig.service.sessions[0]?.agent.expected === 1, 'the handshake response');
    assert.deepEqual(plaintext, new Uint8Array(64));
    controller.abort();
    await dialling;
  });

  it('does nothing when it is cancelled before it begins', async () => {
    await assert.rejects(rig.dial(AbortSignal.abort()), faultCode('operation.cancelled'));
    assert.equal(rig.service.requests.length, 0);
  });

  it('reports a refused WebSocket and a refused connection', async () => {
    rig.service.obstacle = 'upgrade';
    await assert.rejects(rig.dial(), (error: Error) => faultCode('ssm.connectionFailed')(error) && /HTTP 403/.test(error.message));
    rig.service.streamUrl = 'ws://127.0.0.1:1/';
    await assert.rejects(rig.dial(), faultCode('ssm.connectionFailed'));
  });

  it('sends nothing to an unencrypted address elsewhere', async () => {
    for (const url of ['ws://example.com/', 'http://127.0.0.1/', 'ws://127.evil.example/', 'nonsense']) {
      rig.service.streamUrl = url;
      await assert.rejects(rig.dial(), faultCode('ssm.insecureStream'));
    }
  });

  it('passes the API fault on as it is', async () => {
    const refused = new Error('AccessDenied');
    rig.service.start = () => Promise.reject(refused);
    await assert.rejects(rig.dial(), refused);
  });

  it('ends with the reason when the service closes the channel during the handshake', async () => {
    rig.service.obstacle = 'request';
    const dialling = rig.dial();
    const rejected = assert.rejects(dialling, (error: Error) => faultCode('ssm.channelClosed')(error) && /no such document/.test(error.message));
    await eventually(() => rig.service.sessions[0]?.greetings.length === 1, 'the greeting');
    rig.service.sessions[0]!.agent.control('channel_closed', Buffer.from('{"Output":"no such document"}'));
    await rejected;
  });
});

describe('the end of a link', () => {
  const rig = useRig();

  it('tells agent and service, destroys every stream and leaves nothing behind', async () => {
    rig.echo();
    const link = await rig.dial();
    const streams = await Promise.all(Array.from({ length: 5 }, () => link.open(endpoint, never)));
    await Promise.all(streams.map((stream) => roundTrip(stream)));
    await Promise.all([link.dispose(), link.dispose()]);
    assert.equal(await link.closed, undefined);
    assert.ok(streams.every(({ destroyed }) => destroyed));
    await eventually(() => rig.service.sessions[0]!.flags.includes(2), 'the TerminateSession flag');
  });

  it('does not wait for ever for a service that never confirms the termination', async () => {
    const link = await rig.dial();
    const original = rig.service.terminate.bind(rig.service);
    rig.service.terminate = (place, id) => {
      void original(place, id);
      return new Promise(() => {});
    };
    const disposing = link.dispose();
    await eventually(() => rig.service.sessions[0]!.terminated === 1, 'the termination');
    rig.clock.skip(5001);
    await disposing;
    assert.ok(rig.logged.some(({ event }) => event === 'ssm.terminateFailed'));
  });

  it('comes with the reason of channel_closed', async () => {
    const link = await rig.dial();
    const stream = await link.open(endpoint, never);
    const failed = once(stream, 'error');
    rig.service.sessions[0]!.agent.control('channel_closed', Buffer.from('{"Output":"Session idle for 20 minutes."}'));
    const fault = await link.closed;
    faultCode('ssm.sessionIdle')(fault);
    assert.match(fault!.message, /Session idle for 20 minutes/);
    faultCode('ssm.sessionIdle')(((await failed) as [unknown])[0]);
    await link.dispose();
  });
});
