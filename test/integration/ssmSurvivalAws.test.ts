// What sessions need of the Session Manager API to come and go in time: the account's limits, and terminations that fail.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { GetDocumentCommand } from '@aws-sdk/client-ssm';
import { createAws, type Aws } from '../../src/aws';
import { type Clock, systemClock } from '../../src/base/clock';
import { isCancelled } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import { createCore } from '../../src/broker/core';
import type { Link } from '../../src/model/link';
import type { BastionRoute } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import { SessionPool } from '../../src/transport/ssm/sessionPool';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { Tunnels } from '../../src/tunnel/tunnels';
import { eventually } from '../fixtures/eventually';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { TestClock } from '../unit/transport/testClock';
import { arrival, impatient } from './awsBench';
import { clientsOf, destroy, failure } from './sandboxClients';

const never = new AbortController().signal;
const place = { profile: 'dev', region: 'eu-central-1' };
const accountId = '111122223333';
const MINUTE = 60_000;

describe('the Session Manager API around a session', function () {
  this.timeout(20_000);
  let sandbox: Sandbox;
  let directory: string;
  let env: Record<string, string>;
  let warnings: string[];
  let aws: Aws;

  before(async () => {
    sandbox = await startSandbox();
    directory = await mkdtemp(join(tmpdir(), 'sallyport-survival-'));
    env = { ...(await sandbox.writeAwsConfig(directory)).env };
  });
  after(async () => {
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  const connectAws = (clock: Clock = systemClock): Aws => {
    const log = (level: string, event: string): void => void (level === 'warn' && warnings.push(event));
    return createAws({ logger: { log }, clock, env });
  };
  beforeEach(() => {
    warnings = [];
    aws = connectAws();
    sandbox.requests.clear();
  });
  afterEach(async () => {
    await aws.dispose();
    sandbox.faults.clear();
    delete home().sessionPreferences;
    assert.deepEqual(sandbox.sessions.activeSessions(), [], 'sessions left at the service');
  });

  const home = () => sandbox.world.places.find((one) => one.accountId === accountId && one.region === place.region)!;
  const prefer = (maxSessionDuration: string, idleSessionTimeout = '20'): void => {
    home().sessionPreferences = { maxSessionDuration, idleSessionTimeout };
  };
  const questions = (): number => sandbox.requests.of('ssm', 'GetDocument').length;
  const active = (): string[] => sandbox.sessions.activeSessions().map(({ sessionId }) => sessionId);
  /** To a Redis without TLS and password. */
  const route = (port?: number): BastionRoute => {
    const { host, port: own } = sandbox.hosts().find(({ backing }) => backing === 'plain')!;
    return {
      target: { id: `target ${port ?? own}`, name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: { host, port: port ?? own },
      bastion: { id: sandbox.instance('shop-bastion').id, name: 'shop-bastion' },
      method: 'ssm',
      place: { ...place, accountId },
    };
  };
  const pings = async (stream: Duplex): Promise<void> => {
    stream.write('PING\r\n');
    const [answer] = (await once(stream, 'data')) as [Buffer];
    assert.equal(answer.toString(), '+PONG\r\n');
  };

  describe('limits of the account', () => {
    it('come in the shape of AWS, and not before someone has saved them', async () => {
      const clients = clientsOf(sandbox);
      const get = (Name: string) => clients.ssm.send(new GetDocumentCommand({ Name, DocumentFormat: 'JSON' }));
      assert.equal((await failure(get('SSM-SessionManagerRunShell'))).name, 'InvalidDocument');
      prefer('60');
      const answer = await get('SSM-SessionManagerRunShell');
      assert.deepEqual([answer.Name, answer.DocumentType, answer.DocumentFormat], ['SSM-SessionManagerRunShell', 'Session', 'JSON']);
      const { inputs } = JSON.parse(answer.Content!) as { inputs: Record<string, unknown> };
      assert.deepEqual([inputs['maxSessionDuration'], inputs['idleSessionTimeout']], ['60', '20']);
      assert.equal((await failure(get('Another-Document'))).name, 'InvalidDocument');
      destroy(clients);
    });

    it('are read, absent, or withheld without a warning', async () => {
      assert.deepEqual(await aws.sessions.limits(place, never), {});
      prefer('60', '');
      assert.deepEqual(await aws.sessions.limits(place, never), { maxSessionMs: 60 * MINUTE });
      sandbox.faults.add({ service: 'ssm', action: 'GetDocument', kind: 'accessDenied' });
      await assert.rejects(aws.sessions.limits(place, never), { code: 'aws.accessDenied' });
      assert.deepEqual(warnings, []);
    });

    it('are asked for once, beside the work, and a session is renewed ahead of its end', async () => {
      prefer('60');
      const clock = new TestClock();
      const transport = new SsmTransport({ api: aws.sessions, clock, logger: nullLogger });
      const asked = arrival(sandbox, { service: 'ssm', action: 'GetDocument', kind: 'latency', latencyMs: 100, times: 1 });
      const pool = await transport.dial(route(), never);
      assert.ok(pool instanceof SessionPool);
      await asked;
      const old = await pool.open(route().endpoint, never);
      await pings(old);
      const other = await transport.dial(route(), never);
      await eventually(() => questions() === 1 && active().length === 2, 'one question, two sessions');
      await other.dispose();
      // At once: in steps, the product's time would run out between a message and its answer.
      clock.skip(55 * MINUTE);
      await eventually(() => pool.reading.sessions.length === 2, 'a fresh session');
      const [first, second] = pool.reading.sessions;
      assert.deepEqual([first?.phase, second?.phase], ['renewed', 'open']);
      const fresh = await pool.open(route().endpoint, never);
      await Promise.all([pings(old), pings(fresh)]);
      old.destroy();
      await eventually(() => active().length === 1, 'the old session to end');
      await pings(fresh);
      await pool.dispose();
      assert.equal(clock.pending, 0);
      assert.equal(questions(), 1);
    });

    it('are learned from a session that was ended for its duration, where they may not be read', async () => {
      sandbox.faults.add({ service: 'ssm', action: 'GetDocument', kind: 'accessDenied' });
      const clock = new TestClock();
      const transport = new SsmTransport({ api: aws.sessions, clock, logger: nullLogger });
      const ended = await transport.dial(route(), never);
      await eventually(() => questions() === 1, 'the question');
      clock.skip(30 * MINUTE);
      sandbox.sessions.endSession(active()[0]!, 'Your session reached its maximum duration and has been terminated.');
      assert.equal((await ended.closed)?.code, 'ssm.sessionExpired');
      await ended.dispose();
      const pool = (await transport.dial(route(), never)) as SessionPool;
      const [born] = active();
      clock.skip(24 * MINUTE);
      assert.deepEqual(active(), [born]);
      clock.skip(4 * MINUTE);
      await eventually(() => active().length === 1 && active()[0] !== born, 'another session in its place');
      await pool.dispose();
      assert.deepEqual(warnings, []);
      assert.equal(questions(), 1);
    });

    it('are given up with the link that asked', async () => {
      prefer('60');
      const asked = arrival(sandbox, { service: 'ssm', action: 'GetDocument', kind: 'latency', latencyMs: 10_000, times: 1 });
      const transport = new SsmTransport({ api: aws.sessions, clock: systemClock, logger: nullLogger });
      const link = await transport.dial(route(), never);
      await asked;
      await link.dispose();
      const again = await transport.dial(route(), never);
      await eventually(() => questions() === 1, 'the question of the next link');
      await again.dispose();
    });
  });

  describe('a termination', () => {
    const dial = (): Promise<Link> => new SsmTransport({ api: aws.sessions, clock: systemClock, logger: nullLogger }).dial(route(), never);

    for (const kind of ['throttle', 'serverError'] as const) {
      it(`is tried again and again while it fails: ${kind}`, async () => {
        aws = connectAws(impatient);
        const link = await dial();
        sandbox.faults.add({ service: 'ssm', action: 'TerminateSession', kind, times: 20 });
        // The agent is not there to hear it either.
        sandbox.sessions.killAgent(route().bastion.id);
        await link.dispose();
        assert.deepEqual(active(), []);
        assert.equal(sandbox.requests.of('ssm', 'TerminateSession').length, 21);
      });
    }

    it('is given up where it can never succeed', async () => {
      const { sessionId } = await aws.sessions.start({ place, bastionId: route().bastion.id, to: route().endpoint }, never);
      sandbox.faults.add({ service: 'ssm', action: 'TerminateSession', kind: 'accessDenied', times: 1 });
      await assert.rejects(aws.sessions.terminate(place, sessionId, never), { code: 'aws.accessDenied' });
      assert.ok(warnings.includes('ssm.sessionLeft'));
      await aws.sessions.terminate(place, sessionId, never);
    });

    it('goes on when its caller waits no longer, and an end of everything waits for it', async () => {
      const { sessionId } = await aws.sessions.start({ place, bastionId: route().bastion.id, to: route().endpoint }, never);
      const controller = new AbortController();
      const arrived = arrival(sandbox, { service: 'ssm', action: 'TerminateSession', kind: 'throttle', latencyMs: 20, times: 3 });
      const ending = assert.rejects(aws.sessions.terminate(place, sessionId, controller.signal), isCancelled);
      await arrived;
      controller.abort();
      await ending;
      assert.deepEqual(active(), [sessionId]);
      await aws.dispose();
      assert.deepEqual(active(), []);
    });
  });

  describe('at exit', () => {
    it('all sessions end at once, though every call takes its time and some are throttled', async () => {
      const transport = new SsmTransport({ api: aws.sessions, clock: systemClock, logger: nullLogger });
      const probe = () => Promise.resolve({ level: 'ok', checkedAt: 0 } as const);
      const tunnels = new Tunnels({ transports: [transport], probe, logger: nullLogger });
      await Promise.all(Array.from({ length: 10 }, (_, index) => tunnels.start(route(7000 + index), {}, never)));
      assert.equal(active().length, 10);
      sandbox.faults.add({ service: 'ssm', action: 'TerminateSession', kind: 'throttle', times: 5 });
      sandbox.faults.add({ service: 'ssm', action: 'TerminateSession', kind: 'latency', latencyMs: 400 });
      // Agents that do not answer: the API alone has to do it.
      sandbox.sessions.killAgent(route().bastion.id);
      const began = performance.now();
      await tunnels.dispose();
      await aws.dispose();
      assert.ok(performance.now() - began < 4000, `${performance.now() - began} ms`);
      assert.deepEqual(active(), []);
    });

    it('takes less than five seconds although the service answers nothing', async () => {
      const core = createCore({ logger: nullLogger, targetCa: () => Promise.resolve(undefined), ssm: ssmSettings, env });
      await core.tunnels.start(route(), {}, never);
      const starting = arrival(sandbox, { service: 'ssm', action: 'StartSession', kind: 'latency', latencyMs: 60_000, times: 1 });
      const second = core.tunnels.start({ ...route(), endpoint: { host: 'other.internal', port: 6379 } }, {}, never);
      const cancelled = assert.rejects(second, isCancelled);
      await starting;
      sandbox.faults.add({ service: 'ssm', action: 'TerminateSession', kind: 'latency', latencyMs: 60_000 });
      const began = performance.now();
      await core.dispose();
      await cancelled;
      assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
      // The flag to the agent had the same effect as the call that was never answered.
      assert.deepEqual(active(), []);
    });
  });
});
