import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nullLogger } from '../../src/base/log';
import type { Answers, Question } from '../../src/model/question';
import { AskpassServer } from '../../src/transport/sshSystem/askpass';
import { eventually } from '../fixtures/eventually';
import { COMPANION } from './sshSystemRig';

describe("the askpass program of the system's ssh", () => {
  let folder: string;
  let server: AskpassServer;
  let answer: (question: Question) => unknown;
  const notices: string[] = [];
  const givenUp: string[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askpass-'));
    notices.length = givenUp.length = 0;
    answer = () => undefined;
    server = new AskpassServer({
      folder,
      node: process.execPath,
      companion: COMPANION,
      ask: async <Q extends Question>(question: Q) => answer(question) as Answers[Q['kind']] | undefined,
      logger: nullLogger,
      user: 'me',
      host: 'bastion',
      onNotice: (text) => notices.push(text),
      onGivenUp: (fault) => givenUp.push(fault.code),
    });
    await server.listen();
  });
  afterEach(async () => {
    await server.dispose();
    for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const start = (prompt: string, more: Record<string, string> = {}): ChildProcess => {
    const env = { ...process.env, ...server.environment, ...more };
    const child = spawn(server.environment['SSH_ASKPASS']!, [prompt], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  };
  const run = async (prompt: string, more?: Record<string, string>): Promise<{ readonly code: number; readonly printed: string }> => {
    const child = start(prompt, more);
    let printed = '';
    child.stdout!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, printed };
  };

  it('prints what the person answers, and nothing when they do not', async () => {
    answer = (question) => (question.kind === 'prompts' ? [`${question.prompts[0]!.text}é"$(x)\``] : undefined);
    assert.deepEqual(await run('(me@h) Code: '), { code: 0, printed: 'Code: é"$(x)`\n' });
    assert.deepEqual(await run("me@h's password: "), { code: 1, printed: '' });
    assert.deepEqual(givenUp, ['ssh.answerNeeded']);
    assert.equal(server.waiting, 0);
  });

  it('says yes or no by its exit when consent is asked for', async () => {
    answer = () => ['yes'];
    assert.equal((await run('Allow use of key?', { SSH_ASKPASS_PROMPT: 'confirm' })).code, 0);
    answer = () => ['no'];
    assert.equal((await run('Allow use of key?', { SSH_ASKPASS_PROMPT: 'confirm' })).code, 1);
    assert.deepEqual(givenUp, []);
  });

  it('tells of a touch that is awaited for as long as OpenSSH waits', async () => {
    const child = start('Confirm user presence for key ED25519-SK', { SSH_ASKPASS_PROMPT: 'none' });
    await eventually(() => notices.length > 0);
    assert.deepEqual(notices, ['Confirm user presence for key ED25519-SK']);
    assert.equal(server.waiting, 1);
    child.kill();
    await eventually(() => server.waiting === 0, 'the end of the wait');
  });

  it('is answered only with the token, and in a place that is private', async () => {
    answer = () => 'secret';
    assert.deepEqual(await run("me@h's password: ", { SALLYPORT_ASKPASS_TOKEN: 'x'.repeat(43) }), { code: 1, printed: '' });
    assert.deepEqual(await run("me@h's password: ", { SALLYPORT_ASKPASS_TOKEN: '' }), { code: 1, printed: '' });
    assert.deepEqual(await run("me@h's password: "), { code: 0, printed: 'secret\n' });
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(server.environment['SSH_ASKPASS']!)).mode & 0o077, 0);
    assert.equal((await stat(server.environment['SALLYPORT_ASKPASS_SOCKET']!)).mode & 0o077, 0);
  });
});
