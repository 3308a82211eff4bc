import assert from 'node:assert/strict';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';
import { join, resolve } from 'node:path';
import { folderOf } from './folderRule';
import { sourceFiles } from './importScan';

const root = process.cwd();
/** What every window reads at its start. */
const MAIN_LIMIT_BYTES = 30_000;
/** What a window reads at its first use. */
const WINDOW_LIMIT_BYTES = 300_000;

/** Packages stay outside, since only our own modules are under test; `vscode` does not, and has no code to be found. */
const withoutPackages: Plugin = {
  name: 'without-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => (path === 'vscode' || kind === 'entry-point' ? undefined : { path, external: true }));
  },
};

async function bundle(entry: { readonly files: readonly string[] } | { readonly source: string }): Promise<readonly string[]> {
  const { metafile } = await build({
    ...('files' in entry
      ? { entryPoints: entry.files.map((file) => join(root, file)) }
      : { stdin: { contents: entry.source, resolveDir: join(root, 'src/broker'), loader: 'ts' as const } }),
    outdir: join(root, 'unwritten'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    logLevel: 'silent',
    plugins: [withoutPackages],
  });
  return Object.keys(metafile.inputs);
}

/** What a bundle is made of, and its size, as it is packaged. */
async function packaged(entry: string): Promise<{ readonly inputs: readonly string[]; readonly used: readonly string[]; readonly bytes: number }> {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(root, entry)],
    outdir: join(root, 'unwritten'),
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'lazy-parts',
        setup({ onResolve }) {
          onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) =>
            kind === 'dynamic-import' ? { path: resolve(resolveDir, path), external: true } : undefined,
          );
        },
      },
    ],
  });
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output!.inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : []));
  return { inputs: Object.keys(metafile.inputs), used, bytes: outputFiles[0]!.contents.byteLength };
}

describe('bundles', () => {
  it('are made of everything below src/vscode/ without VS Code', async () => {
    const files = sourceFiles(root, 'src').filter((file) => !['vscode', 'extension', 'webview'].includes(folderOf(file)));
    assert.ok(files.length > 20, `only ${files.length} modules`);
    assert.ok(files.includes('src/broker/core.ts'));
    const inputs = await bundle({ files });
    assert.ok(files.every((file) => inputs.includes(file)));
  });

  it('fail when a module below src/vscode/ needs it', async () => {
    const importing = bundle({ source: "import * as vscode from 'vscode'; export const shown = vscode.window;" });
    await assert.rejects(importing, /Could not resolve "vscode"/);
    await assert.rejects(bundle({ source: "export { readSetting } from '../vscode/settings';" }), /Could not resolve "vscode"/);
  });

  it('keep what every window loads at start-up tiny: names, two views without rows, the look for a broker', async () => {
    const { inputs, used, bytes } = await packaged('src/extension.ts');
    assert.ok(inputs.includes('src/vscode/doorway.ts'));
    assert.deepEqual(inputs.filter((input) => !/^src\/(?:extension\.ts$|vscode\/|base\/|broker\/(?:presence|places)\.ts$)/.test(input)), []);
    const own = used.filter((input) => input.startsWith('src/vscode/'));
    assert.ok(!own.includes('src/vscode/activate.ts') && own.length <= 15, own.join(', '));
    assert.ok(bytes < MAIN_LIMIT_BYTES, `the main bundle has ${bytes} bytes`);
  });

  it('keep everything heavy out of what a window loads at its first use', async () => {
    const { inputs, bytes } = await packaged('src/vscode/window.ts');
    assert.ok(inputs.includes('src/vscode/activate.ts'));
    assert.deepEqual(inputs.filter((input) => /node_modules|src\/(aws|transport|tunnel|wire)\//.test(input)), []);
    assert.ok(bytes < WINDOW_LIMIT_BYTES, `the window's bundle has ${bytes} bytes`);
  });
});
