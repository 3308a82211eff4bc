// What streams or waits in a cluster: its pane is connected to the node that it is about.
import assert from 'node:assert/strict';
import { nullLogger } from '../../src/base/log';
import { keyspaceWatch } from '../../src/model/keyspaceEvents';
import { slotOf } from '../../src/redis/cluster/slots';
import { createLiveFeed } from '../../src/redis/live/feed';
import type { LiveFeed, RedisSession } from '../../src/redis/types';
import { ConsoleGuard } from '../../src/vscode/console/consoleGuard';
import { prepareKeyspaceEvents } from '../../src/vscode/live/keyspaceSetting';
import { FakeClock } from '../fixtures/fakeClock';
import { eventually } from '../fixtures/eventually';
import { type ClusterMember, type ClusterServers, startCluster } from '../sandbox/servers/cluster';
import { FakeUi } from '../unit/vscode/samples';
import { RULES, tunnel } from '../unit/webview/consoleWorld';
import { ended, faultOf, never, shown, until } from './liveRig';
import { ClusterRig } from './redisClusterRig';

describe('Live panes of a cluster', function () {
  this.timeout(60_000);
  let cluster: ClusterServers;
  let rig: ClusterRig;
  let session: RedisSession;
  const feeds: LiveFeed[] = [];

  before(async () => {
    cluster = await startCluster();
    rig = new ClusterRig(cluster);
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    session = await rig.open(first());
  });
  afterEach(async () => {
    for (const feed of feeds.splice(0)) await feed.dispose();
    await rig.clear();
    for (const primary of cluster.primaries) await cluster.tell(primary, 'FLUSHALL');
  });

  const first = (): ClusterMember => cluster.primaries[0]!;
  const second = (): ClusterMember => cluster.primaries[1]!;
  const at = ({ port }: ClusterMember): string => `127.0.0.1:${port}`;
  /** By the slots that they were given: each has a third. */
  const keyAt = (member: ClusterMember): string => {
    for (let number = 0; ; number++) {
      const key = `key${number}`;
      if (cluster.primaries[Math.floor((slotOf(Buffer.from(key)) * 3) / 16_384)] === member) return key;
    }
  };
  const nodeOf = (line: string): string | undefined => {
    const node = session.liveRequest(line)?.node;
    return node && `${node.endpoint.host}:${node.endpoint.port} ${node.role}`;
  };
  /** As a pane does it: over the way that leads to the first node. */
  const started = async (line: string): Promise<LiveFeed> => {
    const request = session.liveRequest(line);
    assert.ok(request, line);
    const feed = createLiveFeed(request);
    feeds.push(feed);
    await feed.start(await rig.optionsFor(first()), never);
    return feed;
  };

  it('are for the node of the key or of the shard\'s channel, from the first command of a session on', () => {
    const key = keyAt(second());
    const there = `${at(second())} primary`;
    for (const line of [`SSUBSCRIBE ${key}`, `BLPOP ${key} 0`, `BLMPOP 0 1 ${key} LEFT`, `BLMOVE ${key} {${key}}2 LEFT RIGHT 0`, `XREAD BLOCK 0 STREAMS ${key} $`, `XREADGROUP GROUP g me BLOCK 0 STREAMS ${key} >`, `2 BZPOPMIN ${key} 0`]) {
      assert.equal(nodeOf(line), there, line);
    }
    for (const line of [`BLPOP ${keyAt(first())} 0`, `SUBSCRIBE ${key}`, 'MONITOR']) {
      assert.ok(session.liveRequest(line), line);
      assert.equal(nodeOf(line), undefined, line);
    }
  });

  it('show what is sent to a shard\'s channel at another node, and give the way back once they are closed', async () => {
    const key = keyAt(second());
    const feed = await started(`SSUBSCRIBE ${key}`);
    await cluster.tell(second(), 'SPUBLISH', key, 'hello');
    await until(feed, 1);
    assert.deepEqual(shown(feed), [`${key}||hello`]);
    assert.deepEqual(rig.dialled, [at(second())]);
    assert.deepEqual(rig.released, []);
    await feed.stop();
    assert.deepEqual(rig.released, rig.dialled);
  });

  it('wait for a list at another node, and give the way back once it was answered', async () => {
    const key = keyAt(second());
    const feed = await started(`BLPOP ${key} 0`);
    await cluster.tell(second(), 'RPUSH', key, 'job');
    assert.equal(await ended(feed), undefined);
    assert.deepEqual(shown(feed), [`${key}||job`]);
    await eventually(() => rig.released.length === 1, 'it was given back');
  });

  it('watch the node that is named, or that of the prompt, and no other', async () => {
    const named = await started(`@${at(second())} MONITOR`);
    await session.run(`SET ${keyAt(second())} 1`, never);
    assert.equal(nodeOf('MONITOR'), `${at(second())} primary`);
    assert.equal(nodeOf('PSUBSCRIBE __keyevent@0__:*'), `${at(second())} primary`);
    assert.equal(nodeOf('SUBSCRIBE news'), undefined);
    await cluster.tell(first(), 'ECHO', 'elsewhere');
    await cluster.tell(second(), 'ECHO', 'here');
    await eventually(() => shown(named).some((entry) => entry.endsWith('|here')), 'the node that was named is seen');
    assert.ok(!shown(named).some((entry) => entry.includes('elsewhere')));
  });

  it('read a stream at the replica that is named', async () => {
    const key = keyAt(first());
    await session.call(['XADD', key, '1-1', 'a', '1'], never);
    const replica = session.cluster!.topology.shards.flatMap(({ nodes }) => nodes).find(({ role, endpoint }) => role === 'replica' && cluster.replicas[0]!.port === endpoint.port)!;
    const line = `@127.0.0.1:${replica.endpoint.port} XREAD BLOCK 0 STREAMS ${key} 0`;
    assert.match(nodeOf(line)!, /replica$/);
    const feed = await started(line);
    await until(feed, 1);
    assert.deepEqual(shown(feed), [`${key}|1-1|{"a": "1"}`]);
  });

  it('come back to their node over a new way', async () => {
    const key = keyAt(second());
    const feed = await started(`SSUBSCRIBE ${key}`);
    rig.cut(second());
    await until(feed, 2);
    await cluster.tell(second(), 'SPUBLISH', key, 'again');
    await until(feed, 3);
    assert.deepEqual(shown(feed), ['--lost', '--again', `${key}||again`]);
    await feed.stop();
    assert.deepEqual(rig.released, rig.dialled);
  });

  it('give the way back where they fail, and dial no address that is none of the cluster', async () => {
    const key = keyAt(second());
    await session.run(`SET ${key} text`, never);
    const feed = await started(`BLPOP ${key} 0`);
    assert.equal((await ended(feed))?.code, 'redis.refused');
    await session.dispose();
    await eventually(() => rig.released.length === rig.dialled.length, 'everything was given back');
    const astray = createLiveFeed({ args: ['MONITOR'], node: { endpoint: { host: '169.254.169.254', port: 80 }, role: 'primary' } });
    feeds.push(astray);
    assert.equal((await faultOf(astray.start(await rig.optionsFor(first()), never))).code, 'redis.nodeRefused');
    assert.ok(!rig.dialled.some((place) => place.startsWith('169.')));
  });

  it('are refused for several nodes, for one that nobody knows, and in a transaction, each for its own reason', async () => {
    const fault = async (line: string): Promise<string> => (await faultOf((async () => session.liveRequest(line))())).message;
    assert.equal(await fault('@all MONITOR'), 'MONITOR goes on in a pane, which is connected to one node.');
    assert.match(await fault('@nowhere MONITOR'), /no node "nowhere"/);
    await session.run('MULTI', never);
    const { message, remedy } = await faultOf(session.run(`SSUBSCRIBE ${keyAt(second())}`, never));
    assert.deepEqual([message, remedy?.text], ['SSUBSCRIBE needs a live pane of its own.', 'Run it by itself, outside MULTI.']);
  });

  it('say of keyspace events that they are those of one node', async () => {
    const ui = new FakeUi();
    const guard = new ConsoleGuard({ ui, clock: new FakeClock(), logger: nullLogger, rules: () => RULES, unlockMs: () => 60_000, target: () => tunnel('t1').route.target, onChange: () => {} });
    const { note } = await prepareKeyspaceEvents(tunnel('t1'), keyspaceWatch('*'), guard, { ui, logger: nullLogger, openSession: () => rig.open(first()) }, never);
    guard.dispose();
    assert.match(note, /are off on this server.* the cluster has 3 primaries\./s);
  });
});
