import { asFault } from '../base/fault';
import type { Fault } from '../base/fault';
import { loadProgram } from './configProgram';
import type { ConfigProgram, Run } from './configProgram';
import { Evaluation } from './evaluation';
import type { ConfiguredHost, ConfiguredHosts, ConfigSource, ConfigSources, Origin } from './hostConfig';
import { isSafeHost } from './names';
import { isConcrete } from './patterns';

/** Hosts times blocks with wildcards; beyond it (a hostile file) aliases are listed without being resolved. */
const MAX_COMPARISONS = 2_000_000;

/** The concrete aliases of all files: no patterns, none negated; the first mention of each counts. */
export async function listHosts(sources: ConfigSources): Promise<ConfiguredHosts> {
  const { program, faults } = await loadReadable(sources);
  const index = new RunIndex(program);
  const hosts: ConfiguredHost[] = [];
  const seen = new Set<string>();
  for (const [alias, origin] of concreteAliases(program)) {
    if (seen.has(alias)) continue;
    seen.add(alias);
    try {
      hosts.push(resolveAlias(alias, origin, index, seen.size * index.generalCount, program, sources));
    } catch (error) {
      const fault = asFault(error, 'ssh.config.syntax');
      if (!faults.some(({ message }) => message === fault.message)) faults.push(fault);
    }
  }
  return { hosts, faults };
}

/** All files; if one of them cannot be used, the others. */
async function loadReadable(sources: ConfigSources): Promise<{ readonly program: ConfigProgram; readonly faults: Fault[] }> {
  try {
    return { program: await loadProgram(sources), faults: [] };
  } catch {
    const faults: Fault[] = [];
    const files: ConfigSource[] = [];
    for (const file of sources.files) {
      try {
        await loadProgram({ ...sources, files: [file] });
        files.push(file);
      } catch (error) {
        faults.push(asFault(error, 'ssh.config.unreadable'));
      }
    }
    return { program: await loadProgram({ ...sources, files }), faults };
  }
}

function* concreteAliases(program: ConfigProgram): Iterable<[string, Origin]> {
  for (const { condition } of program.blocks) {
    if (condition?.kind !== 'host') continue;
    for (const pattern of condition.patterns) {
      if (isConcrete(pattern) && isSafeHost(pattern)) yield [pattern, condition.origin];
    }
  }
}

function resolveAlias(
  alias: string, origin: Origin, index: RunIndex, comparisons: number, program: ConfigProgram, sources: ConfigSources,
): ConfiguredHost {
  const fromWorkspace = program.workspaceFiles.has(origin.file);
  if (comparisons > MAX_COMPARISONS) {
    return { alias, hostName: alias, user: sources.localUser, port: 22, origin, fromWorkspace };
  }
  const evaluation = new Evaluation(program, { host: alias }, sources).evaluate(index.runsFor(alias));
  return {
    alias,
    hostName: evaluation.hostName,
    user: evaluation.value('User') ?? sources.localUser,
    port: Number(evaluation.value('Port') ?? '22'),
    origin,
    fromWorkspace,
  };
}

/** Finds the runs that can apply to an alias without comparing it with every Host line. */
class RunIndex {
  private readonly runs: readonly Run[];
  /** Indexes of runs whose block names aliases only, by alias. */
  private readonly literal = new Map<string, number[]>();
  /** Indexes of all other runs. */
  private readonly general: number[] = [];

  constructor(program: ConfigProgram) {
    this.runs = program.runs;
    // In a second pass Host lines are compared with the real name, which no index knows.
    const twice = program.wantsFinalPass || program.runs.some(({ statements }) => statements.some(isCanonicalization));
    for (const [at, { block, statements }] of program.runs.entries()) {
      const { condition, parent } = program.blocks[block] ?? {};
      const isLiteral = condition?.kind === 'host' && parent === -1 && condition.patterns.every(isConcrete) && !twice;
      // Unknown keywords count wherever they stand.
      if (!isLiteral || statements.some(({ kind }) => kind === 'unknown')) this.general.push(at);
      else for (const alias of new Set(condition.patterns)) this.note(alias, at);
    }
  }

  private note(alias: string, at: number): void {
    const runs = this.literal.get(alias);
    if (runs) runs.push(at);
    else this.literal.set(alias, [at]);
  }

  /** How many runs have to be gone through for each alias. */
  get generalCount(): number {
    return this.general.length;
  }

  runsFor(alias: string): Run[] {
    const indexes = [...(this.literal.get(alias) ?? []), ...this.general].toSorted((a, b) => a - b);
    return indexes.map((at) => this.runs[at]!);
  }
}

function isCanonicalization(statement: Run['statements'][number]): boolean {
  return statement.kind === 'option' && statement.option === 'CanonicalizeHostname';
}
