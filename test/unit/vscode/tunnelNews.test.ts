import assert from 'node:assert/strict';
import type { FaultData } from '../../../src/base/fault';
import { makeDirectRoute, makeRoute } from '../../../src/model/route';
import type { TunnelInfo, TunnelState } from '../../../src/model/tunnel';
import { Attempts } from '../../../src/vscode/attempts';
import { BastionStarter, type StartPolicy } from '../../../src/vscode/bastionStarter';
import { TunnelBoard } from '../../../src/vscode/tunnelBoard';
import { TunnelNews } from '../../../src/vscode/tunnelNews';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { bastion, FakePower, FakeTunnels, FakeUi, MemoryLogger, target, tunnel } from './samples';

const expired: FaultData = {
  code: 'aws.expiredCredentials',
  message: 'Sign-in has expired.',
  retryable: false,
  remedy: { text: 'Sign in here.', action: 'signIn', subject: 'dev' },
};
const offline: FaultData = { code: 'ssm.targetNotConnected', message: 'The agent is offline.', retryable: true };
const held: TunnelState = { phase: 'waiting', attempt: 1, needs: 'signIn', cause: expired };
const waiting: TunnelState = { phase: 'waiting', attempt: 1, retryAt: 5, cause: offline };

describe('the news of tunnels', () => {
  let service: FakeTunnels;
  let ui: FakeUi;
  let power: FakePower;
  let policy: StartPolicy;
  let news: TunnelNews;
  let board: TunnelBoard;

  beforeEach(() => {
    service = new FakeTunnels();
    ui = new FakeUi();
    power = new FakePower();
    policy = 'ask';
    const logger = new MemoryLogger();
    const attempts = new Attempts(ui, logger);
    board = new TunnelBoard(service, logger);
    const starter = new BastionStarter({ power, policy: () => policy, clock: new FakeClock(), ui, attempts });
    news = new TunnelNews({ board, ui, attempts, starter, logger, retry: (id) => service.retry(id) });
  });
  afterEach(async () => {
    news.dispose();
    await board.dispose();
  });

  const say = (change: Partial<TunnelInfo>): void => service.changes.fire(tunnel(change));
  const over = (id: string): TunnelInfo['route'] => makeRoute(target(), target().endpoints[0]!, bastion({ id, name: `name of ${id}` }));

  it('ask for a sign-in once for all tunnels of a profile, and again in the next outage', () => {
    for (const id of ['a', 'b', 'c']) say({ id });
    for (const id of ['a', 'b', 'c']) say({ id, state: held });
    say({ id: 'a', state: { ...held, attempt: 2 } });
    assert.deepEqual(ui.errors.map(({ buttons }) => buttons), [['Sign In', 'Show Log']]);
    assert.match(ui.errors[0]!.text, /The tunnel to orders.* waits: Sign-in has expired\. Sign in here\./);
    for (const id of ['a', 'b', 'c']) say({ id });
    say({ id: 'b', state: held });
    assert.equal(ui.errors.length, 2);
  });

  it('are left to the window that speaks for them, until it has gone', () => {
    for (const id of ['a', 'b']) say({ id });
    for (const id of ['a', 'b']) say({ id, state: held, spokenFor: true });
    say({ id: 'c', route: over('i-1') });
    say({ id: 'c', route: over('i-1'), state: waiting, spokenFor: true });
    say({ id: 'c', route: over('i-2'), spokenFor: true });
    assert.deepEqual([ui.errors.length, ui.shown.length, power.looks], [0, 0, 0]);
    for (const id of ['a', 'b']) say({ id, state: held });
    assert.equal(ui.errors.length, 1);
    for (const id of ['a', 'b']) say({ id, state: held, spokenFor: true });
    for (const id of ['a', 'b']) say({ id, state: held });
    assert.equal(ui.errors.length, 2, 'the one that asked meanwhile has gone too');
  });

  it('let the person try again where it is no sign-in of ours that is missing', async () => {
    ui.press = ['Try Again'];
    const cause: FaultData = { code: 'ssh.permissionDenied', message: 'Permission denied.', retryable: false, remedy: { text: 'Check the key.' } };
    say({ id: 'a' });
    say({ id: 'a', state: { ...held, cause } });
    await eventually(() => service.retried.length === 1, 'retried');
    assert.deepEqual(service.retried, ['a']);
  });

  it('tell once that a tunnel goes over another bastion now, and why', () => {
    say({ route: over('i-1') });
    say({ route: over('i-1'), state: waiting });
    say({ route: over('i-2'), state: { phase: 'connecting', attempt: 1 } });
    say({ route: over('i-2'), lastFault: { fault: offline, at: 1 } });
    say({ route: over('i-2'), lastFault: { fault: offline, at: 1 } });
    assert.equal(ui.shown.length, 1);
    assert.match(ui.shown[0]!, /goes through name of i-2 now\. The agent is offline\.$/);
  });

  it('tell that a tunnel goes through a bastion since it cannot go directly, and when it does again', () => {
    const direct = makeDirectRoute(target(), target().endpoints[0]!);
    const fault: FaultData = { code: 'direct.timeout', message: 'The server did not answer.', retryable: true };
    say({ route: direct, state: { phase: 'connecting', attempt: 1 } });
    say({ route: over('i-1'), lastFault: { fault, at: 1 } });
    say({ route: direct });
    assert.match(ui.shown[0]!, /orders-cache primary goes through name of i-1 now\. The server did not answer\.$/);
    assert.match(ui.shown[1]!, /orders-cache primary goes without a bastion now\.$/);
    say({ route: direct, state: waiting });
    assert.equal(power.looks, 0, 'there is no bastion that could be stopped');
  });

  describe('of a bastion that was found stopped', () => {
    const stopped = async (): Promise<void> => {
      power.conditions = [
        { instance: 'stopped', agent: 'ConnectionLost' },
        { instance: 'running', agent: 'Online' },
      ];
      say({ route: over('i-0abc') });
      say({ route: over('i-0abc'), state: waiting });
      say({ route: over('i-0abc'), state: { ...waiting, attempt: 2 } });
      await eventually(() => power.looks > 0, 'looked');
    };

    it('offer once to start it, and go on when it is online', async () => {
      ui.press = ['Start i-0abc and Connect'];
      await stopped();
      await eventually(() => service.retried.length === 1, 'retried');
      assert.equal(ui.errors.length, 1);
      assert.match(ui.errors[0]!.text, /its bastion "name of i-0abc" \(i-0abc\) is stopped/);
    });

    it('do nothing when the person does not want it', async () => {
      await stopped();
      await eventually(() => ui.errors.length === 1, 'asked');
      assert.deepEqual([power.started, service.retried], [[], []]);
    });

    it('start it without a word where that is set', async () => {
      policy = 'always';
      await stopped();
      await eventually(() => service.retried.length === 1, 'retried');
      assert.equal(ui.errors.length, 0);
    });

    it('do not even look where it is never to be started', async () => {
      policy = 'never';
      say({ route: over('i-0abc') });
      say({ route: over('i-0abc'), state: waiting });
      await Promise.resolve();
      assert.equal(power.looks, 0);
    });
  });
});
