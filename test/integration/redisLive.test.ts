import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { type Clock, systemClock } from '../../src/base/clock';
import { engine } from '../../src/redis/index';
import type { GuardPorts, LiveEntry, RedisSessionOptions } from '../../src/redis/types';
import { eventually } from '../fixtures/eventually';
import { ended, entriesOf, faultOf, LiveRig, LONG_MS, never, NO_HELLO, PASSWORD, shown, until } from './liveRig';
import { scriptedServer } from './redisTunnel';

describe('Live feeds on real servers', function () {
  this.timeout(60_000);
  const rig = new LiveRig({ users: [{ name: 'deaf', password: PASSWORD, rules: '~* +@all resetchannels' }] });

  describe('pub/sub', () => {
    for (const [what, renamed] of [['RESP3', {}], ['RESP2', NO_HELLO]] as const) {
      it(`shows messages of channels and of patterns over ${what}`, async () => {
        const own = await rig.started({ renamed });
        const options = await rig.optionsFor(own);
        const channels = rig.feedOf('SUBSCRIBE news weather news');
        const patterns = rig.feedOf('PSUBSCRIBE n*');
        await channels.start(options, never);
        await patterns.start(options, never);
        assert.deepEqual([channels.state, patterns.state], [{ phase: 'live' }, { phase: 'live' }]);
        const run = await rig.client(own);
        await run('PUBLISH news "one\\ntwo"');
        await run('PUBLISH weather "\\xff\\x00"');
        await run(`PUBLISH nothing '{"a":1}'`);
        await until(channels, 2);
        await until(patterns, 2);
        assert.deepEqual(shown(channels), ['news||one\ntwo', String.raw`weather||\xff\x00`]);
        assert.deepEqual(shown(patterns), ['news|n*|one\ntwo', 'nothing|n*|{"a":1}']);
      });
    }

    it('says which right is missing', async () => {
      const options = await rig.optionsFor(rig.server, { login: { username: 'deaf', password: PASSWORD } });
      const feed = rig.feedOf('SUBSCRIBE news');
      const fault = await faultOf(feed.start(options, never));
      assert.equal(fault.code, 'redis.noPermission');
      assert.match(fault.message, /channel/);
      assert.equal((await ended(feed))?.code, 'redis.noPermission');
    });

    it('says why a managed service refuses a pattern, and what to use', async () => {
      const serverless = await rig.started({ renamed: { PSUBSCRIBE: '""', MONITOR: '""' } });
      const options = await rig.optionsFor(serverless, { managed: 'serverless' });
      const fault = await faultOf(rig.feedOf('PSUBSCRIBE n*').start(options, never));
      assert.equal(fault.message, 'ElastiCache Serverless does not offer PSUBSCRIBE: patterns would have to be matched on all servers.');
      assert.match(fault.remedy?.text ?? '', /^SUBSCRIBE to channels by their names/);
      const watched = await faultOf(rig.feedOf('MONITOR').start(options, never));
      assert.match(watched.message, /^ElastiCache Serverless does not offer MONITOR:/);
      const own = await faultOf(rig.feedOf('MONITOR').start(await rig.optionsFor(serverless), never));
      assert.match(own.message, /refused the command: ERR unknown command/);
    });

    it('says that messages are missing after the connection was lost, and goes on', async () => {
      const feed = rig.feedOf('SUBSCRIBE news');
      await feed.start(await rig.optionsFor(), never);
      const [tunnel] = rig.tunnels;
      const run = await rig.client();
      await run('PUBLISH news before');
      await until(feed, 1);
      const other = await rig.started({});
      tunnel!.lead(other.port);
      tunnel!.cut();
      await until(feed, 3);
      const runOther = await rig.client(other);
      await runOther('PUBLISH news after');
      await until(feed, 4);
      assert.deepEqual(shown(feed), ['news||before', '--lost', '--again', 'news||after']);
      assert.deepEqual(feed.state, { phase: 'live' });
    });

    it('says it before the first message that comes again, and connects less and less often to a server that ends it at once', async () => {
      const hello = '-ERR unknown command\r\n';
      const stream = '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n';
      const answers = ['+PONG\r\n', hello];
      const hasty = createServer((socket) => {
        let next = 0;
        socket.on('error', () => {}).on('data', () => (next === 2 ? socket.end(stream) : socket.write(answers[next++]!)));
      });
      await new Promise<void>((resolve) => {
        hasty.listen(0, '127.0.0.1', resolve);
      });
      const waits: number[] = [];
      const clock: Clock = {
        ...systemClock,
        random: () => 0.99,
        schedule: (ms, callback) => {
          if (ms < 15_000) waits.push(Math.round(ms));
          return systemClock.schedule(Math.min(ms, 1000) / 100, callback);
        },
      };
      try {
        const feed = rig.feedOf('SUBSCRIBE news', {}, { clock, openTimeoutMs: 500_000 });
        await feed.start(await rig.optionsFor({ port: (hasty.address() as AddressInfo).port }), never);
        await until(feed, 10);
        await feed.stop();
        assert.deepEqual(shown(feed).slice(0, 7), ['news||hi', '--lost', '--again', 'news||hi', '--lost', '--again', 'news||hi']);
        assert.deepEqual(waits.slice(0, 3), [495, 990, 1980]);
      } finally {
        hasty.close();
      }
    });

    it('goes on trying while nobody answers, and stops when told', async () => {
      const mortal = await rig.started({});
      const feed = rig.feedOf('SUBSCRIBE news');
      await feed.start(await rig.optionsFor(mortal), never);
      await mortal.stop();
      await eventually(() => feed.state.phase === 'lost' && feed.state.fault?.code === 'redis.unreachable', 'a try has failed', LONG_MS);
      await feed.stop();
      assert.deepEqual(feed.state, { phase: 'ended' });
    });

    it('ends when the login is not taken any more', async () => {
      const guarded = await rig.started({ password: PASSWORD });
      const feed = rig.feedOf('SUBSCRIBE news');
      await feed.start(await rig.optionsFor(guarded, { login: { password: PASSWORD } }), never);
      const changed = await rig.started({ password: `not-${PASSWORD}` });
      rig.tunnels[0]!.lead(changed.port);
      rig.tunnels[0]!.cut();
      assert.equal((await ended(feed))?.code, 'redis.wrongPassword');
    });

    it('does not wait for a server that lets it in and then says nothing', async () => {
      const silent = await scriptedServer(['+PONG\r\n', '']);
      try {
        const feed = rig.feedOf('SUBSCRIBE news', {}, { openTimeoutMs: 100 });
        assert.equal((await faultOf(feed.start(await rig.optionsFor(silent), never))).code, 'redis.unreachable');
      } finally {
        await silent.dispose();
      }
    });

    it('keeps to its bounds in a flood', async () => {
      const feed = rig.feedOf('SUBSCRIBE flood', {}, { bounds: { entries: 10_000, bytes: 1024 * 1024, labels: 10 } });
      await feed.start(await rig.optionsFor(), never);
      const run = await rig.client();
      const script = `"for i = 1, 50000 do redis.call('publish', 'flood', string.rep('x', 100) .. i) end"`;
      await run(`EVAL ${script} 0`);
      await eventually(() => feed.log.stats().received === 50_000, 'all have come', LONG_MS);
      const stats = feed.log.stats();
      assert.equal(stats.kept + stats.dropped, 50_000);
      assert.ok(stats.kept > 1000 && stats.kept <= 1024 * 1024 / 300, String(stats.kept));
      assert.ok(stats.messagesPerSecond > 0);
      const last = feed.log.get(feed.log.next - 1);
      assert.ok(last?.mark === undefined && last?.text.endsWith('x50000'));
      assert.deepEqual(stats.labels, [['flood', 50_000]]);
    });

    it('subscribes to a channel of a shard', async () => {
      const node = await rig.started({ cluster: {} });
      const run = await rig.client(node);
      await run('CLUSTER ADDSLOTSRANGE 0 16383');
      const feed = rig.feedOf('SSUBSCRIBE orders');
      await eventually(() => feed.start(tunnelOptions(), never).then(() => true), 'the cluster is up', LONG_MS);
      await run('SPUBLISH orders new');
      await until(feed, 1);
      assert.deepEqual(shown(feed), ['orders||new']);
      assert.equal((await faultOf(rig.feedOf('SSUBSCRIBE orders customers').start(tunnelOptions(), never))).code, 'redis.refused');
    });

    const tunnelOptions = (): RedisSessionOptions => ({ local: rig.tunnels[0]!.local, endpoint: { host: 'cache.sandbox.internal', port: 6379 }, tls: 'off' });

    it('shows events of keys', async () => {
      const run = await rig.client();
      await run('CONFIG SET notify-keyspace-events AKE');
      const events = rig.feedOf('PSUBSCRIBE __keyevent@*__:*', { keyspace: true });
      const keys = rig.feedOf('PSUBSCRIBE __keyspace@*__:user:*', { keyspace: true });
      await events.start(await rig.optionsFor(), never);
      await keys.start(await rig.optionsFor(), never);
      await run('SET user:1 a');
      await run('SELECT 3');
      await run('DEL user:1');
      await run('SADD user:1 a');
      await until(events, 2);
      await until(keys, 2);
      assert.deepEqual(shown(events), ['set|db 0|user:1', 'sadd|db 3|user:1']);
      assert.deepEqual(shown(keys), ['set|db 0|user:1', 'sadd|db 3|user:1']);
      await run('CONFIG SET notify-keyspace-events ""');
    });
  });

  describe('MONITOR', () => {
    it('shows what clients send, without their secrets', async () => {
      const feed = rig.feedOf('monitor');
      await feed.start(await rig.optionsFor(), never);
      const run = await rig.client();
      await run('SET "a b" "c\\nd"');
      await run('AUTH default wrong');
      await run('ECHO "masterauth hunter2"');
      await run(`EVAL "return redis.call('GET', 'x')" 0`);
      const wanted = new Set(['SET', 'ECHO', 'EVAL', 'GET']);
      const seen = (): LiveEntry[] => entriesOf(feed).filter((entry) => entry.mark === undefined && wanted.has(entry.label));
      await eventually(() => seen().length >= 4, 'all are seen', LONG_MS);
      const texts = seen().map((entry) => (entry.mark === undefined ? `${entry.label} ${entry.text}` : ''));
      assert.deepEqual(texts.slice(0, 2), [String.raw`SET "a b" "c\nd"`, 'ECHO •••']);
      assert.ok(texts[2]!.startsWith('EVAL "return'), texts[2]);
      assert.equal(texts[3], 'GET x');
      const [set, , , get] = seen();
      assert.ok(set?.mark === undefined && /^db 0 · 127\.0\.0\.1:\d+$/.test(set!.origin), inspect(set));
      assert.ok(get?.mark === undefined && get!.origin === 'db 0 · lua');
      assert.ok(Math.abs(set!.at - Date.now()) < 60_000);
      assert.ok(!inspect(entriesOf(feed)).includes('wrong') && !inspect(entriesOf(feed)).includes('hunter2'));
    });

    it('outlives a command of megabytes', async () => {
      const feed = rig.feedOf('MONITOR');
      await feed.start(await rig.optionsFor(), never);
      const run = await rig.client();
      await run(`SET large ${'x'.repeat(2_000_000)}`);
      await run('SET small 1');
      await eventually(() => shown(feed).some((text) => text.endsWith('|small 1')), 'the next one is seen', LONG_MS);
      const large = entriesOf(feed).find((entry) => entry.mark === undefined && entry.text.startsWith('"large"'));
      assert.ok(large?.mark === undefined && large!.cut && large!.bytes > 2_000_000 && large!.text.length < 70_000);
    });

    it('asks first: on production for the name, and not for unlocked writes', async () => {
      const asked: string[] = [];
      const guard: GuardPorts = {
        production: () => true,
        writesAllowed: () => false,
        ask: async ({ kind, verdicts }) => {
          asked.push(`${kind} ${verdicts[0]!.command}`);
          return false;
        },
      };
      const feed = rig.feedOf('MONITOR');
      assert.equal((await faultOf(feed.start(await rig.optionsFor(rig.server, { guard }), never))).code, 'redis.notConfirmed');
      assert.deepEqual(asked, ['name MONITOR']);
    });
  });

  describe('commands that wait', () => {
    it('pops once', async () => {
      const feed = rig.feedOf('BLPOP q 0', { database: 2 });
      await feed.start(await rig.optionsFor(), never);
      assert.equal(feed.repeat, false);
      const run = await rig.client();
      await run('SELECT 2');
      await run('RPUSH q a b');
      assert.equal(await ended(feed), undefined);
      assert.deepEqual(shown(feed), ['q||a']);
      assert.deepEqual(await run('LLEN q'), { type: 'integer', value: 1n });
    });

    it('pops as often as it was typed, or for as long as it is wanted, but not while it is held', async () => {
      const run = await rig.client();
      await run('RPUSH q a b c d');
      const twice = rig.feedOf('BLPOP q 0', { times: 2 });
      await twice.start(await rig.optionsFor(), never);
      assert.equal(await ended(twice), undefined);
      assert.deepEqual(shown(twice), ['q||a', 'q||b']);
      const forever = rig.feedOf('BLMOVE q done LEFT RIGHT 0');
      forever.repeat = true;
      forever.hold(true);
      await forever.start(await rig.optionsFor(), never);
      await until(forever, 1);
      assert.deepEqual(await run('LLEN q'), { type: 'integer', value: 1n });
      forever.hold(false);
      await until(forever, 2);
      assert.deepEqual(shown(forever), ['q||c', 'q||d']);
      await run('RPUSH q e');
      await until(forever, 3);
    });

    it('goes on popping after the connection was lost, and says what that may have cost', async () => {
      const feed = rig.feedOf('BLPOP q 0');
      feed.repeat = true;
      await feed.start(await rig.optionsFor(), never);
      rig.tunnels[0]!.cut();
      await until(feed, 2);
      const run = await rig.client();
      await run(`RPUSH q ${'x'.repeat(1_000_000)}`);
      await until(feed, 3);
      assert.deepEqual(shown(feed).slice(0, 2), ['--lost', '--taken']);
      const popped = entriesOf(feed)[2];
      assert.ok(popped?.mark === undefined && !popped!.cut && popped!.text.length === 1_000_000, 'what was popped is kept as a whole');
    });

    it('shows members with their scores', async () => {
      const run = await rig.client();
      await run('ZADD z 1 a 2.5 b 3 c');
      for (const [line, wanted] of [['BZPOPMIN z 0', ['z|1|a']], ['BZMPOP 0 1 z MIN COUNT 2', ['z|2.5|b', 'z|3|c']]] as const) {
        const feed = rig.feedOf(line);
        await feed.start(await rig.optionsFor(), never);
        await ended(feed);
        assert.deepEqual(shown(feed), wanted);
      }
    });

    it('says that it has waited for nothing', async () => {
      const feed = rig.feedOf('BRPOP nothing 0.01');
      await feed.start(await rig.optionsFor(), never);
      assert.equal(await ended(feed), undefined);
      assert.deepEqual(shown(feed), ['--timedOut']);
    });

    it('is not run again when its connection went, since it may have taken something', async () => {
      const feed = rig.feedOf('BLPOP q 0');
      await feed.start(await rig.optionsFor(), never);
      rig.tunnels[0]!.cut();
      const fault = await ended(feed);
      assert.equal(fault?.code, 'redis.connectionLost');
      assert.match(fault?.message ?? '', /BLPOP q 0/);
    });

    it('is a write: refused on production, and stopped when writes are locked again', async () => {
      let allowed = false;
      const guard: GuardPorts = { production: () => true, writesAllowed: () => allowed, ask: () => assert.fail('no question') };
      const feed = rig.feedOf('BLPOP q 0');
      const options = await rig.optionsFor(rig.server, { guard });
      assert.equal((await faultOf(feed.start(options, never))).code, 'redis.readOnly');
      allowed = true;
      feed.repeat = true;
      await feed.start(options, never);
      allowed = false;
      const run = await rig.client();
      await run('RPUSH q a b');
      assert.equal((await ended(feed))?.code, 'redis.readOnly');
      assert.deepEqual(shown(feed), ['q||a']);
    });

    it('says what the server says of a wrong one', async () => {
      const feed = rig.feedOf('BLPOP q soon');
      await feed.start(await rig.optionsFor(), never);
      assert.match((await ended(feed))?.message ?? '', /timeout/);
    });

    it('reads streams on, whatever comes between two reads, also across a lost connection', async () => {
      const run = await rig.client();
      await run('XADD s1 1-1 a 1');
      const feed = rig.feedOf('XREAD BLOCK 0 STREAMS s1 s2 $ $');
      await feed.start(await rig.optionsFor(), never);
      assert.equal(feed.repeat, true);
      await run('MULTI');
      await run('XADD s1 2-1 name alice name bob');
      await run('XADD s2 1-1 x "\\xff"');
      await run('EXEC');
      await until(feed, 2);
      rig.tunnels[1]!.cut();
      await run('XADD s2 3-1 y 1');
      await until(feed, 5);
      assert.deepEqual(shown(feed).toSorted(), ['--complete', '--lost', 's1|2-1|{"name": "alice", "name": "bob"}', 's2|1-1|{"x": "\\\\xff"}', 's2|3-1|{"y": "1"}']);
    });

    it('reads as a consumer of a group', async () => {
      const run = await rig.client();
      await run('XGROUP CREATE s g $ MKSTREAM');
      const feed = rig.feedOf('XREADGROUP GROUP g me BLOCK 0 STREAMS s >');
      const index = rig.tunnels.length;
      assert.equal(feed.repeat, false);
      feed.repeat = true;
      await feed.start(await rig.optionsFor(), never);
      await run('XADD s 1-1 a 1');
      await until(feed, 1);
      await run('XADD s 1-2 a 2');
      await until(feed, 2);
      // What comes while the server still holds the lost connection for a reader is that reader's, and pending for good.
      const readers = async (): Promise<string> => (((await run('CLIENT LIST')) as { bytes: Buffer }).bytes.toString().match(/^.*\bcmd=xreadgroup\b.*$/gm) ?? []).join('');
      const [reader] = await eventually(async () => /\bid=\d+\b/.exec(await readers()), 'the feed waits');
      rig.tunnels[index]!.cut();
      await eventually(async () => !(await readers()).includes(`${reader} `), 'the server sees the end');
      await run('XADD s 1-3 a 3');
      await until(feed, 5);
      assert.deepEqual(shown(feed), ['s|1-1|{"a": "1"}', 's|1-2|{"a": "2"}', '--lost', '--pending', 's|1-3|{"a": "3"}']);
    });
  });

  it('is asked for by lines that stream or wait, in the database that is selected', async () => {
    const session = await engine.openRedisSession(await rig.optionsFor(), never);
    rig.sessions.push(session);
    await session.run('SELECT 4', never);
    const request = session.liveRequest('3 blpop "my list" 0');
    assert.deepEqual(request, { times: 3, args: ['blpop', 'my list', '0'].map((text) => Buffer.from(text)), database: 4 });
    for (const line of ['GET a', 'XREAD STREAMS s 0', 'HELP SUBSCRIBE', '"BLPOP', 'SUBSCRIBE', '']) assert.equal(session.liveRequest(line), undefined, line);
    await session.run('MULTI', never);
    assert.equal(session.liveRequest('BLPOP q 0'), undefined);
    await session.run('DISCARD', never);
  });
});
