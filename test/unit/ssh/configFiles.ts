import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigSources } from '../../../src/ssh/hostConfig';

/** A home directory of its own, with files in it and nothing of the real one. */
export class Home {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Files by their path below the home; each is its owner's alone. */
  static async create(files: Readonly<Record<string, string>> = {}): Promise<Home> {
    const home = new Home(await realpath(await mkdtemp(join(tmpdir(), 'sallyport-home-'))));
    await mkdir(join(home.path, '.ssh'), { mode: 0o700 });
    for (const [name, text] of Object.entries(files)) await home.write(name, text);
    return home;
  }

  async write(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode });
    return path;
  }

  /** `~/.ssh/config` and a system file `etc/ssh_config`. */
  sources(changes: Partial<ConfigSources> = {}): ConfigSources {
    return {
      files: [
        { path: join(this.path, '.ssh', 'config'), kind: 'user' },
        { path: join(this.path, 'etc', 'ssh_config'), kind: 'system' },
      ],
      home: this.path,
      localUser: 'me',
      uid: process.getuid?.() ?? 0,
      localHostName: 'laptop.example.com',
      env: {},
      platform: 'linux',
      workspaceFolders: [],
      ...changes,
    };
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
