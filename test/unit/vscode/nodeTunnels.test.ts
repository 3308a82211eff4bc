import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { makeDirectRoute, makeRoute, type Route } from '../../../src/model/route';
import type { TlsMode } from '../../../src/model/target';
import type { StartOptions, TunnelInfo } from '../../../src/model/tunnel';
import type { ClusterPorts, RedisSession, RedisSessionOptions } from '../../../src/redis/types';
import { checkNodeAddress } from '../../../src/redis/cluster/addresses';
import { NodeTunnels } from '../../../src/vscode/cluster/nodeTunnels';
import { openWithLogin, promptLabel } from '../../../src/vscode/console/login';
import { connectionsView } from '../../../src/vscode/connectionsRows';
import { plainText } from '../../../src/vscode/localizer';
import { routeLabel } from '../../../src/vscode/wording';
import { bastion, target, tunnel } from './samples';

const never = new AbortController().signal;
const NODE = { host: 'orders-0001-001.orders.x1y2z3.euc1.cache.amazonaws.com', port: 6379 };
const KNOWN = [...target().endpoints, { host: 'clustercfg.orders.x1y2z3.euc1.cache.amazonaws.com', port: 6379 }];

class Service {
  readonly list = async (): Promise<readonly TunnelInfo[]> => [...this.open.values()];
  readonly open = new Map<string, TunnelInfo>();
  readonly started: { route: Route; options: StartOptions }[] = [];
  readonly stopped: string[] = [];
  refuse: Fault | undefined;

  constructor(...infos: readonly TunnelInfo[]) {
    for (const info of infos) this.open.set(info.id, info);
  }

  async start(route: Route, options: StartOptions): Promise<TunnelInfo> {
    this.started.push({ route, options });
    if (this.refuse) throw this.refuse;
    const existing = [...this.open.values()].find((one) => one.route.endpoint.host === route.endpoint.host);
    const info = existing ?? tunnel({ id: `n${this.started.length}`, route });
    this.open.set(info.id, info);
    return info;
  }

  async stop(id: string): Promise<void> {
    this.stopped.push(id);
    this.open.delete(id);
  }
}

const over = (service: Service): NodeTunnels => new NodeTunnels({ service, options: () => ({ holdMs: 7 }), endpointsOf: (id) => (id === target().id ? KNOWN : []), loadRedis: async () => ({ checkNodeAddress }), logger: nullLogger });
const nodeTunnel = (id: string): TunnelInfo => tunnel({ id, route: { ...tunnel().route, endpoint: NODE, role: 'node' } });

describe('Tunnels to the nodes of a cluster', () => {
  it('go over the way of the cluster, as it is now, and end with their last user', async () => {
    const service = new Service(tunnel({ route: makeRoute(target(), target().endpoints[0]!, bastion({ id: 'i-2', name: 'second' })) }));
    const ports = over(service).portsFor(tunnel());
    assert.deepEqual(ports.known, KNOWN);
    const [one, other] = [await ports.dial(NODE, never), await ports.dial(NODE, never)];
    const [{ route, options }] = service.started as [Service['started'][number]];
    assert.deepEqual([route.endpoint, route.role, route.bastion?.id, route.target.id], [NODE, 'node', 'i-2', target().id]);
    assert.deepEqual(options, { holdMs: 7 });
    assert.deepEqual(one.local, tunnel().local);
    await one.dispose();
    await one.dispose();
    assert.deepEqual(service.stopped, []);
    await other.dispose();
    assert.deepEqual(service.stopped, ['n1']);
  });

  it('leave what was there before, and what the person has taken over', async () => {
    const service = new Service(tunnel(), nodeTunnel('mine'));
    await (await over(service).portsFor(tunnel()).dial(NODE, never)).dispose();
    assert.deepEqual(service.stopped, []);
    service.open.delete('mine');
    const tunnels = over(service);
    const place = await tunnels.portsFor(tunnel()).dial(NODE, never);
    tunnels.adopt({ id: 'n2' });
    await place.dispose();
    assert.deepEqual(service.stopped, []);
  });

  it('lead nowhere where a hostile cluster would send us, whoever asks', async () => {
    const service = new Service(tunnel());
    const tunnels = over(service);
    for (const host of ['169.254.169.254', '127.0.0.1', 'evil.example']) {
      const node = { host, port: target().endpoints[0]!.port };
      await assert.rejects(tunnels.portsFor(tunnel()).dial(node, never), { code: 'redis.nodeRefused' }, host);
      await assert.rejects(tunnels.routeTo(tunnel(), node), { code: 'redis.nodeRefused' }, host);
    }
    assert.deepEqual(service.started, []);
    const { endpoint, role } = await tunnels.routeTo(tunnel(), NODE);
    assert.deepEqual([endpoint, role], [NODE, 'node']);
  });

  it('lead to no stranger in the network of this machine, which a bastion is not in', async () => {
    const node = { host: '192.168.1.1', port: 6379 };
    const { route } = tunnel({ route: { ...tunnel().route, target: { ...tunnel().route.target, tls: 'off' } } });
    const direct: Route = { ...makeDirectRoute(target(), target().endpoints[0]!), target: route.target };
    const tunnels = over(new Service());
    assert.equal((await tunnels.routeTo({ route }, node)).endpoint.host, node.host);
    await assert.rejects(tunnels.routeTo({ route: direct }, node), { code: 'redis.nodeRefused' });
    assert.deepEqual([route, direct].map((one) => tunnels.portsFor(tunnel({ route: one })).direct), [false, true]);
  });

  it('that could not be opened leave nothing behind, and the next try is a new one', async () => {
    const service = new Service(tunnel());
    service.refuse = new Fault('ssm.denied', 'No.');
    const ports = over(service).portsFor(tunnel());
    await assert.rejects(ports.dial(NODE, never), { code: 'ssm.denied' });
    service.refuse = undefined;
    await (await ports.dial(NODE, never)).dispose();
    assert.deepEqual(service.stopped, ['n2']);
  });

  it('all end with the window', async () => {
    const service = new Service(tunnel());
    const tunnels = over(service);
    const place = await tunnels.portsFor(tunnel()).dial(NODE, never);
    await tunnels.dispose();
    await place.dispose();
    assert.deepEqual(service.stopped, ['n1']);
  });

  it('are called by the node, and stand below the tunnel to the whole', () => {
    const node = nodeTunnel('n1');
    assert.equal(routeLabel(node.route, plainText), 'orders-cache node orders-0001-001');
    assert.equal(promptLabel(node.route), 'orders-cache orders-0001-001');
    const other = tunnel({ id: 't2', route: { ...tunnel().route, target: target({ name: 'other' }) } });
    const rows = connectionsView({ rows: [], faults: [] }, [tunnel(), node, other], plainText, String);
    assert.deepEqual(rows.map(({ id }) => id), ['tunnel:t1', 'tunnel:t2']);
    assert.deepEqual(rows[0]!.children?.map(({ id, label, words }) => [id, label, words]), [['tunnel:n1', 'orders-cache node orders-0001-001', ['tunnel', 'unsaved', 'redis']]]);
    assert.equal(rows[0]!.open, false);
    assert.equal(rows[1]!.children, undefined);
    assert.deepEqual(connectionsView({ rows: [], faults: [] }, [node], plainText, String).map(({ id }) => id), ['tunnel:n1'], 'alone');
  });
});

describe('What a session is opened with', () => {
  const ports: ClusterPorts = { dial: () => Promise.reject(new Error('not dialled')), known: [], direct: false };
  const optionsOf = async (info: TunnelInfo, cluster: ClusterPorts = ports): Promise<RedisSessionOptions> => {
    let opened: RedisSessionOptions | undefined;
    const openRedisSession = async (options: RedisSessionOptions): Promise<RedisSession> => {
      opened = options;
      return {} as RedisSession;
    };
    const logins = { known: async () => undefined, ask: async () => undefined, forget: async () => {} };
    await openWithLogin(info, { openRedisSession, targetCa: async () => undefined, clusterPorts: () => cluster }, logins, undefined, never);
    return opened!;
  };
  const at = (id: string, role: NonNullable<Route['role']> = 'primary'): TunnelInfo => tunnel({ route: { ...tunnel().route, target: { ...target(), id }, role } });
  const ARN = 'arn:aws:elasticache:eu-central-1:111122223333';

  it('follows a cluster, but for single nodes and readers, which read themselves', async () => {
    assert.deepEqual([(await optionsOf(tunnel())).cluster, (await optionsOf(tunnel())).readOnly], [ports, undefined]);
    assert.equal((await optionsOf(at('custom:x', 'configuration'))).cluster, ports);
    for (const role of ['node', 'reader'] as const) {
      const options = await optionsOf(at('custom:x', role));
      assert.deepEqual([options.cluster, options.readOnly], [undefined, true]);
    }
  });

  it('checks the certificate of a node that has an address alone against the name of its cluster', async () => {
    const named = { ...ports, known: [{ host: '10.0.0.9', port: 6379 }, { host: 'clustercfg.example', port: 6379 }] };
    const node = (tls: TlsMode, host: string, role: NonNullable<Route['role']> = 'node'): TunnelInfo => {
      const { route } = at('custom:x', role);
      return tunnel({ route: { ...route, endpoint: { host, port: 7001 }, target: { ...route.target, tls } } });
    };
    const endpointOf = async (info: TunnelInfo): Promise<RedisSessionOptions['endpoint']> => (await optionsOf(info, named)).endpoint;
    assert.deepEqual(await endpointOf(node('required', '10.0.0.7')), { host: 'clustercfg.example', port: 7001 });
    assert.deepEqual(await endpointOf(node('off', '10.0.0.7')), { host: '10.0.0.7', port: 7001 });
    assert.deepEqual(await endpointOf(node('required', 'n1.example')), { host: 'n1.example', port: 7001 });
    assert.deepEqual(await endpointOf(node('required', '10.0.0.7', 'primary')), { host: '10.0.0.7', port: 7001 });
  });

  it('knows whose restrictions there are', async () => {
    assert.equal((await optionsOf(at(`${ARN}:replicationgroup:orders`))).managed, 'elasticache');
    assert.equal((await optionsOf(at(`${ARN}:cluster:alone`))).managed, 'elasticache');
    assert.equal((await optionsOf(at(`${ARN}:serverlesscache:burst`))).managed, 'serverless');
    assert.equal((await optionsOf(at('arn:aws:memorydb:eu-central-1:111122223333:cluster/carts'))).managed, 'memorydb');
    assert.equal((await optionsOf(at('custom:x'))).managed, undefined);
  });
});
