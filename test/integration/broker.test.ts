// The broker process and its windows, without VS Code: one per user, shared, outliving windows, ending by itself.
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TunnelInfo } from '../../src/model/tunnel';
import { eventually } from '../fixtures/eventually';
import { isAlive } from '../fixtures/isAlive';
import { tokenFlaw } from '../sandbox/iamTokens';
import { Identities } from '../sandbox/identity';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { type BrokerRig, brokerRig, discover, never, ping, type TestWindow } from './brokerRig';

describe('the broker process', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  let rig: BrokerRig;

  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.close());
  beforeEach(async () => {
    rig = await brokerRig(sandbox);
  });
  afterEach(async () => {
    await rig.close();
    assert.deepEqual(sandbox.sessions.activeSessions(), [], 'no session is left at the service');
    sandbox.faults.clear();
  });

  it('finds what is there, opens a tunnel, tells every window of it, and closes it for all', async () => {
    const [one, other] = [rig.window(), rig.window()];
    const { targets } = await discover(one.client);
    assert.ok(targets.some(({ name }) => name === 'orders-cache'));
    assert.deepEqual(await other.client.tunnels.list(), []);
    const tunnel = await one.client.tunnels.start(await rig.route(), {}, never);
    assert.equal(tunnel.state.phase, 'open');
    await ping(tunnel.local.port);
    await eventually(() => other.shown.get(tunnel.id)?.state.phase === 'open', 'the other window shows it');
    await other.client.tunnels.stop(tunnel.id);
    await eventually(() => one.shown.size === 0 && other.shown.size === 0, 'both have seen it close');
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await eventually(() => one.log.some((line) => line.includes('tunnel.open')), "the broker's log is in the window's");
  });

  it('keeps its files and its socket to the user alone, and takes them away with it', async () => {
    const window = rig.window({ lingerSeconds: 0 });
    await window.client.tunnels.list();
    const { pid, address } = await rig.lock();
    const token = readFileSync(rig.places.tokenFile, 'utf8');
    assert.match(token, /^[\da-f]{64}$/);
    const mode = (path: string): number => statSync(path).mode & 0o777;
    for (const file of [rig.places.tokenFile, rig.places.lockFile, address]) assert.equal(mode(file), 0o600, file);
    for (const folder of [rig.places.stateFolder, dirname(address)]) assert.equal(mode(folder), 0o700, folder);
    for (const file of ['cmdline', 'environ']) assert.ok(!readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(token), file);
    assert.ok(!window.log.some((line) => line.includes(token)), 'the token is in no log');
    await window.close();
    await rig.gone();
    assert.ok(!existsSync(rig.places.lockFile) && !existsSync(address) && !existsSync(rig.places.journalFile));
  });

  it('keeps tunnels open when their window goes, for those that come', async () => {
    const first = rig.window({ lingerSeconds: 30 });
    const tunnel = await first.client.tunnels.start(await rig.route(), {}, never);
    await first.close();
    await ping(tunnel.local.port);
    const next = rig.window({ lingerSeconds: 0 });
    const [found] = await next.client.tunnels.list();
    assert.equal(found?.id, tunnel.id);
    assert.equal(found?.local.port, tunnel.local.port);
  });

  it('closes its tunnels, ends their sessions and exits when the last window has been gone for a while', async () => {
    const window = rig.window({ lingerSeconds: 0 });
    const tunnel = await window.client.tunnels.start(await rig.route(), {}, never);
    const { pid } = await rig.lock();
    assert.equal(sandbox.sessions.activeSessions().length, 1);
    await window.close();
    await rig.gone();
    assert.ok(!isAlive(pid));
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await assert.rejects(ping(tunnel.local.port), { code: 'ECONNREFUSED' });
  });

  it('opens one tunnel when two windows ask for the same in the same instant, though neither broker nor tunnel exists', async () => {
    const windows = [rig.window(), rig.window(), rig.window({ env: { ...rig.env, AWS_SDK_UA_APP_ID: 'other-variables' } })];
    const route = await rig.route();
    const tunnels = await Promise.all(windows.map(({ client }) => client.tunnels.start(route, {}, never)));
    assert.equal(new Set(tunnels.map(({ id }) => id)).size, 1);
    for (const { shown } of windows) await eventually(() => shown.size === 1, 'each window shows one');
    assert.equal(sandbox.sessions.activeSessions().length, 1);
  });

  it('lets one window ask for the sign-in that tunnels wait for, and another one when that goes', async () => {
    const [first, second] = [rig.window(), rig.window()];
    const routes = await Promise.all(['orders-cache', 'scratch-memorydb'].map((name) => rig.route(name)));
    for (const route of routes) await first.client.tunnels.start(route, {}, never);
    // Where the person is now.
    await second.client.tunnels.start(routes[0]!, {}, never);
    const file = rig.env['AWS_SHARED_CREDENTIALS_FILE']!;
    const credentials = readFileSync(file, 'utf8');
    const held = ({ shown }: TestWindow): readonly TunnelInfo[] => [...shown.values()].filter(({ state }) => state.phase === 'waiting' && state.needs === 'signIn');
    const asks = (...windows: readonly TestWindow[]): readonly number[] => windows.map((window) => held(window).filter(({ spokenFor }) => !spokenFor).length);
    // Seen, and over: what is written and taken back in one moment is no change to whoever watches the file.
    let changes = 0;
    first.client.signIn.onDidChange(({ kind }) => void (changes += Number(kind === 'configuration')));
    writeFileSync(file, credentials.replaceAll(/(aws_secret_access_key\s*=\s*).*/g, '$1nobodys'));
    await eventually(() => changes > 0, 'the change is seen', 20_000);
    for (const { sessionId } of rig.sandbox.sessions.activeSessions()) rig.sandbox.sessions.endSession(sessionId, 'Ended.');
    await eventually(() => held(first).length === 2 && held(second).length === 2, 'both wait', 20_000);
    assert.deepEqual(asks(first, second), [0, 2]);
    const third = rig.window();
    assert.deepEqual((await third.client.tunnels.list()).map(({ spokenFor }) => spokenFor), [true, true]);
    await second.close();
    await eventually(() => asks(first, third).join() === '0,2', 'another one asks');
    writeFileSync(file, credentials);
    await eventually(() => [...first.shown.values()].every(({ state }) => state.phase === 'open'), 'they go on', 20_000);
    assert.deepEqual((await first.client.tunnels.list()).map(({ spokenFor }) => spokenFor), [undefined, undefined], 'nothing is left to say');
  });

  it('cancels a start when the one who asked for it does', async () => {
    const { client } = rig.window();
    const route = await rig.route();
    sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'latency', latencyMs: 300 });
    const abort = new AbortController();
    const starting = client.tunnels.start(route, {}, abort.signal);
    await eventually(async () => (await client.tunnels.list()).length === 1, 'it has begun');
    abort.abort();
    await assert.rejects(starting, { code: 'operation.cancelled' });
    assert.deepEqual(await client.tunnels.list(), []);
  });

  it('passes faults on as they are', async () => {
    const { client } = rig.window();
    const discovering = (async (): Promise<void> => {
      for await (const part of client.inventory.discover({ profile: 'expired', region: 'eu-central-1' }, never)) assert.ok(part);
    })();
    await assert.rejects(discovering, (error: { code: string; remedy?: { text: string } }) => {
      assert.equal(error.code, 'aws.expiredCredentials');
      assert.ok(error.remedy?.text);
      return true;
    });
  });

  it('gives a window logins of caches, which stand in no log', async () => {
    const { client, log } = rig.window();
    const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
    const cache = { service: 'elasticache', name: 'orders', serverless: true, region: place.region } as const;
    const token = await client.cacheLogins.token(place, cache, 'app', never);
    assert.equal(tokenFlaw(token, 'app', cache, new Identities(sandbox.world, Date.now), Date.now()), undefined);
    assert.equal(await client.cacheLogins.secret(place, 'shop/cache-token', never), 'sandbox-auth-token-0001');
    await assert.rejects(client.cacheLogins.secret(place, 'shop/none', never), { code: 'secrets.notFound' });
    await eventually(() => log.some((line) => line.includes('secretsmanager:GetSecretValue')), "the broker's log is in the window's");
    const signature = /X-Amz-Signature=(\w+)/.exec(token)![1]!;
    assert.deepEqual(log.filter((line) => line.includes(signature) || line.includes('sandbox-auth-token-0001')), []);
  });

  it('ends within five seconds of SIGTERM, with nothing left', async () => {
    const window = rig.window();
    await window.client.tunnels.start(await rig.route(), {}, never);
    const { pid } = await rig.lock();
    const began = performance.now();
    process.kill(pid, 'SIGTERM');
    await eventually(() => !isAlive(pid), 'it has ended', 6_000);
    assert.ok(performance.now() - began < 5_500);
    await eventually(() => window.shown.size === 0, 'the window has seen its tunnel close');
    assert.deepEqual(window.notices, []);
  });

  it('serves the window with the variables of that window', async () => {
    const [rich, poor] = [rig.window(), rig.window({ env: { ...rig.env, AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' } })];
    const names = async ({ client }: typeof rich): Promise<string[]> => (await client.inventory.profiles()).map(({ name }) => name);
    assert.ok((await names(rich)).includes('dev'));
    assert.ok(!(await names(poor)).includes('dev'));
    const tunnel: TunnelInfo = await rich.client.tunnels.start(await rig.route(), {}, never);
    await eventually(() => poor.shown.has(tunnel.id), 'tunnels are shared all the same');
  });
});
