import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Figures, median } from './figures';

const RUNS = 15;

/** Start-up as every window pays it, what the first use pays, and the sizes of the bundles. */
export function extensionFigures(): Figures {
  const runs = Array.from({ length: RUNS }, () => {
    const output = execFileSync(process.execPath, [join(__dirname, 'activation.js')], { encoding: 'utf8' });
    return JSON.parse(output.trim().split('\n').at(-1)!) as { loadMs: number; activateMs: number; windowMs: number };
  });
  const dist = join(__dirname, '../../../dist');
  const sizes = readdirSync(dist)
    .filter((name) => name.endsWith('.js'))
    .map((name) => [`bundle.${name === 'extension.js' ? 'main' : basename(name, '.js')}.kB`, statSync(join(dist, name)).size / 1000] as const);
  return {
    'activate.ms': median(runs.map(({ loadMs, activateMs }) => loadMs + activateMs)),
    'activate.load.ms': median(runs.map(({ loadMs }) => loadMs)),
    // The first command or the first look at a view, which loads and composes the rest.
    'activate.window.ms': median(runs.map(({ windowMs }) => windowMs)),
    ...Object.fromEntries(sizes),
  };
}
