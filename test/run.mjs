// npm test [-- STAGE...] [--grep TEXT] [--files NAME,NAME] [--rounds N] [--verbose]: transpiles sources and tests, then hands over to test/run/main.ts.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.env['SALLYPORT_OUT'] || join(root, 'out'));

const { status } = spawnSync(process.execPath, ['esbuild.mjs', '--tests'], { cwd: root, stdio: 'inherit' });
if (status === 0) {
  createRequire(import.meta.url)(join(out, 'test/run/main.js'));
} else {
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
