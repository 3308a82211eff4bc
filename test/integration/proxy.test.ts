// Discovery and a tunnel where the internet is reached through a proxy alone: the names of the services resolve nowhere else.
import assert from 'node:assert/strict';
import { ssmSettings } from '../../src/model/ssmSettings';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { Fault } from '../../src/base/fault';
import { describeFault, isFault } from '../../src/base/fault';
import { formatLogLine } from '../../src/base/log';
import type { ProxySetting } from '../../src/base/proxy';
import { connectInProcess, type BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import { chooseBastion, makeRoute } from '../../src/model/route';
import { defaultEndpoint, type Target } from '../../src/model/target';
import type { TunnelInfo } from '../../src/model/tunnel';
import { eventually } from '../fixtures/eventually';
import { writeAwsConfig } from '../sandbox/awsConfig';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { startProxy, type SandboxProxy } from '../sandbox/servers/proxy';

const never = new AbortController().signal;
const API = 'api.sandbox.test';
const CHANNEL = 'channel.sandbox.test';
const PLAIN = 'plain.sandbox.test';

describe('where a proxy is the only way out', function () {
  this.timeout(30_000);
  let directory: string;
  let sandbox: Sandbox;
  let front: Front;
  let stranger: Front;
  let proxy: SandboxProxy;
  let env: Record<string, string>;
  let setting: ProxySetting;
  let log: string[];
  let broker: BrokerClient;
  const brokers: BrokerClient[] = [];
  /** Names that lead to a server whose certificate nobody knows. */
  let intercepted: Set<string>;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-proxy-'));
    const authority = await CertificateAuthority.create(directory);
    const own = await mkdtemp(join(directory, 'stranger-'));
    front = await startFront(authority);
    stranger = await startFront(await CertificateAuthority.create(own));
    sandbox = await startSandbox({ streamBase: `wss://${CHANNEL}:${front.port}` });
    front.backend = stranger.backend = Number(new URL(sandbox.endpoint).port);
    const files = await writeAwsConfig(directory, sandbox.world, `https://${API}:${front.port}`);
    intercepted = new Set();
    const route = (host: string): number | undefined =>
      intercepted.has(host) ? stranger.port : host === PLAIN ? front.backend : host.endsWith('.sandbox.test') ? front.port : undefined;
    proxy = await startProxy({ route });
    env = { ...files.env, AWS_CA_BUNDLE: authority.caFile };
  });

  after(async () => {
    await Promise.all([proxy.close(), front.close(), stranger.close()]);
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(() => {
    log = [];
    setting = {};
    proxy.requests.length = 0;
    front.accepted = 0;
    use({});
  });

  /** A core with the proxy in its environment, and these variables besides. */
  function use(more: Record<string, string>): void {
    const all = { ...env, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, ...more };
    broker = connectInProcess(
      {
        logger: { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) },
        targetCa: async () => readFile(sandbox.caFile!, 'utf8'),
        ssm: ssmSettings,
        env: all,
        proxy: () => setting,
      },
      () => Promise.resolve(createCore),
    );
    brokers.push(broker);
  }

  afterEach(async () => {
    for (const one of brokers.splice(0)) await one.dispose();
    proxy.login = undefined;
    proxy.answer = undefined;
    intercepted.clear();
    assert.deepEqual(proxy.violations, []);
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await eventually(() => proxy.connections === 0, 'every connection to be closed');
    for (const line of log) assert.ok(!/s3cret|czNjcmV0/i.test(line), line);
  });

  async function open(): Promise<TunnelInfo> {
    const targets: Target[] = [];
    const bastions: Bastion[] = [];
    for await (const part of broker.inventory.discover({ profile: 'dev', region: 'eu-central-1' }, never)) {
      if (part.kind === 'targets') targets.push(...part.targets);
      if (part.kind === 'bastions') bastions.push(...part.bastions);
    }
    const target = targets.find(({ name }) => name === 'orders-cache')!;
    return broker.tunnels.start(makeRoute(target, defaultEndpoint(target)!, chooseBastion(target, bastions)), {}, never);
  }

  async function pong(tunnel: TunnelInfo): Promise<void> {
    const client = connect(tunnel.local);
    client.write('PING\r\n');
    const [answer] = (await once(client, 'data')) as [Buffer];
    assert.equal(String(answer), '+PONG\r\n');
    client.destroy();
  }

  async function account(): Promise<string> {
    for await (const part of broker.inventory.discover({ profile: 'dev', region: 'eu-central-1' }, never)) {
      if (part.kind === 'account') return part.accountId;
    }
    return 'none';
  }

  async function failure(work: Promise<unknown>): Promise<Fault> {
    try {
      await work;
    } catch (error) {
      assert.ok(isFault(error), String(error));
      assert.ok(!/s3cret|dora/i.test(describeFault(error) + String(error.cause)), describeFault(error));
      return error;
    }
    return assert.fail('nothing failed');
  }

  const requestsTo = (host: string): number => proxy.requests.filter(({ authority }) => authority === `${host}:${front.port}`).length;

  it('API calls and data channels go through it, and nothing goes past it', async () => {
    await pong(await open());
    assert.ok(requestsTo(API) > 0);
    assert.equal(requestsTo(CHANNEL), 1);
    assert.equal(requestsTo(API) + requestsTo(CHANNEL), proxy.requests.length);
    assert.equal(front.accepted, proxy.requests.length);
  });

  it('a data channel that was lost is resumed through it', async () => {
    const tunnel = await open();
    proxy.cut();
    await eventually(() => log.some((line) => line.includes('ssm.resumed')), 'the channel to be resumed');
    assert.equal(requestsTo(CHANNEL), 2);
    await pong(tunnel);
  });

  it('a login is sent to it, and told to nobody', async () => {
    proxy.login = 'dora:s3cret';
    use({ HTTPS_PROXY: `http://dora:s3cret@127.0.0.1:${proxy.port}` });
    await pong(await open());
    assert.ok(proxy.requests.every(({ login }) => login === 'dora:s3cret'));
  });

  it('a login that is missing is what the person reads, after one request', async () => {
    proxy.login = 'dora:s3cret';
    const fault = await failure(account());
    assert.equal(fault.code, 'proxy.loginNeeded');
    assert.equal(fault.message, `The proxy 127.0.0.1:${proxy.port} demands a login.`);
    assert.match(fault.remedy!.text, /HTTPS_PROXY.*NTLM/);
    assert.equal(proxy.requests.length, 1);
  });

  it('a refusal of the data channel alone ends the attempt with its reason', async () => {
    const tunnel = await open();
    await broker.tunnels.stop(tunnel.id);
    proxy.answer = (socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const fault = await failure(broker.tunnels.start(tunnel.route, {}, never));
    assert.equal(fault.code, 'proxy.refused');
    assert.match(fault.message, new RegExp(`refuses connections to ${CHANNEL}:\\d+ \\(HTTP 403\\)`));
  });

  it('sign-in goes through it, too', async () => {
    const sso = ['[sso-session team]', 'sso_region = eu-central-1', 'sso_start_url = https://sign-in.sandbox.test/start'];
    const profile = ['[profile dev]', 'region = eu-central-1', 'sso_session = team', 'sso_account_id = 111122223333', 'sso_role_name = dev'];
    const config = join(directory, '.aws', 'config');
    const cache = join(directory, '.aws', 'sso', 'cache');
    await mkdir(cache, { recursive: true });
    await writeFile(config, [...sso, ...profile, ''].join('\n'));
    const token = { accessToken: 's3cret', expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
    await writeFile(join(cache, `${createHash('sha1').update('team').digest('hex')}.json`), JSON.stringify(token));
    use({ AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'), HOME: directory });
    const fault = await failure(account());
    assert.equal(fault.code, 'proxy.failed');
    assert.match(fault.message, /^The proxy 127\.0\.0\.1:\d+ could not reach portal\.sso\.eu-central-1\.amazonaws\.com:443 \(HTTP 502\)\.$/);
  });

  it('an endpoint without TLS is reached through the proxy of HTTP_PROXY', async () => {
    const plain = { AWS_ENDPOINT_URL: `http://${PLAIN}:80`, HTTPS_PROXY: 'http://127.0.0.1:9' };
    use({ ...plain, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    assert.match(await account(), /^\d{12}$/);
    assert.ok(proxy.requests.length > 0 && proxy.requests.every(({ authority }) => authority === `${PLAIN}:80`));
  });

  it('the setting wins over the variable', async () => {
    setting = { url: `http://127.0.0.1:${proxy.port}` };
    use({ HTTPS_PROXY: 'http://127.0.0.1:9' });
    assert.match(await account(), /^\d{12}$/);
  });

  it('what NO_PROXY covers is not asked of it', async () => {
    use({ NO_PROXY: 'sandbox.test' });
    assert.equal((await failure(account())).code, 'aws.unreachable');
    use({});
    setting = { noProxy: ['.sandbox.test'] };
    assert.equal((await failure(account())).code, 'aws.unreachable');
    assert.deepEqual(proxy.requests, []);
  });

  it('a proxy that is not there is named', async () => {
    use({ HTTPS_PROXY: 'http://dora:s3cret@127.0.0.1:9' });
    assert.equal((await failure(account())).message, 'The proxy 127.0.0.1:9 cannot be reached: ECONNREFUSED.');
    use({ HTTPS_PROXY: 'socks5://127.0.0.1:9' });
    assert.equal((await failure(account())).code, 'proxy.unsupported');
  });

  it('whoever opens TLS on the way is refused', async () => {
    intercepted.add(API);
    assert.equal((await failure(account())).code, 'aws.untrustedCertificate');
    intercepted.clear();
    const tunnel = await open();
    await broker.tunnels.stop(tunnel.id);
    intercepted.add(CHANNEL);
    assert.equal((await failure(broker.tunnels.start(tunnel.route, {}, never))).code, 'ssm.untrustedService');
  });

  it('whoever opens TLS on the way is accepted with the CA bundle that names it', async () => {
    intercepted.add(API).add(CHANNEL);
    use({ AWS_CA_BUNDLE: stranger.caFile });
    await pong(await open());
  });
});

/** TLS in front of the sandbox, which speaks none itself. */
interface Front {
  readonly port: number;
  readonly caFile: string;
  /** Port behind it. */
  backend: number;
  /** Connections since it was set to 0. */
  accepted: number;
  close(): Promise<void>;
}

async function startFront(authority: CertificateAuthority): Promise<Front> {
  const { certFile, keyFile } = await authority.issue(['*.sandbox.test']);
  const sockets = new Set<Socket>();
  const own = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket)).on('error', () => {});
  };
  const server: Server = createTlsServer({ cert: await readFile(certFile), key: await readFile(keyFile) }, (socket) => {
    const backend = own(connect(front.backend, '127.0.0.1'));
    own(socket).pipe(backend).pipe(socket);
    socket.once('close', () => backend.destroy());
    backend.once('close', () => socket.destroy());
  });
  server.on('connection', () => front.accepted++).on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front: Front = {
    port: (server.address() as { port: number }).port,
    caFile: authority.caFile,
    backend: 0,
    accepted: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return front;
}
