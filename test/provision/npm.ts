import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../src/base/fault';
import { npmEnvironment } from '../run/environment';
import { startProcess } from '../run/ownedProcess';

/** A package of the registry that npm is configured for, pinned to its bytes. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the tarball, `sha512-` and base64, as `npm view NAME dist.integrity` gives it. */
  readonly integrity: string;
}

/** How to run the npm that started us, else the one on the PATH. */
export function npmProgram(env: NodeJS.ProcessEnv = process.env): { readonly command: string; readonly args: readonly string[] } {
  const script = env['npm_execpath'];
  // Other package managers set the same variable.
  if (script && basename(script).startsWith('npm')) return { command: process.execPath, args: [script] };
  return { command: 'npm', args: [] };
}

/** Runs npm in a folder and resolves with its stdout. @throws Fault `provision.npmFailed` with the end of it. */
export async function npm(args: readonly string[], folder: string): Promise<string> {
  const program = npmProgram();
  return runToEnd(program.command, [...program.args, ...args], folder, 'provision.npmFailed', npmEnvironment(process.env));
}

/** Downloads a package, checks its bytes, and extracts what is below its `package/` into `folder`. */
export async function extractPackage(pinned: PinnedPackage, folder: string, only?: readonly string[]): Promise<void> {
  const download = `${folder}.download`;
  mkdirSync(download, { recursive: true });
  try {
    const reply = await npm(['pack', '--json', '--loglevel=error', `${pinned.name}@${pinned.version}`], download);
    const tarball = join(download, tarballName(reply));
    verifyIntegrity(pinned, readFileSync(tarball));
    mkdirSync(folder, { recursive: true });
    const members = only ? only.map((name) => `package/${name}`) : [];
    const args = ['-xzf', tarball, '-C', folder, '--strip-components=1', ...members];
    await runToEnd('tar', args, dirname(folder), 'provision.extractFailed', process.env);
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** The file that `npm pack --json` made; anything that npm prints before the JSON is passed over. */
export function tarballName(reply: string): string {
  const list = JSON.parse(reply.slice(Math.max(0, reply.search(/^[[{]/m)))) as unknown;
  const [first] = Array.isArray(list) ? list : Object.values(list as object);
  const name = (first as { filename?: unknown } | undefined)?.filename;
  if (typeof name !== 'string') throw new Fault('provision.npmFailed', 'npm pack did not name the file it made.');
  return basename(name);
}

/** @throws Fault `provision.integrity` when the bytes are not the pinned ones. */
export function verifyIntegrity(pinned: PinnedPackage, bytes: Buffer): void {
  const actual = createHash('sha512').update(bytes).digest();
  const expected = Buffer.from(pinned.integrity.replace(/^sha512-/, ''), 'base64');
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return;
  throw new Fault(
    'provision.integrity',
    `${pinned.name}@${pinned.version} is not the package that was pinned: its integrity is sha512-${actual.toString('base64')}.`,
    { remedy: { text: 'Do not use it; check which registry npm is configured for.' } },
  );
}

async function runToEnd(
  command: string,
  args: readonly string[],
  cwd: string,
  code: 'provision.npmFailed' | 'provision.extractFailed',
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const running = startProcess(command, args, { cwd, env, output: 'collect' });
  const status = await running.exited;
  if (status.code === 0) return running.stdout();
  const why = status.error?.message ?? running.output().trim().slice(-2000);
  throw new Fault(code, `${command} ${args.join(' ')} failed: ${why}`);
}
