import type { ConfigProgram } from './configProgram';
import type { Evaluation, Setting } from './evaluation';
import type { ConfigSources, ConfiguredFile, IdentityAgent, Origin } from './hostConfig';
import { systemFolder } from './localSources';
import { expand, expandHome } from './tokens';
import type { Tokens } from './tokens';
import { pathOf } from './workspaceTrust';

/** In OpenSSH's order (readconf.c fill_default_options, 9.2). */
const DEFAULT_IDENTITIES = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk', 'id_xmss', 'id_dsa'];

/** The files that a host's configuration names, tokens replaced and trust decided. */
export class HostFiles {
  private readonly program: ConfigProgram;
  private readonly sources: ConfigSources;
  private readonly tokens: Tokens;
  private readonly evaluation: Evaluation;

  constructor(program: ConfigProgram, sources: ConfigSources, tokens: Tokens, evaluation: Evaluation) {
    this.program = program;
    this.sources = sources;
    this.tokens = tokens;
    this.evaluation = evaluation;
  }

  async identityFiles(): Promise<ConfiguredFile[]> {
    const { identityFiles } = this.evaluation;
    if (identityFiles.length > 0) return this.expanded(identityFiles);
    return Promise.all(DEFAULT_IDENTITIES.map((name) => this.file(this.inSshFolder(name), undefined)));
  }

  async certificateFiles(): Promise<ConfiguredFile[]> {
    return this.expanded(this.evaluation.certificateFiles);
  }

  async userKnownHosts(): Promise<ConfiguredFile[]> {
    const setting = this.evaluation.settings.get('UserKnownHostsFile');
    if (setting) return this.expandedPaths(setting.values, setting.origin);
    return Promise.all(['known_hosts', 'known_hosts2'].map((name) => this.file(this.inSshFolder(name), undefined)));
  }

  /** Neither tokens nor `~` are replaced in these (ssh_config(5), GlobalKnownHostsFile). */
  async globalKnownHosts(): Promise<ConfiguredFile[]> {
    const { platform, env } = this.sources;
    const setting = this.evaluation.settings.get('GlobalKnownHostsFile');
    const folder = systemFolder(platform, env);
    const paths = setting?.values ?? ['ssh_known_hosts', 'ssh_known_hosts2'].map((name) => pathOf(platform).join(folder, name));
    return Promise.all(paths.filter((path) => !isNone(path)).map((path) => this.file(path, setting?.origin)));
  }

  async identityAgent(): Promise<IdentityAgent> {
    const { env } = this.sources;
    const setting = this.evaluation.settings.get('IdentityAgent');
    const written = setting?.values[0];
    const usual = env['SSH_AUTH_SOCK'];
    if (written === undefined || written === 'SSH_AUTH_SOCK') return { kind: 'environment', ...(usual && { path: usual }) };
    if (written === 'none') return { kind: 'none' };
    const variable = /^\$(?!\{)(.*)$/s.exec(written)?.[1];
    if (variable !== undefined) {
      const path = env[variable];
      return path ? { kind: 'configured', ...(await this.file(path, setting?.origin)) } : { kind: 'none' };
    }
    return { kind: 'configured', ...(await this.file(this.path(written, setting?.origin), setting?.origin)) };
  }

  private async expanded(settings: readonly Setting[]): Promise<ConfiguredFile[]> {
    return (await Promise.all(settings.map(({ values, origin }) => this.expandedPaths(values, origin)))).flat();
  }

  private async expandedPaths(written: readonly string[], origin: Origin | undefined): Promise<ConfiguredFile[]> {
    return Promise.all(written.filter((path) => !isNone(path)).map((path) => this.file(this.path(path, origin), origin)));
  }

  private path(written: string, origin: Origin | undefined): string {
    return expand(expandHome(written, this.sources, origin), this.tokens, origin, this.sources.env);
  }

  private async file(path: string, origin: Origin | undefined): Promise<ConfiguredFile> {
    const { home, platform } = this.sources;
    const paths = pathOf(platform);
    // OpenSSH takes a relative path from the folder that it is started in; ours is nobody's choice, and might be a workspace.
    const absolute = paths.isAbsolute(path) || isPipe(path) ? path : paths.join(home, path);
    const named = origin !== undefined && this.program.workspaceFiles.has(origin.file);
    const fromWorkspace = named || (await this.program.trust.includes(absolute));
    return { path: absolute, ...(origin && { origin }), fromWorkspace };
  }

  private inSshFolder(name: string): string {
    return pathOf(this.sources.platform).join(this.sources.home, '.ssh', name);
  }
}

function isNone(path: string): boolean {
  return path.toLowerCase() === 'none';
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\.\\pipe\\') || path.startsWith('//./pipe/');
}
