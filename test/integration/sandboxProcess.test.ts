import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { startSandbox } from '../sandbox/sandbox';
import { clientsOf, destroy } from './sandboxClients';

const MAIN = join(__dirname, '..', 'sandbox', 'main.js');

interface Ready {
  readonly endpoint: string;
  readonly caFile?: string;
  readonly env: Record<string, string>;
  readonly pid: number;
}

describe('the sandbox as a whole', () => {
  it('brings real servers up and takes everything down again', async () => {
    const sandbox = await startSandbox();
    const { caFile } = sandbox;
    assert.ok(caFile);
    assert.match(await readFile(caFile, 'utf8'), /BEGIN CERTIFICATE/);
    await sandbox.close();
    await sandbox.close();
    assert.equal(existsSync(caFile), false);
    await assert.rejects(reach(sandbox.endpoint), { code: 'ECONNREFUSED' });
  }).timeout(30_000);

  it('leaves nothing running when its port is taken', async () => {
    const first = await startSandbox({ servers: false });
    try {
      const port = Number(new URL(first.endpoint).port);
      await assert.rejects(startSandbox({ port }), { code: 'EADDRINUSE' });
    } finally {
      await first.close();
    }
  }).timeout(30_000);

  it('closes while clients keep connections open', async () => {
    const sandbox = await startSandbox({ servers: false });
    const clients = clientsOf(sandbox);
    await clients.sts.send(new GetCallerIdentityCommand({}));
    await sandbox.close();
    destroy(clients);
  });
});

describe('the sandbox as a process', () => {
  let child: ChildProcessWithoutNullStreams | undefined;
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-process-'));
  });
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  });

  async function run(...flags: string[]): Promise<Ready> {
    child = spawn(process.execPath, [MAIN, ...flags]);
    const lines = createInterface({ input: child.stdout });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const exit = once(child, 'exit').then(([code]) => {
      throw new Error(`ended with ${String(code)}: ${errors}`);
    });
    exit.catch(() => {});
    const [line] = (await Promise.race([once(lines, 'line'), exit])) as [string];
    return JSON.parse(line) as Ready;
  }

  it('tells where it is in one line, and ends with its standard input, taking its servers along', async () => {
    const { endpoint, caFile, env, pid } = await run('--config-dir', directory);
    assert.equal(pid, child?.pid);
    assert.match(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual(env, {
      AWS_CONFIG_FILE: join(directory, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    assert.match(await readFile(join(directory, 'config'), 'utf8'), new RegExp(`endpoint_url = ${endpoint}`));
    assert.ok(caFile && existsSync(caFile));
    child?.stdin.end();
    assert.deepEqual(await once(child!, 'exit'), [0, null]);
    assert.equal(existsSync(caFile), false);
    await assert.rejects(reach(endpoint), { code: 'ECONNREFUSED' });
  }).timeout(30_000);

  it('ends on a signal', async function () {
    // Windows has no signals that a process could answer.
    if (process.platform === 'win32') this.skip();
    const { endpoint, env } = await run('--no-servers');
    assert.equal(env['AWS_ENDPOINT_URL'], endpoint);
    child?.kill('SIGTERM');
    assert.deepEqual(await once(child!, 'exit'), [0, null]);
  }).timeout(30_000);

  it('says what is wrong with its arguments', async () => {
    await assert.rejects(run('--port', 'many'), /ended with 1: usage: /);
    await assert.rejects(run('--unknown'), /ended with 1: Unknown option/);
  }).timeout(30_000);
});

function reach(endpoint: string): Promise<void> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
