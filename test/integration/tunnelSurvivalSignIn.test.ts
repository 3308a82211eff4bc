// A tunnel whose session ends when the sign-in has expired: its port stays, nothing is tried, and a new sign-in brings it back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nullLogger } from '../../src/base/log';
import type { BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Ask } from '../../src/model/question';
import type { Route } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import type { TunnelInfo } from '../../src/model/tunnel';
import { eventually } from '../fixtures/eventually';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';

const never = new AbortController().signal;
const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';

describe('a tunnel whose sign-in has expired', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  let directory: string;
  let core: BrokerClient;
  let events: TunnelInfo[];

  beforeEach(async () => {
    sandbox = await startSandbox();
    directory = await mkdtemp(join(tmpdir(), 'sallyport-sign-in-'));
    const { env } = await sandbox.writeAwsConfig(directory);
    await appendFile(
      join(directory, 'config'),
      [
        '',
        ...['[sso-session corp]', 'sso_start_url = https://sandbox.awsapps.com/start', `sso_region = ${REGION}`, 'sso_registration_scopes = sso:account:access'],
        ...['[profile sso]', 'sso_session = corp', `sso_account_id = ${ACCOUNT}`, 'sso_role_name = Developer', `region = ${REGION}`, `endpoint_url = ${sandbox.endpoint}`],
        '',
      ].join('\n'),
    );
    const ask: Ask = async (question) => {
      assert.ok(question.kind === 'deviceSignIn' && question.code !== undefined);
      sandbox.identityCenter.approve(question.code);
      return Promise.resolve(true as never);
    };
    core = createCore({ logger: nullLogger, targetCa: () => Promise.resolve(undefined), ssm: ssmSettings, env: { ...env, HOME: directory }, ask });
    events = [];
    core.tunnels.onDidChange((info) => events.push(info));
  });
  afterEach(async () => {
    await core.dispose();
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  const signIn = (): Promise<void> => core.signIn.signIn('sso', 'device', never);
  const route = (): Route => {
    const { host, port } = sandbox.hosts().find(({ backing }) => backing === 'plain')!;
    return {
      target: { id: 'orders', name: 'orders', engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: { host, port },
      bastion: { id: sandbox.instance('shop-bastion').id, name: 'shop-bastion' },
      method: 'ssm',
      place: { profile: 'sso', region: REGION, accountId: ACCOUNT },
    };
  };
  /** The token on disk has expired and cannot be renewed, and so have the credentials that it gave. */
  const expire = async (): Promise<void> => {
    const cache = join(directory, '.aws', 'sso', 'cache');
    for (const name of await readdir(cache)) {
      const token = JSON.parse(await readFile(join(cache, name), 'utf8')) as Record<string, unknown>;
      delete token['refreshToken'];
      await writeFile(join(cache, name), JSON.stringify({ ...token, expiresAt: '2020-01-01T00:00:00Z' }));
    }
    sandbox.expireIssued();
  };

  it('waits for a new one on its own port, and goes on by itself', async () => {
    await signIn();
    const { local } = await core.tunnels.start(route(), {}, never);
    await expire();
    for (const { sessionId } of sandbox.sessions.activeSessions()) sandbox.sessions.endSession(sessionId, 'Ended.');
    await eventually(() => events.at(-1)!.state.phase === 'waiting' && events.at(-1)!.lastFault?.fault.code === 'aws.expiredCredentials', 'held', 20_000);
    const { state } = events.at(-1)!;
    assert.ok(state.phase === 'waiting' && state.needs === 'signIn' && state.retryAt === undefined);
    assert.deepEqual([state.cause.remedy?.action, state.cause.remedy?.subject], ['signIn', 'sso']);
    const calls = sandbox.requests.of('ssm', 'StartSession').length;
    const client = connect(local);
    await once(client, 'connect');
    assert.equal(sandbox.requests.of('ssm', 'StartSession').length, calls, 'nothing is tried');
    client.write('PING\r\n');
    await signIn();
    const [answer] = (await once(client, 'data')) as [Buffer];
    assert.equal(answer.toString(), '+PONG\r\n');
    client.destroy();
    const last = events.findLast(({ state: { phase } }) => phase === 'open')!;
    assert.deepEqual([last.local.port, last.reconnects], [local.port, 1]);
  });
});
