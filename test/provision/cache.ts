import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Overrides where the VS Code servers are kept. */
export const CACHE_VARIABLE = 'SALLYPORT_VSCODE_CACHE';

/** Where downloads are kept between runs. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  return env[CACHE_VARIABLE] || join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'sallyport-vscode');
}

/**
 * Makes `folder` with `build` unless it exists. The work happens beside it and is renamed at the end, so a folder
 * that exists is whole, and of two runs at the same time one wins and the other uses its result.
 */
export async function installOnce(folder: string, build: (unfinished: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.part-${process.pid}-${randomBytes(4).toString('hex')}`;
  mkdirSync(dirname(folder), { recursive: true });
  try {
    await build(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
