import { Fault } from '../base/fault';

/** A public key as SSH sends it: the blob begins with the length-prefixed type. */
export interface PublicKey {
  /** E.g. `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  readonly blob: Buffer;
}

/** Under which names a host stands in known_hosts. */
export interface KnownHostName {
  /** HostKeyAlias when there is one (then without a port), else the name that is connected to. */
  readonly host: string;
  /** Absent or 22: the plain name; else `[host]:port`. */
  readonly port?: number;
  /** The address that was connected to, when CheckHostIP is on. */
  readonly address?: string;
}

/** One line of a known_hosts file that speaks of a host. */
export interface KnownHostLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
}

/**
 * `match`: known. `unknown`: no key of this type; `others` are known keys of other types. `changed`: keys of this type
 * are known and all differ. `revoked`: this key must never be accepted. `certAuthority`: only certificates of an authority
 * vouch for this host; the built-in client has no certificates.
 */
export type HostKeyVerdict =
  | { readonly kind: 'match'; readonly line: KnownHostLine }
  | { readonly kind: 'unknown'; readonly others: readonly KnownHostLine[] }
  | { readonly kind: 'changed'; readonly lines: readonly KnownHostLine[] }
  | { readonly kind: 'revoked'; readonly line: KnownHostLine }
  | { readonly kind: 'certAuthority'; readonly lines: readonly KnownHostLine[] };

/** What a person has accepted. */
export interface KnownHostEntry {
  /** As for `check`; an address is written beside the name. */
  readonly name: KnownHostName;
  readonly key: PublicKey;
  /** HashKnownHosts. */
  readonly hashed: boolean;
}

/** `SHA256:` and unpadded base64, as `ssh-keygen -lf` prints it. */
export function fingerprint(_blob: Buffer): string {
  throw new Fault('ssh.knownHosts.unfinished', 'Known hosts cannot be read yet.');
}

/** Known host keys, as they were when the files were read. */
export class KnownHosts {
  /** Reads the files in order; those that do not exist are empty. @throws Fault `ssh.knownHosts.unreadable` */
  static async load(_files: readonly string[]): Promise<KnownHosts> {
    throw new Fault('ssh.knownHosts.unfinished', 'Known hosts cannot be read yet.');
  }

  check(_name: KnownHostName, _key: PublicKey): HostKeyVerdict {
    throw new Fault('ssh.knownHosts.unfinished', 'Known hosts cannot be read yet.');
  }

  /** The algorithms with those first that a known key of the host can serve, else as they were (OpenSSH: order_hostkeyalgs). */
  orderAlgorithms(_name: KnownHostName, _algorithms: readonly string[]): string[] {
    throw new Fault('ssh.knownHosts.unfinished', 'Known hosts cannot be read yet.');
  }

  /** The types of the keys that are known for a host, in the order of the files. */
  preferredKeyTypes(_name: KnownHostName): string[] {
    throw new Fault('ssh.knownHosts.unfinished', 'Known hosts cannot be read yet.');
  }
}

/** Adds a line to a known_hosts file, which is created (0600, its folder 0700) if need be. @throws Fault `ssh.knownHosts.unwritable` */
export async function appendKnownHost(_file: string, _entry: KnownHostEntry): Promise<void> {
  throw new Fault('ssh.knownHosts.unfinished', 'Known hosts cannot be written yet.');
}
