import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import type { CacheLogins } from '../../../src/model/cacheLogin';
import type { LoginSource } from '../../../src/redis/types';
import { ChosenLogins } from '../../../src/vscode/chosenLogins';
import { KeptSecrets } from '../../../src/vscode/keptSecrets';
import { KeptLoginChoices } from '../../../src/vscode/loginChoices';
import { SecretLogins } from '../../../src/vscode/logins';
import type { LoginPlace, SessionLogin } from '../../../src/vscode/services';
import { FakeUi, MemoryLogger, MemorySecrets, MemoryState } from './samples';

const never = new AbortController().signal;
const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const group = 'arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:orders';

function cache(more: Partial<LoginPlace['target']> = {}): LoginPlace {
  return { target: { id: group, name: 'orders', engine: 'valkey', tls: 'required', auth: 'users', ...more }, place };
}

describe('the chosen login of a cache', () => {
  let ui: FakeUi;
  let secrets: MemorySecrets;
  let state: MemoryState;
  let text: string | Fault;
  const asked: unknown[] = [];
  let logins: ChosenLogins;

  beforeEach(() => {
    ui = new FakeUi();
    secrets = new MemorySecrets();
    state = new MemoryState();
    text = JSON.stringify({ engine: 'redis', username: 'reader', password: 'hunter2', port: 6379 });
    asked.length = 0;
    logins = newWindow();
  });

  function newWindow(): ChosenLogins {
    const aws: CacheLogins = {
      token: async (...args) => `token ${asked.push(args.slice(0, 3))}`,
      secret: async (where, id) => {
        asked.push([where, id]);
        if (text instanceof Fault) throw text;
        return text;
      },
    };
    const entered = new SecretLogins(new KeptSecrets(secrets, ui, new MemoryLogger()), ui);
    return new ChosenLogins({ entered, choices: new KeptLoginChoices(state, (error) => assert.fail(String(error))), aws, ui });
  }

  function isSource(login: SessionLogin | undefined): asserts login is LoginSource {
    assert.ok(login && 'fresh' in login, JSON.stringify(login));
  }

  const labels = (index = 0): string[] => ui.picks[index]!.items.map(({ label }) => label);

  it('is asked for once, with the likeliest first', async () => {
    await logins.ask(cache());
    assert.deepEqual(labels(), ['User and Password', 'No Login', 'Password', 'IAM', 'From Secrets Manager']);
    await logins.ask(cache({ auth: 'none' }));
    assert.equal(labels(1)[0], 'No Login');
    await logins.change(cache({ auth: 'token' }));
    assert.equal(labels(2)[0], 'Password');
    assert.equal(state.values.size, 0);
  });

  it('has no IAM where there can be none', async () => {
    for (const more of [{ tls: 'off' as const }, { id: 'custom:orders' }, { id: group.replace('replicationgroup', 'cluster') }]) await logins.ask(cache(more));
    assert.deepEqual(ui.picks.map((_, index) => labels(index).includes('IAM')), [false, false, false]);
  });

  it('is a password, without a question, where the cache has an AUTH token', async () => {
    ui.type = ['hunter2'];
    ui.choose = ['Remember'];
    assert.deepEqual(await logins.ask(cache({ auth: 'token' })), { password: 'hunter2' });
    assert.deepEqual(await newWindow().known(cache({ auth: 'token' })), { password: 'hunter2' });
  });

  it('is entered as it was chosen, whatever the cache says', async () => {
    // The label is a part of another one, which stands behind it here.
    ui.choose = ['Password', 'Remember'];
    ui.type = ['one'];
    assert.deepEqual(await logins.ask(cache({ auth: 'none' })), { password: 'one' });
    ui.type = ['two'];
    ui.choose = ['Remember'];
    assert.deepEqual(await logins.ask(cache({ auth: 'none' })), { password: 'two' });
    assert.equal(ui.picks.length, 3);
  });

  it('is a token for each connection with IAM', async () => {
    ui.choose = ['IAM'];
    ui.type = [' App '];
    isSource(await logins.ask(cache()));
    const login = await newWindow().known(cache());
    isSource(login);
    assert.deepEqual([login.kind, login.name], ['iam', 'elasticache:Connect']);
    assert.deepEqual(await login.fresh(never), { username: 'app', password: 'token 1' });
    assert.deepEqual(await login.fresh(never), { username: 'app', password: 'token 2' });
    assert.deepEqual(asked[0], [place, { service: 'elasticache', name: 'orders', serverless: false, region: 'eu-central-1' }, 'app']);
  });

  it('is read from the fields of a secret that were picked, at each connection', async () => {
    ui.type = ['shop/cache'];
    ui.choose = ['From Secrets Manager', 'password', 'username'];
    // The bastion stands elsewhere.
    isSource(await logins.ask({ ...cache(), place: { ...place, region: 'us-east-1' } }));
    assert.deepEqual([labels(1), labels(2)[0]], [['password', 'engine', 'username'], 'username']);
    assert.deepEqual(asked[0], [place, 'shop/cache']);
    text = JSON.stringify({ username: 'reader', password: 'rotated' });
    const login = await newWindow().known(cache());
    isSource(login);
    assert.equal(login.name, 'shop/cache');
    assert.deepEqual(await login.fresh(never), { username: 'reader', password: 'rotated' });
    text = JSON.stringify({ username: 'reader' });
    await assert.rejects(login.fresh(never), { code: 'secrets.fieldMissing', message: 'Secret "shop/cache" has no text "password".' });
    assert.ok(![...state.values.values()].join().includes('hunter2'));
    assert.equal(secrets.values.size, 0);
  });

  it('is the whole of a secret that is plain text', async () => {
    text = 'the-token';
    ui.type = ['shop/token'];
    ui.choose = ['From Secrets Manager'];
    assert.equal(await logins.change(cache({ auth: 'token' })), true);
    const login = await logins.known(cache());
    isSource(login);
    assert.deepEqual(await login.fresh(never), { password: 'the-token' });
    ui.type = ['shop/token', 'app'];
    ui.choose = ['From Secrets Manager'];
    await logins.change(cache());
    const named = await logins.known(cache());
    isSource(named);
    assert.deepEqual(await named.fresh(never), { username: 'app', password: 'the-token' });
  });

  it('is not chosen when its secret cannot be read, or a box is dismissed', async () => {
    text = new Fault('aws.accessDenied', 'No permission for secretsmanager:GetSecretValue.');
    ui.type = ['shop/cache'];
    ui.choose = ['From Secrets Manager'];
    await assert.rejects(logins.change(cache()), { code: 'aws.accessDenied' });
    ui.choose = ['IAM'];
    assert.equal(await logins.change(cache()), false);
    ui.choose = ['User and Password'];
    assert.equal(await logins.change(cache()), false);
    assert.equal(state.values.size, 0);
    text = '{"port":6379}';
    ui.type = ['shop/cache'];
    ui.choose = ['From Secrets Manager'];
    await assert.rejects(logins.change(cache()), { code: 'secrets.fieldMissing' });
  });

  it('takes the place of what was entered', async () => {
    ui.choose = ['Password', 'Remember'];
    ui.type = ['one'];
    await logins.change(cache({ auth: 'none' }));
    assert.equal(secrets.values.size, 1);
    ui.choose = ['No Login'];
    assert.equal(await logins.change(cache({ auth: 'none' })), true);
    assert.equal(labels(2)[0], 'Password');
    assert.equal(secrets.values.size, 0);
    assert.equal(await logins.known(cache({ auth: 'none' })), undefined);
    assert.match(ui.shown.at(-1)!, /^The next connection to orders uses this login\./);
  });

  it('is as good as none when what is kept makes no sense', async () => {
    for (const entry of [null, 5, {}, { kind: 'iam' }, { kind: 'secret', field: 'x' }, { kind: 'magic' }]) {
      await state.update('chosenLogins', [[group, entry]]);
      assert.equal(await logins.known(cache()), undefined, JSON.stringify(entry));
    }
    await state.update('chosenLogins', 'x');
    assert.equal(await logins.known(cache()), undefined);
  });
});
