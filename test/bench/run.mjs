// npm run bench -- [AREA...] [--json]: builds, then hands over to test/bench/main.ts.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
for (const flags of [[], ['--tests']]) {
  // What the build prints must not mix with the figures on standard output.
  const { status } = spawnSync(process.execPath, ['esbuild.mjs', ...flags], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
createRequire(import.meta.url)(join(root, 'out/test/bench/main.js'));
