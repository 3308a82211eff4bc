import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiscoveryFarEnd } from './discoveryFarEnd';
import type { DiscoverySubjectOptions } from './discoverySubject';
import { type Figures, median } from './figures';
import { type Peer, startPeer } from './peer';

const ROUNDS = 3;

/**
 * 10,000 resources of four profiles in five regions each. What the packaged bundles of the core, the store, its cache and the
 * Resources view need for them, all regions being open.
 * - `discovery.firstNode.ms`: from the first page's arrival at the product to the first row; `cold`: bundles are loaded, too
 * - `discovery.all.ms`: from the beginning to the last row
 * - `discovery.apiCalls`, `discovery.pages`: calls made, and the fewest that tell everything
 * - `tree.refreshOne.ms`: one region again, among all
 * - `tree.cachedOpen.ms`: from opening the view to all 500 rows of the first of four regions as they were last, from disk; `all`:
 *   to all 2,000; `cpu`: CPU time of that
 * - `extensionHost.maxBlock.ms`: the longest that anything in the process of the views waits for its turn meanwhile, the core
 *   being elsewhere; `inside`: the core is in the same process, and has loaded its bundles (`cold`: it has not)
 */
export async function discoveryFigures(): Promise<Figures> {
  const farEnd = await startPeer<DiscoveryFarEnd>('discoveryFarEnd');
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-kept-'));
  const samples: Record<string, number[]> = {};
  const add = (name: string, value: number): void => void (samples[name] ??= []).push(value);
  try {
    for (const core of ['inside', 'elsewhere'] as const) {
      const subject = await startPeer<object>('discoverySubject', { core, farEnd: farEnd.ready, folder: join(folder, core) } satisfies DiscoverySubjectOptions);
      try {
        await measure(core, subject, farEnd, add);
      } finally {
        await subject.stop();
      }
    }
  } finally {
    await farEnd.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
}

async function measure(
  core: DiscoverySubjectOptions['core'],
  subject: Peer<object>,
  farEnd: Peer<DiscoveryFarEnd>,
  add: (name: string, value: number) => void,
): Promise<void> {
  const block = core === 'inside' ? 'extensionHost.inside.maxBlock.ms' : 'extensionHost.maxBlock.ms';
  await farEnd.ask('forget');
  await subject.loopDelay();
  const cold = await subject.ask('all');
  if (core === 'inside') {
    add('extensionHost.inside.cold.maxBlock.ms', await subject.loopDelay());
    add('discovery.cold.all.ms', cold);
    add('discovery.cold.firstNode.ms', await subject.ask('firstNode'));
    // Of a program that knows nothing yet: whose the credentials are, and where the subnets are.
    add('discovery.apiCalls', await farEnd.ask('calls'));
    add('discovery.pages', await farEnd.ask('pages'));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = await subject.cpuSeconds();
    await subject.loopDelay();
    const ms = await subject.ask('all');
    const refreshMs = await subject.ask('refreshOne');
    add(block, await subject.loopDelay());
    if (core === 'elsewhere') {
      add('tree.refreshOne.ms', refreshMs);
      add('tree.cpuSeconds', (await subject.cpuSeconds()) - cpu);
      continue;
    }
    add('discovery.all.ms', ms);
    add('discovery.firstNode.ms', await subject.ask('firstNode'));
    add('discovery.cpuSeconds', (await subject.cpuSeconds()) - cpu);
  }
  add(core === 'inside' ? 'discovery.rssMB' : 'tree.rssMB', await subject.ask('rss'));
  if (core === 'inside') return;
  for (let round = 0; round < ROUNDS; round++) {
    add('tree.cachedOpen.ms', await subject.ask('cachedOpen'));
    add('tree.cachedOpen.all.ms', await subject.ask('openAll'));
    add('tree.cachedOpen.cpu.ms', await subject.ask('openCpu'));
  }
}
