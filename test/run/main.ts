// npm test [-- STAGE...] [--grep TEXT] [--files NAME,NAME] [--rounds N] [--verbose]
// The test runner: stages in order, each bounded in time and cleaned up after, and one line of totals at the end.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeFault, isFault } from '../../src/base/fault';
import { cacheFolder, CACHE_VARIABLE } from '../provision/cache';
import { provision } from '../provision/provision';
import { npmEnvironment, testEnvironment } from './environment';
import { endRequested } from './ownedProcess';
import type { StageName, StageStep } from './stages';
import { isStageName, provisionsOf, roundsOf, selectStages, STAGE_NAMES, STAGES } from './stages';
import type { StepResult } from './step';
import { runStep } from './step';
import type { FailedStep, Totals } from './totals';
import { addTotals, describeFailures, formatTotals, isSuccess, NOTHING } from './totals';

const root = resolve(__dirname, '../../..');
const out = resolve(process.env['SALLYPORT_OUT'] ?? join(root, 'out'));

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      grep: { type: 'string' },
      files: { type: 'string' },
      rounds: { type: 'string', default: '1' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !isStageName(name));
  if (unknown.length > 0) throw new Error(`No stage is called ${unknown.join(', ')}; there are ${STAGE_NAMES.join(', ')}.`);
  const rounds = roundsOf(values.rounds);
  const stages = selectStages(positionals.filter(isStageName));
  const { vscodeServer } = await provision(provisionsOf(stages));
  const options = [
    ...(values.grep ? ['--grep', values.grep] : []),
    ...(values.files ? ['--files', values.files] : []),
    ...(values.verbose ? ['--verbose'] : []),
  ];

  const interruption = new AbortController();
  void endRequested().then(() => interruption.abort());
  let sum = NOTHING;
  const failed = new Set<StageName>();
  const failedSteps: FailedStep[] = [];
  for (const [index, name] of Array.from({ length: rounds }, () => stages).flat().entries()) {
    // A round that failed is the last: what is to pass so many times in a row has not.
    if (failed.size > 0 && index % stages.length === 0) break;
    if (rounds > 1 && index % stages.length === 0) console.log(`── round ${index / stages.length + 1} of ${rounds}`);
    const totals = await runStage(name, failed, {
      options,
      vscodeServer,
      signal: interruption.signal,
      onEnd: (title, result, elapsedMs) => {
        report(title, result, elapsedMs);
        if (result.totals.failed > 0) failedSteps.push({ title, ...result });
      },
    });
    if (totals.failed > 0) failed.add(name);
    sum = addTotals(sum, totals);
    if (interruption.signal.aborted) break;
  }
  for (const line of describeFailures(failedSteps)) console.log(line);
  console.log(formatTotals(sum));
  process.exitCode = isSuccess(sum) ? 0 : 1;
}

interface StageOptions {
  readonly options: readonly string[];
  readonly vscodeServer: boolean;
  readonly signal: AbortSignal;
  readonly onEnd: (title: string, result: StepResult, elapsedMs: number) => void;
}

async function runStage(
  name: StageName,
  failed: ReadonlySet<StageName>,
  { options, vscodeServer, signal, onEnd }: StageOptions,
): Promise<Totals> {
  const blocker = STAGES[name].needs.find((needed) => failed.has(needed));
  if (blocker) {
    onEnd(name, { totals: { ...NOTHING, failed: 1 }, remarks: [`not run: it needs ${blocker}, which failed`], failures: [] }, 0);
    return { ...NOTHING, failed: 1 };
  }
  if (STAGES[name].provisions.vscode && !vscodeServer && name !== 'vscode') {
    const remarks = ['skipped: it drives a VS Code server, which is for Linux on x64'];
    onEnd(name, { totals: { ...NOTHING, skipped: 1 }, remarks, failures: [] }, 0);
    return { ...NOTHING, skipped: 1 };
  }
  let sum = NOTHING;
  for (const step of STAGES[name].steps(out)) {
    const begin = performance.now();
    console.log(`── ${step.title}`);
    const result = await runStep(step, { root, env: stepEnvironment(step), options, signal });
    onEnd(step.title, result, performance.now() - begin);
    sum = addTotals(sum, result.totals);
    if (signal.aborted) break;
  }
  return sum;
}

function stepEnvironment(step: StageStep): NodeJS.ProcessEnv {
  if (step.command[0] === 'npm') return npmEnvironment(process.env);
  return testEnvironment(process.env, { [CACHE_VARIABLE]: cacheFolder(), SALLYPORT_OUT: out });
}

function report(title: string, { totals, remarks }: StepResult, elapsedMs: number): void {
  for (const remark of remarks) console.log(`   ${title}: ${remark}`);
  console.log(`   ${title}: ${formatTotals(totals)} (${(elapsedMs / 1000).toFixed(1)} s)`);
}

main().catch((error: unknown) => {
  console.error(isFault(error) ? describeFault(error) : error);
  console.log(formatTotals({ ...NOTHING, failed: 1 }));
  process.exitCode = 1;
});
