// Builds the extension (dist/) and, with --tests, the sources and tests one to one (out/).
//   node esbuild.mjs            minified bundles, as they are packaged
//   node esbuild.mjs --dev      readable bundles with source maps
//   node esbuild.mjs --watch    --dev, again at each change
//   node esbuild.mjs --tests    src/ and test/ transpiled file by file into out/
//   node esbuild.mjs --meta     also writes out/meta.json (what each bundle contains)
import { build, context } from 'esbuild';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
process.chdir(root);
const flags = new Set(process.argv.slice(2));
const dev = flags.has('--dev') || flags.has('--watch');

/**
 * Bundles of their own, loaded by `import()` at first use: parsing them at start-up
 * would be every window's bill. Key: name in dist/; value: source module.
 */
const LAZY = {
  core: 'src/broker/core.ts',
  'broker-client': 'src/broker/connect.ts',
  aws: 'src/aws/index.ts',
  'aws-ec2': 'src/aws/clients/ec2.ts',
  'aws-ecs': 'src/aws/clients/ecs.ts',
  'aws-elasticache': 'src/aws/clients/elasticache.ts',
  'aws-rds': 'src/aws/clients/rds.ts',
  'aws-redshift': 'src/aws/clients/redshift.ts',
  'aws-memorydb': 'src/aws/clients/memoryDb.ts',
  'aws-kms': 'src/aws/clients/kms.ts',
  'aws-instance-connect': 'src/aws/clients/ec2InstanceConnect.ts',
  'aws-sso': 'src/aws/clients/ssoOidc.ts',
  redis: 'src/redis/index.ts',
  ssh: 'src/transport/ssh/client.ts',
};

/** A lazy bundle that knows VS Code. */
const WINDOW = { window: 'src/vscode/window.ts' };

/** Turns an `import()` of a lazy module into a run-time load of its bundle. A static import stays inside the importer's bundle. */
const lazyBundles = {
  name: 'lazy-bundles',
  setup({ onResolve }) {
    const byPath = new Map(Object.entries({ ...LAZY, ...WINDOW }).map(([name, path]) => [resolve(root, path), name]));
    onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
      // A package's own `import()`s are the package's business: they stay inside the bundle.
      if (kind !== 'dynamic-import' || resolveDir.split(sep).includes('node_modules')) return undefined;
      const target = resolve(resolveDir, path);
      const name = byPath.get(`${target}.ts`) ?? byPath.get(join(target, 'index.ts'));
      if (!name) return { errors: [{ text: `import('${path}') is not one of the lazy bundles listed in esbuild.mjs` }] };
      return { path: `./${name}.js`, external: true };
    });
  },
};

/** Takes out of the AWS clients what ours never use: the EC2 client alone would be three times as large, and take as long to load. */
const leanClients = {
  name: 'lean-clients',
  setup({ onLoad, onResolve }) {
    // Shapes with keys such as `[_xN]` count as having side effects, so that every shape of the service would stay.
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const keys = new Map([...text.matchAll(/^const (_[\w$]+) = ("(?:[^"\\]|\\.)*");$/gm)].map(([, name, value]) => [name, value]));
      return { contents: text.replaceAll(/\[(_[\w$]+)\](?=:)/g, (key, name) => keys.get(name) ?? key), loader: 'js' };
    });
    // Clients are always given their credentials (src/aws/clients/settings.ts), and would each bring every way to find some.
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ importer }) =>
      /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]/.test(importer) ? { path: 'no-default-credentials', namespace: 'lean-clients' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lean-clients' }, () => ({
      contents: 'export const defaultProvider = () => () => Promise.reject(new Error("A client was made without credentials."));',
    }));
  },
};

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  minify: !dev,
  sourcemap: dev ? 'linked' : false,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // ES modules first: named imports of the AWS clients are then shaken down to the commands in use.
  mainFields: ['module', 'main'],
  plugins: [lazyBundles, leanClients],
  // `import()` becomes `require`: the loader of ES modules would read each bundle once more, to find its format and its exports.
  supported: { 'dynamic-import': false },
  // Optional native accelerators of ssh2 and ws: absent, both fall back to JavaScript.
  external: ['cpu-features', './crypto/build/Release/sshcrypto.node', 'bufferutil', 'utf-8-validate'],
};

function bundles() {
  /** @type {import('esbuild').BuildOptions[]} */
  const all = [
    { ...node, entryPoints: { extension: 'src/extension.ts', ...WINDOW }, outdir: 'dist', external: [...node.external, 'vscode'] },
    // Built without `vscode` as an external: an import of it from below src/vscode/ fails the build.
    { ...node, entryPoints: Object.fromEntries(Object.entries(LAZY)), outdir: 'dist' },
    // The process that owns the tunnels of all windows; its core is the lazy bundle above.
    { ...node, entryPoints: { broker: 'src/broker/brokerMain.ts' }, outdir: 'dist' },
    // Run by OpenSSH to ask for secrets, and as a watchdog on Windows: a program of its own.
    { ...node, entryPoints: { 'ssh-companion': 'src/transport/sshSystem/companionMain.ts' }, outdir: 'dist' },
    {
      ...common,
      entryPoints: pages(),
      outdir: 'dist/webview',
      platform: 'browser',
      format: 'iife',
      target: 'chrome128',
    },
  ];
  return all;
}

/** Each folder below src/webview/ is one page: `dist/webview/FOLDER.js`. */
function pages() {
  const folders = readdirSync('src/webview', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Object.fromEntries(folders.map(({ name }) => [name, `src/webview/${name}/main.ts`]));
}

function sourcesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

async function buildTests() {
  const outdir = process.env['SALLYPORT_OUT'] || 'out';
  rmSync(join(outdir, 'src'), { recursive: true, force: true });
  rmSync(join(outdir, 'test'), { recursive: true, force: true });
  await build({
    entryPoints: [...sourcesBelow('src'), ...sourcesBelow('test')],
    outdir,
    outbase: '.',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    // `import()` becomes `require`, which resolves paths without an extension.
    supported: { 'dynamic-import': false },
  });
}

if (flags.has('--tests')) {
  await buildTests();
} else if (flags.has('--watch')) {
  for (const options of bundles()) await (await context(options)).watch();
} else {
  rmSync('dist', { recursive: true, force: true });
  const results = await Promise.all(bundles().map((options) => build(options)));
  if (flags.has('--meta')) {
    mkdirSync('out', { recursive: true });
    const outputs = Object.assign({}, ...results.map(({ metafile }) => metafile.outputs));
    writeFileSync('out/meta.json', JSON.stringify(outputs, null, 1));
  }
}
