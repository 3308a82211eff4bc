import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { isFault, type Fault } from '../../src/base/fault';
import type { Endpoint } from '../../src/model/endpoint';
import type { Link, Transport } from '../../src/model/link';
import type { Answers, Ask, Question } from '../../src/model/question';
import type { Route } from '../../src/model/route';
import type { SshAccess } from '../../src/model/ssh';
import type { SshHelp } from '../../src/transport/ssh/sshTransport';
import { requireProgram } from '../provision/systemPrograms';
import { type SshServer, type SshdOptions, startSshd } from '../sandbox/servers/sshd';
import type { TcpServer } from '../sandbox/servers/tcp';
import { patternDigest } from '../sandbox/servers/tcp';
import { digestOf, readLine } from '../fixtures/streams';

export const never = new AbortController().signal;

/** What a transport under test is made of. */
export interface SshTestSetup {
  /** The only configuration file. */
  readonly configFile: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ask: Ask;
  /** What AWS would add. */
  readonly help: SshHelp;
  /** Folders whose files need the person's consent. */
  readonly workspaceFolders: readonly string[];
}

/** A client under test: what differs between those that run the suite. */
export interface SshTestClient {
  readonly name: string;
  transport(setup: SshTestSetup): Transport;
  /** Tunnels to the same bastion share one connection. */
  readonly shares: boolean;
}

/** A person who answers from a script, and a home directory that is nobody's. */
export class SshWorkbench {
  readonly home = mkdtempSync(join(tmpdir(), 'sallyport-ssh-'));
  readonly configFile = join(this.home, 'config');
  readonly knownHosts = join(this.home, 'known_hosts');
  readonly asked: Question[] = [];
  /** By kind of question; undefined dismisses it. */
  answers: { [K in Question['kind']]?: (question: Extract<Question, { kind: K }>) => Answers[K] | undefined } = {};
  help: SshHelp = {};
  workspaceFolders: readonly string[] = [];
  env: Record<string, string | undefined> = { PATH: process.env['PATH'], HOME: this.home };
  readonly #client: SshTestClient;
  readonly #servers: SshServer[] = [];
  readonly #links: Link[] = [];
  readonly #tcp: TcpServer[] = [];
  #transport: Transport | undefined;

  constructor(client: SshTestClient) {
    this.#client = client;
  }

  get transport(): Transport {
    const { configFile, home, env, help, workspaceFolders } = this;
    this.#transport ??= this.#client.transport({ configFile, home, env, help, workspaceFolders, ask: this.#ask });
    return this.#transport;
  }

  readonly #ask: Ask = async (question) => {
    this.asked.push(question);
    const answer = this.answers[question.kind] as ((question: Question) => never) | undefined;
    return answer?.(question);
  };

  async sshd(options: SshdOptions = {}): Promise<SshServer> {
    const server = await startSshd(requireProgram('sshd'), options);
    this.#servers.push(server);
    return server;
  }

  /** Closed with the workbench. */
  async serve(starting: Promise<TcpServer>): Promise<TcpServer> {
    const server = await starting;
    this.#tcp.push(server);
    return server;
  }

  /** Writes the configuration: `Host <alias>` with these lines each. */
  configure(hosts: Readonly<Record<string, readonly string[]>>): void {
    const text = Object.entries(hosts).map(([alias, lines]) => [`Host ${alias}`, ...lines.map((line) => `  ${line}`), ''].join('\n'));
    writeFileSync(this.configFile, text.join('\n'), { mode: 0o600 });
  }

  /** Lines that lead to a server with its own key, and trust it. */
  linesFor(server: Pick<SshServer, 'port' | 'username' | 'privateKeyFile'>, ...more: string[]): string[] {
    return [
      ...more,
      'HostName 127.0.0.1',
      `Port ${server.port}`,
      `User ${server.username}`,
      `IdentityFile ${server.privateKeyFile}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${this.knownHosts}`,
      'GlobalKnownHostsFile none',
      'StrictHostKeyChecking accept-new',
    ];
  }

  /** One bastion called `bastion`. */
  configureFor(server: SshServer, ...more: string[]): void {
    this.configure({ bastion: this.linesFor(server, ...more) });
  }

  route(to: Endpoint, host = 'bastion', access: Partial<SshAccess> = {}): Route {
    return {
      target: { id: 't', name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: { host: to.host, port: to.port },
      bastion: { id: 'i-0abc', name: host },
      method: 'ssh',
      ssh: { host, via: 'direct', instanceConnect: false, ...access },
      place: { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' },
    };
  }

  async dial(to: Endpoint, host = 'bastion', signal = never): Promise<Link> {
    return this.owns(await this.transport.dial(this.route(to, host), signal));
  }

  /** Disposed with the workbench. */
  owns(link: Link): Link {
    this.#links.push(link);
    return link;
  }

  /** Dials, and expects a Fault of that code, which is handed back. */
  async fails(code: string, work: Promise<unknown>): Promise<Fault> {
    try {
      await work;
    } catch (error) {
      assert.ok(isFault(error), String(error));
      assert.equal(error.code, code, error.message);
      assert.ok(error.remedy ?? code === 'operation.cancelled', 'every failure has a next step');
      return error;
    }
    assert.fail(`${code} was expected`);
  }

  async knownHostsText(): Promise<string> {
    return readFile(this.knownHosts, 'utf8').catch(() => '');
  }

  /** Proves that nothing is left: no connection at any server. */
  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.dispose()));
    for (const server of this.#servers) await server.stop();
    for (const server of this.#tcp) await server.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Sends `hello` to an echo server and gets it back. */
export async function greets(link: Link, to: Endpoint): Promise<void> {
  const stream = await link.open({ host: to.host, port: to.port }, never);
  stream.write('hello\n');
  assert.equal(await readLine(stream), 'hello');
  stream.destroy();
}

/** Moves bytes in one direction over a stream of its own and compares checksums. */
export async function moves(link: Link, bulk: Endpoint, direction: 'up' | 'down', bytes: number, piece: Buffer): Promise<void> {
  const stream = await link.open({ host: bulk.host, port: bulk.port }, never);
  if (direction === 'down') {
    stream.write(`DOWN ${bytes}\n`);
    assert.equal(await digestOf(stream, bytes), patternDigest(bytes));
  } else {
    stream.write(`UP ${bytes}\n`);
    for (let sent = 0; sent < bytes; sent += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, bytes - sent));
      if (!stream.write(part)) await new Promise((resolve) => stream.once('drain', resolve));
    }
    assert.equal(await readLine(stream), repeatedDigest(piece, bytes));
  }
  stream.destroy();
}

function repeatedDigest(piece: Buffer, bytes: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += piece.length) hash.update(piece.subarray(0, Math.min(piece.length, bytes - at)));
  return hash.digest('hex');
}
