import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** One import of a module: `from` is the importing file, relative to the root and with forward slashes. */
export interface Import {
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  /** The imported file without extension, relative to the root; undefined for packages and Node's own modules. */
  readonly file: string | undefined;
}

export function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mts)$/.test(entry.name))
    .map((entry) => slashes(relative(root, join(entry.parentPath, entry.name))))
    .toSorted();
}

/** Every import, re-export, `import()` and `require` of the files, those of types included, as esbuild's own parser finds them. */
export async function importsOf(root: string, files: readonly string[]): Promise<Import[]> {
  const found: Import[] = [];
  const note = (from: string, specifier: string): void => {
    const file = specifier.startsWith('.') ? slashes(relative(root, resolve(root, dirname(from), specifier))) : undefined;
    found.push({ from, specifier, file });
  };
  await build({
    entryPoints: files.map((file) => join(root, file)),
    outdir: join(root, 'unwritten'),
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    // Unused names keep their import, as the compiler's own setting does.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    plugins: [
      {
        name: 'import-scan',
        setup({ onLoad, onResolve }) {
          onLoad({ filter: /\.m?ts$/ }, async ({ path }) => {
            const source = await readFile(path, 'utf8');
            for (const [, specifier] of source.matchAll(TYPE_QUERY)) note(slashes(relative(root, path)), specifier!);
            return { contents: valueForm(source), loader: 'ts' };
          });
          onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
            if (kind === 'entry-point') return undefined;
            note(slashes(relative(root, importer)), path);
            return { path, external: true };
          });
        },
      },
    ],
  });
  return found;
}

// `import('./x').Name` as a type leaves nothing for a bundler to see.
const TYPE_QUERY = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Imports of types written as imports of values: a bundler drops the former before it tells anyone. */
export function valueForm(source: string): string {
  return source
    .replaceAll(/^(\s*import)\s+type\s+(?=[\w{*])/gm, '$1 ')
    .replaceAll(/^(\s*export)\s+type\s+(?=[{*])/gm, '$1 ');
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}
