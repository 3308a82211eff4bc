import { type ParsedKey, utils } from 'ssh2';
import type { Clock } from '../../base/clock';
import { asFault, type Fault, isCancelled } from '../../base/fault';
import type { ConfiguredFile, HostConfig } from '../../ssh/hostConfig';
import { type KeyFile, readKeyFile, readPublicKey } from '../../ssh/keyFile';
import { agentKeys, agentPlaces, type SigningKey } from './agent';
import { unsupportedOption, wrongPassphrase } from './faults';
import { openPrivateKey } from './privateKey';
import { rsaBits } from './publicKeyBlob';

/** How often a passphrase is asked for, as OpenSSH does. */
const PASSPHRASE_TRIES = 3;

export interface IdentityDeps {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly uid?: number;
  /** Undefined: dismissed, or nobody may be asked. */
  readonly passphrase: (keyFile: string, again: boolean, signal: AbortSignal) => Promise<string | undefined>;
  /** Whether a key file that a workspace names may be used. */
  readonly allowed: (file: ConfiguredFile, signal: AbortSignal) => Promise<boolean>;
  /** Contents of a private key made for this login. */
  readonly injected?: Buffer;
}

export interface Identities {
  readonly keys: readonly SigningKey[];
  /** Why key files that the configuration names cannot be used. */
  readonly faults: readonly Fault[];
}

/**
 * The keys to try, in OpenSSH's order: the injected one; the agent's that IdentityFile names; the agent's other ones unless
 * IdentitiesOnly; the files. @throws Fault `operation.cancelled`
 */
export async function findIdentities(config: HostConfig, deps: IdentityDeps, signal: AbortSignal): Promise<Identities> {
  const faults: Fault[] = [];
  const files: ConfiguredFile[] = [];
  for (const file of config.identityFiles) {
    if (!file.fromWorkspace || (await deps.allowed(file, signal))) files.push(file);
  }
  const held = await agentKeys(agentPlaces(config.identityAgent, deps.platform), deps.clock, signal);
  const named = new Set<string>();
  for (const { path } of files) {
    const known = await readPublicKey(path).catch(() => undefined);
    if (known) named.add(known.blob.toString('base64'));
  }
  const isNamed = ({ publicKey }: SigningKey): boolean => named.has(publicKey.getPublicSSH().toString('base64'));
  const keys = [...held.filter(isNamed), ...(config.identitiesOnly ? [] : held.filter((key) => !isNamed(key)))];
  if (deps.injected) keys.unshift(injectedKey(deps.injected));
  for (const file of files) {
    const key = await fileKey(file, keys, deps, signal).catch((error: unknown) => {
      if (isCancelled(error)) throw error;
      const fault = asFault(error, 'ssh.key.unreadable');
      // Most of the default files do not exist anywhere.
      if (file.origin || fault.code !== 'ssh.key.notFound') faults.push(fault);
      return undefined;
    });
    if (key) keys.push(key);
  }
  const strong = keys.filter(({ publicKey }) => (rsaBits(publicKey.getPublicSSH()) ?? Infinity) >= config.requiredRsaSize);
  return { keys: strong, faults };
}

function injectedKey(contents: Buffer): SigningKey {
  const outcome = openPrivateKey(contents, undefined);
  if (outcome.kind !== 'key') throw new Error('the injected key cannot be read');
  return { publicKey: outcome.key, sign: (data, hash) => Promise.resolve(signed(outcome.key, data, hash)) };
}

/** Undefined when there is nothing to add: an agent holds the key already, or its passphrase is not given. */
async function fileKey(
  { path }: ConfiguredFile,
  held: readonly SigningKey[],
  deps: IdentityDeps,
  signal: AbortSignal,
): Promise<SigningKey | undefined> {
  const file = await readKeyFile(path, { platform: deps.platform, ...(deps.uid !== undefined && { uid: deps.uid }) });
  if (file.securityKey) throw unsupportedOption('IdentityFile', `${path} needs a security key`);
  const opened = once(() => openFile(file, deps, signal));
  const known = file.publicKey && utils.parseKey(file.publicKey.blob);
  // The public part of some formats is known only once the file is decrypted; else the passphrase waits until the server wants the key.
  const publicKey = known && !(known instanceof Error) ? known : await opened();
  if (!publicKey || held.some((other) => other.publicKey.getPublicSSH().equals(publicKey.getPublicSSH()))) return undefined;
  return {
    publicKey,
    sign: async (data, hash) => {
      const key = await opened();
      if (!key) throw new Error('no passphrase was given');
      return signed(key, data, hash);
    },
  };
}

/** @returns undefined when no passphrase is given. @throws Fault `ssh.wrongPassphrase`, `ssh.unsupportedOption` */
async function openFile({ path, contents, encrypted }: KeyFile, deps: IdentityDeps, signal: AbortSignal): Promise<ParsedKey | undefined> {
  for (let attempt = 0; attempt < PASSPHRASE_TRIES; attempt++) {
    const passphrase = encrypted ? await deps.passphrase(path, attempt > 0, signal) : undefined;
    if (encrypted && passphrase === undefined) return undefined;
    const outcome = openPrivateKey(contents, passphrase);
    if (outcome.kind === 'key') return outcome.key;
    if (outcome.kind === 'unsupported') throw unsupportedOption('IdentityFile', `${path}: ${outcome.reason}`);
  }
  throw wrongPassphrase(path);
}

function signed(key: ParsedKey, data: Buffer, hash: string | undefined): Buffer {
  const signature: Buffer | Error = key.sign(data, hash);
  if (signature instanceof Error) throw signature;
  return signature;
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}
