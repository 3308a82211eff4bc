import assert from 'node:assert/strict';
import type { PassphraseQuestion, Question } from '../../../src/model/question';
import { KeptSecrets } from '../../../src/vscode/keptSecrets';
import { Questions } from '../../../src/vscode/questions';
import { FakeUi, MemoryLogger, MemorySecrets } from './samples';

const never = new AbortController().signal;
const passphrase: PassphraseQuestion = { kind: 'passphrase', keyFile: '/home/dev/.ssh/id_ed25519', again: false };

describe('questions to the person', () => {
  let ui: FakeUi;
  let secrets: MemorySecrets;
  let logger: MemoryLogger;
  let questions: Questions;

  beforeEach(() => {
    ui = new FakeUi();
    secrets = new MemorySecrets();
    logger = new MemoryLogger();
    questions = new Questions(ui, new KeptSecrets(secrets, ui, logger));
  });

  afterEach(() => assert.ok(!logger.text.includes('hunter2')));

  it('show the fingerprint of an unknown host key, and what the console says of it', async () => {
    const question = { kind: 'hostKey', host: '[bastion]:2222', algorithm: 'ssh-ed25519', fingerprint: 'SHA256:abc' } as const;
    assert.equal(await questions.ask(question, never), false);
    ui.agree = [true];
    assert.equal(await questions.ask({ ...question, console: 'differs' }, never), true);
    const [plain, differing] = ui.confirmed;
    assert.match(plain!.message, /\[bastion\]:2222/);
    assert.match(plain!.detail, /^ssh-ed25519\nSHA256:abc\n/);
    assert.match(differing!.detail, /ANOTHER fingerprint/);
    // Accepted once is written into known_hosts, not kept here: the next question is a question.
    assert.equal(await questions.ask(question, never), false);
  });

  it('ask for a passphrase once, and keep it as long as the person says', async () => {
    ui.type = ['hunter2'];
    ui.choose = ['Remember'];
    assert.equal(await questions.ask(passphrase, never), 'hunter2');
    assert.equal(ui.inputs[0]!.password, true);
    assert.equal(await questions.ask(passphrase, never), 'hunter2');
    assert.equal(ui.inputs.length, 1);
    assert.deepEqual([...secrets.values.values()], ['hunter2']);
  });

  it('forget a secret that was wrong, and ask again', async () => {
    ui.type = ['hunter2', 'hunter3'];
    ui.choose = ['Keep until', 'Keep until'];
    await questions.ask(passphrase, never);
    assert.equal(await questions.ask({ ...passphrase, again: true }, never), 'hunter3');
    assert.match(ui.inputs[1]!.prompt, /not its passphrase/);
    assert.equal(await questions.ask(passphrase, never), 'hunter3');
    assert.equal(secrets.values.size, 0);
  });

  it('keep passwords apart by user and host', async () => {
    ui.type = ['one', 'two'];
    ui.choose = ['Keep until', 'Keep until'];
    const ask = (user: string): Promise<string | undefined> => questions.ask({ kind: 'password', user, host: 'bastion', again: false }, never);
    assert.deepEqual([await ask('alice'), await ask('bob'), await ask('alice')], ['one', 'two', 'one']);
  });

  it('put what a server asks as it asks it, hidden unless it says otherwise', async () => {
    const prompts = [
      { text: 'Password:', echo: false },
      { text: 'Code:', echo: true },
    ];
    const question: Question = { kind: 'prompts', user: 'dev', host: 'bastion', name: '', instruction: 'Two steps.', prompts };
    ui.type = ['hunter2', '123456'];
    assert.deepEqual(await questions.ask(question, never), ['hunter2', '123456']);
    assert.deepEqual(ui.inputs.map(({ prompt, password }) => [prompt, password]), [['Two steps. Password:', true], ['Two steps. Code:', false]]);
    assert.equal(await questions.ask(question, never), undefined, 'dismissed');
    assert.equal(secrets.values.size, 0);
  });

  it('ask about what a workspace wants to run until it is allowed once', async () => {
    const question = { kind: 'workspaceFile', host: 'bastion', file: '/project/.ssh/config', what: 'nc %h %p' } as const;
    assert.equal(await questions.ask(question, never), false);
    ui.agree = [true];
    assert.equal(await questions.ask(question, never), true);
    assert.equal(await questions.ask(question, never), true);
    assert.equal(ui.confirmed.length, 2);
    assert.equal(await questions.ask({ ...question, what: 'something else' }, never), false);
  });

  it('ask for the code of a device, six digits of it', async () => {
    const question = { kind: 'mfaCode', profile: 'admin', serial: 'arn:aws:iam::1:mfa/dora', again: false } as const;
    ui.type = ['123456', '654321'];
    assert.equal(await questions.ask(question, never), '123456');
    assert.equal(await questions.ask({ ...question, again: true }, never), '654321');
    assert.deepEqual(ui.inputs.map(({ prompt }) => /refused/.test(prompt)), [false, true]);
    assert.deepEqual(['12345', 'abcdef', ' 123456 '].map((text) => ui.inputs[0]!.validate!(text) === undefined), [false, false, true]);
    assert.equal(secrets.values.size, 0, 'a code is never kept');
  });

  it('show the code of a sign-in before they open the browser, and open none when it is dismissed', async () => {
    const question = { kind: 'deviceSignIn', session: 'corp', url: 'https://device.example/?user_code=ABCD-EFGH', code: 'ABCD-EFGH' } as const;
    assert.equal(await questions.ask(question, never), false);
    assert.deepEqual([ui.opened, ui.copied], [[], undefined]);
    ui.agree = [true];
    assert.equal(await questions.ask(question, never), true);
    assert.match(ui.confirmed[0]!.message, /corp.*ABCD-EFGH/);
    assert.deepEqual([ui.opened, ui.copied], [[question.url], 'ABCD-EFGH']);
    // Where the browser comes back by itself there is nothing to compare.
    const { code: _, ...withoutCode } = question;
    assert.equal(await questions.ask(withoutCode, never), true);
    assert.equal(ui.confirmed.length, 2);
  });

  it('come one after the other, and not at all once they are of no use', async () => {
    const abort = new AbortController();
    let open = 0;
    let most = 0;
    ui.input = async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      return 'x';
    };
    const asked = ['a', 'b', 'c'].map((user) => questions.ask({ kind: 'password', user, host: 'h', again: false }, user === 'c' ? abort.signal : never));
    abort.abort();
    assert.deepEqual(await Promise.all(asked), ['x', 'x', undefined]);
    assert.equal(most, 1);
  });
});
