import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock';
import { engine } from '../../src/redis/index';
import type { RedisLogin } from '../../src/redis/types';
import { type Certificate, CertificateAuthority } from '../sandbox/servers/certificates';
import { eventually } from '../fixtures/eventually';
import { LiveRig, LONG_MS, never, NO_HELLO, PASSWORD, shown } from './liveRig';

describe('A live feed with a login by IAM', function () {
  this.timeout(60_000);
  const rig = new LiveRig();
  const NAME = 'cache.sandbox.internal';
  let directory: string;
  let authority: CertificateAuthority;
  let certificate: Certificate;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-live-'));
    authority = await CertificateAuthority.create(directory);
    certificate = await authority.issue([NAME]);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** A clock on which only what is due in hours waits to be told. */
  class HourClock implements Clock {
    readonly due: (() => void)[] = [];
    now = (): number => systemClock.now();
    wall = (): number => systemClock.wall();
    random = (): number => systemClock.random();
    schedule(ms: number, callback: () => void): { dispose(): void } {
      if (ms < 3_600_000) return systemClock.schedule(ms, callback);
      this.due.push(callback);
      return {
        dispose: () => {
          if (this.due.includes(callback)) this.due.splice(this.due.indexOf(callback), 1);
        },
      };
    }
  }

  for (const [what, renamed, connections] of [['between messages', {}, 1], ['by connecting again in RESP2', NO_HELLO, 2]] as const) {
    it(`logs in again before AWS cuts the connection, ${what}`, async () => {
      const secured = await rig.started({ tls: { certificate, caFile: authority.caFile }, password: PASSWORD, renamed });
      const clock = new HourClock();
      let logins = 0;
      const fresh = async (): Promise<RedisLogin> => {
        logins++;
        return { username: 'default', password: PASSWORD };
      };
      const ca = await readFile(authority.caFile, 'utf8');
      const options = await rig.optionsFor(secured, { tls: 'required', ca, loginSource: { kind: 'iam', name: 'elasticache:Connect', fresh } });
      const { loginSource: _, ...anonymous } = options;
      const session = await engine.openRedisSession({ ...anonymous, login: { password: PASSWORD } }, never);
      rig.sessions.push(session);
      const feed = rig.feedOf('SUBSCRIBE news', {}, { clock });
      await feed.start(options, never);
      assert.deepEqual([logins, clock.due.length], [1, 1]);
      clock.due.shift()!();
      await eventually(() => logins === 2 && clock.due.length === 1 && feed.state.phase === 'live', 'it has logged in again', LONG_MS);
      assert.deepEqual(shown(feed), connections === 1 ? [] : ['--lost', '--again']);
      await session.call(['PUBLISH', 'news', 'still here'], never);
      await eventually(() => shown(feed).includes('news||still here'), 'it goes on', LONG_MS);
      await feed.stop();
      assert.equal(clock.due.length, 0);
    });
  }
});
