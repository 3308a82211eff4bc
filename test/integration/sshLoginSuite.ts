import assert from 'node:assert/strict';
import { eventually } from '../fixtures/eventually';
import type { Answers, Question } from '../../src/model/question';
import { canHaveAccounts, type SshServer } from '../sandbox/servers/sshd';
import { startEcho } from '../sandbox/servers/tcp';
import { greets, type SshTestClient, SshWorkbench } from './sshWorkbench';

const PASSWORD = 'correct horse';
const NOWHERE = { host: 'x', port: 1 };
/** PAM asks for the password; what it would do with a session is not wanted here. */
const PAM = ['auth required pam_unix.so nodelay', 'account required pam_permit.so', 'session required pam_permit.so'];

/** Logins of which a real OpenSSH server asks a person something; see `sshSuite` for those with keys. */
export function sshLoginSuite(client: SshTestClient): void {
  describe(`${client.name}, asked by sshd,`, function () {
    this.timeout(60_000);
    let bench: SshWorkbench;

    before(function () {
      if (!canHaveAccounts()) this.skip();
    });

    beforeEach(() => {
      bench = new SshWorkbench(client);
    });

    afterEach(() => bench.close());

    /** @param methods in sshd's words: comma for "and", blank for "or" */
    const start = async (methods: string, ...configuration: string[]): Promise<SshServer> => {
      const pam = methods.includes('keyboard');
      const server = await bench.sshd({
        directives: [
          `AuthenticationMethods ${methods}`,
          `PasswordAuthentication ${yesNo(methods.includes('password'))}`,
          `KbdInteractiveAuthentication ${yesNo(pam)}`,
          `UsePAM ${yesNo(pam)}`,
          'PermitRootLogin yes',
        ],
        account: { password: PASSWORD, pam: PAM },
      });
      bench.configureFor(server, ...configuration);
      return server;
    };

    /** Answers every question for a password in turn, whichever method asks it. */
    const say = (...words: (string | undefined)[]): void => {
      const next = words.values();
      const answer = (): string | undefined => next.next().value;
      bench.answers.password = answer;
      bench.answers.prompts = (): Answers['prompts'] | undefined => {
        const word = answer();
        return word === undefined ? undefined : [word];
      };
    };

    it('passes a password, asked again when it was wrong', async () => {
      const echo = await bench.serve(startEcho());
      const { username } = await start('password');
      say('wrong', PASSWORD);
      await greets(await bench.dial(echo), echo);
      assert.deepEqual(bench.asked.map((question) => question.kind === 'password' && [question.user, question.again]), [[username, false], [username, true]]);
    });

    it('passes what PAM asks, in its words, asked again when it was wrong', async () => {
      const echo = await bench.serve(startEcho());
      await start('keyboard-interactive');
      say('wrong', PASSWORD);
      await greets(await bench.dial(echo), echo);
      assert.deepEqual(bench.asked.map(promptsOf), [['Password: ', false], ['Password: ', false]]);
    });

    it('passes a key, what PAM asks and a password, one after the other', async () => {
      const echo = await bench.serve(startEcho());
      await start('publickey,keyboard-interactive,password');
      say(PASSWORD, PASSWORD);
      await greets(await bench.dial(echo), echo);
      assert.deepEqual(bench.asked.map(({ kind }) => kind), ['prompts', 'password']);
    });

    it('ends after three wrong answers, says what was tried, and is not to be retried', async () => {
      for (const [methods, tried] of [['password', /password/], ['keyboard-interactive', /keyboard-interactive/]] as const) {
        await start(methods);
        say('wrong-1', 'wrong-2', 'wrong-3', 'wrong-4', 'wrong-5', 'wrong-6');
        const fault = await bench.fails('ssh.permissionDenied', bench.dial(NOWHERE));
        assert.equal(bench.asked.splice(0).length, 3);
        assert.match(fault.message, tried);
        assert.equal(fault.retryable, false);
        assert.doesNotMatch(JSON.stringify([fault.message, fault.remedy]), /wrong-/, 'no secret in the message');
      }
    });

    it('ends at once when the person does not answer', async () => {
      for (const methods of ['password', 'keyboard-interactive']) {
        const server = await start(methods);
        say(undefined);
        await bench.fails('ssh.answerNeeded', bench.dial(NOWHERE));
        assert.equal(bench.asked.splice(0).length, 1);
        await eventually(() => server.connections === 0, 'the connection to be closed');
      }
    });

    it('asks nothing in batch mode', async () => {
      for (const methods of ['password', 'keyboard-interactive']) {
        await start(methods, 'BatchMode yes');
        say(PASSWORD);
        await bench.fails('ssh.permissionDenied', bench.dial(NOWHERE));
        assert.deepEqual(bench.asked, []);
      }
    });

    it('keeps to PreferredAuthentications', async () => {
      await start('password', 'PreferredAuthentications publickey');
      say(PASSWORD);
      await bench.fails('ssh.permissionDenied', bench.dial(NOWHERE));
      assert.deepEqual(bench.asked, []);
    });
  });
}

function yesNo(on: boolean): string {
  return on ? 'yes' : 'no';
}

function promptsOf(question: Question): unknown {
  return question.kind === 'prompts' ? question.prompts.flatMap(({ text, echo }) => [text, echo]) : question.kind;
}
