import { realpath } from 'node:fs/promises';
import { posix, win32 } from 'node:path';

/** Tells which files belong to a workspace: whoever wrote the workspace could have written them. */
export class WorkspaceTrust {
  private readonly folders: Promise<readonly string[]>;
  private readonly platform: NodeJS.Platform;

  constructor(folders: readonly string[], platform: NodeJS.Platform) {
    this.platform = platform;
    // The folder's own name counts as well as what it links to: a file may be named by either.
    this.folders = Promise.all(folders.map(async (folder) => [folder, await followLinks(folder, platform)])).then((both) => both.flat());
  }

  /** Whether the file, or what it links to, lies in a workspace folder; it need not exist. */
  async includes(file: string): Promise<boolean> {
    const folders = await this.folders;
    if (folders.length === 0) return false;
    const names = [file, await followLinks(file, this.platform)];
    return names.some((name) => folders.some((folder) => isInside(name, folder, this.platform)));
  }
}

/** Lexically: the file is the folder or lies below it. Case does not count where file systems usually ignore it. */
export function isInside(file: string, folder: string, platform: NodeJS.Platform): boolean {
  const paths = pathOf(platform);
  const fold = (path: string): string => (platform === 'win32' || platform === 'darwin' ? path.toLowerCase() : path);
  const way = paths.relative(fold(paths.normalize(folder)), fold(paths.normalize(file)));
  return way !== '..' && !/^\.\.[\\/]/.test(way) && !paths.isAbsolute(way);
}

export function pathOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

/** The real path of what exists of it, with the rest as it is. */
async function followLinks(path: string, platform: NodeJS.Platform): Promise<string> {
  const paths = pathOf(platform);
  const rest: string[] = [];
  for (let at = path; ; at = paths.dirname(at)) {
    try {
      return paths.join(await realpath(at), ...rest);
    } catch {
      if (paths.dirname(at) === at) return path;
      rest.unshift(paths.basename(at));
    }
  }
}
