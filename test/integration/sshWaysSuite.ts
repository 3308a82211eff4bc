import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Link } from '../../src/model/link';
import type { SshAccess } from '../../src/model/ssh';
import { dialSshStream } from '../../src/transport/ssm/sshStream';
import type { SshServer } from '../sandbox/servers/sshd';
import { startBulk, startEcho, type TcpServer } from '../sandbox/servers/tcp';
import { SsmServiceBench } from './ssmServiceBench';
import { greets, moves, never, type SshTestClient, SshWorkbench } from './sshWorkbench';

const PIECE = randomBytes(64 * 1024);
const INSTANCE = 'i-0abc';

/** What every SSH client of ours does beyond a direct connection that the person has configured. */
export function sshWaysSuite(client: SshTestClient): void {
  describe(`${client.name} over Session Manager`, function () {
    this.timeout(60_000);
    let bench: SshWorkbench;
    let ssm: SsmServiceBench;
    let server: SshServer;
    let access: SshAccess;
    const pushed: string[] = [];

    beforeEach(async () => {
      bench = new SshWorkbench(client);
      ssm = await new SsmServiceBench().listen();
      server = await bench.sshd();
      pushed.length = 0;
      for (const port of [22, 2222]) ssm.hosts.set(`localhost:${port}`, { kind: 'server', host: '127.0.0.1', port: server.port });
      bench.help = {
        dialSsm: ({ place, bastion }, port, signal) => dialSshStream(ssm.deps, { place, bastionId: bastion.id, port }, signal),
        pushKey: async (_route, { user, publicKey }) => {
          pushed.push(user);
          await server.authorize(publicKey);
        },
      };
      access = { host: INSTANCE, user: server.username, port: 2222, via: 'ssm', instanceConnect: true };
      configure('StrictHostKeyChecking accept-new', 'IdentityFile none');
    });

    afterEach(async () => {
      await bench.close();
      await ssm.close();
    });

    const configure = (...lines: string[]): void => bench.configure({ 'i-*': [...lines, `UserKnownHostsFile ${bench.knownHosts}`, 'GlobalKnownHostsFile none'] });

    const dial = async (to: TcpServer, more: Partial<SshAccess> = {}): Promise<Link> => {
      const link = await bench.transport.dial(bench.route(to, INSTANCE, { ...access, ...more }), never);
      return bench.owns(link);
    };

    it('logs in with a key pushed for this one login, and carries bytes both ways', async () => {
      const bulk = await bench.serve(startBulk());
      const link = await dial(bulk);
      await moves(link, bulk, 'down', 2e6, PIECE);
      await moves(link, bulk, 'up', 2e6, PIECE);
      assert.deepEqual(pushed, [server.username]);
      await link.dispose();
    });

    it('knows the instance by its own name and port, whatever leads there', async () => {
      const echo = await bench.serve(startEcho());
      await greets(await dial(echo), echo);
      await greets(await dial(echo, { port: 22 }), echo);
      const lines = (await bench.knownHostsText()).trim().split('\n');
      assert.deepEqual(lines, [`[${INSTANCE}]:2222 ${server.hostKey}`, `${INSTANCE} ${server.hostKey}`]);
    });

    it('takes no other way that the configuration knows, and skips no check of the host key for being near', async () => {
      const echo = await bench.serve(startEcho());
      const marker = join(bench.home, 'ran');
      configure('StrictHostKeyChecking ask', 'IdentityFile none', `ProxyCommand touch ${marker}`, 'NoHostAuthenticationForLocalhost yes');
      bench.answers.hostKey = () => false;
      await bench.fails('ssh.hostKeyUnknown', dial(echo));
      bench.answers.hostKey = () => true;
      await greets(await dial(echo), echo);
      configure('StrictHostKeyChecking ask', 'IdentityFile none', 'ProxyJump elsewhere');
      await greets(await dial(echo), echo);
      assert.deepEqual(bench.asked.map(({ kind }) => kind), ['hostKey', 'hostKey'], 'the third time it is known');
      assert.equal(existsSync(marker), false);
    });

    it('says what the console of the instance says of its key', async () => {
      const echo = await bench.serve(startEcho());
      const fingerprint = `SHA256:${createHash('sha256').update(Buffer.from(server.hostKey.split(' ')[1]!, 'base64')).digest('base64').replaceAll('=', '')}`;
      configure('StrictHostKeyChecking ask', 'IdentityFile none');
      for (const [printed, said] of [[[fingerprint], 'matches'], [['SHA256:other'], 'differs'], [[], undefined]] as const) {
        const asked = new SshWorkbench(client);
        asked.answers.hostKey = () => false;
        asked.help = { ...bench.help, consoleFingerprints: () => Promise.resolve(printed) };
        asked.configure({ [INSTANCE]: [`UserKnownHostsFile ${asked.knownHosts}`, 'GlobalKnownHostsFile none', 'IdentityFile none'] });
        await asked.fails('ssh.hostKeyUnknown', asked.transport.dial(asked.route(echo, INSTANCE, access), never));
        const [question] = asked.asked;
        assert.ok(question?.kind === 'hostKey');
        assert.deepEqual([question.fingerprint, question.console], [fingerprint, said]);
        await asked.close();
      }
    });

    it('ends with the session, says why, and keeps no key', async () => {
      const echo = await bench.serve(startEcho());
      const link = await dial(echo);
      await greets(link, echo);
      const [session] = ssm.service.activeSessions();
      ssm.service.terminateInConsole(session!.sessionId);
      assert.match((await link.closed)?.code ?? '', /^ssm\./);
      assert.deepEqual(readdirSync(bench.home).filter((name) => name.startsWith('sallyport')), []);
    });

    it('fails with the reason when there is no session to be had', async () => {
      const echo = await bench.serve(startEcho());
      await assert.rejects(dial(echo, { port: 2 }), ({ code }: { code: string }) => code.startsWith('ssm.'));
      const without = new SshWorkbench(client);
      without.configure({});
      await without.fails('ssh.noSessionManager', without.transport.dial(bench.route(echo, INSTANCE, { ...access, instanceConnect: false }), never));
      await without.fails('ssh.noInstanceConnect', without.transport.dial(bench.route(echo, INSTANCE, { ...access, via: 'direct' }), never));
      await without.close();
    });
  });

  describe(`${client.name} with a configuration of the workspace`, function () {
    this.timeout(30_000);
    let bench: SshWorkbench;

    beforeEach(() => {
      bench = new SshWorkbench(client);
    });

    afterEach(() => bench.close());

    it('runs nothing that it asks for unless the person allows it', async () => {
      const server = await bench.sshd();
      const echo = await bench.serve(startEcho());
      const marker = join(bench.home, 'ran');
      bench.workspaceFolders = [bench.home];
      bench.configureFor(server, `ProxyCommand touch ${marker}`);
      bench.answers.workspaceFile = () => false;
      await bench.fails('ssh.workspaceRefused', bench.dial(echo));
      assert.equal(existsSync(marker), false);
      assert.deepEqual(bench.asked.map(({ kind }) => kind), ['workspaceFile']);
      bench.answers.workspaceFile = () => true;
      await assert.rejects(bench.dial(echo), /ssh\.|closed|ProxyCommand/);
      assert.ok(existsSync(marker), 'allowed, it runs');
    });

    it('uses no key of it unless the person allows it', async () => {
      const server = await bench.sshd();
      const echo = await bench.serve(startEcho());
      const workspace = join(bench.home, 'workspace');
      mkdirSync(workspace);
      const key = join(workspace, 'key');
      copyFileSync(server.privateKeyFile, key);
      bench.workspaceFolders = [workspace];
      bench.configureFor({ ...server, privateKeyFile: key });
      bench.answers.workspaceFile = () => false;
      await assert.rejects(bench.dial(echo), ({ code }: { code: string }) => ['ssh.permissionDenied', 'ssh.workspaceRefused'].includes(code));
      assert.deepEqual(bench.asked, [{ kind: 'workspaceFile', host: 'bastion', file: bench.configFile, what: key }]);
      bench.answers.workspaceFile = () => true;
      await greets(await bench.dial(echo), echo);
    });
  });
}
