// A cluster in cluster mode, the whole way: discovery, tunnels to its nodes as they are needed, TLS, failover.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nullLogger } from '../../src/base/log';
import { type BrokerClient, connectInProcess } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import { chooseBastion, makeRoute } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint, type Target } from '../../src/model/target';
import { engine, openRedisSession } from '../../src/redis';
import { slotOf } from '../../src/redis/cluster/slots';
import type { RedisSession } from '../../src/redis/types';
import { NodeTunnels } from '../../src/vscode/cluster/nodeTunnels';
import { openWithLogin } from '../../src/vscode/console/login';
import { eventually } from '../fixtures/eventually';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { type ClusterServers, startCluster } from '../sandbox/servers/cluster';
import { describeWorld } from '../sandbox/world';
import { cache } from '../sandbox/worldRows';

const never = new AbortController().signal;
const NAME = 'stock-cluster';
const PASSWORD = 'Sup3r-s3cret!';
const DOMAIN = `${NAME}.x1y2z3.euc1.cache.amazonaws.com`;
const member = (index: number): string => `${NAME}-000${(index % 3) + 1}-00${Math.floor(index / 3) + 1}`;

/** A key of the n-th third of the slots. */
function keyOf(third: number): string {
  for (let number = 0; ; number++) if (Math.floor((slotOf(Buffer.from(`key${number}`)) * 3) / 16_384) === third) return `key${number}`;
}

describe('a console of a cluster behind a bastion', function () {
  this.timeout(90_000);
  let directory: string;
  let ca: string;
  let cluster: ClusterServers;
  let sandbox: Sandbox;
  let broker: BrokerClient;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-cluster-'));
    const authority = await CertificateAuthority.create(directory);
    ca = await readFile(authority.caFile, 'utf8');
    const hosts = Array.from({ length: 6 }, (_, index) => `${member(index)}.${DOMAIN}`);
    const certificates = [];
    // The configuration endpoint leads to any node, so each has its name, too, as with AWS.
    for (const host of hosts) certificates.push(await authority.issue([host, `clustercfg.${DOMAIN}`]));
    cluster = await startCluster({ hosts, tls: { certificates, caFile: authority.caFile }, password: PASSWORD });
    const world = describeWorld();
    const place = world.places.find(({ region, vpcs }) => region === 'eu-central-1' && vpcs.some(({ replicationGroups }) => replicationGroups.some(({ id }) => id === 'catalog-cluster')))!;
    const [{ port: first }] = cluster.primaries as [ClusterServers['primaries'][number]];
    const nodes = cluster.primaries.flatMap(({ port }, index) => [{ loopbackPort: port }, { loopbackPort: cluster.replicas[index]!.port }]);
    const vpc = place.vpcs.find(({ replicationGroups }) => replicationGroups.some(({ id }) => id === 'catalog-cluster'))!;
    vpc.replicationGroups.push(cache(NAME, 1, { clusterMode: true, shards: 3, replicas: 1, tls: 'required', authToken: true, backing: { loopbackPort: first }, nodes }));
    sandbox = await startSandbox({ world, servers: false });
    const { env } = await sandbox.writeAwsConfig(directory);
    broker = connectInProcess({ logger: nullLogger, targetCa: async () => ca, ssm: ssmSettings, env: { ...env } }, () => Promise.resolve(createCore));
  });
  after(async () => {
    await broker?.dispose();
    if (sandbox) assert.deepEqual(sandbox.sessions.activeSessions(), [], 'no session is left at the service');
    await sandbox?.close();
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function discovered(): Promise<{ target: Target; bastion: Bastion }> {
    const targets: Target[] = [];
    const bastions: Bastion[] = [];
    for await (const part of broker.inventory.discover({ profile: 'dev', region: 'eu-central-1' }, never)) {
      if (part.kind === 'targets') targets.push(...part.targets);
      if (part.kind === 'bastions') bastions.push(...part.bastions);
    }
    const target = targets.find(({ name }) => name === NAME)!;
    return { target, bastion: chooseBastion(target, bastions) };
  }

  it('opens tunnels to nodes as they are needed, outlives a failover, and leaves none', async () => {
    const { target, bastion } = await discovered();
    assert.equal(defaultEndpoint(target)!.role, 'configuration');
    const tunnel = await broker.tunnels.start(makeRoute(target, defaultEndpoint(target)!, bastion), {}, never);
    // AWS has one port for all; here all nodes are on one machine, with a port for each.
    const known = [...target.endpoints, ...[...cluster.primaries, ...cluster.replicas].map(({ port }) => ({ host: `clustercfg.${DOMAIN}`, port }))];
    const nodeTunnels = new NodeTunnels({ service: broker.tunnels, options: () => ({}), endpointsOf: () => known, loadRedis: async () => engine, logger: nullLogger });
    const logins = { known: async () => ({ password: PASSWORD }), ask: async () => undefined, forget: async () => {} };
    const services = { openRedisSession, targetCa: async () => ca, clusterPorts: nodeTunnels.portsFor.bind(nodeTunnels) };
    const session = await openWithLogin(tunnel, services, logins, undefined, never);
    const run = async (line: string): Promise<string> => (await session.run(line, never)).text;
    const hosts = async (): Promise<string[]> => (await broker.tunnels.list()).map(({ route }) => route.endpoint.host.split('.')[0]!).toSorted((one, other) => one.localeCompare(other));
    assert.equal(await run('PING'), 'PONG');
    assert.deepEqual(await hosts(), ['clustercfg'], 'nothing is opened before it is needed');
    assert.match(await run(`SET ${keyOf(1)} 1`), new RegExp(String.raw`^-> Redirected to slot \[\d+\] located at ${member(1)}\.${DOMAIN}:\d+\nOK$`));
    assert.equal(session.prompt, member(1));
    assert.deepEqual(await hosts(), ['clustercfg', member(1)]);
    assert.equal(sandbox.sessions.activeSessions().length, 2);
    assert.match(await run(`SET ${keyOf(0)} 1`), /OK$/);
    assert.deepEqual(await hosts(), ['clustercfg', member(1)], 'the first node is where the configuration endpoint leads');

    await eventually(async () => (await run(`@${member(1)} WAIT 1 100`)).endsWith('(integer) 1'), 'the replica has it');
    await cluster.primaries[1]!.stop();
    assert.match(await run(`INCR ${keyOf(1)}`), new RegExp(String.raw`is not there any more: slot \d+ has gone to ${member(4)}\..*\(integer\) 2$`, 's'));
    assert.equal(await run(`GET ${keyOf(1)}`), '"2"');
    assert.match(await run('@primaries PING'), /PONG.*PONG.*PONG/s);

    const alone = await onNode(session, services, logins, target, bastion);
    await session.dispose();
    assert.deepEqual(await hosts(), ['clustercfg', ...alone], 'the tunnels that it opened end with it, and no other');
    for (const { id } of await broker.tunnels.list()) await broker.tunnels.stop(id);
    await nodeTunnels.dispose();
  });

  /** A console that a person has opened on a node stays there, over a tunnel of its own. */
  async function onNode(whole: RedisSession, services: Parameters<typeof openWithLogin>[1], logins: Parameters<typeof openWithLogin>[2], target: Target, bastion: Bastion): Promise<string[]> {
    const replica = whole.cluster!.topology.shards[0]!.nodes.find(({ role }) => role === 'replica')!;
    const route = makeRoute(target, { ...replica.endpoint, role: 'node' }, bastion);
    const tunnel = await broker.tunnels.start(route, {}, never);
    const session = await openWithLogin(tunnel, services, logins, undefined, never);
    try {
      const run = async (line: string): Promise<string> => (await session.run(line, never)).text;
      assert.equal(session.cluster, undefined);
      assert.equal(session.prompt, `${NAME} ${member(3)}`);
      await eventually(async () => (await run(`GET ${keyOf(0)}`)) === '"1"', 'a replica reads by itself');
      assert.match(await run(`GET ${keyOf(2)}`), /^\(error\) MOVED .*\n-> Slot \d+ is at .*this console talks to one node alone/);
    } finally {
      await session.dispose();
    }
    return [member(3)];
  }
});
