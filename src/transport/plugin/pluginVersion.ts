import { stat } from 'node:fs/promises';
import { compareVersions } from '../../model/bastion';
import { bounded } from '../ssm/bounded';
import { pluginTooOld, pluginUnusable } from './faults';
import { PluginProcess } from './pluginProcess';
import type { ProcessOptions } from './pluginProcess';

/** The last plugin that takes the token as an argument (facts of the AWS CLI's own check). */
const LAST_WITH_TOKEN_IN_ARGUMENTS = '1.2.497.0';
const VERSION = /^\d{1,6}(?:\.\d{1,6}){3}$/;

export const VERSION_TIMEOUT_MS = 5_000;

export type VersionCall = Pick<ProcessOptions, 'env' | 'cwd' | 'group' | 'clock' | 'logger'>;

/** What installed plugins answer to `--version`, asked once as long as their file stays as it is. */
export class PluginVersions {
  readonly #known = new Map<string, { readonly stamp: string; readonly version: string }>();

  /**
   * The version of the program, e.g. `1.2.707.0`.
   * @throws Fault `plugin.tooOld`, `plugin.unusable`, `operation.cancelled`
   */
  async check(program: string, call: VersionCall, signal: AbortSignal): Promise<string> {
    const stamp = await stampOf(program);
    const known = this.#known.get(program);
    const version = known?.stamp === stamp ? known.version : await askVersion(program, call, signal);
    this.#known.set(program, { stamp, version });
    if (compareVersions(version, LAST_WITH_TOKEN_IN_ARGUMENTS) <= 0) throw pluginTooOld(version);
    return version;
  }
}

async function stampOf(program: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(program);
    return `${mtimeMs} ${size}`;
  } catch (error) {
    throw pluginUnusable(program, 'could not be read', error);
  }
}

async function askVersion(program: string, call: VersionCall, signal: AbortSignal): Promise<string> {
  let version: string | undefined;
  const onLine = (line: string): void => {
    if (VERSION.test(line)) version ??= line;
  };
  const child = start(program, { ...call, program, args: ['--version'], secrets: [], onLine });
  const late = () => pluginUnusable(program, `did not answer within ${VERSION_TIMEOUT_MS / 1000} seconds`);
  try {
    const failure = await bounded({ clock: call.clock, ms: VERSION_TIMEOUT_MS, late }, () => child.ended, signal);
    if (failure) throw pluginUnusable(program, 'could not be started', failure);
    if (version === undefined) throw pluginUnusable(program, 'gave no version');
    return version;
  } finally {
    await child.stop();
  }
}

function start(program: string, options: ProcessOptions): PluginProcess {
  try {
    return new PluginProcess(options);
  } catch (error) {
    throw pluginUnusable(program, 'could not be started', error);
  }
}
