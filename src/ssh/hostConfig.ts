import type { Fault } from '../base/fault';

/** Where a value was written: an absolute path and a line number from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

/** What `ssh` would be called with: `ssh -l user -p port host`. What is given here beats every file. */
export interface HostRequest {
  /** An alias of the configuration, a name or an address; checked as OpenSSH checks its argument. */
  readonly host: string;
  readonly user?: string;
  /** 1 to 65535. */
  readonly port?: number;
}

/** Algorithm lists that `+`, `-` and `^` of the configuration start from, in the order of preference. */
export interface AlgorithmDefaults {
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
  readonly kexAlgorithms: readonly string[];
  readonly hostKeyAlgorithms: readonly string[];
  readonly pubkeyAcceptedAlgorithms: readonly string[];
}

/** A configuration file and the rules that OpenSSH reads it by. */
export interface ConfigSource {
  readonly path: string;
  /**
   * `user`: relative Includes lie in `~/.ssh`, and its owner and mode are checked; `system`: relative Includes lie beside it;
   * `explicit`: named by the person as with `ssh -F`, so it must exist, and is read like the user's but for the check.
   */
  readonly kind: 'user' | 'explicit' | 'system';
}

/** Everything that a look-up may depend on, so that a test needs nothing of the machine. `localSources` gives the machine's. */
export interface ConfigSources {
  /** In the order in which they are read; the first value found wins. */
  readonly files: readonly ConfigSource[];
  /** The person's home directory (`~`, `%d`); absolute. */
  readonly home: string;
  /** The person's login name (`%u`, `Match localuser`, and the remote user unless told). */
  readonly localUser: string;
  /** Numeric user id (`%i`, owner checks); absent on Windows. */
  readonly uid?: number;
  /** This machine's host name (`%l`, and `%L` up to the first dot). */
  readonly localHostName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Open folders; what lies inside one of them (links followed) is marked `fromWorkspace`. */
  readonly workspaceFolders: readonly string[];
  /** What the client at hand can do; absent: OpenSSH's own lists (`openSshAlgorithms`). */
  readonly algorithms?: AlgorithmDefaults;
}

/** A file that the configuration names, tokens, `~` and `${ENV}` expanded. */
export interface ConfiguredFile {
  readonly path: string;
  /** Absent when it is one of OpenSSH's defaults. */
  readonly origin?: Origin;
  /** It lies in a workspace folder, or the line that names it does: the person has to agree before it is used. */
  readonly fromWorkspace: boolean;
}

/** A command line for the person's shell, tokens expanded as OpenSSH expands them. */
export interface ConfiguredCommand {
  readonly command: string;
  readonly origin: Origin;
  /** The line lies in a file of a workspace folder: the person has to agree before it is run. */
  readonly fromWorkspace: boolean;
}

/** One hop of ProxyJump; a part that is absent comes from the hop's own configuration. */
export interface JumpHost {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/**
 * Where the agent is. `environment`: SSH_AUTH_SOCK, or nothing when `path` is absent (on Windows the pipe of its
 * service is then the usual place); `configured`: IdentityAgent names a socket or pipe.
 */
export type IdentityAgent =
  | { readonly kind: 'none' }
  | { readonly kind: 'environment'; readonly path?: string }
  | ({ readonly kind: 'configured' } & ConfiguredFile);

/** `off` and `no` are one and the same to OpenSSH: `no`. */
export type StrictHostKeyChecking = 'yes' | 'no' | 'ask' | 'accept-new';

/** An option that was set, that the built-in client does not honour, and that can change the outcome. */
export interface UnsupportedOption {
  /** As the manual spells it, e.g. `PKCS11Provider`. */
  readonly option: string;
  /** Part of a sentence, e.g. `keys on smart cards need the system's ssh`. */
  readonly reason: string;
  /** True: connecting without it would do something else than `ssh`. False: it matters only once something fails. */
  readonly blocks: boolean;
  readonly origin: Origin;
}

/** The effective configuration of one host, as `ssh -G` gives it. Forwards, terminals and sessions are left out. */
export interface HostConfig {
  /** The host as it was asked for (`%n`). */
  readonly host: string;
  /** What is really connected to; lower case unless an address. */
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly addressFamily: 'any' | 'inet' | 'inet6';
  readonly bindAddress?: string;
  /** In the order in which they are tried. Not checked for existence; those of the defaults usually do not all exist. */
  readonly identityFiles: readonly ConfiguredFile[];
  readonly certificateFiles: readonly ConfiguredFile[];
  readonly identitiesOnly: boolean;
  readonly identityAgent: IdentityAgent;
  /** In the order of connecting: the first is reached directly. Empty: no jump. Never set together with `proxyCommand`. */
  readonly proxyJump: readonly JumpHost[];
  readonly proxyCommand?: ConfiguredCommand;
  readonly userKnownHostsFiles: readonly ConfiguredFile[];
  readonly globalKnownHostsFiles: readonly ConfiguredFile[];
  readonly strictHostKeyChecking: StrictHostKeyChecking;
  /** Stands for host and port in known_hosts. */
  readonly hostKeyAlias?: string;
  readonly hashKnownHosts: boolean;
  readonly checkHostIp: boolean;
  /** NoHostAuthenticationForLocalhost: keys of loopback addresses are not checked. */
  readonly noHostAuthenticationForLocalhost: boolean;
  /** 0: off. */
  readonly serverAliveIntervalMs: number;
  readonly serverAliveCountMax: number;
  /** Absent: the system's own limit. */
  readonly connectTimeoutMs?: number;
  readonly connectionAttempts: number;
  readonly tcpKeepAlive: boolean;
  readonly compression: boolean;
  /** Methods in the order to try; absent: OpenSSH's order. */
  readonly preferredAuthentications?: readonly string[];
  readonly pubkeyAuthentication: boolean;
  readonly passwordAuthentication: boolean;
  readonly kbdInteractiveAuthentication: boolean;
  readonly numberOfPasswordPrompts: number;
  /** Nothing may be asked. */
  readonly batchMode: boolean;
  /** RSA keys with fewer bits are refused. */
  readonly requiredRsaSize: number;
  readonly algorithms: AlgorithmDefaults;
  /** The lists that the configuration set at all; the others are the caller's own. */
  readonly configuredAlgorithms: ReadonlySet<keyof AlgorithmDefaults>;
  readonly unsupported: readonly UnsupportedOption[];
  /** Files that were read and lie inside a workspace folder: whatever they say needs the person's consent. */
  readonly workspaceFiles: readonly string[];
}

/** A Host line's concrete alias, for the tree. */
export interface ConfiguredHost {
  readonly alias: string;
  readonly hostName: string;
  readonly user: string;
  readonly port: number;
  readonly origin: Origin;
  readonly fromWorkspace: boolean;
}

/** All aliases, and what kept a file or a host from being read: one bad file never empties the tree. */
export interface ConfiguredHosts {
  readonly hosts: readonly ConfiguredHost[];
  readonly faults: readonly Fault[];
}
