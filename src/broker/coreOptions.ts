import { readFile } from 'node:fs/promises';
import { parsePem } from '../model/caFile';
import type { CoreOptions, WindowSettings } from './client';

type FromSettings = Required<Pick<CoreOptions, 'ssm' | 'ssh' | 'proxy' | 'workspaceFolders' | 'customTargets' | 'targetCa'>>;

/** What a core asks for, out of the settings as they are at each use. */
export function coreOptionsOf(settings: () => WindowSettings): FromSettings {
  return {
    ssm: () => settings().ssm,
    ssh: () => settings().ssh,
    proxy: () => settings().proxy,
    workspaceFolders: () => settings().workspaceFolders,
    customTargets: () => settings().customTargets,
    targetCa: async () => {
      const { caFile } = settings();
      return caFile === '' ? undefined : parsePem(caFile, (path) => readFile(path));
    },
  };
}
