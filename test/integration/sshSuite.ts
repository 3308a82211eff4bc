import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../fixtures/eventually';
import { digestOf, readLine } from '../fixtures/streams';
import { makeSshKey } from '../sandbox/servers/sshd';
import { patternDigest, startBulk, startEcho, startHalfClose, startSource } from '../sandbox/servers/tcp';
import { startSshAgent } from '../sandbox/servers/sshAgent';
import { greets, moves, never, type SshTestClient, SshWorkbench } from './sshWorkbench';

const PIECE = randomBytes(64 * 1024);
const BULK_BYTES = 64e6;
const STREAMS = 200;

/** What every SSH client of ours has to do, against a real OpenSSH server. */
export function sshSuite(client: SshTestClient): void {
  describe(`${client.name} against sshd`, function () {
    this.timeout(60_000);
    let bench: SshWorkbench;

    beforeEach(() => {
      bench = new SshWorkbench(client);
    });

    afterEach(() => bench.close());

    describe('logs in', () => {
      for (const kind of ['ed25519', 'ecdsa', 'rsa'] as const) {
        it(`with an ${kind} key`, async () => {
          const server = await bench.sshd();
          const echo = await bench.serve(startEcho());
          const key = join(bench.home, 'key');
          await makeSshKey(key, kind);
          await server.authorize(await publicLine(key));
          bench.configure({ bastion: bench.linesFor({ ...server, privateKeyFile: key }) });
          await greets(await bench.dial(echo), echo);
          assert.deepEqual(bench.asked, []);
        });
      }

      for (const [kind, format] of [
        ['rsa', 'PEM'],
        ['ecdsa', 'PEM'],
        ['rsa', 'PKCS8'],
        ['ecdsa', 'PKCS8'],
        ['ed25519', undefined],
      ] as const) {
        it(`with an encrypted ${kind} key in ${format ?? "OpenSSH's"} format, its passphrase asked once more when wrong`, async () => {
          const server = await bench.sshd();
          const echo = await bench.serve(startEcho());
          const key = join(bench.home, 'key');
          await makeSshKey(key, kind, 'right one', format);
          await server.authorize(await publicLine(key));
          bench.configure({ bastion: bench.linesFor({ ...server, privateKeyFile: key }) });
          bench.answers.passphrase = ({ again }) => (again ? 'right one' : 'wrong');
          await greets(await bench.dial(echo), echo);
          assert.deepEqual(bench.asked, [
            { kind: 'passphrase', keyFile: key, again: false },
            { kind: 'passphrase', keyFile: key, again: true },
          ]);
        });
      }

      it('with a key of an agent, the one that IdentityFile names first', async () => {
        const server = await bench.sshd({ directives: ['MaxAuthTries 1'] });
        const echo = await bench.serve(startEcho());
        const agent = await startSshAgent(bench.home);
        try {
          for (const name of ['a', 'b', 'c', 'right']) {
            const key = join(bench.home, name);
            await makeSshKey(key);
            await agent.add(key);
          }
          await server.authorize(await publicLine(join(bench.home, 'right')));
          // Only the public part is there: the private one is the agent's alone.
          const named = join(bench.home, 'named');
          copyFileSync(join(bench.home, 'right.pub'), `${named}.pub`);
          bench.env['SSH_AUTH_SOCK'] = agent.socket;
          bench.configure({ bastion: bench.linesFor({ ...server, privateKeyFile: named }) });
          await greets(await bench.dial(echo), echo);
        } finally {
          await agent.stop();
        }
      });

      it('in two steps when the server wants two keys', async () => {
        const server = await bench.sshd({ directives: ['AuthenticationMethods publickey,publickey'] });
        const echo = await bench.serve(startEcho());
        const second = join(bench.home, 'second');
        await makeSshKey(second, 'ecdsa');
        await server.authorize(await publicLine(second));
        bench.configure({ bastion: [...bench.linesFor(server), `IdentityFile ${second}`] });
        await greets(await bench.dial(echo), echo);
      });

      it('through two jump hosts, each with its own key', async () => {
        const [first, second, last] = [await bench.sshd(), await bench.sshd(), await bench.sshd()];
        const echo = await bench.serve(startEcho());
        bench.configure({
          first: bench.linesFor(first),
          second: bench.linesFor(second, 'ProxyJump first'),
          bastion: bench.linesFor(last, 'ProxyJump second'),
        });
        const link = await bench.dial(echo);
        await greets(link, echo);
        assert.deepEqual([first.connections, second.connections, last.connections], [1, 1, 1]);
        await link.dispose();
        await eventually(() => first.connections + second.connections + last.connections === 0, 'every hop to be closed');
      });
    });

    describe('is refused', () => {
      it('a login with no right key, and says what was tried', async () => {
        const server = await bench.sshd();
        const key = join(bench.home, 'stranger');
        await makeSshKey(key);
        bench.configure({ bastion: bench.linesFor({ ...server, privateKeyFile: key }) });
        const fault = await bench.fails('ssh.permissionDenied', bench.dial({ host: 'x', port: 1 }));
        assert.match(fault.message, /publickey/);
        assert.equal(fault.retryable, false);
      });

      it('after too many keys, and hints at IdentitiesOnly', async () => {
        const server = await bench.sshd();
        const agent = await startSshAgent(bench.home);
        try {
          for (let index = 0; index < 8; index++) {
            const key = join(bench.home, `key${index}`);
            await makeSshKey(key);
            await agent.add(key);
          }
          bench.env['SSH_AUTH_SOCK'] = agent.socket;
          const lines = bench.linesFor({ ...server, privateKeyFile: join(bench.home, 'absent') });
          bench.configure({ bastion: lines.filter((line) => !line.startsWith('Identit')) });
          const fault = await bench.fails('ssh.tooManyAuthFailures', bench.dial({ host: 'x', port: 1 }));
          assert.match(fault.remedy!.text, /IdentitiesOnly/);
        } finally {
          await agent.stop();
        }
      });

      it('by a port on which nothing listens', async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        await server.stop();
        const fault = await bench.fails('ssh.refused', bench.dial({ host: 'x', port: 1 }));
        assert.equal(fault.retryable, true);
      });

      it('by a host whose name does not resolve', async () => {
        bench.configure({ bastion: ['HostName nothing.invalid', `UserKnownHostsFile ${bench.knownHosts}`] });
        await bench.fails('ssh.unresolved', bench.dial({ host: 'x', port: 1 }));
      });

      it('by a server with which no cipher is shared', async () => {
        const server = await bench.sshd({ directives: ['Ciphers aes128-cbc'] });
        bench.configureFor(server);
        const fault = await bench.fails('ssh.noMatchingAlgorithm', bench.dial({ host: 'x', port: 1 }));
        assert.match(fault.message, /cipher.*aes128-cbc/);
      });

      it('forwarding where the server prohibits it', async () => {
        const echo = await bench.serve(startEcho());
        for (const directive of ['AllowTcpForwarding no', 'PermitOpen 127.0.0.1:9']) {
          const server = await bench.sshd({ directives: [directive] });
          bench.configureFor(server, 'HostKeyAlias any');
          writeFileSync(bench.knownHosts, '');
          await bench.fails('ssh.forwardProhibited', opened(await bench.dial(echo), echo));
          await server.stop();
        }
      });

      it('streams to where nothing listens, or to a name that the server cannot resolve', async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        const echo = await startEcho();
        await echo.close();
        const refused = { host: '127.0.0.1', port: echo.port };
        await bench.fails('ssh.farSideRefused', opened(await bench.dial(refused), refused));
        const unknown = { host: 'nothing.invalid', port: 1 };
        await bench.fails('ssh.farSideUnresolved', opened(await bench.dial(unknown), unknown));
      });
    });

    describe('knows hosts', () => {
      it('by asking once, and then by known_hosts', async () => {
        const server = await bench.sshd();
        const echo = await bench.serve(startEcho());
        bench.configureFor(server, 'StrictHostKeyChecking ask');
        bench.answers.hostKey = () => true;
        const link = await bench.dial(echo);
        await link.dispose();
        assert.equal(bench.asked.length, 1);
        const [question] = bench.asked;
        assert.ok(question?.kind === 'hostKey' && question.host === `[127.0.0.1]:${server.port}` && question.algorithm === 'ssh-ed25519');
        assert.equal((await bench.knownHostsText()).trim(), `[127.0.0.1]:${server.port} ${server.hostKey}`);
        await greets(await bench.dial(echo), echo);
        assert.equal(bench.asked.length, 1, 'the second time it is known');
      });

      it('and connects to none that is not accepted, or may not be asked for', async () => {
        const server = await bench.sshd();
        for (const line of ['StrictHostKeyChecking ask', 'StrictHostKeyChecking yes']) {
          bench.configureFor(server, line);
          bench.answers.hostKey = () => false;
          await bench.fails('ssh.hostKeyUnknown', bench.dial({ host: 'x', port: 1 }));
        }
        assert.equal(await bench.knownHostsText(), '');
      });

      it('and never connects when a key has changed, whatever StrictHostKeyChecking says', async () => {
        const server = await bench.sshd();
        const other = join(bench.home, 'other');
        await makeSshKey(other);
        writeFileSync(bench.knownHosts, `# comment\n[127.0.0.1]:${server.port} ${await publicLine(other)}\n`);
        for (const line of ['StrictHostKeyChecking ask', 'StrictHostKeyChecking yes']) {
          bench.configureFor(server, line);
          const fault = await bench.fails('ssh.hostKeyChanged', bench.dial({ host: 'x', port: 1 }));
          assert.match(`${fault.message} ${fault.remedy?.text}`, /known_hosts/);
          assert.match(`${fault.message} ${fault.remedy?.text}`, /(?:line |:)2\b/);
        }
        assert.deepEqual(bench.asked, []);
      });

      it('by the key that is known, though the server has others that would be preferred', async () => {
        const server = await bench.sshd({ hostKeys: ['rsa', 'ecdsa', 'ed25519'] });
        const echo = await bench.serve(startEcho());
        writeFileSync(bench.knownHosts, `[127.0.0.1]:${server.port} ${server.hostKey}\n`);
        bench.configureFor(server, 'StrictHostKeyChecking yes');
        await greets(await bench.dial(echo), echo);
      });
    });

    describe('carries', () => {
      it('64 MB in each direction, byte by byte', async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        const bulk = await bench.serve(startBulk());
        const link = await bench.dial(bulk);
        await moves(link, bulk, 'down', BULK_BYTES, PIECE);
        await moves(link, bulk, 'up', BULK_BYTES, PIECE);
      });

      it('whole transfers while the server changes keys every megabyte', async () => {
        const server = await bench.sshd({ directives: ['RekeyLimit 1M'] });
        bench.configureFor(server);
        const bulk = await bench.serve(startBulk());
        const link = await bench.dial(bulk);
        await Promise.all([moves(link, bulk, 'down', 16e6, PIECE), moves(link, bulk, 'up', 16e6, PIECE)]);
      });

      it(`${STREAMS} streams at once`, async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        const echo = await bench.serve(startEcho());
        const link = await bench.dial(echo);
        const opening = Array.from({ length: STREAMS }, () => link.open({ host: echo.host, port: echo.port }, new AbortController().signal));
        const streams = await Promise.all(opening);
        await Promise.all(
          streams.map(async (stream, index) => {
            stream.write(`stream ${index}\n`);
            assert.equal(await readLine(stream), `stream ${index}`);
          }),
        );
        for (const stream of streams) stream.destroy();
        await eventually(() => echo.connections === 0, 'the far side to be closed');
      });

      it('an end of the client while the reply is still to come, and an end of the server while the client still writes', async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        const reader = await bench.serve(startHalfClose());
        const source = await bench.serve(startSource(3e6));
        const link = await bench.dial(reader);
        const stream = await link.open({ host: reader.host, port: reader.port }, never);
        stream.end(Buffer.alloc(1_000_000));
        assert.equal(await readLine(stream), 'got 1000000');
        const other = await (await bench.dial(source)).open({ host: source.host, port: source.port }, never);
        other.write('go');
        assert.equal(await digestOf(other, 3e6), patternDigest(3e6));
        other.resume();
        await once(other, 'end');
        other.end('late');
        await eventually(() => source.received === 6, 'what was written after the end to arrive');
      });
    });

    describe('notices', () => {
      it('a server that dies mid-stream: the stream breaks and never ends, and the next connection works', async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        const bulk = await bench.serve(startBulk());
        const link = await bench.dial(bulk);
        const stream = await link.open({ host: bulk.host, port: bulk.port }, never);
        let ended = false;
        stream.on('end', () => (ended = true)).on('error', () => {});
        stream.write('DOWN 500000000\n');
        await once(stream, 'data');
        await server.dropConnections();
        stream.resume();
        await eventually(() => stream.closed, 'the stream to break');
        assert.equal(ended, false, 'a cut stream never looks complete');
        assert.ok(stream.errored);
        const fault = await link.closed;
        assert.ok(fault?.retryable, fault?.message);
        await moves(await bench.dial(bulk), bulk, 'down', 100_000, PIECE);
      });

      it('a server that falls silent', async () => {
        const server = await bench.sshd();
        bench.configureFor(server, 'ServerAliveInterval 1', 'ServerAliveCountMax 1');
        const echo = await bench.serve(startEcho());
        const link = await bench.dial(echo);
        await greets(link, echo);
        server.signal('SIGSTOP');
        const fault = await link.closed;
        assert.equal(fault?.code, 'ssh.keepaliveLost');
        assert.equal(fault.retryable, true);
      });

      it('that it is no longer wanted, in every phase', async () => {
        const server = await bench.sshd();
        bench.configureFor(server, 'StrictHostKeyChecking ask');
        const abort = new AbortController();
        bench.answers.hostKey = () => {
          abort.abort();
          return true;
        };
        await bench.fails('operation.cancelled', bench.dial({ host: 'x', port: 1 }, 'bastion', abort.signal));
        await eventually(() => server.connections === 0, 'the connection to be closed');
      });
    });

    if (client.shares) {
      it('shares one connection among tunnels, which ends with the last', async () => {
        const server = await bench.sshd();
        bench.configureFor(server);
        const echo = await bench.serve(startEcho());
        const [first, second] = await Promise.all([bench.dial(echo), bench.dial(echo)]);
        assert.equal(server.accepted, 1);
        const stream = await first.open({ host: echo.host, port: echo.port }, never);
        await first.dispose();
        assert.ok(stream.destroyed, 'a tunnel takes its own streams with it');
        await greets(second, echo);
        await second.dispose();
        await eventually(() => server.connections === 0, 'the connection to be closed');
      });
    }
  });
}

/** Opens a stream and waits until it is clear that it works, or why not. */
async function opened(link: Awaited<ReturnType<SshWorkbench['dial']>>, to: { host: string; port: number }): Promise<void> {
  const stream = await link.open({ host: to.host, port: to.port }, never);
  stream.write('hello\n');
  await once(stream, 'data');
}

async function publicLine(key: string): Promise<string> {
  return (await readFile(`${key}.pub`, 'utf8')).trim();
}
