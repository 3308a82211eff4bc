// The AWS of an organisation, a process of its own: 10,000 resources of four profiles in five regions each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/sandbox';
import { largeWorld, MANY, rowsOf } from '../sandbox/worldLarge';
import { neededPages } from './discoveryPages';
import { servePeer } from './peer';

/** Where to find it. */
export interface DiscoveryFarEnd {
  /** The configuration's variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly regions: readonly string[];
  /** Bastions and targets in all, and of one profile in one region. */
  readonly rows: number;
  readonly rowsPerPlace: number;
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  // As many rows as a request asks for: the pages are those of AWS.
  const sandbox = await startSandbox({ servers: false, world: largeWorld(MANY), pageSize: Infinity });
  const { env } = await sandbox.writeAwsConfig(directory);
  const ready: DiscoveryFarEnd = {
    env: { ...env, HOME: directory },
    profiles: sandbox.world.profiles.map(({ name }) => name),
    regions: sandbox.world.regions.map(({ name }) => name),
    rows: rowsOf(MANY) * sandbox.world.places.length,
    rowsPerPlace: rowsOf(MANY),
  };
  await servePeer(
    ready,
    async () => {
      await sandbox.close();
      await rm(directory, { recursive: true, force: true });
    },
    {
      calls: () => sandbox.requests.all().length,
      pages: () => neededPages(sandbox.world, sandbox.requests.all()),
      forget: () => {
        sandbox.requests.clear();
        return 0;
      },
    },
  );
}

void main();
