import assert from 'node:assert/strict';
import { transform } from 'esbuild';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderOf, IMPURE_NAMES, MAY_IMPORT, objection, PACKAGES, PURE_NODE, ROOT_LINES } from './folderRule';
import type { Import } from './importScan';
import { importsOf, sourceFiles } from './importScan';

const root = process.cwd();

describe('the folder rule', () => {
  let files: string[] = [];
  let imports: Import[] = [];

  before(async () => {
    files = sourceFiles(root, 'src');
    imports = await importsOf(root, files);
  });

  it('is checked against the sources that are there', () => {
    assert.ok(files.includes('src/base/fault.ts') && files.includes('src/extension.ts'));
    assert.ok(files.length > 20, `only ${files.length} modules were read`);
    // Each import statement of a file was seen, whatever its form.
    const seen = new Set(imports.filter(({ from }) => from === 'src/vscode/services.ts').map(({ file }) => file));
    assert.deepEqual(seen, new Set(['src/base/fault', 'src/base/log', 'src/broker/client', 'src/model/route', 'src/model/tunnel', 'src/redis/types', 'src/vscode/keptSecrets', 'src/vscode/ui']));
  });

  it('sees every form of import', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-imports-'));
    try {
      await writeFile(
        join(folder, 'all.ts'),
        [
          "import './effect';",
          "import value from './default';",
          "import * as everything from './namespace';",
          "import type { Shape } from './types';",
          "import { type Inline } from './inline';",
          "import type * as Types from './typeNamespace';",
          "export { again } from './again';",
          "export type { Other } from './typeAgain';",
          "export * from './star';",
          "const late = () => import('./late');",
          "type Queried = import('./queried').Name;",
          "export type Own = { readonly from: './not' };",
          "// import './comment';",
          "const text = 'import \"./text\"';",
        ].join('\n'),
      );
      const found = await importsOf(folder, ['all.ts']);
      const expected = ['again', 'default', 'effect', 'inline', 'late', 'namespace', 'queried', 'star', 'typeAgain', 'typeNamespace', 'types'];
      assert.deepEqual([...new Set(found.map(({ file }) => String(file)))].toSorted(), expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('knows a broken rule when it meets one', () => {
    assert.match(objection('src/model/x.ts', 'src/wire/resp/decoder')!, /may not import/);
    assert.match(objection('src/vscode/x.ts', 'src/broker/core')!, /may not import/);
    assert.match(objection('src/vscode/x.ts', 'src/redis/index')!, /may not import/);
    assert.match(objection('src/novel/x.ts', 'src/base/event')!, /not in the table/);
    assert.equal(objection('src/vscode/x.ts', 'src/broker/client'), undefined);
    assert.equal(objection('src/extension.ts', 'src/redis/index'), undefined);
    // One that is named like a folder is still a module of the folder that it is in.
    assert.equal(objection('src/vscode/x.ts', 'src/model/tunnel'), undefined);
  });

  it('holds for every import below src/', () => {
    const broken = imports.flatMap(({ from, file }) => {
      if (file === undefined) return [];
      if (!file.startsWith('src/')) return [`${from}: ${file} is outside src/`];
      const why = objection(from, file);
      return why ? [`${from}: ${why}`] : [];
    });
    assert.deepEqual(broken, []);
  });

  it('lets each folder use only its own packages, and vscode only what shows things', () => {
    const broken = imports.filter(({ from, specifier, file }) => {
      if (file !== undefined || isBuiltin(specifier)) return false;
      return !(PACKAGES[folderOf(from)] ?? []).some((allowed) => allowed.test(specifier));
    });
    assert.deepEqual(broken.map(({ from, specifier }) => `${from}: ${specifier}`), []);
  });

  it("writes Node's own modules with their prefix, and keeps I/O out of the pure folders", () => {
    const broken = imports.filter(({ from, specifier }) => {
      if (!isBuiltin(specifier)) return false;
      const allowed = PURE_NODE[folderOf(from)];
      return !specifier.startsWith('node:') || (allowed !== undefined && !allowed.includes(specifier));
    });
    assert.deepEqual(broken.map(({ from, specifier }) => `${from}: ${specifier}`), []);
  });

  it('keeps timers, clocks and the process out of wire/', async () => {
    const wire = files.filter((file) => folderOf(file) === 'wire');
    assert.ok(wire.length > 0);
    const broken: string[] = [];
    for (const file of wire) {
      // Without comments and types, so that only what runs is looked at.
      const { code } = await transform(readFileSync(join(root, file), 'utf8'), { loader: 'ts', minifyWhitespace: true, legalComments: 'none' });
      const name = IMPURE_NAMES.exec(code)?.[0];
      if (name) broken.push(`${file}: ${name}`);
    }
    assert.deepEqual(broken, []);
  });

  it('imports with neither extension nor index', () => {
    const broken = imports.filter(({ specifier, file }) => file !== undefined && /\.(ts|js|mjs)$|\/index$/.test(specifier));
    assert.deepEqual(broken.map(({ from, specifier }) => `${from}: ${specifier}`), []);
  });

  it('keeps the composition root short', () => {
    const lines = readFileSync(join(root, 'src/extension.ts'), 'utf8').trimEnd().split('\n').length;
    assert.ok(lines <= ROOT_LINES, `src/extension.ts has ${lines} lines`);
  });

  it('has every folder in the table', () => {
    const folders = new Set(files.filter((file) => file.split('/').length > 2).map((file) => folderOf(file)));
    assert.deepEqual([...folders].filter((folder) => !(folder in MAY_IMPORT)), []);
  });
});

describe('the sandbox', () => {
  it('is an independent peer: it imports nothing of the product', async () => {
    const files = sourceFiles(root, 'test/sandbox');
    assert.ok(files.length > 0);
    const broken = (await importsOf(root, files)).filter(({ file, specifier }) =>
      file === undefined ? specifier.startsWith('@aws-sdk/') || specifier === 'vscode' : !file.startsWith('test/'),
    );
    assert.deepEqual(broken.map(({ from, specifier }) => `${from}: ${specifier}`), []);
  });
});
