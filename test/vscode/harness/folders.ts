import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A person's machine as VS Code sees it, made for one run: nothing of the real one is read or written. */
export interface RunFolders {
  readonly root: string;
  readonly home: string;
  /** The folder that is opened. */
  readonly workspace: string;
  readonly userData: string;
  readonly serverData: string;
  readonly extensions: string;
  readonly temporary: string;
  /** The files of the user settings: of the window, and of the machine in whose extension host everything runs. */
  readonly settings: readonly string[];
  dispose(): void;
}

export function createRunFolders(): RunFolders {
  // The name is short: VS Code puts sockets below it, whose paths have at most 107 bytes.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'vscode-')));
  const folders = {
    root,
    home: join(root, 'home'),
    workspace: join(root, 'workspace'),
    userData: join(root, 'user'),
    serverData: join(root, 'server'),
    extensions: join(root, 'extensions'),
    temporary: join(root, 'tmp'),
    // A server takes settings of scope `machine` from the second only, a desktop knows just the first.
    settings: [join(root, 'user/User/settings.json'), join(root, 'user/Machine/settings.json')],
  };
  for (const folder of [folders.home, folders.workspace, folders.serverData, folders.extensions, folders.temporary]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const file of folders.settings) mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(folders.workspace, 'notes.md'), '# Notes\n');
  return { ...folders, dispose: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }) };
}
