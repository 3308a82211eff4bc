import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Notice } from '../../../src/model/notice';
import { SsmTransport } from '../../../src/transport/ssm/ssmTransport';
import { eventually } from '../../fixtures/eventually';
import { json } from '../wire/ssm/agentModel';
import { endpoint, faultCode, never, roundTrip, route, useRig } from './rig';

const flag = (value: number): Buffer => Buffer.from([0, 0, 0, value]);

for (const mode of ['mux', 'basic'] as const) {
  describe(`what an agent says besides data: ${mode}`, () => {
    const rig = useRig();
    const agent = (): (typeof rig.service.sessions)[number]['agent'] => rig.service.sessions[0]!.agent;
    const say = (payloadType: number, payload: Buffer | string): void => agent().send(payloadType, Buffer.from(payload), performance.now());
    /** Nothing that was said goes unacknowledged. */
    const heard = (): Promise<unknown> => eventually(() => agent().unacknowledged === 0, 'the acknowledgements');

    beforeEach(() => {
      if (mode === 'mux') rig.echo();
      else rig.service.properties = { host: 'cache.internal', portNumber: '6379' };
      rig.service.onBasic = (chunk, send) => send(chunk);
    });

    it('a connection that failed ends its stream with the reason, and no other', async () => {
      let refuse = true;
      if (mode === 'mux') {
        const accept = rig.service.onStream;
        rig.service.onStream = (stream) => {
          if (!refuse) {
            accept(stream);
            return;
          }
          say(10, flag(3));
          stream.end();
        };
      } else {
        rig.service.onBasic = (chunk, send) => {
          if (refuse) say(10, flag(3));
          else send(chunk);
        };
      }
      const link = await rig.dial(never, { maxSessions: 1 });
      const failing = await link.open(endpoint, never);
      const failed = once(failing, 'error');
      failing.write('is anybody there?');
      faultCode('ssm.connectFailed')(((await failed) as [unknown])[0]);
      refuse = false;
      assert.equal(await roundTrip(await link.open(endpoint, never)), 'ping');
      await link.dispose();
    });

    it('a failed connection that nobody waits for harms nothing', async () => {
      const link = await rig.dial(never, { maxSessions: 1 });
      if (mode === 'basic') {
        say(10, flag(3));
        await heard();
      }
      const stream = await link.open(endpoint, never);
      assert.equal(await roundTrip(stream), 'ping');
      if (mode === 'mux') {
        // Received bytes prove that this is not the connection that failed.
        say(10, flag(3));
        await heard();
        rig.service.streams[0]!.end();
        stream.resume();
        await once(stream, 'end');
        assert.equal(stream.errored, null);
      }
      await link.dispose();
    });

    it('exit codes and errors are logged, what is unknown is passed over, and data goes on', async () => {
      const link = await rig.dial(never, { maxSessions: 1 });
      const stream = await link.open(endpoint, never);
      assert.equal(await roundTrip(stream), 'ping');
      say(12, '3');
      say(11, 'warning');
      for (const payloadType of [0, 2, 3, 4, 9, 13, 4_000_000_000]) say(payloadType, 'whatever');
      for (const value of [0, 1, 2, 99]) say(10, flag(value));
      agent().control('agent_session_state', json({ SessionState: 'Connected' }));
      await heard();
      assert.equal(await roundTrip(stream), 'ping');
      const fields = (event: string): unknown[] => rig.logged.filter((entry) => entry.event === event).map((entry) => entry.fields);
      assert.deepEqual(fields('ssm.exit'), [{ sessionId: 'session-0', code: 3 }]);
      assert.deepEqual(fields('ssm.stderr'), [{ sessionId: 'session-0', bytes: 7 }]);
      assert.equal(fields('ssm.ignored').length, 12);
      await link.dispose();
    });

    it('the reason of channel_closed reaches the stream and the link', async () => {
      const link = await rig.dial(never, { maxSessions: 1 });
      const stream = await link.open(endpoint, never);
      const failed = once(stream, 'error');
      agent().control('channel_closed', json({ Output: 'Session terminated by an administrator.' }));
      const fault = await link.closed;
      faultCode('ssm.sessionTerminated')(fault);
      assert.match(fault!.message, /terminated by an administrator"\.$/);
      faultCode('ssm.sessionTerminated')(((await failed) as [unknown])[0]);
      await link.dispose();
    });

    it('the administrators\u2019 message is shown and logged', async () => {
      rig.service.customerMessage = 'Authorised use only.';
      const notices: Notice[] = [];
      const logger = { log: () => {} };
      const deps = { api: rig.service, clock: rig.clock, logger, onNotice: (notice: Notice) => void notices.push(notice) };
      const link = await new SsmTransport(deps).dial(route, never);
      assert.deepEqual(notices, [{ kind: 'sessionMessage', text: 'Authorised use only.', bastion: route.bastion }]);
      await link.dispose();
    });

    it('the end of the link is told: the connection first where there is but one, then the session', async () => {
      const link = await rig.dial(never, { maxSessions: 1 });
      const stream = await link.open(endpoint, never);
      assert.equal(await roundTrip(stream), 'ping');
      const { flags } = rig.service.sessions[0]!;
      stream.destroy();
      if (mode === 'basic') await eventually(() => flags.length === 1, 'the disconnection');
      await link.dispose();
      await eventually(() => flags.includes(2), 'the termination');
      assert.deepEqual(flags, mode === 'basic' ? [1, 2] : [2]);
    });
  });
}
