import type { FaultData } from '../base/fault';
import type { Place } from './target';

/** How a bastion is reached by SSH; part of a route whose method is `ssh`. */
export interface SshAccess {
  /** What `ssh` would be called with: a Host of the OpenSSH configuration, a host name or an address. */
  readonly host: string;
  /** Login name; the configuration's, else the local user's unless told. */
  readonly user?: string;
  /** TCP port of the SSH server; the configuration's, else 22 unless told. */
  readonly port?: number;
  /** `direct`: as the configuration says, ProxyJump and ProxyCommand included; `ssm`: over Session Manager, with no open port. */
  readonly via: 'direct' | 'ssm';
  /** Whether a fresh key is pushed with EC2 Instance Connect right before the connection; the bastion is an EC2 instance then. */
  readonly instanceConnect: boolean;
}

/** A Host of the OpenSSH configuration that stands for one machine: no pattern, not negated. */
export interface SshHost {
  readonly alias: string;
  readonly hostName: string;
  readonly user: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Where it was written. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What the OpenSSH configuration knows, and what was wrong with it. */
export interface SshHosts {
  readonly hosts: readonly SshHost[];
  readonly faults: readonly FaultData[];
}

/** The person's choices (settings `sallyport.ssh.*`). */
export interface SshSettings {
  /** Who speaks SSH: we, or the installed `ssh`. */
  readonly client: 'builtin' | 'system';
  /** Absolute path of the configuration that replaces `~/.ssh/config` and the system's; empty: those two. */
  readonly configFile: string;
  /** Absolute path of `ssh`; empty: it is looked for on the PATH. */
  readonly programPath: string;
}

export const DEFAULT_SSH_SETTINGS: SshSettings = { client: 'builtin', configFile: '', programPath: '' };

/** A public key for EC2 Instance Connect: the instance accepts it for 60 seconds. */
export interface InstanceKey {
  readonly instanceId: string;
  readonly availabilityZone?: string;
  /** Login name on the instance; see `osUsersFor`. */
  readonly osUser: string;
  /** OpenSSH format, `ssh-ed25519 AAAA...` or `ssh-rsa AAAA...`. */
  readonly publicKey: string;
}

/** A host key that the instance printed to its console when it made it. */
export interface ConsoleHostKey {
  /** E.g. `ssh-ed25519`. */
  readonly algorithm: string;
  /** As `ssh-keygen -lf` prints it: `SHA256:` and unpadded base64. */
  readonly fingerprint: string;
}

/** The calls of EC2 that SSH needs; implemented over AWS's APIs. */
export interface InstanceConnectApi {
  /** Resolves once the instance accepts the key. @throws Fault `aws.*`, `instanceConnect.*` */
  pushSshKey(place: Pick<Place, 'profile' | 'region'>, key: InstanceKey, signal: AbortSignal): Promise<void>;
  /** Empty when the console says nothing of them (any more). @throws Fault `aws.*`, `instanceConnect.*` */
  consoleHostKeys(place: Pick<Place, 'profile' | 'region'>, instanceId: string, signal: AbortSignal): Promise<readonly ConsoleHostKey[]>;
}
