// What is measured over SSH, a process of its own: Sallyport's tunnels, or OpenSSH's `ssh -N -L` to compare them with.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import type { Route } from '../../src/model/route';
import { SshTransport } from '../../src/transport/ssh/sshTransport';
import { Tunnels } from '../../src/tunnel/tunnels';
import { sourcesOf } from '../integration/sshClients';
import { peerOptions, servePeer } from './peer';
import type { SshFarEnd } from './sshFarEnd';
import type { Subject } from './subject';

export interface SshSubjectOptions {
  readonly kind: 'ssh' | 'openssh';
  readonly farEnd: SshFarEnd;
  /** Where the SSH server is reached: its own port, or a relay's. */
  readonly sshPort: number;
}

/** The same for both, so that only the programs differ. */
function configuration({ farEnd, sshPort }: SshSubjectOptions, knownHosts: string): string {
  return [
    'Host bastion',
    '  HostName 127.0.0.1',
    `  Port ${sshPort}`,
    `  User ${farEnd.username}`,
    `  IdentityFile ${farEnd.privateKeyFile}`,
    '  IdentitiesOnly yes',
    '  Ciphers aes128-gcm@openssh.com',
    '  StrictHostKeyChecking yes',
    '  HostKeyAlias bastion',
    `  UserKnownHostsFile ${knownHosts}`,
    '  GlobalKnownHostsFile none',
    '',
  ].join('\n');
}

async function builtin(configFile: string, home: string, { redisPort, bulkPort }: SshFarEnd): Promise<{ ready: Subject; stop(): Promise<void> }> {
  const transport = new SshTransport({
    clock: systemClock,
    logger: nullLogger,
    ask: () => Promise.resolve(undefined),
    sources: () => sourcesOf({ configFile, home, env: {} }),
  });
  const service = new Tunnels({
    transports: [transport],
    // The bulk server speaks no Redis; what a probe costs is not what is measured.
    probe: () => Promise.resolve({ level: 'ok', checkedAt: systemClock.wall() }),
    clock: systemClock,
    logger: nullLogger,
  });
  const open = async (name: string, port: number): Promise<number> => {
    const route: Route = {
      target: { id: name, name, engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: { host: '127.0.0.1', port },
      bastion: { id: 'bastion', name: 'bastion' },
      method: 'ssh',
      ssh: { host: 'bastion', via: 'direct', instanceConnect: false },
      place: { profile: 'bench', region: 'eu-central-1', accountId: '111122223333' },
    };
    return (await service.start(route, {}, new AbortController().signal)).local.port;
  };
  const ready: Subject = { redis: await open('redis', redisPort), bulk: await open('bulk', bulkPort) };
  return { ready, stop: () => service.dispose() };
}

/** `ssh` binds the ports itself and ends when it cannot; then others are tried. */
async function openssh(configFile: string, farEnd: SshFarEnd): Promise<{ ready: Subject; stop(): Promise<void> }> {
  for (let attempt = 0; attempt < 10; attempt++) {
    // Below the ports that the system itself hands out.
    const redis = 15_000 + 2 * Math.floor(Math.random() * 5_000);
    const bulk = redis + 1;
    const forwards = [`127.0.0.1:${redis}:127.0.0.1:${farEnd.redisPort}`, `127.0.0.1:${bulk}:127.0.0.1:${farEnd.bulkPort}`];
    const args = ['-N', '-F', configFile, '-o', 'ExitOnForwardFailure=yes', ...forwards.flatMap((forward) => ['-L', forward]), '--', 'bastion'];
    const child = spawn('ssh', args, { stdio: 'ignore' });
    if (!(await listens(child, bulk))) continue;
    const stop = async (): Promise<void> => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    };
    return { ready: { redis, bulk }, stop };
  }
  throw new Error('ssh could not forward');
}

async function listens(child: ChildProcess, port: number): Promise<boolean> {
  while (child.exitCode === null) {
    const socket = connect({ host: '127.0.0.1', port });
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    } finally {
      socket.destroy();
    }
  }
  return false;
}

async function main(options: SshSubjectOptions): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  const configFile = join(home, 'config');
  const knownHosts = join(home, 'known_hosts');
  await writeFile(knownHosts, `bastion ${options.farEnd.hostKey}\n`);
  await writeFile(configFile, configuration(options, knownHosts), { mode: 0o600 });
  const subject = options.kind === 'ssh' ? await builtin(configFile, home, options.farEnd) : await openssh(configFile, options.farEnd);
  await servePeer(subject.ready, async () => {
    await subject.stop();
    await rm(home, { recursive: true, force: true });
  });
}

void main(peerOptions() as SshSubjectOptions);
