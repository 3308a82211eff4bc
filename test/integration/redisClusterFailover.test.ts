// A cluster that changes under an open console: failovers, lost nodes, names and certificates, older and hostile servers.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Fault, isFault } from '../../src/base/fault';
import { slotOf } from '../../src/redis/cluster/slots';
import { sessionOpener } from '../../src/redis/session';
import type { ClusterPorts, RedisSession } from '../../src/redis/types';
import { eventually } from '../fixtures/eventually';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { type ClusterMember, type ClusterServers, startCluster } from '../sandbox/servers/cluster';
import { ClusterRig, never } from './redisClusterRig';
import { scriptedServer } from './redisTunnel';

const run = async (session: RedisSession, line: string): Promise<string> => (await session.run(line, never)).text;
const at = ({ port }: ClusterMember): string => `127.0.0.1:${port}`;

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error: unknown = await work.then(
    (value) => assert.fail(`no fault: ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(isFault(error), inspect(error));
  return error;
}

/** A key of the n-th third of the slots. */
function keyOf(third: number): string {
  for (let number = 0; ; number++) if (Math.floor((slotOf(Buffer.from(`key${number}`)) * 3) / 16_384) === third) return `key${number}`;
}

describe('Redis cluster session, when nodes change', function () {
  this.timeout(90_000);
  let cluster: ClusterServers;
  let rig: ClusterRig;

  beforeEach(async () => {
    cluster = await startCluster();
    rig = new ClusterRig(cluster);
  });
  afterEach(async () => {
    await rig?.clear();
    await cluster?.stop();
  });

  it('goes on with the replica after a failover that was asked for', async () => {
    const session = await rig.open(cluster.primaries[0]!);
    const replica = cluster.replicas[1]!;
    const key = keyOf(1);
    await run(session, `SET ${key} 1`);
    await cluster.tell(replica, 'CLUSTER', 'FAILOVER');
    await eventually(async () => (await cluster.tell(replica, 'ROLE')).includes('master'), 'the replica has taken over', 20_000);
    assert.equal(await run(session, `INCR ${key}`), `-> Redirected to slot [${slotOf(Buffer.from(key))}] located at ${at(replica)}\n(integer) 2`);
    assert.equal(await run(session, `INCR ${key}`), '(integer) 3');
  });

  it('waits for the replica when a primary is killed, and says so', async () => {
    const session = await rig.open(cluster.primaries[0]!);
    const key = keyOf(1);
    await run(session, `SET ${key} 1`);
    await eventually(async () => (await run(session, 'WAIT 1 100')) === '(integer) 1', 'the replica has it');
    await cluster.primaries[1]!.stop();
    const text = await run(session, `INCR ${key}`);
    assert.match(text, new RegExp(String.raw`-> ${at(cluster.primaries[1]!)} is not there any more: slot \d+ has gone to ${at(cluster.replicas[1]!)}\n`));
    assert.match(text, /\(integer\) 2$/);
    assert.equal(session.state, 'ready');
    assert.match(await run(session, '@primaries DBSIZE'), new RegExp(`${at(cluster.replicas[1]!)} primary`));
  });

  it('goes on when the node is killed over which it began, where nothing needs that node', async () => {
    const session = await rig.open(cluster.primaries[0]!);
    await run(session, `SET ${keyOf(1)} 1`);
    await cluster.primaries[0]!.stop();
    assert.equal(await run(session, `GET ${keyOf(1)}`), '"1"');
    assert.match(await run(session, `GET ${keyOf(0)}`), /\(nil\)$/);
    assert.equal(session.state, 'ready');
  });

  it('asks again where the name leads that was asked first, as that leads to another node by now', async () => {
    const [first, , third] = cluster.primaries as [ClusterMember, ClusterMember, ClusterMember];
    const { dial } = rig.ports;
    const replica = cluster.replicas[0]!;
    const only: typeof dial = (node, signal) => (node.port === replica.port ? dial(node, signal) : Promise.reject(new Fault('target.unreachable', 'No.')));
    const session = await rig.open(first, { endpoint: { host: 'localhost', port: 6379 }, cluster: { dial: only, known: [], direct: false } });
    const ask = (node: ClusterMember): Promise<string> => cluster.tell(node, 'CLUSTER', 'NODES');
    assert.equal(await run(session, `SET ${keyOf(0)} 1`), 'OK');
    await first.stop();
    rig.tunnels.get(first.port)!.lead(third.port);
    await eventually(async () => /fail/.test(await ask(third)), 'the others have noticed', 20_000);
    await eventually(async () => (await cluster.tell(replica, 'ROLE')).includes('master'), 'the replica has taken over', 20_000);
    assert.match(await run(session, `GET ${keyOf(0)}`), /"1"$|\(nil\)$/);
    assert.deepEqual(rig.dialled, [at(replica)]);
  });

  it('never sends a write again of which nobody knows, and says so', async () => {
    const session = await rig.open(cluster.primaries[0]!);
    const key = keyOf(1);
    await run(session, `GET ${key}`);
    const blocked = faultOf(run(session, `BLPOP ${key} 0`));
    await eventually(async () => (await cluster.tell(cluster.primaries[1]!, 'CLIENT', 'LIST')).includes('cmd=blpop'), 'it waits');
    rig.cut(cluster.primaries[1]!);
    const fault = await blocked;
    assert.equal(fault.code, 'redis.connectionLost');
    assert.match(fault.message, /is not known, so it was not sent again\.$/);
    await cluster.tell(cluster.primaries[1]!, 'RPUSH', key, 'kept');
    assert.equal(await run(session, `LLEN ${key}`), '(integer) 1');
  });

  it('asks again where nothing was changed', async () => {
    const session = await rig.open(cluster.primaries[0]!);
    const key = keyOf(1);
    await run(session, `GET ${key}`);
    const reading = run(session, `XREAD BLOCK 0 STREAMS ${key} 0`);
    const waits = async (): Promise<boolean> => (await cluster.tell(cluster.primaries[1]!, 'CLIENT', 'LIST')).includes('cmd=xread');
    await eventually(waits, 'it waits');
    rig.cut(cluster.primaries[1]!);
    await eventually(async () => !(await waits()), 'it was cut');
    await eventually(waits, 'it waits again');
    await cluster.tell(cluster.primaries[1]!, 'XADD', key, '*', 'f', 'v');
    assert.match(await reading, /"f"/);
  });

  it('can be cancelled while it waits for a node', async () => {
    const session = await rig.open(cluster.primaries[0]!);
    await run(session, `GET ${keyOf(1)}`);
    await cluster.replicas[1]!.stop();
    await cluster.primaries[1]!.stop();
    const abort = new AbortController();
    const waiting = faultOf(session.run(`GET ${keyOf(1)}`, abort.signal));
    await eventually(() => rig.released.length > 0, 'it looks for another way');
    abort.abort();
    assert.equal((await waiting).code, 'operation.cancelled');
  });
});

describe('Redis cluster session, in TLS', function () {
  this.timeout(90_000);
  const NAMES = Array.from({ length: 6 }, (_, index) => `orders-000${(index % 3) + 1}-00${Math.floor(index / 3) + 1}.orders.x1y2z3.euc1.cache.amazonaws.com`);
  const ASKED = 'clustercfg.orders.x1y2z3.euc1.cache.amazonaws.com';
  let directory: string;
  let ca: string;
  let cluster: ClusterServers;
  let rig: ClusterRig;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-cluster-'));
    const authority = await CertificateAuthority.create(directory);
    ca = await readFile(authority.caFile, 'utf8');
    const certificates = [];
    for (const [index, name] of NAMES.entries()) certificates.push(await authority.issue(index === 0 ? [name, ASKED] : [name]));
    cluster = await startCluster({ hosts: NAMES, tls: { certificates, caFile: authority.caFile }, password: 'Sup3r-s3cret!' });
    rig = new ClusterRig(cluster);
  });
  afterEach(() => rig?.clear());
  /** AWS has one port for all; here all nodes are on one machine, with a port for each. */
  const ports = (): ClusterPorts => ({ ...rig.ports, known: [...cluster.primaries, ...cluster.replicas].map(({ port }) => ({ host: ASKED, port })) });
  after(async () => {
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('checks each certificate against the name of its node, and logs in everywhere', async () => {
    const [first] = cluster.primaries as [ClusterMember];
    const session = await rig.open(first, { endpoint: { host: ASKED, port: first.port }, tls: 'required', ca, login: { password: 'Sup3r-s3cret!' }, label: 'orders', cluster: ports() });
    assert.equal(session.prompt, 'orders');
    assert.equal(await run(session, `SET ${keyOf(1)} 1`), `-> Redirected to slot [${slotOf(Buffer.from(keyOf(1)))}] located at ${NAMES[1]}:${cluster.primaries[1]!.port}\nOK`);
    assert.equal(session.prompt, 'orders-0002-001');
    assert.match(await run(session, '@all PING'), /PONG.*PONG.*PONG.*PONG.*PONG.*PONG/s);
    assert.deepEqual(new Set(rig.dialled.map((one) => one.split(':')[0])), new Set(NAMES.slice(1)), 'the first is where the name leads');
    for (const tunnel of rig.tunnels.values()) assert.ok(!tunnel.sent.includes('s3cret') && !tunnel.sent.includes('PING'));
  });

  it('does not log in to a node that has the certificate of another', async () => {
    const [first] = cluster.primaries as [ClusterMember];
    const base = { endpoint: { host: ASKED, port: first.port }, tls: 'required' as const, ca, login: { password: 'Sup3r-s3cret!' } };
    const dial: ClusterRig['ports']['dial'] = (_, signal) => rig.ports.dial({ host: 'x', port: cluster.primaries[2]!.port }, signal);
    const session = await rig.open(first, { ...base, cluster: { ...ports(), dial } });
    assert.equal((await faultOf(run(session, `GET ${keyOf(1)}`))).code, 'redis.tlsNameMismatch');
  });
});

describe('Redis cluster session, with servers that are not what they seem', () => {
  const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  const slots = (host: string, port: number): string => `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${bulk(host)}:${port}\r\n${bulk('a'.repeat(40))}`;
  const servers: { dispose: () => Promise<void> }[] = [];
  const sessions: RedisSession[] = [];

  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
    for (const server of servers.splice(0)) await server.dispose();
  });

  async function open(answers: Parameters<typeof scriptedServer>[0], dialled: string[] = []): Promise<RedisSession> {
    const server = await scriptedServer(answers);
    servers.push(server);
    const dial: ClusterRig['ports']['dial'] = async ({ host, port }) => {
      dialled.push(`${host}:${port}`);
      return { local: { host: '127.0.0.1', port: server.port }, dispose: async () => {} };
    };
    const options = { local: { host: '127.0.0.1', port: server.port }, endpoint: { host: 'cfg.orders.sandbox.test', port: 6379 }, tls: 'off' as const, cluster: { dial, known: [], direct: false } };
    const session = await sessionOpener()(options, never);
    sessions.push(session);
    return session;
  }

  const UNKNOWN = "-ERR Unknown subcommand or wrong number of arguments for 'SHARDS'. Try CLUSTER HELP.\r\n";

  it('asks Redis 5 and 6 by CLUSTER SLOTS', async () => {
    const session = await open(['+PONG\r\n', UNKNOWN, slots('cfg.orders.sandbox.test', 6379), bulk('a'.repeat(40)), '*0\r\n', '+OK\r\n']);
    assert.equal(session.cluster?.topology.shards.length, 1);
    assert.equal(await run(session, 'SET a 1'), 'OK');
  });

  it('takes a server without a cluster, or that does not tell, as it is', async () => {
    assert.equal((await open(['+PONG\r\n', '-ERR This instance has cluster support disabled\r\n', '+OK\r\n'])).cluster, undefined);
    assert.equal((await open(['+PONG\r\n', '-NOPERM no\r\n', '-NOPERM no\r\n', '+OK\r\n'])).cluster, undefined);
  });

  it('dials no address that is not the cluster\'s, whoever announces it', async () => {
    for (const target of ['169.254.169.254:80', '127.0.0.1:22', 'evil.example:6379', '10.0.0.1:22']) {
      const dialled: string[] = [];
      const session = await open(['+PONG\r\n', UNKNOWN, slots('', 6379), bulk('a'.repeat(40)), '*0\r\n', `-MOVED 15495 ${target}\r\n`], dialled);
      const fault = await faultOf(run(session, 'GET a'));
      assert.equal(fault.code, 'redis.nodeRefused', target);
      assert.deepEqual(dialled, []);
    }
  });

  it('does not go round in circles', async () => {
    let asked = 0;
    const session = await open((sent) => {
      if (sent.includes('SLOTS')) return slots('', 6379);
      if (sent.includes('SHARDS')) return UNKNOWN;
      if (sent.includes('MYID')) return bulk('a'.repeat(40));
      if (!sent.includes('GET')) return '+OK\r\n';
      return `-ASK 15495 node${++asked}.orders.sandbox.test:6379\r\n`;
    });
    assert.match(await run(session, 'GET a'), /^.*\(error\) ASK 15495 .*6379$/s);
    assert.equal(asked, 9);
  });
});
