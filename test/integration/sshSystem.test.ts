import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import type { Endpoint } from '../../src/model/endpoint';
import { eventually } from '../fixtures/eventually';
import { digestOf, readLine } from '../fixtures/streams';
import { patternDigest, pattern, startBulk, startEcho, startHalfClose, startSource, type TcpServer } from '../sandbox/servers/tcp';
import { COMPANION, copyKey, PASSPHRASE, Rig, type RigOptions } from './sshSystemRig';

const run = promisify(execFile);
/** A signal of its own for each wait. */
const never = (): AbortSignal => new AbortController().signal;

describe("the system's ssh as transport", function () {
  this.timeout(30_000);
  let rig: Rig;
  const servers: TcpServer[] = [];

  const start = async (options: RigOptions = {}): Promise<Rig> => (rig = await Rig.start(options));
  const serve = async (starting: Promise<TcpServer>): Promise<TcpServer> => {
    const server = await starting;
    servers.push(server);
    return server;
  };

  afterEach(async () => {
    await rig.stop();
    for (const server of servers.splice(0)) await server.close();
  });

  it('carries streams to any destination over one login with a key', async () => {
    await start();
    const [one, two] = [await serve(startEcho()), await serve(startHalfClose())];
    const link = await rig.dial(one);
    const echo = await link.open(one, never());
    echo.write('hello\n');
    assert.equal(await readLine(echo), 'hello');
    const half = await link.open(two, never());
    half.end('12345');
    assert.equal(await readLine(half), 'got 5');
    assert.equal(rig.children.size, 1, 'logins');
    assert.deepEqual(rig.questions, []);
    await finished(half);
    echo.end();
    await finished(echo);
  });

  it('carries 64 MB each way unharmed', async () => {
    await start();
    const bulk = await serve(startBulk());
    const link = await rig.dial(bulk);
    await transfer(await link.open(bulk, never()), 64 * 1024 * 1024);
  });

  it('carries many streams at once', async () => {
    await start();
    const bulk = await serve(startBulk());
    const link = await rig.dial(bulk);
    await Promise.all(Array.from({ length: 200 }, async () => transfer(await link.open(bulk, never()), 20_000)));
  });

  it('asks for the passphrase of a key, again when it was wrong, and shows it to nobody', async () => {
    const seen: string[] = [];
    await start({
      identity: 'locked',
      answer: async (question) => {
        for (const { pid, command } of await rig.clients()) seen.push(command, await readFile(`/proc/${pid}/environ`, 'utf8'));
        return 'again' in question && question.again ? PASSPHRASE : 'wrong';
      },
    });
    const echo = await serve(startEcho());
    await rig.dial(echo);
    assert.deepEqual(
      rig.questions.map((question) => ({ ...question })),
      [false, true].map((again) => ({ kind: 'passphrase', keyFile: rig.file('locked'), again })),
    );
    assert.ok(seen.some((text) => text.includes('-o')));
    const everything = seen.join('\n') + JSON.stringify(rig.log);
    assert.ok(!everything.includes(PASSPHRASE) && !everything.includes('wrong'));
  });

  it('ends the attempt when nobody answers', async () => {
    await start({ identity: 'locked' });
    const fault = await rig.failure();
    assert.equal(fault.code, 'ssh.answerNeeded');
    assert.equal(rig.questions.length, 1);
  });

  it('logs in with a key of the agent', async () => {
    await start({ identity: 'none', client: ['IdentitiesOnly no'] });
    const socket = rig.file('agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    rig.cleanup(() => {
      agent.kill();
      return once(agent, 'close');
    });
    await eventually(async () => (await readdir(rig.folder)).includes('agent'));
    await run('ssh-add', ['-q', rig.file('key')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const echo = await serve(startEcho());
    assert.equal((await rig.failure()).code, 'ssh.permissionDenied');
    await writeFile(rig.file('config'), `${await rig.read('config')}IdentityAgent ${socket}\n`);
    await rig.dial(echo);
  });

  it('shows an unknown host key and remembers the one that was accepted', async () => {
    await start({ known: false, answer: () => true });
    const echo = await serve(startEcho());
    await rig.dial(echo);
    const { stdout } = await run('ssh-keygen', ['-lf', rig.file('host.pub')]);
    assert.deepEqual(rig.questions, [
      { kind: 'hostKey', host: `[127.0.0.1]:${rig.port}`, algorithm: 'ssh-ed25519', fingerprint: stdout.split(' ')[1] },
    ]);
    await rig.dial(echo);
    assert.equal(rig.questions.length, 1);
  });

  it('does not connect when the host key is not accepted, has changed or is revoked', async () => {
    await start({ known: false, answer: () => false });
    assert.equal((await rig.failure()).code, 'ssh.hostKeyUnknown');
    const other = (await rig.read('stranger.pub')).trim();
    const known = `[127.0.0.1]:${rig.port}`;
    await writeFile(rig.file('known_hosts'), `${known} ${other}\n`);
    const changed = await rig.failure();
    assert.equal(changed.code, 'ssh.hostKeyChanged');
    assert.match(changed.message, /SHA256:/);
    assert.match(changed.remedy!.text, /known_hosts:1/);
    await writeFile(rig.file('known_hosts'), `@revoked ${known} ${await rig.read('host.pub')}`);
    assert.equal((await rig.failure()).code, 'ssh.hostKeyRevoked');
    assert.equal(rig.questions.length, 1);
  });

  it('tells why it was not let in', async () => {
    await start({ identity: 'stranger' });
    const denied = await rig.failure({ user: 'nobody-here' });
    assert.equal(denied.code, 'ssh.permissionDenied');
    assert.match(denied.message, /does not let nobody-here in; it accepts publickey/);
    await copyKey(rig, 'open');
    await chmod(rig.file('open'), 0o644);
    await writeFile(rig.file('config'), (await rig.read('config')).replace(rig.file('stranger'), rig.file('open')));
    const open = await rig.failure();
    assert.equal(open.code, 'ssh.badKeyPermissions');
    assert.match(open.remedy!.text, new RegExp(`chmod 600 ${rig.file('open')}`));
  });

  it('gives up like the server after too many keys', async () => {
    await start({ identity: 'stranger', server: ['MaxAuthTries 1'] });
    await writeFile(rig.file('config'), `${await rig.read('config')}IdentityFile ${rig.file('key')}\n`);
    assert.equal((await rig.failure()).code, 'ssh.tooManyAuthFailures');
  });

  it('names what keeps it from reaching a server', async () => {
    await start({ server: ['Ciphers aes128-ctr'] });
    assert.equal((await rig.failure({ host: 'no-such-host.invalid' })).code, 'ssh.unresolved');
    const closing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await Promise.all([once(closing, 'listening'), once(silent, 'listening')]);
    const portOf = (server: typeof closing): number => (server.address() as AddressInfo).port;
    const closingPort = portOf(closing);
    assert.equal((await rig.failure({ port: closingPort })).code, 'ssh.bannerClosed');
    const config = await rig.read('config');
    await writeFile(rig.file('config'), `${config}ConnectTimeout 1\n`);
    assert.equal((await rig.failure({ port: portOf(silent) })).code, 'ssh.timeout');
    // A real server may need longer than that to say who it is.
    await writeFile(rig.file('config'), config);
    await new Promise((resolve) => closing.close(resolve));
    const refused = await rig.failure({ port: closingPort });
    assert.equal(refused.code, 'ssh.refused');
    assert.ok(refused.retryable);
    assert.match(refused.message, new RegExp(`^bastion:${closingPort} `));
    await writeFile(rig.file('config'), `${config}Ciphers aes256-ctr\n`);
    const none = await rig.failure();
    assert.equal(none.code, 'ssh.noMatchingAlgorithm');
    assert.match(none.message, /no cipher in common; it offers (?:none|aes128-ctr)/);
    await writeFile(rig.file('config'), 'NoSuchOption yes\n');
    assert.equal((await rig.failure()).code, 'ssh.badConfiguration');
    silent.close();
  });

  for (const entrance of ['control', 'port'] as const) {
    describe(`through a ${entrance}`, () => {
      it('gives a stream that the far side did not take the reason', async () => {
        await start({ deps: { entrance }, server: ['PermitOpen 127.0.0.1:9 no-such-host.invalid:7'] });
        const [refusing, unknown, forbidden]: Endpoint[] = [
          { host: '127.0.0.1', port: 9 },
          { host: 'no-such-host.invalid', port: 7 },
          { host: '127.0.0.1', port: 10 },
        ];
        const cases = [
          [refusing!, 'ssh.farSideRefused'],
          [unknown!, 'ssh.farSideUnresolved'],
          [forbidden!, 'ssh.forwardProhibited'],
        ] as const;
        for (const [to, code] of cases) {
          const link = await rig.dial(to);
          assert.equal(await endOf(await link.open(to, never())), code);
          assert.equal(await Promise.race([link.closed, Promise.resolve('open')]), 'open');
        }
      });

      it('keeps an answer apart from a cut', async () => {
        await start({ deps: { entrance } });
        const source = await serve(startSource(50_000));
        const echo = await serve(startEcho());
        const link = await rig.dial(source);
        const whole = await link.open(source, never());
        whole.end('x');
        assert.equal(await digestOf(whole, 50_000), patternDigest(50_000));
        assert.equal(await endOf(whole), 'end');
        const other = entrance === 'control' ? link : await rig.dial(echo);
        const cut = await other.open(echo, never());
        cut.write('begun\n');
        assert.equal(await readLine(cut), 'begun');
        rig.signalServers('SIGKILL');
        assert.equal(await endOf(cut), 'ssh.connectionLost');
        assert.equal((await other.closed)?.code, 'ssh.connectionLost');
        await assert.rejects(other.open(echo, never()), { code: 'ssh.connectionLost' });
      });

      it('moves bulk both ways and half-closes', async () => {
        await start({ deps: { entrance } });
        const bulk = await serve(startBulk());
        const half = await serve(startHalfClose());
        await transfer(await (await rig.dial(bulk)).open(bulk, never()), 8 * 1024 * 1024);
        const stream = await (await rig.dial(half)).open(half, never());
        stream.end(Buffer.alloc(100_000));
        assert.equal(await readLine(stream), 'got 100000');
      });

      it('dies loudly when the program is killed', async () => {
        await start({ deps: { entrance } });
        const echo = await serve(startEcho());
        const link = await rig.dial(echo);
        const stream = await link.open(echo, never());
        stream.write('x\n');
        assert.equal(await readLine(stream), 'x');
        const client = (await rig.clients()).find(({ command }) => command.includes('ssh -N'));
        process.kill(client!.pid, 'SIGKILL');
        assert.equal(await endOf(stream), 'ssh.connectionLost');
        assert.ok((await link.closed)?.retryable);
      });
    });
  }

  it('takes another port when somebody has the one that it has chosen', async () => {
    const [lowest, count] = [49_152, 16_384];
    const holder = createServer();
    for (let port = lowest; !holder.listening; port++) {
      holder.listen(port, '127.0.0.1');
      await once(holder, 'listening').catch(() => {});
    }
    const taken = ((holder.address() as AddressInfo).port - lowest + 0.5) / count;
    const chosen = [taken, taken];
    await start({ deps: { entrance: 'port', clock: { ...systemClock, random: () => chosen.shift() ?? Math.random() } } });
    try {
      const echo = await serve(startEcho());
      const stream = await (await rig.dial(echo)).open(echo, never());
      stream.write('hello\n');
      assert.equal(await readLine(stream), 'hello');
      assert.deepEqual(chosen, []);
      stream.destroy();
    } finally {
      holder.close();
    }
  });

  it('leaves the forwards of the configuration alone', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const free = port === 65_535 ? port - 1 : port + 1;
    const client = [`LocalForward ${port} 127.0.0.1:9`, `RemoteForward ${free} 127.0.0.1:9`, `DynamicForward ${port}`];
    await start({ client });
    const echo = await serve(startEcho());
    const link = await rig.dial(echo);
    const stream = await link.open(echo, never());
    stream.write('x\n');
    assert.equal(await readLine(stream), 'x');
    assert.ok(!rig.log.some(({ fields }) => /forward/i.test(String(fields['line']))));
    taken.close();
  });

  it('says so where it cannot leave them out', async () => {
    await start({ client: ['LocalForward 47999 127.0.0.1:9'], deps: { entrance: 'port' } });
    assert.equal((await rig.failure()).code, 'ssh.ownForwards');
  });

  it('notices that the server is gone', async () => {
    await start({ client: ['ServerAliveInterval 1', 'ServerAliveCountMax 1'] });
    const echo = await serve(startEcho());
    const link = await rig.dial(echo);
    rig.signalServers('SIGSTOP');
    assert.equal((await link.closed)?.code, 'ssh.keepaliveLost');
  });

  it('gives the program nothing that could be an option or a command', async () => {
    await start();
    for (const host of ['-oProxyCommand=x', 'a b', '$(x)', 'me@there', 'ssh://there', 'a;b', '']) {
      assert.equal((await rig.failure({ host })).code, 'ssh.host.invalid', host);
    }
    for (const user of ['-l', 'a;b', 'x -y', 'x\\', '']) assert.equal((await rig.failure({ user })).code, 'ssh.host.invalid', user);
    assert.equal((await rig.failure({}, { host: '-x', port: 1 })).code, 'ssh.farSideFailed');
    const echo = await serve(startEcho());
    await rig.dial(echo, { user: process.env['USER'] ?? 'root' });
    const client = (await rig.clients()).find(({ command }) => command.includes('ssh -N'));
    const words = (await readFile(`/proc/${client!.pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    assert.deepEqual(words.slice(-2), ['--', 'bastion']);
    assert.equal(words[words.indexOf('-F') + 1], rig.file('config'));
    assert.ok(!(await readFile(`/proc/${client!.pid}/environ`, 'utf8')).includes('ELECTRON_RUN_AS_NODE'));
  });

  it('says so where AWS cannot help', async () => {
    await start();
    assert.equal((await rig.failure({ via: 'ssm' })).code, 'ssh.noSessionManager');
    assert.equal((await rig.failure({ instanceConnect: true })).code, 'ssh.noInstanceConnect');
  });

  it('can be cancelled while a person is asked and while a server is silent', async () => {
    const asked = new AbortController();
    let questionEnded = false;
    await start({
      known: false,
      answer: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            questionEnded = true;
            resolve(undefined);
          });
          asked.abort();
        }),
    });
    await assert.rejects(rig.dial({ host: '127.0.0.1', port: 9 }, {}, asked.signal), { code: 'operation.cancelled' });
    assert.ok(questionEnded);
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const cancel = new AbortController();
    silent.once('connection', () => cancel.abort());
    const { port } = silent.address() as AddressInfo;
    await assert.rejects(rig.dial({ host: '127.0.0.1', port: 9 }, { port }, cancel.signal), { code: 'operation.cancelled' });
    assert.deepEqual(await rig.clients(), []);
    silent.close();
  });

  it('leaves nothing running when its process is killed', async () => {
    await start();
    const parent = spawn(process.execPath, [join(__dirname, 'sshSystemParent.js'), rig.file('config'), COMPANION, rig.file('tmp')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    assert.ok((await rig.clients()).length > 0);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await eventually(async () => (await rig.clients()).length === 0, 'the client to end', 8000);
    await eventually(async () => (await rig.folders()).length === 0, 'the folder to go');
  });
});

async function transfer(stream: Duplex, bytes: number): Promise<void> {
  stream.write(`UP ${bytes}\n`);
  for (let at = 0; at < bytes; at += 65_536) {
    if (!stream.write(pattern(at, Math.min(65_536, bytes - at)))) await once(stream, 'drain');
  }
  assert.equal(await readLine(stream), patternDigest(bytes));
  stream.write(`DOWN ${bytes}\n`);
  assert.equal(await digestOf(stream, bytes), patternDigest(bytes));
  stream.end();
  await finished(stream);
}

async function finished(stream: Duplex): Promise<void> {
  assert.equal(await endOf(stream), 'end');
}

/** How a stream's readable side ends: `end`, or the code of its Fault. */
function endOf(stream: Duplex): Promise<string> {
  return new Promise((resolve) => {
    stream.once('end', () => resolve('end'));
    stream.once('error', (error) => resolve(isFault(error) ? error.code : String(error)));
    stream.resume();
  });
}

