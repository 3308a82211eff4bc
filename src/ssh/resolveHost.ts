import { Fault } from '../base/fault';
import type { ConfigSources, ConfiguredHosts, HostConfig, HostRequest } from './hostConfig';

/** This machine's sources: `~/.ssh/config` and the system's file, or only the one that the person's setting names. */
export function localSources(_options: { readonly configFile: string; readonly workspaceFolders: readonly string[] }): ConfigSources {
  throw new Fault('ssh.config.unfinished', 'The SSH configuration cannot be read yet.');
}

/**
 * The effective configuration of a host, as `ssh -G HOST` prints it.
 * @throws Fault `ssh.config.*` when a file cannot be used, with file and line; `ssh.host.invalid` when a name is hostile
 */
export async function resolveHost(_request: HostRequest, _sources: ConfigSources): Promise<HostConfig> {
  throw new Fault('ssh.config.unfinished', 'The SSH configuration cannot be read yet.');
}

/**
 * Every host that a connection passes, in the order of connecting; the destination is the last. Jump hosts are looked up in
 * the same configuration, as the `ssh -W` that OpenSSH starts for each of them does.
 * @throws Fault as `resolveHost`; `ssh.config.jumpLoop` when jumps lead round in a circle
 */
export async function resolveHops(_request: HostRequest, _sources: ConfigSources): Promise<readonly HostConfig[]> {
  throw new Fault('ssh.config.unfinished', 'The SSH configuration cannot be read yet.');
}

/** The concrete aliases of all files: no patterns, none negated; the first mention of each counts. */
export async function listHosts(_sources: ConfigSources): Promise<ConfiguredHosts> {
  throw new Fault('ssh.config.unfinished', 'The SSH configuration cannot be read yet.');
}
