import assert from 'node:assert/strict';
import type { TargetRef } from '../../../src/model/route';
import { KeptSecrets } from '../../../src/vscode/keptSecrets';
import { SecretLogins } from '../../../src/vscode/logins';
import { FakeUi, MemoryLogger, MemorySecrets } from './samples';

const token: TargetRef = { id: 'arn:a', name: 'sessions-cache', engine: 'redis', tls: 'required', auth: 'token' };
const users: TargetRef = { ...token, id: 'arn:b', auth: 'users' };

describe('logins', () => {
  let secrets: MemorySecrets;
  let ui: FakeUi;
  let logger: MemoryLogger;
  let kept: KeptSecrets;
  let logins: SecretLogins;

  beforeEach(() => {
    secrets = new MemorySecrets();
    ui = new FakeUi();
    logger = new MemoryLogger();
    kept = new KeptSecrets(secrets, ui, logger);
    logins = new SecretLogins(kept, ui);
  });

  it('are remembered only when the person says so', async () => {
    ui.type = ['hunter2'];
    ui.choose = ['Keep until this window closes'];
    assert.deepEqual(await logins.ask(token), { password: 'hunter2' });
    assert.equal(secrets.values.size, 0);
    assert.deepEqual(await logins.known(token), { password: 'hunter2' });
    kept.dispose();
    assert.equal(await logins.known(token), undefined);

    ui.type = ['hunter2'];
    ui.choose = ['Remember'];
    await logins.ask(token);
    assert.deepEqual(await new SecretLogins(new KeptSecrets(secrets, ui, logger), ui).known(token), { password: 'hunter2' });
  });

  it('hide the password, and say why it is asked for', async () => {
    await logins.ask(token, { code: 'redis.wrongPassword', message: 'The password was refused.', retryable: false });
    assert.equal(ui.inputs.length, 1);
    assert.equal(ui.inputs[0]!.password, true);
    assert.match(ui.inputs[0]!.prompt, /^The password was refused\./);
    assert.equal(ui.inputs[0]!.value, undefined);
  });

  it('have a user name where the cache has users', async () => {
    ui.type = ['alice', 'pw'];
    assert.deepEqual(await logins.ask(users), { username: 'alice', password: 'pw' });
    assert.deepEqual(ui.inputs.map(({ password }) => password), [undefined, true]);
    // The next time starts with the name that was right for this cache.
    await logins.ask(users);
    assert.equal(ui.inputs[2]!.value, 'alice');
  });

  it('are given up when a box is dismissed', async () => {
    assert.equal(await logins.ask(token), undefined);
    assert.equal(await logins.ask(users), undefined);
    ui.type = ['alice'];
    assert.equal(await logins.ask(users), undefined);
    assert.equal(secrets.values.size, 0);
  });

  it('are per target, and can be forgotten', async () => {
    ui.type = ['one', 'bob', 'two'];
    ui.choose = ['Remember', 'Remember'];
    await logins.ask(token);
    await logins.ask(users);
    await logins.forget(token);
    assert.equal(await logins.known(token), undefined);
    assert.deepEqual(await logins.known(users), { username: 'bob', password: 'two' });
  });

  it('work without a key chain, and log no secret', async () => {
    secrets.broken = true;
    ui.type = ['hunter2'];
    ui.choose = ['Remember'];
    assert.deepEqual(await logins.ask(token), { password: 'hunter2' });
    assert.deepEqual(await logins.known(token), { password: 'hunter2' });
    assert.ok(logger.lines.some(({ event }) => event === 'secrets.storeFailed'));
    assert.ok(!logger.text.includes('hunter2'));
    assert.match(ui.shown[0]!, /could not be stored/);
  });

  it('ignore what does not look like a login', async () => {
    for (const text of ['', 'null', '[]', '{"password":5}', '{"username":"x"}', '{']) {
      secrets.values.set('sallyport.redisLogin:arn:a', text);
      assert.equal(await logins.known(token), undefined, text);
    }
  });
});
