// Clean-up that happens even when this process is killed: a small shell waits for the end of a pipe from us.
import { spawn } from 'node:child_process';

export interface DeathWatch {
  /** Nothing is left to clean up; resolves when the shell is gone. Idempotent. */
  release(): Promise<void>;
}

/** Should this process die before `release`, the child is killed and the directory removed. */
export function watchForDeath(directory: string, childPid?: number): DeathWatch {
  // Windows has neither this shell nor a redis-server of its own.
  if (process.platform === 'win32') return { release: () => Promise.resolve() };
  const script = 'read -r done && exit 0; [ -n "$2" ] && kill -9 "$2" 2>/dev/null; rm -rf "$1"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', directory, String(childPid ?? '')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not hit by the Ctrl+C that ends us.
    detached: true,
  });
  const exit = new Promise<void>((resolve) => {
    shell.once('close', () => resolve());
    shell.once('error', () => resolve());
  });
  shell.stdin.on('error', () => {});
  return {
    release: async () => {
      shell.stdin.end('done\n');
      await exit;
    },
  };
}
