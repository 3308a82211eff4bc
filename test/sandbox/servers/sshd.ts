// A real OpenSSH server: one `sshd -i` per connection, so that no port has to be found for it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { watchForDeath } from './deathWatch';

export interface SshServer {
  readonly port: number;
  /** The one who may log in: the user who runs this. */
  readonly username: string;
  /** The only key that is accepted, OpenSSH format. */
  readonly privateKey: string;
  /** The host key's public part: algorithm and base64. */
  readonly hostKey: string;
  /** Ends every connection and removes every file. */
  stop(): Promise<void>;
}

/** @param program full path of sshd, which insists on one */
export async function startSshd(program: string): Promise<SshServer> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-sshd-'));
  const watch = watchForDeath(directory);
  const hostKeyFile = join(directory, 'host');
  const clientKeyFile = join(directory, 'client');
  const config = join(directory, 'sshd_config');
  for (const file of [hostKeyFile, clientKeyFile]) {
    await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
  }
  await copyFile(`${clientKeyFile}.pub`, join(directory, 'authorized'));
  await writeFile(config, configuration(hostKeyFile, join(directory, 'authorized')));
  // Only root's sshd separates privileges, into a folder that the system's service would have made.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const children = new Set<ChildProcess>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn(program, ['-i', '-f', config], { stdio: [socket, socket, 'ignore'] });
    children.add(child);
    child.once('close', () => children.delete(child));
    // The child has the connection; ours is only a second handle of it.
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    username: userInfo().username,
    privateKey: await readFile(clientKeyFile, 'utf8'),
    hostKey: (await readFile(`${hostKeyFile}.pub`, 'utf8')).trim(),
    stop: async () => {
      server.close();
      await Promise.all(
        [...children].map(async (child) => {
          const closed = once(child, 'close');
          child.kill('SIGKILL');
          await closed;
        }),
      );
      await watch.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configuration(hostKeyFile: string, authorizedKeys: string): string {
  return [
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${authorizedKeys}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PubkeyAuthentication yes',
    'PermitRootLogin prohibit-password',
    'UsePAM no',
    // The files lie in the folder for temporary files, which others may write to.
    'StrictModes no',
    'PrintMotd no',
    'LogLevel QUIET',
    '',
  ].join('\n');
}
