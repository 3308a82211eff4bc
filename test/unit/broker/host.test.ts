import assert from 'node:assert/strict';
import { systemClock } from '../../../src/base/clock';
import { Emitter } from '../../../src/base/event';
import { nullLogger } from '../../../src/base/log';
import type { Core, CoreOptions, WindowSettings } from '../../../src/broker/client';
import { BrokerHost, type Member } from '../../../src/broker/host';
import { Journal, type OpenSession } from '../../../src/broker/journal';
import type { Answer } from '../../../src/broker/questionDesk';
import { UNKNOWN_HEALTH } from '../../../src/model/health';
import type { Notice } from '../../../src/model/notice';
import type { Question } from '../../../src/model/question';
import type { Route } from '../../../src/model/route';
import type { CredentialsChange } from '../../../src/model/signIn';
import { DEFAULT_SSH_SETTINGS } from '../../../src/model/ssh';
import { ssmSettings } from '../../../src/model/ssmSettings';
import type { TunnelInfo } from '../../../src/model/tunnel';
import { eventually } from '../../fixtures/eventually';
import { testRoute } from '../../fixtures/fakeTransport';

const never = (): AbortSignal => new AbortController().signal;
const left: OpenSession = { place: { profile: 'dev', region: 'eu-central-1' }, id: 'left', at: 0 };

/** A core that opens tunnels by saying so. */
class FakeCore {
  readonly changes = new Emitter<TunnelInfo>();
  readonly notices = new Emitter<Notice>();
  readonly credentials = new Emitter<CredentialsChange>();
  readonly ended: string[] = [];
  readonly #running = new Map<string, TunnelInfo>();
  /** Whether sessions can be ended. */
  signedIn = true;
  disposals = 0;
  readonly options: CoreOptions;

  constructor(options: CoreOptions) {
    this.options = options;
  }

  get core(): Core {
    return {
      tunnels: {
        start: async (route: Route) => {
          await new Promise(setImmediate);
          const info: TunnelInfo = {
            id: `tunnel-${this.#running.size}-${route.target.id}`,
            route,
            local: { host: '127.0.0.1', port: 1 },
            state: { phase: 'open', streams: 0 },
            health: UNKNOWN_HEALTH,
            since: 0,
            bytes: { up: 0, down: 0 },
            rate: { up: 0, down: 0 },
            reconnects: 0,
          };
          const known = [...this.#running.values()].find((one) => one.route.target.id === route.target.id);
          if (known) return known;
          this.#running.set(info.id, info);
          this.changes.fire(info);
          return info;
        },
        stop: async (id: string) => {
          const info = this.#running.get(id);
          this.#running.delete(id);
          if (info) this.changes.fire({ ...info, state: { phase: 'closed' } });
        },
        list: async () => [...this.#running.values()],
        details: () => Promise.resolve(undefined),
        retry: () => Promise.resolve(),
        onDidChange: this.changes.event,
      },
      inventory: {} as Core['inventory'],
      signIn: { onDidChange: this.credentials.event } as Core['signIn'],
      power: {} as Core['power'],
      cacheLogins: {} as Core['cacheLogins'],
      onDidNotice: this.notices.event,
      endSession: async (_place, id) => {
        if (!this.signedIn) throw new Error('not signed in');
        this.ended.push(id);
      },
      restart: () => Promise.resolve(),
      dispose: async () => {
        this.disposals++;
      },
    };
  }
}

class FakeMember implements Member {
  readonly env: Readonly<Record<string, string>>;
  readonly settings: WindowSettings;
  readonly companion = '/companion';
  readonly asked: Question[] = [];
  readonly told: Notice[] = [];
  readonly changes: CredentialsChange[] = [];
  present = true;

  constructor(env: Readonly<Record<string, string>>, folder: string) {
    this.env = env;
    this.settings = { ssm: ssmSettings(), ssh: DEFAULT_SSH_SETTINGS, proxy: { url: `http://${folder}` }, workspaceFolders: [`/${folder}`], caFile: '', customTargets: null, lingerSeconds: 1 };
  }

  ask(question: Question): Promise<Answer | null> {
    this.asked.push(question);
    return Promise.resolve('answer');
  }
  tell(notice: Notice): void {
    this.told.push(notice);
  }
  credentialsChanged(change: CredentialsChange): void {
    this.changes.push(change);
  }
}

describe('the cores behind the windows', () => {
  let cores: FakeCore[];
  const open = (sessions: readonly OpenSession[] = []): BrokerHost =>
    new BrokerHost({
      clock: systemClock,
      logger: nullLogger,
      env: { LANG: 'C' },
      journal: new Journal('/dev/null/none', nullLogger, () => 0),
      stateDir: '/dev/null/none',
      left: sessions,
      createCore: () =>
        Promise.resolve((options) => {
          const core = new FakeCore(options);
          cores.push(core);
          return core.core;
        }),
    });
  const one = { AWS_PROFILE: 'one' };
  const other = { AWS_PROFILE: 'other' };

  beforeEach(() => {
    cores = [];
  });

  it('are one for all windows with the same variables, and others for others', async () => {
    const host = open();
    const members = [new FakeMember(one, 'a'), new FakeMember({ ...one }, 'b'), new FakeMember(other, 'c')];
    for (const member of members) host.join(member);
    for (const member of members) await host.core(member);
    assert.deepEqual(cores.map(({ options }) => options.env), [{ LANG: 'C', ...one }, { LANG: 'C', ...other }]);
  });

  it('read the settings of the window that acted last among their own, and of the last one when none is left', async () => {
    const host = open();
    const [a, b, c] = [new FakeMember(one, 'a'), new FakeMember({ ...one }, 'b'), new FakeMember(other, 'c')];
    for (const member of [a, b, c]) host.join(member);
    await host.core(a);
    const { proxy, workspaceFolders } = cores[0]!.options;
    assert.equal(proxy!().url, 'http://b');
    await host.start(a, testRoute, {}, never());
    assert.equal(proxy!().url, 'http://a');
    host.acted(c);
    assert.equal(proxy!().url, 'http://a');
    assert.deepEqual([...workspaceFolders!()].toSorted(), ['/a', '/b', '/c'], 'no folder of any window is trusted');
    for (const member of [a, b, c]) host.leave(member);
    assert.equal(proxy!().url, 'http://a');
  });

  it('share tunnels: the same destination is opened once, whatever the variables of those who ask', async () => {
    const host = open();
    const [a, b] = [new FakeMember(one, 'a'), new FakeMember(other, 'b')];
    host.join(a);
    host.join(b);
    const tunnels = await Promise.all([host.start(a, testRoute, {}, never()), host.start(b, testRoute, {}, never()), host.start(b, testRoute, {}, never())]);
    assert.equal(new Set(tunnels).size, 1);
    assert.equal(await host.start(b, testRoute, {}, never()), tunnels[0]);
    assert.equal(host.tunnels.length, 1);
    assert.ok(!host.idle);
    await host.stop(tunnels[0].id);
    assert.ok(host.idle);
    assert.deepEqual(await host.list(), []);
  });

  it('ask the window that acted last first, and tell only that one', async () => {
    const host = open();
    const [a, b, c] = [new FakeMember(one, 'a'), new FakeMember({ ...one }, 'b'), new FakeMember(other, 'c')];
    for (const member of [a, b, c]) host.join(member);
    await host.core(a);
    host.acted(a);
    host.acted(c);
    const question: Question = { kind: 'password', user: 'u', host: 'h', again: false };
    assert.equal(await cores[0]!.options.ask!(question, never()), 'answer');
    assert.deepEqual([a, b, c].map(({ asked }) => asked.length), [1, 0, 0]);
    cores[0]!.notices.fire({ kind: 'sessionMessage', text: 'hi', bastion: testRoute.bastion });
    assert.deepEqual([a, b, c].map(({ told }) => told.length), [1, 0, 0]);
    cores[0]!.credentials.fire({ kind: 'configuration' });
    assert.deepEqual([a, b, c].map(({ changes }) => changes.length), [1, 1, 0]);
    for (const member of [a, b]) {
      member.present = false;
      host.leave(member);
    }
    assert.equal(await cores[0]!.options.ask!(question, never()), 'answer');
    assert.equal(c.asked.length, 1, 'nobody else is there');
  });

  it('let one window speak for tunnels that are in trouble, until it goes or there is nothing to say', async () => {
    const host = open();
    const [a, b, c] = [new FakeMember(one, 'a'), new FakeMember({ ...one }, 'b'), new FakeMember(other, 'c')];
    for (const member of [a, b, c]) host.join(member);
    const tunnels: TunnelInfo[] = [];
    for (const id of ['x', 'y', 'z']) tunnels.push(await host.start(a, { ...testRoute, target: { ...testRoute.target, id } }, {}, never()));
    const [x, y, z] = tunnels as [TunnelInfo, TunnelInfo, TunnelInfo];
    const heard: TunnelInfo[] = [];
    host.onDidChange((info) => heard.push(info));
    const speakers = (info: TunnelInfo): readonly number[] => [a, b, c].flatMap((member, index) => (host.seenBy(member, info).spokenFor ? [] : [index]));
    const say = (info: TunnelInfo, state: TunnelInfo['state']): TunnelInfo => {
      const said = { ...info, state };
      cores[0]!.changes.fire(said);
      return said;
    };
    const cause = { code: 'aws.expiredCredentials', message: 'Expired.', retryable: false } as const;
    const held = { phase: 'waiting', attempt: 1, needs: 'signIn', cause } as const;
    assert.deepEqual(speakers(x), [0, 1, 2], 'nothing is to be said');
    let waiting = say(x, held);
    assert.deepEqual(speakers(waiting), [0]);
    host.acted(b);
    assert.deepEqual(speakers(say(y, held)), [0], 'it was asked for already');
    assert.deepEqual(speakers(say(z, { ...held, cause: { ...cause, code: 'aws.mfaNeeded' } })), [1], 'of another kind');
    say(x, { phase: 'open', streams: 0 });
    say(y, { phase: 'open', streams: 0 });
    host.acted(c);
    waiting = say(x, held);
    assert.deepEqual(speakers(waiting), [1], 'its own windows go first');
    heard.length = 0;
    b.present = false;
    host.leave(b);
    assert.deepEqual(new Set(heard.map(({ id }) => id)), new Set([x.id, y.id, z.id]));
    assert.deepEqual(speakers(waiting), [0]);
    for (const member of [a, c]) {
      member.present = false;
      host.leave(member);
    }
    const back = new FakeMember({ ...one }, 'a');
    host.join(back);
    assert.equal(host.seenBy(back, waiting).spokenFor, undefined);
  });

  it('let one window tell of the end of a tunnel: the one that has spoken for it, else the one that acted last', async () => {
    const host = open();
    const [a, b] = [new FakeMember(one, 'a'), new FakeMember({ ...one }, 'b')];
    for (const member of [a, b]) host.join(member);
    const tunnels: TunnelInfo[] = [];
    for (const id of ['x', 'y', 'z']) tunnels.push(await host.start(a, { ...testRoute, target: { ...testRoute.target, id } }, {}, never()));
    const [x, y, z] = tunnels as [TunnelInfo, TunnelInfo, TunnelInfo];
    let tellers: readonly number[] = [];
    host.onDidChange((info) => (tellers = [a, b].flatMap((member, index) => (host.seenBy(member, info).spokenFor ? [] : [index]))));
    const say = (info: TunnelInfo, state: TunnelInfo['state']): void => cores[0]!.changes.fire({ ...info, state });
    const cause = { code: 'ssm.sessionEnded', message: 'Ended.', retryable: true } as const;
    say(x, { phase: 'waiting', attempt: 1, retryAt: 0, cause });
    assert.deepEqual(tellers, [0]);
    host.acted(b);
    say(x, { phase: 'closed', cause });
    assert.deepEqual(tellers, [0], 'it has spoken for it until now');
    say(y, { phase: 'closed', cause });
    assert.deepEqual(tellers, [1]);
    say(z, { phase: 'closed' });
    assert.deepEqual(tellers, [0, 1], 'who stops a tunnel needs no news');
    assert.ok(host.idle);
  });

  it('end what a broker before has left, again after a sign-in when that was missing', async () => {
    const host = open([left]);
    const a = new FakeMember(one, 'a');
    void host.core(a).then(() => (cores[0]!.signedIn = false));
    host.join(a);
    await host.core(a);
    await new Promise(setImmediate);
    assert.deepEqual(cores[0]!.ended, []);
    cores[0]!.signedIn = true;
    cores[0]!.credentials.fire({ kind: 'signedIn', profiles: ['dev'] });
    await eventually(() => cores[0]!.ended.length === 1);
    host.join(new FakeMember(other, 'b'));
    await new Promise(setImmediate);
    assert.deepEqual(cores.map(({ ended }) => ended.length), [1, 0], 'once');
  });

  it('are kept for windows that come back, but not without end', async () => {
    const host = open();
    for (let number = 0; number < 20; number++) {
      const member = new FakeMember({ AWS_PROFILE: `${number}` }, 'a');
      host.join(member);
      await host.core(member);
      host.leave(member);
    }
    await eventually(() => cores.filter(({ disposals }) => disposals === 1).length === 12);
    await host.dispose();
    assert.ok(cores.every(({ disposals }) => disposals === 1));
    await assert.rejects(host.start(new FakeMember(one, 'a'), testRoute, {}, never()), { code: 'broker.ending' });
  });
});
