import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { AlgorithmDefaults, ConfigSources, HostConfig } from '../../src/ssh/hostConfig';

const run = promisify(execFile);

/** One configuration to ask OpenSSH about. `files` are written beside the main one and can be included by `{dir}/name`. */
export interface Case {
  readonly text: string;
  readonly host: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly port?: number;
}

/** What OpenSSH made of a case: its options by keyword, or its complaint. */
export type Reference =
  | { readonly options: ReadonlyMap<string, readonly string[]>; readonly path: string }
  | { readonly complaint: string; readonly path: string };

/** Asks the installed `ssh -G` about all cases with one shell, for a process of ours for each would cost most of the time. */
export async function askOpenSsh(folder: string, cases: readonly Case[]): Promise<Reference[]> {
  const commands: string[] = [];
  const paths: string[] = [];
  for (const [at, one] of cases.entries()) {
    const dir = join(folder, `case${at}`);
    const path = join(dir, 'config');
    await mkdir(dir, { recursive: true });
    await writeFile(path, one.text.replaceAll('{dir}', dir), { mode: 0o600 });
    for (const [name, text] of Object.entries(one.files ?? {})) {
      await writeFile(join(dir, name), text.replaceAll('{dir}', dir), { mode: 0o600 });
    }
    paths.push(path);
    await writeFile(join(dir, 'arguments'), [one.user ?? '', String(one.port ?? ''), one.host].join('\n'));
    commands.push(dir);
  }
  const script =
    'for dir in "$@"; do { read -r user; read -r port; read -r host || true; } <"$dir/arguments"; ' +
    'ssh -G -F "$dir/config" ${user:+-l "$user"} ${port:+-p "$port"} -- "$host" </dev/null >"$dir/out" 2>"$dir/err" || echo failed >"$dir/failed"; done';
  await run('/bin/sh', ['-c', script, 'sh', ...commands], { timeout: 60_000 });
  return Promise.all(paths.map((path) => readReference(path)));
}

async function readReference(path: string): Promise<Reference> {
  const dir = path.slice(0, -'/config'.length);
  const failed = await readFile(join(dir, 'failed')).then(() => true, () => false);
  if (failed) return { complaint: await readFile(join(dir, 'err'), 'utf8'), path };
  const options = new Map<string, string[]>();
  for (const line of (await readFile(join(dir, 'out'), 'utf8')).split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const keyword = line.slice(0, space);
    options.set(keyword, [...(options.get(keyword) ?? []), line.slice(space + 1)]);
  }
  return { options, path };
}

/** The lists of the ssh that is installed, from its answer about an empty configuration. */
export function algorithmsOf(options: ReadonlyMap<string, readonly string[]>): AlgorithmDefaults {
  const list = (keyword: string): string[] => (options.get(keyword)?.[0] ?? '').split(',');
  return {
    ciphers: list('ciphers'),
    macs: list('macs'),
    kexAlgorithms: list('kexalgorithms'),
    hostKeyAlgorithms: list('hostkeyalgorithms'),
    pubkeyAcceptedAlgorithms: list('pubkeyacceptedalgorithms'),
  };
}

/** The sources that `ssh -F path` uses on this machine. */
export function sourcesFor(path: string, localHostName: string, algorithms: AlgorithmDefaults): ConfigSources {
  const { homedir, username, uid } = userInfo();
  return {
    files: [{ path, kind: 'explicit' }],
    home: homedir,
    localUser: username,
    uid,
    localHostName,
    env: process.env,
    platform: process.platform,
    workspaceFolders: [],
    algorithms,
  };
}

const YES = new Set(['yes', 'true']);

/** OpenSSH's options as those of ours that it tells in full. Tokens of files are replaced here by other code than the product's. */
export function expectedOf(options: ReadonlyMap<string, readonly string[]>, request: Case): Record<string, unknown> {
  const first = (keyword: string): string | undefined => options.get(keyword)?.[0];
  const isOn = (keyword: string): boolean => YES.has(first(keyword) ?? '');
  const { homedir, username, uid } = userInfo();
  const alias = first('hostkeyalias');
  const tokens: Record<string, string> = {
    '%': '%', d: homedir, h: first('hostname')!, i: String(uid), k: alias ?? request.host, n: request.host, p: first('port')!,
    r: first('user')!, u: username,
  };
  const replaced = (text: string): string => text.replace(/%(.)/g, (_whole, letter: string) => tokens[letter]!);
  const file = (text: string): string => {
    const path = replaced(text.replace(/^~(?=\/|$)/, homedir));
    return path.startsWith('/') ? path : join(homedir, path);
  };
  const files = (texts: readonly string[]): string[] => texts.filter((text) => text.toLowerCase() !== 'none').map(file);
  const strict = first('stricthostkeychecking')!;
  const timeout = first('connecttimeout')!;
  const command = first('proxycommand');
  const agent = first('identityagent');
  // Debian's ssh sends one every five minutes when nobody can be asked; OpenSSH's does not.
  const interval = isOn('batchmode') && first('serveraliveinterval') === '300' ? 0 : Number(first('serveraliveinterval'));
  return {
    hostName: first('hostname'),
    user: first('user'),
    port: Number(first('port')),
    addressFamily: first('addressfamily'),
    bindAddress: first('bindaddress'),
    identityFiles: files(options.get('identityfile') ?? []),
    certificateFiles: files(options.get('certificatefile') ?? []),
    identitiesOnly: isOn('identitiesonly'),
    agent: agent === undefined || agent === 'SSH_AUTH_SOCK' ? 'environment' : agent,
    proxyJump: (first('proxyjump') ?? 'none') === 'none' ? '' : replaced(first('proxyjump')!.replace(/[[\]]/g, '')),
    proxyCommand: command === undefined ? undefined : replaced(command),
    userKnownHostsFiles: files((first('userknownhostsfile') ?? '').split(' ')),
    globalKnownHostsFiles: (first('globalknownhostsfile') ?? '').split(' ').filter((name) => name !== 'none').map((name) => resolve(homedir, name)),
    strictHostKeyChecking: strict === 'true' ? 'yes' : ['false', 'off'].includes(strict) ? 'no' : strict,
    hostKeyAlias: alias,
    hashKnownHosts: isOn('hashknownhosts'),
    checkHostIp: isOn('checkhostip'),
    noHostAuthenticationForLocalhost: isOn('nohostauthenticationforlocalhost'),
    serverAliveIntervalMs: interval * 1000,
    serverAliveCountMax: Number(first('serveralivecountmax')),
    connectTimeoutMs: timeout === 'none' || timeout === '0' ? undefined : Number(timeout) * 1000,
    connectionAttempts: Number(first('connectionattempts')),
    tcpKeepAlive: isOn('tcpkeepalive'),
    compression: isOn('compression'),
    preferredAuthentications: first('preferredauthentications'),
    pubkeyAuthentication: first('pubkeyauthentication') !== 'false' && first('pubkeyauthentication') !== 'no',
    passwordAuthentication: isOn('passwordauthentication'),
    kbdInteractiveAuthentication: isOn('kbdinteractiveauthentication'),
    numberOfPasswordPrompts: Number(first('numberofpasswordprompts')),
    batchMode: isOn('batchmode'),
    requiredRsaSize: Number(first('requiredrsasize')),
    ...algorithmsOf(options),
  };
}

/** Ours in the same shape. */
export function comparable(config: HostConfig): Record<string, unknown> {
  const { identityAgent: agent, algorithms } = config;
  return {
    hostName: config.hostName,
    user: config.user,
    port: config.port,
    addressFamily: config.addressFamily,
    bindAddress: config.bindAddress,
    identityFiles: config.identityFiles.map(({ path }) => path),
    certificateFiles: config.certificateFiles.map(({ path }) => path),
    identitiesOnly: config.identitiesOnly,
    agent: agent.kind === 'configured' ? agent.path : agent.kind,
    proxyJump: config.proxyJump
      .map(({ user, host, port }) => `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`)
      .join(','),
    proxyCommand: config.proxyCommand?.command,
    userKnownHostsFiles: config.userKnownHostsFiles.map(({ path }) => path),
    globalKnownHostsFiles: config.globalKnownHostsFiles.map(({ path }) => path),
    strictHostKeyChecking: config.strictHostKeyChecking,
    hostKeyAlias: config.hostKeyAlias,
    hashKnownHosts: config.hashKnownHosts,
    checkHostIp: config.checkHostIp,
    noHostAuthenticationForLocalhost: config.noHostAuthenticationForLocalhost,
    serverAliveIntervalMs: config.serverAliveIntervalMs,
    serverAliveCountMax: config.serverAliveCountMax,
    connectTimeoutMs: config.connectTimeoutMs,
    connectionAttempts: config.connectionAttempts,
    tcpKeepAlive: config.tcpKeepAlive,
    compression: config.compression,
    preferredAuthentications: config.preferredAuthentications?.join(','),
    pubkeyAuthentication: config.pubkeyAuthentication,
    passwordAuthentication: config.passwordAuthentication,
    kbdInteractiveAuthentication: config.kbdInteractiveAuthentication,
    numberOfPasswordPrompts: config.numberOfPasswordPrompts,
    batchMode: config.batchMode,
    requiredRsaSize: config.requiredRsaSize,
    ...algorithms,
  };
}
