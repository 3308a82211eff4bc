// Large replies in the console of a whole cluster, on real redis-servers: they come piece by piece from whichever node has them.
import assert from 'node:assert/strict';
import { slotOf } from '../../src/redis/cluster/slots';
import type { RedisSession, RenderedReply, RowSource } from '../../src/redis/types';
import { type ClusterMember, type ClusterServers, startCluster } from '../sandbox/servers/cluster';
import { ClusterRig, never } from './redisClusterRig';
import { replyText } from './replyText';

const COUNT = 300_000;
const FILL = `for i=1,${COUNT},5000 do local t={} for j=i,i+4999 do t[#t+1]='element:'..j end redis.call('RPUSH',KEYS[1],unpack(t)) end return 1`;

describe('Large replies of a Redis cluster', function () {
  this.timeout(60_000);
  let cluster: ClusterServers;
  let rig: ClusterRig;
  let seed: ClusterMember;
  let home: ClusterMember;
  /** At another node than the one that is asked first. */
  let many: string;
  let redirected: string;
  let session: RedisSession;

  before(async () => {
    cluster = await startCluster();
    rig = new ClusterRig(cluster);
    [seed, home] = cluster.primaries as [ClusterMember, ClusterMember];
    const slots = (key: string): number => slotOf(Buffer.from(key));
    // By the slots that they were given: each has a third.
    for (let number = 0; many === undefined; number++) if (Math.floor((slots(`many${number}`) * 3) / 16_384) === 1) many = `many${number}`;
    redirected = `-> Redirected to slot [${slots(many)}] located at 127.0.0.1:${home.port}`;
    await cluster.tell(home, 'EVAL', FILL, '1', many);
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    session = await rig.open(seed);
  });
  afterEach(() => rig.clear());

  const textOf = async ({ reply }: RenderedReply): Promise<RowSource> => {
    const view = await reply?.look('text', never);
    assert.ok(view);
    return view.source;
  };

  const asked = async (): Promise<number> => Number(/cmdstat_lrange:calls=(\d+)/.exec(await cluster.tell(home, 'INFO', 'commandstats'))?.[1] ?? 0);

  it('come as a whole and grow, after the line that says where from', async () => {
    const grown: number[] = [];
    const reply = await session.run(`LRANGE ${many} 0 -1`, never, ({ rows }) => grown.push(rows));
    assert.deepEqual({ large: reply.large, truncated: reply.truncated, ending: reply.ending, rows: reply.reply?.rows }, { large: true, truncated: false, ending: 'whole', rows: COUNT + 1 });
    assert.ok(grown.length > 10 && grown[0]! < COUNT / 10, 'it can be shown long before it is there');
    const text = await textOf(reply);
    assert.deepEqual(text.rowsAt(0, 2), [redirected, '     1) "element:1"']);
    assert.deepEqual(text.rowsAt(COUNT, 9), [`${COUNT}) "element:${COUNT}"`]);
    assert.ok(reply.reply?.views.includes('json'), 'it is kept as it was sent, too');
    assert.equal(session.prompt, `127.0.0.1:${home.port}`);
  });

  it('are one string of several megabytes, more than once, and at a node that was named', async () => {
    await cluster.tell(home, 'SET', `{${many}}string`, 'x'.repeat(2_000_000));
    const string = `"${'x'.repeat(2_000_000)}"`;
    assert.ok((await replyText(await session.run(`2 GET {${many}}string`, never))) === `${redirected}\n${string}\n${string}`, 'twice, and the way there once');
    const address = `127.0.0.1:${home.port}`;
    assert.ok((await replyText(await session.run(`@${address} GET {${many}}string`, never))) === `-> ${address} primary\n${string}`);
  });

  it('are those of a transaction, too', async () => {
    await session.run('MULTI', never);
    assert.equal((await session.run(`LRANGE ${many} 0 -1`, never)).text, `${redirected}\nQUEUED`);
    const reply = await session.run('EXEC', never);
    assert.equal(reply.reply?.rows, COUNT);
    assert.equal(reply.truncated, false);
    assert.equal(session.prompt, `127.0.0.1:${home.port}`);
  });

  it('keep what came when they are stopped, and the console is ready for the next command', async () => {
    const stop = new AbortController();
    const reply = await session.run(`LRANGE ${many} 0 -1`, stop.signal, () => stop.abort());
    assert.equal(reply.ending, 'stopped');
    const text = await textOf(reply);
    assert.ok(text.truncated && text.rows > 1000 && text.rows < COUNT);
    assert.deepEqual(text.rowsAt(0, 2), [redirected, '     1) "element:1"']);
    assert.equal((await session.run(`LINDEX ${many} 0`, never)).text, '"element:1"');
    assert.equal(session.state, 'ready');
  });

  it('keep what came when the connection is lost, and are not asked for again', async () => {
    const before = await asked();
    let isCut = false;
    const reply = await session.run(`LRANGE ${many} 0 -1`, never, () => {
      if (!isCut) rig.cut(home);
      isCut = true;
    });
    assert.equal(reply.ending, 'lost');
    const text = await textOf(reply);
    assert.ok(text.truncated && text.rows > 1000 && text.rows < COUNT, String(text.rows));
    assert.deepEqual(text.rowsAt(1000, 1), ['  1000) "element:1000"']);
    assert.equal(await asked(), before + 1);
    assert.equal((await session.run(`LINDEX ${many} 0`, never)).text, '"element:1"');
  });

  it('leave nothing of a redirection in what is kept', async () => {
    const [, , third] = cluster.primaries as [ClusterMember, ClusterMember, ClusterMember];
    const slot = String(slotOf(Buffer.from(many)));
    const moving = `{${many}}moving`;
    await cluster.tell(home, 'COPY', many, moving);
    // To the console the slot is still where it was; the node says where the key has gone.
    await cluster.tell(third, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', home.id);
    await cluster.tell(home, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', third.id);
    try {
      await cluster.tell(home, 'MIGRATE', third.host, String(third.port), moving, '0', '20000');
      const reply = await session.run(`LRANGE ${moving} 0 -1`, never);
      assert.equal(reply.kind, 'value');
      const text = await textOf(reply);
      assert.equal(text.rows, COUNT + 1);
      assert.deepEqual(text.rowsAt(0, 2), [`-> Redirected to slot [${slot}] located at 127.0.0.1:${third.port}`, '     1) "element:1"']);
      const json = await reply.reply?.look('json', never);
      assert.deepEqual(json?.source.rowsAt(0, 2), ['[', '  "element:1",']);
    } finally {
      await cluster.tell(third, 'CLUSTER', 'SETSLOT', slot, 'STABLE');
      await cluster.tell(home, 'CLUSTER', 'SETSLOT', slot, 'STABLE');
      await cluster.tell(third, 'FLUSHALL');
    }
  });
});
