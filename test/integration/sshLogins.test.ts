import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { eventually } from '../fixtures/eventually';
import { makeSshKey } from '../sandbox/servers/sshd';
import { type LoginServer, type LoginStep, startLoginServer } from '../sandbox/servers/sshLogin';
import { startEcho } from '../sandbox/servers/tcp';
import { builtinClient } from './sshClients';
import { greets, SshWorkbench } from './sshWorkbench';

const ROUNDS: LoginStep = {
  method: 'keyboard-interactive',
  rounds: [
    { name: 'Login', instruction: 'Be quick.', prompts: [{ prompt: 'Password: ', echo: false }], answers: ['secret'] },
    { prompts: [{ prompt: 'Code: ', echo: true }, { prompt: 'Again: ', echo: true }], answers: ['123', '456'] },
  ],
};
const PASSWORD: LoginStep = { method: 'password', password: 'secret' };
const KEY: LoginStep = { method: 'publickey' };

describe('logins of the built-in client that ask a person', function () {
  this.timeout(20_000);
  let bench: SshWorkbench;
  let server: LoginServer | undefined;

  beforeEach(() => {
    bench = new SshWorkbench(builtinClient());
  });

  afterEach(async () => {
    await bench.close();
    await server?.stop();
  });

  const serve = async (...steps: LoginStep[]): Promise<LoginServer> => {
    server = await startLoginServer(steps);
    bench.configure({ bastion: bench.linesFor(server) });
    return server;
  };

  it('pass a password, asked again when it was wrong', async () => {
    const echo = await bench.serve(startEcho());
    await serve(PASSWORD);
    bench.answers.password = ({ again }) => (again ? 'secret' : 'wrong');
    await greets(await bench.dial(echo), echo);
    const user = server!.username;
    assert.deepEqual(bench.asked, [
      { kind: 'password', user, host: 'bastion', again: false },
      { kind: 'password', user, host: 'bastion', again: true },
    ]);
  });

  it('end after three wrong passwords, and are not to be retried', async () => {
    await serve(PASSWORD);
    bench.answers.password = () => 'wrong';
    const fault = await bench.fails('ssh.permissionDenied', bench.dial({ host: 'x', port: 1 }));
    assert.equal(bench.asked.length, 3);
    assert.match(fault.message, /password/);
    assert.equal(fault.retryable, false);
    assert.doesNotMatch(JSON.stringify([fault.message, fault.remedy]), /wrong/, 'no secret in the message');
  });

  it('end at once when the person does not answer', async () => {
    for (const step of [PASSWORD, ROUNDS]) {
      await serve(step);
      await bench.fails('ssh.answerNeeded', bench.dial({ host: 'x', port: 1 }));
      await eventually(() => server!.connections === 0, 'the connection to be closed');
      await server!.stop();
    }
    assert.deepEqual(bench.asked.map(({ kind }) => kind), ['password', 'prompts']);
  });

  it('ask nothing in batch mode', async () => {
    const { username, port, privateKeyFile } = await serve(PASSWORD);
    bench.configure({ bastion: bench.linesFor({ username, port, privateKeyFile }, 'BatchMode yes') });
    bench.answers.password = () => 'secret';
    await bench.fails('ssh.permissionDenied', bench.dial({ host: 'x', port: 1 }));
    assert.deepEqual(bench.asked, []);
  });

  it('pass several rounds of questions in the words of the server', async () => {
    const echo = await bench.serve(startEcho());
    await serve(ROUNDS);
    bench.answers.prompts = ({ prompts }) => (prompts.length === 1 ? ['secret'] : ['123', '456']);
    await greets(await bench.dial(echo), echo);
    const user = server!.username;
    assert.deepEqual(bench.asked, [
      { kind: 'prompts', user, host: 'bastion', name: 'Login', instruction: 'Be quick.', prompts: [{ text: 'Password: ', echo: false }] },
      { kind: 'prompts', user, host: 'bastion', name: '', instruction: '', prompts: [{ text: 'Code: ', echo: true }, { text: 'Again: ', echo: true }] },
    ]);
  });

  it('go on with the next method after a step that was only one of several', async () => {
    const echo = await bench.serve(startEcho());
    await serve(KEY, ROUNDS, PASSWORD);
    bench.answers.prompts = ({ prompts }) => (prompts.length === 1 ? ['secret'] : ['123', '456']);
    bench.answers.password = () => 'secret';
    await greets(await bench.dial(echo), echo);
    assert.deepEqual(server!.tried, ['publickey', 'keyboard-interactive', 'password']);
  });

  it('keep to PreferredAuthentications', async () => {
    const { username, port, privateKeyFile } = await serve(PASSWORD);
    bench.configure({ bastion: bench.linesFor({ username, port, privateKeyFile }, 'PreferredAuthentications publickey') });
    bench.answers.password = () => 'secret';
    await bench.fails('ssh.permissionDenied', bench.dial({ host: 'x', port: 1 }));
    assert.deepEqual(bench.asked, []);
  });

  it('go on with the next key when a passphrase is not given', async () => {
    const echo = await bench.serve(startEcho());
    const login = await serve(KEY);
    const locked = join(bench.home, 'locked');
    await makeSshKey(locked, 'ed25519', 'nobody knows');
    bench.configure({ bastion: [`IdentityFile ${locked}`, ...bench.linesFor(login)] });
    await greets(await bench.dial(echo), echo);
    assert.deepEqual(bench.asked, [{ kind: 'passphrase', keyFile: locked, again: false }]);
  });

  it('change keys when the server wants to, with every cipher that is offered, and lose nothing', async () => {
    const echo = await bench.serve(startEcho());
    for (const cipher of ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes256-ctr', 'chacha20-poly1305@openssh.com'] as const) {
      server = await startLoginServer([KEY], { cipher: [cipher] });
      bench.configure({ bastion: bench.linesFor(server) });
      const link = await bench.dial(echo);
      for (let round = 0; round < 3; round++) {
        server.rekey();
        await greets(link, echo);
      }
      await link.dispose();
      await server.stop();
    }
  });
});

describe('servers that are none', function () {
  this.timeout(20_000);
  let bench: SshWorkbench;
  let server: Server | undefined;

  beforeEach(() => {
    bench = new SshWorkbench(builtinClient());
  });

  afterEach(async () => {
    await bench.close();
    server?.close();
  });

  const listen = async (serve: (socket: Socket) => void): Promise<void> => {
    const listening = createServer((socket) => {
      socket.on('error', () => {});
      serve(socket);
    });
    server = listening;
    await new Promise<void>((resolve) => {
      listening.listen(0, '127.0.0.1', resolve);
    });
    const { port } = listening.address() as { port: number };
    bench.configure({ bastion: ['HostName 127.0.0.1', `Port ${port}`, `UserKnownHostsFile ${bench.knownHosts}`, 'ConnectTimeout 1'] });
  };

  for (const [what, code, serve] of [
    ['close without a word', 'ssh.bannerClosed', (socket: Socket) => socket.end()],
    ['reset the connection', 'ssh.bannerClosed', (socket: Socket) => socket.resetAndDestroy()],
    ['speak something else', 'ssh.notSsh', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\nSSH-1.5-old\r\n')],
    ['say nothing', 'ssh.timeout', () => {}],
    ['close after their banner', 'ssh.closedDuringLogin', (socket: Socket) => socket.end('SSH-2.0-Test\r\n')],
  ] as const) {
    it(`and ${what} are told apart`, async () => {
      await listen(serve);
      await bench.fails(code, bench.dial({ host: 'x', port: 1 }));
      assert.equal(await readFile(bench.knownHosts, 'utf8').catch(() => ''), '');
    });
  }
});
