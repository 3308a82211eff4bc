import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MAY_IMPORT } from './folderRule';

const root = process.cwd();

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

/** Files and lines (from 1) that the linter objects to for an import that is not allowed. */
async function restrictedImports(folder: string): Promise<Map<string, Set<number>>> {
  const cli = join(dirname(require.resolve('oxlint/package.json')), 'bin', 'oxlint');
  const config = join(root, 'test/lint/oxlintrc.json');
  const output = await new Promise<string>((resolve) => {
    // It exits with 1 when it finds something, which it does here.
    execFile(process.execPath, [cli, '-c', config, '-f', 'json', '.'], { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, (_, stdout) => resolve(stdout));
  });
  const { diagnostics } = JSON.parse(output) as { diagnostics: readonly Diagnostic[] };
  const found = new Map<string, Set<number>>();
  for (const { code, filename, labels } of diagnostics) {
    if (!code.includes('no-restricted-imports')) continue;
    const file = filename.replaceAll('\\', '/');
    found.set(file, (found.get(file) ?? new Set()).add(labels[0]!.span.line));
  }
  return found;
}

describe('the linter', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const allows = (from: string, to: string): boolean =>
    from === to || MAY_IMPORT[from]!.some((allowed) => allowed === to || allowed.startsWith(`${to}/`));

  it('forbids exactly what the table forbids, folder by folder', async function () {
    this.timeout(30_000);
    const scratch = await mkdtemp(join(tmpdir(), 'sallyport-lint-'));
    try {
      for (const from of folders) {
        await mkdir(join(scratch, 'src', from), { recursive: true });
        const lines = folders.map((to) => `import '../${to}/something';`);
        await writeFile(join(scratch, 'src', from, 'probe.ts'), `${[...lines, "import 'vscode';", "import '../model/tunnel';"].join('\n')}\n`);
      }
      const found = await restrictedImports(scratch);
      for (const from of folders) {
        const lines = found.get(`src/${from}/probe.ts`) ?? new Set();
        const forbidden = folders.filter((_, index) => lines.has(index + 1));
        assert.deepEqual(forbidden, folders.filter((to) => !allows(from, to)), `src/${from}/`);
        assert.equal(lines.has(folders.length + 1), from !== 'vscode', `src/${from}/ and vscode`);
        // A module that is named like a folder is none.
        assert.equal(lines.has(folders.length + 2), !allows(from, 'model'), `src/${from}/ and model/tunnel`);
      }
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});
