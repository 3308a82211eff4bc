// Prints measured figures: all areas, or those named; --json for one JSON object on standard output.
import { parseArgs } from 'node:util';
import { brokerFigures } from './broker';
import { consoleFigures } from './console';
import { discoveryFigures } from './discovery';
import { extensionFigures } from './extension';
import { type Figures, rounded } from './figures';
import { sshFigures } from './ssh';
import { ssmFigures } from './ssm';

const AREAS: Readonly<Record<string, () => Figures | Promise<Figures>>> = {
  extension: extensionFigures,
  broker: brokerFigures,
  console: consoleFigures,
  discovery: discoveryFigures,
  ssm: ssmFigures,
  ssh: sshFigures,
};

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } });
  const unknown = positionals.filter((name) => !(name in AREAS));
  if (unknown.length > 0) throw new Error(`No area is called ${unknown.join(', ')}; there are ${Object.keys(AREAS).join(', ')}.`);
  const figures: Record<string, number> = {};
  for (const name of positionals.length > 0 ? positionals : Object.keys(AREAS)) {
    for (const [key, value] of Object.entries(await AREAS[name]!())) figures[key] = rounded(value);
  }
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else for (const [key, value] of Object.entries(figures)) console.log(`${key.padEnd(28)} ${value}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
