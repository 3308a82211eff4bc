import { accessSync, constants, statSync } from 'node:fs';
import { Fault } from '../../src/base/fault';
import { startProcess } from '../run/ownedProcess';
import type { InstallPlan, ManagerName, ProgramName } from './programs';
import { candidates, installPlan, MANAGERS } from './programs';

/** The machine as far as provisioning sees it; replaced in tests. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly root: boolean;
  isProgram(path: string): boolean;
  /** Resolves with whether the command ended with 0; its output is shown unless `quiet`. */
  run(command: readonly string[], quiet: boolean): Promise<boolean>;
  announce(line: string): void;
}

export const thisMachine: Machine = {
  platform: process.platform,
  env: process.env,
  root: process.getuid?.() === 0,
  isProgram: (path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  },
  run: async ([program, ...args], quiet) => {
    const running = startProcess(program!, args, { output: quiet ? 'collect' : 'inherit' });
    return (await running.exited).code === 0;
  },
  announce: (line) => console.log(line),
};

/** The full path of a program, or undefined. */
export function findProgram(name: ProgramName, machine: Machine = thisMachine): string | undefined {
  return candidates(name, machine.platform, machine.env).find((path) => machine.isProgram(path));
}

/** @throws Fault `provision.missingProgram`. */
export function requireProgram(name: ProgramName, machine: Machine = thisMachine): string {
  const path = findProgram(name, machine);
  if (!path) throw missing([name], machine);
  return path;
}

/**
 * Installs what is missing with the machine's package manager, after saying so; silent when nothing is.
 * @throws Fault `provision.missingProgram` whose remedy is the exact command, without the rights or a known manager.
 */
export async function ensurePrograms(names: readonly ProgramName[], machine: Machine = thisMachine): Promise<void> {
  const absent = names.filter((name) => !findProgram(name, machine));
  if (absent.length === 0) return;
  const manager = findManager(machine);
  if (!manager) throw missing(absent, machine);
  const plan = installPlan(absent, manager, machine.root);
  const prefix = plan.asRoot && !machine.root ? ['sudo', '-n'] : [];
  if (prefix.length > 0 && !(await machine.run([...prefix, 'true'], true))) throw missing(absent, machine, plan);
  machine.announce(`Installing ${absent.join(', ')}: ${plan.shown}`);
  for (const step of plan.steps) {
    if (!(await machine.run([...prefix, ...step], false))) throw missing(absent, machine, plan);
  }
  const still = absent.filter((name) => !findProgram(name, machine));
  if (still.length > 0) throw missing(still, machine, plan);
}

function findManager(machine: Machine): ManagerName | undefined {
  if (machine.platform === 'win32') return undefined;
  const folders = (machine.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  return MANAGERS.find((name) => folders.some((folder) => machine.isProgram(`${folder}/${name}`)));
}

function missing(names: readonly ProgramName[], machine: Machine, plan?: InstallPlan): Fault {
  const list = names.join(', ');
  const known = plan ?? planFor(names, machine);
  return new Fault('provision.missingProgram', `Missing on this machine: ${list}.`, {
    remedy: { text: known ? `Install with: ${known.shown}` : `Install ${list} and put it on the PATH.` },
  });
}

function planFor(names: readonly ProgramName[], machine: Machine): InstallPlan | undefined {
  const manager = findManager(machine);
  return manager && installPlan(names, manager, machine.root);
}
