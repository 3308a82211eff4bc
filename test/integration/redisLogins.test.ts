// From the person's choice to the server's answer: secrets of the sandbox, read over AWS access, log in to a real server.
import assert from 'node:assert/strict';
import { openRedisSession } from '../../src/redis';
import { ChosenLogins } from '../../src/vscode/chosenLogins';
import type { SessionServices } from '../../src/vscode/console/login';
import { openWithLogin } from '../../src/vscode/console/login';
import { KeptSecrets } from '../../src/vscode/keptSecrets';
import { KeptLoginChoices } from '../../src/vscode/loginChoices';
import { SecretLogins } from '../../src/vscode/logins';
import { nullLogger } from '../../src/base/log';
import type { TunnelInfo } from '../../src/model/tunnel';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { FakeUi, MemorySecrets, MemoryState, tunnel } from '../unit/vscode/samples';
import { type AwsBench, awsBench } from './awsBench';

const never = new AbortController().signal;
const services: SessionServices = { openRedisSession, targetCa: () => Promise.resolve(undefined) };

describe('a login out of a secret', () => {
  let bench: AwsBench;
  let server: RedisServer;
  let info: TunnelInfo;
  let ui: FakeUi;
  let logins: ChosenLogins;

  before(async function () {
    this.timeout(30_000);
    bench = await awsBench();
    const { authToken, users } = bench.sandbox.world.redis;
    server = await startRedis({ password: authToken, users: users.map(({ name, password }) => ({ name, password, rules: '~* +@all' })) });
    const { route } = tunnel();
    const local = { host: server.host, port: server.port };
    info = tunnel({ route: { ...route, target: { ...route.target, tls: 'off', auth: 'users' }, endpoint: local }, local });
  });
  after(async () => {
    await server?.stop();
    await bench?.close();
  });
  beforeEach(() => {
    ui = new FakeUi();
    const entered = new SecretLogins(new KeptSecrets(new MemorySecrets(), ui, nullLogger), ui);
    const choices = new KeptLoginChoices(new MemoryState(), (error) => assert.fail(String(error)));
    logins = new ChosenLogins({ entered, choices, aws: bench.aws.cacheLogins, ui });
    bench.sandbox.faults.clear();
  });

  async function whoAmI(): Promise<string> {
    const session = await openWithLogin(info, services, logins, undefined, never);
    try {
      return (await session.run('ACL WHOAMI', never)).text;
    } finally {
      await session.dispose();
    }
  }

  function chooseSecret(): void {
    ui.type = ['shop/cache'];
    ui.choose = ['From Secrets Manager', 'password', 'username'];
  }

  it('is chosen when the server asks for one, and read again at each connection', async () => {
    chooseSecret();
    assert.equal(await whoAmI(), '"reader"');
    const picks = ui.picks.length;
    const { requests } = bench.sandbox;
    const calls = requests.of('secretsmanager').length;
    assert.equal(await whoAmI(), '"reader"');
    assert.equal(ui.picks.length, picks);
    assert.equal(requests.of('secretsmanager').length, calls + 1);
  });

  it('says what is wrong when it was rotated, lacks its field or may not be read', async () => {
    chooseSecret();
    await whoAmI();
    const secret = bench.sandbox.world.secrets.find(({ name }) => name === 'shop/cache')!;
    const { value } = secret;
    try {
      secret.value = JSON.stringify({ username: 'reader', password: 'rotated' });
      await assert.rejects(whoAmI(), { code: 'redis.secretRefused' });
      secret.value = JSON.stringify({ username: 'reader' });
      await assert.rejects(whoAmI(), { code: 'secrets.fieldMissing' });
      bench.sandbox.faults.add({ service: 'secretsmanager', action: 'GetSecretValue', kind: 'accessDenied', times: 1 });
      await assert.rejects(whoAmI(), { code: 'aws.accessDenied', message: /secretsmanager:GetSecretValue/ });
    } finally {
      secret.value = value;
    }
    assert.equal(await whoAmI(), '"reader"');
  });
});
