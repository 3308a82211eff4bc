import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import type { FaultData } from '../../../src/base/fault';
import type { TunnelInfo } from '../../../src/model/tunnel';
import type { Outage } from '../../../src/vscode/connectionsOutage';
import { OutageWatch } from '../../../src/vscode/connectionsOutage';
import { outageNotice } from '../../../src/vscode/connectionsOutageNotice';
import { plainText } from '../../../src/vscode/localizer';
import type { LostTunnel } from '../../../src/vscode/tunnelBoard';
import { FakeClock } from '../../fixtures/fakeClock';
import { tunnel } from './samples';

const cause: FaultData = { code: 'ssm.sessionEnded', message: 'The session ended.', retryable: true };
const signIn: FaultData = { code: 'aws.expired', message: 'Credentials have expired.', retryable: false, remedy: { text: 'Sign in.', action: 'signIn', subject: 'dev' } };
const waiting: TunnelInfo['state'] = { phase: 'waiting', attempt: 1, retryAt: 0, cause };
const used: TunnelInfo['state'] = { phase: 'open', streams: 1 };
const idle: TunnelInfo['state'] = { phase: 'open', streams: 0 };

describe('an outage', () => {
  let clock: FakeClock;
  let changes: Emitter<readonly TunnelInfo[]>;
  let losses: Emitter<LostTunnel>;
  let tunnels: readonly TunnelInfo[];
  let told: (readonly Outage[])[];
  let consoles: string[];
  let watch: OutageWatch;

  beforeEach(() => {
    clock = new FakeClock();
    changes = new Emitter();
    losses = new Emitter();
    tunnels = [];
    told = [];
    consoles = [];
    const board = {
      get tunnels() {
        return tunnels;
      },
      onDidChange: changes.event,
      onDidLose: losses.event,
    };
    watch = new OutageWatch({ board, clock, boundMs: () => 20_000, hasConsole: ({ id }) => consoles.includes(id), notify: (outages) => told.push(outages) });
  });

  afterEach(async () => {
    await watch.dispose();
    assert.equal(clock.pending, 0);
    assert.equal(changes.listenerCount + losses.listenerCount, 0);
  });

  const show = (...now: readonly TunnelInfo[]): void => {
    tunnels = now;
    changes.fire(now);
  };
  const is = (state: TunnelInfo['state'], change: Partial<TunnelInfo> = {}): TunnelInfo => tunnel({ state, ...change });
  const names = (): readonly string[][] => told.map((outages) => outages.map((one) => one.tunnel.id));

  it('is told of once, when a tunnel that is used stays down', () => {
    show(is(used));
    show(is(waiting));
    clock.advance(19_999);
    show(is({ phase: 'connecting', attempt: 2 }));
    show(is(waiting));
    assert.deepEqual(names(), []);
    clock.advance(2_001);
    assert.deepEqual(names(), [['t1']]);
    assert.equal(told[0]![0]!.cause, cause);
    clock.advance(600_000);
    show(is(waiting));
    clock.advance(600_000);
    assert.equal(told.length, 1);
  });

  it('is told of again when it happens again', () => {
    for (let count = 0; count < 2; count++) {
      show(is(used));
      show(is(waiting));
      clock.advance(22_000);
    }
    assert.deepEqual(names(), [['t1'], ['t1']]);
  });

  it('is none while the tunnel comes back in time, or was never used, or not lately', () => {
    show(is(used));
    show(is(waiting));
    clock.advance(15_000);
    show(is(idle));
    clock.advance(60_000);
    assert.deepEqual(names(), []);
    clock.advance(10 * 60_000);
    show(is(waiting));
    clock.advance(60_000);
    show(is(idle, { id: 'never' }));
    show(is(waiting, { id: 'never' }));
    clock.advance(60_000);
    assert.deepEqual(names(), []);
  });

  it('matters where bytes have moved between two looks, where a stream has been open for hours, and to a console', () => {
    show(is(idle, { bytes: { up: 1, down: 1 } }));
    show(is(idle, { bytes: { up: 2, down: 1 } }));
    show(is(waiting));
    clock.advance(22_000);
    show(is(used, { id: 'long' }));
    clock.advance(8 * 3_600_000);
    show(is(waiting, { id: 'long' }));
    clock.advance(22_000);
    consoles.push('console');
    show(is(idle, { id: 'console' }));
    show(is(waiting, { id: 'console' }));
    clock.advance(22_000);
    assert.deepEqual(names(), [['t1'], ['long'], ['console']]);
  });

  it('of a tunnel that is open and does not answer is one as well', () => {
    show(is(used));
    show(is(used, { health: { level: 'down', checkedAt: 1, detail: 'No answer.' } }));
    clock.advance(22_000);
    assert.deepEqual(names(), [['t1']]);
  });

  it('is none where the person has stopped the tunnel', async () => {
    show(is(used));
    show(is(waiting));
    show();
    await Promise.resolve();
    clock.advance(60_000);
    assert.deepEqual(names(), []);
  });

  it('is one where the tunnel has ended by itself, unless another leads there again', async () => {
    const end = (): void => {
      show(is(used));
      show();
      losses.fire({ tunnel: is({ phase: 'closed', cause }), cause });
    };
    end();
    await Promise.resolve();
    clock.advance(22_000);
    assert.deepEqual(names(), [['t1']]);
    assert.equal(told[0]![0]!.ended, true);
    end();
    clock.advance(10_000);
    show(is(idle, { id: 't9' }));
    clock.advance(60_000);
    assert.equal(told.length, 1);
  });

  it('of a tunnel that has ended is told of by the window that speaks for it, and where a console used it', () => {
    const elsewhere = { spokenFor: true } as const;
    show(is(used), is(used, { id: 'console' }), is(used, { id: 'ours' }));
    consoles.push('console');
    show();
    for (const change of [elsewhere, { id: 'console', ...elsewhere }, { id: 'ours' }]) losses.fire({ tunnel: is({ phase: 'closed', cause }, change), cause });
    clock.advance(60_000);
    assert.deepEqual(names(), [['console', 'ours']]);
  });

  it('of several tunnels is told of together', () => {
    show(is(used), is(used, { id: 't2' }), is(idle, { id: 't3' }));
    show(is(waiting), is(used, { id: 't2' }), is(waiting, { id: 't3' }));
    clock.advance(1_000);
    show(is(waiting), is(waiting, { id: 't2' }), is(waiting, { id: 't3' }));
    clock.advance(60_000);
    assert.deepEqual(names(), [['t1', 't2']]);
  });

  it('is left to the window that speaks for the tunnel, unless a console of this one uses it, or that one has gone', () => {
    show(is(used), is(used, { id: 'console' }));
    consoles.push('console');
    const elsewhere = { spokenFor: true } as const;
    show(is(waiting, elsewhere), is(waiting, { id: 'console', ...elsewhere }));
    clock.advance(60_000);
    assert.deepEqual(names(), [['console']]);
    show(is(waiting), is(waiting, { id: 'console' }));
    clock.advance(1);
    assert.deepEqual(names(), [['console'], [tunnel().id]]);
  });
});

describe('the notification of an outage', () => {
  const of = (...outages: readonly Outage[]): ReturnType<typeof outageNotice> => outageNotice(outages, 20, plainText);

  it('says what, for how long and why, and offers to stop', () => {
    const { text, actions } = of({ tunnel: tunnel(), ended: false, cause });
    assert.equal(text, 'The tunnel to orders-cache primary has been down for 20 seconds: The session ended.');
    assert.deepEqual(actions, ['stop', 'showLog']);
  });

  it('offers to open again what has ended, and to sign in where that helps', () => {
    const ended = of({ tunnel: tunnel(), ended: true, cause });
    assert.deepEqual([ended.text, ended.actions], ['The tunnel to orders-cache primary ended: The session ended.', ['reopen', 'showLog']]);
    const expired = of({ tunnel: tunnel(), ended: true, cause: signIn });
    assert.deepEqual([expired.actions, expired.profile], [['signIn', 'showLog'], 'dev']);
    assert.deepEqual(of({ tunnel: tunnel(), ended: false, cause: signIn }).actions, ['signIn', 'stop', 'showLog']);
  });

  it('is one for several tunnels', () => {
    const one = { tunnel: tunnel(), ended: false, cause };
    assert.equal(of(one, one).text, '2 tunnels are down: orders-cache primary, orders-cache primary. The session ended.');
    assert.match(of(one, one, one, one, one).text, /^5 tunnels are down: .* and 2 more\. The session/);
    const silent = { tunnel: tunnel({ health: { level: 'down', checkedAt: 1, detail: 'No answer.' } }), ended: false };
    assert.match(of(silent).text, /: No answer\.$/);
  });
});
