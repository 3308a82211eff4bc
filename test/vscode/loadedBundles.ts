import { join } from 'node:path';
import { findExtension } from './extension';

/** File names of the extension's bundles that this process has loaded; all but its doorway is in bundles of their own. */
export function loadedBundles(): string[] {
  const folder = join(findExtension().extensionPath, 'dist');
  return Object.keys(require.cache)
    .filter((path) => path.startsWith(folder))
    .map((path) => path.slice(folder.length + 1))
    .toSorted();
}
