import { Fault } from '../base/fault';
import type { PublicKey } from './knownHosts';

/** On what the checks of a key file depend; `process` has all three. */
export interface KeyFileEnvironment {
  readonly platform: NodeJS.Platform;
  /** Numeric user id; absent on Windows. */
  readonly uid?: number;
}

/** A private key file that may be used: it exists, is small enough, and nobody else can read it. */
export interface KeyFile {
  readonly path: string;
  readonly format: 'openssh' | 'pem' | 'pkcs8';
  /** A passphrase is needed. */
  readonly encrypted: boolean;
  /** The file's contents: secret unless encrypted; never logged. */
  readonly contents: Buffer;
  /** What agents know the key by; absent where only the passphrase tells. */
  readonly publicKey?: PublicKey;
  /** `sk-…`: the key needs a security key, and so the system's ssh. */
  readonly securityKey: boolean;
  /** False on Windows, whose access lists are not looked at. */
  readonly permissionsChecked: boolean;
}

/**
 * A private key file, by OpenSSH's rules.
 * @throws Fault `ssh.key.notFound`, `ssh.key.permissions` (with OpenSSH's message), `ssh.key.tooLarge`, `ssh.key.format`,
 * `ssh.key.unreadable`
 */
export async function readKeyFile(_path: string, _environment: KeyFileEnvironment): Promise<KeyFile> {
  throw new Fault('ssh.key.unfinished', 'Key files cannot be read yet.');
}

/**
 * The public key that an IdentityFile stands for, so that an agent's key can be chosen by it: the file may itself be a public
 * key, hold it beside the private one, or have a neighbour `.pub`. Undefined when none of these tells. Private parts are not read.
 */
export async function readPublicKey(_path: string): Promise<PublicKey | undefined> {
  throw new Fault('ssh.key.unfinished', 'Key files cannot be read yet.');
}
