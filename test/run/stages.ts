// The stages of `npm test`, as data.

export type StageName = 'check' | 'build' | 'unit' | 'integration' | 'package' | 'vscode' | 'ui' | 'demo';

/** What has to be on the machine before a stage can run. */
export interface Provisions {
  readonly programs: readonly ('redis-server' | 'sshd' | 'openssl' | 'chromium' | 'postgres' | 'mariadbd' | 'memcached')[];
  readonly vscode: boolean;
}

export interface StageStep {
  readonly title: string;
  /** A program and its arguments; `node` is the running one, `npm` the npm that started us. */
  readonly command: readonly ['node' | 'npm', ...string[]];
  /** A mocha run writes its totals; anything else counts as one test. */
  readonly kind: 'suite' | 'command';
  /** The whole step, ms: one that takes longer hangs and has failed. */
  readonly limitMs: number;
  /** Steps that use npm keep the person's home; all others get an empty one, and their own folder for temporary files. */
  readonly home: 'own' | 'empty';
}

export interface Stage {
  readonly needs: readonly StageName[];
  readonly provisions: Provisions;
  steps(out: string): readonly StageStep[];
}

const MINUTE = 60_000;
const NO_PROVISIONS: Provisions = { programs: [], vscode: false };
const SERVERS = ['redis-server', 'openssl'] as const;
const WORKBENCH: Provisions = { programs: [...SERVERS, 'chromium'], vscode: true };

export const STAGES: Readonly<Record<StageName, Stage>> = {
  check: {
    needs: [],
    provisions: NO_PROVISIONS,
    steps: () => [npm('check', ['run', '--silent', 'check'], 5)],
  },
  build: {
    needs: [],
    provisions: NO_PROVISIONS,
    steps: () => [npm('build', ['run', '--silent', 'build'], 2)],
  },
  unit: {
    needs: [],
    provisions: NO_PROVISIONS,
    steps: (out) => [mocha(out, 'unit', [], 4)],
  },
  integration: {
    needs: [],
    provisions: { programs: [...SERVERS, 'sshd', 'postgres', 'mariadbd', 'memcached'], vscode: false },
    steps: (out) => [mocha(out, 'integration', ['--timeout', '60000'], 15)],
  },
  package: {
    needs: [],
    provisions: NO_PROVISIONS,
    steps: () => [npm('package', ['run', '--silent', 'package'], 3)],
  },
  vscode: {
    needs: ['build'],
    provisions: WORKBENCH,
    steps: (out) => ['newest', 'oldest'].map((release) => suite(`vscode ${release}`, [`${out}/test/vscode/harness/main.js`, release], 6)),
  },
  ui: {
    needs: ['package'],
    provisions: WORKBENCH,
    steps: (out) => [mocha(out, 'ui', ['--timeout', '180000', '--verbose'], 12)],
  },
  demo: {
    needs: ['package'],
    provisions: WORKBENCH,
    steps: (out) => [
      {
        title: 'demo',
        command: ['node', `${out}/test/demo/main.js`, '--check'],
        kind: 'command',
        limitMs: 3 * MINUTE,
        home: 'empty',
      },
    ],
  },
};

export const STAGE_NAMES = Object.keys(STAGES) as readonly StageName[];

export function isStageName(name: string): name is StageName {
  return Object.hasOwn(STAGES, name);
}

/** The wanted stages and what they need, in the order in which they run; all of them when none is named. */
export function selectStages(wanted: readonly StageName[]): readonly StageName[] {
  const selected = new Set<StageName>();
  const add = (name: StageName): void => {
    for (const needed of STAGES[name].needs) add(needed);
    selected.add(name);
  };
  for (const name of wanted.length > 0 ? wanted : STAGE_NAMES) add(name);
  return STAGE_NAMES.filter((name) => selected.has(name));
}

/** How often the stages run, from 1 to 1000. @throws Error for anything else */
export function roundsOf(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000) throw new Error(`--rounds takes a number from 1 to 1000, not ${text}.`);
  return rounds;
}

/** Everything that the stages need, once. */
export function provisionsOf(stages: readonly StageName[]): Provisions {
  const all = stages.map((name) => STAGES[name].provisions);
  return {
    programs: [...new Set(all.flatMap(({ programs }) => programs))],
    vscode: all.some(({ vscode }) => vscode),
  };
}

function npm(title: string, args: readonly string[], minutes: number): StageStep {
  return { title, command: ['npm', ...args], kind: 'command', limitMs: minutes * MINUTE, home: 'own' };
}

function suite(title: string, args: readonly string[], minutes: number): StageStep {
  return { title, command: ['node', ...args], kind: 'suite', limitMs: minutes * MINUTE, home: 'empty' };
}

function mocha(out: string, folder: string, options: readonly string[], minutes: number): StageStep {
  return suite(folder, [`${out}/test/run/mocha.js`, `${out}/test/${folder}`, ...options], minutes);
}
