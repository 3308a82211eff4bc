// A real OpenSSH server: one `sshd -i` per connection, so that no port has to be found for it.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { watchForDeath } from './deathWatch';

export type KeyKind = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshdOptions {
  /** Lines of sshd_config that come first, and so win, e.g. `AllowTcpForwarding no`. */
  readonly directives?: readonly string[];
  /** `ed25519` unless told. */
  readonly hostKeys?: readonly KeyKind[];
  /** Lines of authorized_keys besides the server's own client key. */
  readonly authorizedKeys?: readonly string[];
  /** 0, any free one, unless told. */
  readonly port?: number;
  /**
   * Lets the user log in with this password, and with `pam` by PAM, whose lines these are. Only where `canHaveAccounts`: the server
   * sees files of the system that nobody else does.
   */
  readonly account?: { readonly password: string; readonly pam?: readonly string[] };
}

export interface SshServer {
  readonly port: number;
  /** The one who may log in: the user who runs this. */
  readonly username: string;
  /** A key that is accepted, OpenSSH format. */
  readonly privateKey: string;
  /** The file that holds it. */
  readonly privateKeyFile: string;
  /** The first host key's public part: algorithm and base64. */
  readonly hostKey: string;
  /** Connections being served now. */
  readonly connections: number;
  /** Connections ever accepted. */
  readonly accepted: number;
  /** Accepts another key from now on: a line of authorized_keys. */
  authorize(publicKey: string): Promise<void>;
  /** Sends a signal to all that serve a connection, e.g. SIGSTOP: they fall silent. */
  signal(name: NodeJS.Signals): void;
  /** Ends every connection without a goodbye; new ones are accepted. */
  dropConnections(): Promise<void>;
  /** Ends every connection and removes every file. */
  stop(): Promise<void>;
}

/** Whether a server can be given accounts of its own: by root, in a mount namespace of Linux. */
export function canHaveAccounts(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
}

/** @param program full path of sshd, which insists on one */
export async function startSshd(program: string, options: SshdOptions = {}): Promise<SshServer> {
  const { directives = [], hostKeys = ['ed25519'], authorizedKeys = [], port = 0, account } = options;
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-sshd-'));
  const watch = watchForDeath(directory);
  const hostKeyFiles = hostKeys.map((kind) => join(directory, `host_${kind}`));
  const clientKeyFile = join(directory, 'client');
  const authorized = join(directory, 'authorized');
  const config = join(directory, 'sshd_config');
  await Promise.all([
    ...hostKeys.map((kind, index) => makeSshKey(hostKeyFiles[index]!, kind)),
    makeSshKey(clientKeyFile),
  ]);
  await copyFile(`${clientKeyFile}.pub`, authorized);
  const authorize = (publicKey: string): Promise<void> => writeFile(authorized, `${publicKey.trim()}\n`, { flag: 'a' });
  for (const line of authorizedKeys) await authorize(line);
  await writeFile(config, [...directives, ...configuration(hostKeyFiles, authorized)].join('\n'));
  const [command, ...args] = [...(account ? await withAccount(directory, account) : []), program, '-i', '-f', config];
  // Only root's sshd separates privileges, into a folder that the system's service would have made.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const children = new Set<ChildProcess>();
  let accepted = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    accepted++;
    // A group of its own: sshd forks, and all of it is to be stopped or ended.
    const child = spawn(command, args, { stdio: [socket, socket, 'ignore'], detached: true });
    children.add(child);
    child.once('close', () => children.delete(child));
    // The child has the connection; ours is only a second handle of it.
    socket.destroy();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const signal = (name: NodeJS.Signals): void => {
    for (const { pid } of children) if (pid !== undefined) signalGroup(pid, name);
  };
  const dropConnections = async (): Promise<void> => {
    const closed = [...children].map((child) => once(child, 'close'));
    signal('SIGKILL');
    await Promise.all(closed);
  };
  return {
    port: (server.address() as { port: number }).port,
    username: userInfo().username,
    privateKey: await readFile(clientKeyFile, 'utf8'),
    privateKeyFile: clientKeyFile,
    hostKey: (await readFile(`${hostKeyFiles[0]}.pub`, 'utf8')).trim(),
    get connections() {
      return children.size;
    },
    get accepted() {
      return accepted;
    },
    authorize,
    signal,
    dropConnections,
    stop: async () => {
      server.close();
      await dropConnections();
      await watch.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Makes a key pair: `file` and `file.pub`. @param format `PEM` and `PKCS8` are what older programs write */
export async function makeSshKey(file: string, kind: KeyKind = 'ed25519', passphrase = '', format?: 'PEM' | 'PKCS8'): Promise<void> {
  const size = kind === 'rsa' ? ['-b', '2048'] : [];
  const as = format === undefined ? [] : ['-m', format];
  await promisify(execFile)('ssh-keygen', ['-q', '-t', kind, ...size, ...as, '-N', passphrase, '-C', '', '-f', file]);
}

/** What to put before a server's command line, so that it, and nothing else, finds its own shadow file and rules of PAM. */
async function withAccount(directory: string, { password, pam = [] }: NonNullable<SshdOptions['account']>): Promise<string[]> {
  const [shadow, rules] = [join(directory, 'shadow'), join(directory, 'pam')];
  const hash = (await promisify(execFile)('openssl', ['passwd', '-6', password])).stdout.trim();
  await writeFile(shadow, `${userInfo().username}:${hash}:20000:0:99999:7:::\n`, { mode: 0o600 });
  await writeFile(rules, pam.map((line) => `${line}\n`).join(''));
  const script = 'mount --bind "$1" /etc/shadow && mount --bind "$2" /etc/pam.d/sshd && shift 2 && exec "$@"';
  return ['unshare', '-m', '--propagation', 'private', '/bin/sh', '-c', script, 'sh', shadow, rules];
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // Gone meanwhile.
  }
}

function configuration(hostKeyFiles: readonly string[], authorizedKeys: string): string[] {
  return [
    ...hostKeyFiles.map((file) => `HostKey ${file}`),
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
  ];
}
