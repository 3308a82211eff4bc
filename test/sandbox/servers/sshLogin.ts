// An SSH server for logins of several rounds and in any order, which PAM's modules at hand do not ask for, and for rekeying at a
// given moment. It is ssh2's server side, so it proves the order and the content of what our client sends, and not that another
// implementation understands it; sshd does that (sshSuite, sshLoginSuite).
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { AuthContext, Connection, KeyboardAuthContext, ServerConfig } from 'ssh2';
import { Server } from 'ssh2';
import { makeSshKey } from './sshd';

export interface LoginRound {
  readonly name?: string;
  readonly instruction?: string;
  readonly prompts: readonly { readonly prompt: string; readonly echo: boolean }[];
  readonly answers: readonly string[];
}

/** One thing that is asked for. */
export type LoginStep =
  | { readonly method: 'password'; readonly password: string }
  | { readonly method: 'keyboard-interactive'; readonly rounds: readonly LoginRound[] }
  /** Any key will do. */
  | { readonly method: 'publickey' };

export interface LoginServer {
  readonly port: number;
  readonly username: string;
  readonly privateKeyFile: string;
  /** Methods in the order in which they were tried, `none` left out. */
  readonly tried: readonly string[];
  readonly connections: number;
  /** Asks every client for new keys. */
  rekey(): void;
  stop(): Promise<void>;
}

/** All steps have to be passed, in their order. @param algorithms what it offers; ssh2's defaults unless told */
export async function startLoginServer(steps: readonly LoginStep[], algorithms?: ServerConfig['algorithms']): Promise<LoginServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-login-'));
  const hostKey = join(directory, 'host');
  const privateKeyFile = join(directory, 'client');
  await makeSshKey(hostKey);
  await makeSshKey(privateKeyFile);
  const tried: string[] = [];
  const connections = new Set<Connection>();
  const server = new Server({ hostKeys: [await readFile(hostKey)], ...(algorithms && { algorithms }) }, (client) => {
    connections.add(client);
    let passed = 0;
    client.on('error', () => {});
    client.on('close', () => connections.delete(client));
    client.on('authentication', (context) => {
      const step = steps[passed];
      if (context.method !== 'none' && !(context.method === 'publickey' && !context.signature)) tried.push(context.method);
      const pass = (): void => {
        passed++;
        const next = steps[passed];
        if (next) context.reject([next.method], true);
        else context.accept();
      };
      const fail = (): void => context.reject([step?.method ?? 'none']);
      if (context.method !== step?.method) fail();
      else check(context, step, pass, fail);
    });
    client.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      const channel = accept();
      const socket = connect({ host: destIP, port: destPort, allowHalfOpen: true });
      socket.pipe(channel).pipe(socket);
      socket.on('error', () => channel.close());
      channel.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    username: userInfo().username,
    privateKeyFile,
    tried,
    get connections() {
      return connections.size;
    },
    rekey: () => {
      for (const client of connections) client.rekey();
    },
    stop: async () => {
      for (const client of connections) client.end();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function check(context: AuthContext, step: LoginStep, pass: () => void, fail: () => void): void {
  if (context.method === 'password' && step.method === 'password') {
    if (context.password === step.password) pass();
    else fail();
  } else if (context.method === 'keyboard-interactive' && step.method === 'keyboard-interactive') ask(context, step.rounds, pass, fail);
  // Without a signature the client only asks whether the key would do.
  else if (context.method === 'publickey' && !context.signature) context.accept();
  else pass();
}

function ask(context: KeyboardAuthContext, [round, ...rest]: readonly LoginRound[], pass: () => void, fail: () => void): void {
  if (!round) {
    pass();
    return;
  }
  context.prompt([...round.prompts], round.name ?? '', round.instruction ?? '', (answers) => {
    if (JSON.stringify(answers) === JSON.stringify(round.answers)) ask(context, rest, pass, fail);
    else fail();
  });
}
