// A real ssh-agent, in the foreground, so that it ends with us.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../fixtures/eventually';

export interface SshAgent {
  readonly socket: string;
  /** Adds a key file without a passphrase. */
  add(keyFile: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param directory where its socket is to be; short, since paths of sockets are limited */
export async function startSshAgent(directory: string): Promise<SshAgent> {
  const socket = join(directory, 'agent');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  await eventually(() => existsSync(socket), 'the agent to listen');
  return {
    socket,
    add: async (keyFile) => {
      await promisify(execFile)('ssh-add', ['-q', keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
