import { Fault } from '../base/fault';
import { hashName, knownName } from './knownHostNames';
import type { KnownHostName } from './knownHostNames';
import { matchHostname } from './patterns';
import { fingerprint, parsePublicKey } from './publicKey';
import type { PublicKey } from './publicKey';
import { errorCode, readBounded } from './textFile';

export type { KnownHostName } from './knownHostNames';
export { appendKnownHost } from './knownHostsWriting';
export type { KnownHostEntry } from './knownHostsWriting';
export { fingerprint } from './publicKey';
export type { PublicKey } from './publicKey';

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

type Marker = 'none' | 'revoked' | 'certAuthority';

interface Entry {
  readonly marker: Marker;
  /** Hosts as written: a list of patterns, or one hashed name. */
  readonly hosts: string;
  readonly key: PublicKey;
  readonly file: string;
  readonly line: number;
}

/** A file of half a million hosts fits; a larger one is refused as a whole, for what is not read might be a revoked key. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MARKERS: Readonly<Record<string, Marker>> = { '@revoked': 'revoked', '@cert-authority': 'certAuthority' };

/** Known host keys, as they were when the files were read. */
export class KnownHosts {
  private readonly entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  /**
   * Reads the files in order; those that do not exist are empty, and lines that make no sense are skipped, as OpenSSH does.
   * @throws Fault `ssh.knownHosts.unreadable`
   */
  static async load(files: readonly string[]): Promise<KnownHosts> {
    const all: Entry[][] = [];
    for (const file of files) all.push(parse(await readFile(file), file));
    return new KnownHosts(all.flat());
  }

  /** OpenSSH's decision (hostfile.c check_key_in_hostkeys, sshconnect.c check_host_key), all files taken together. */
  check({ host, port, address }: KnownHostName, key: PublicKey): HostKeyVerdict {
    const verdict = this.checkHost(host, port, key);
    if (verdict.kind !== 'match' || address === undefined) return verdict;
    // Another key under the address is what CheckHostIP is there to find.
    const ofAddress = this.checkName(knownName(address, port), key);
    return ofAddress.kind === 'changed' || ofAddress.kind === 'revoked' ? ofAddress : verdict;
  }

  private checkHost(host: string, port: number | undefined, key: PublicKey): HostKeyVerdict {
    const verdict = this.checkName(knownName(host, port), key);
    if (verdict.kind !== 'unknown' && verdict.kind !== 'certAuthority') return verdict;
    // A key that is known for the plain name is good for any port of it (sshconnect.c, "checking without port identifier").
    const plain = this.checkName(knownName(host), key);
    return plain.kind === 'match' || plain.kind === 'revoked' ? plain : verdict;
  }

  private checkName(name: string, key: PublicKey): HostKeyVerdict {
    const entries = this.entriesFor(name);
    const revoked = entries.find((entry) => entry.marker === 'revoked' && entry.key.blob.equals(key.blob));
    if (revoked) return { kind: 'revoked', line: lineOf(revoked) };
    const plain = entries.filter(({ marker }) => marker === 'none');
    const match = plain.find((entry) => entry.key.blob.equals(key.blob));
    if (match) return { kind: 'match', line: lineOf(match) };
    const family = familyOf(key.type);
    const sameType = plain.filter((entry) => familyOf(entry.key.type) === family);
    if (sameType.length > 0) return { kind: 'changed', lines: sameType.map(lineOf) };
    const authorities = entries.filter(({ marker }) => marker === 'certAuthority');
    if (authorities.length > 0 && plain.length === 0) return { kind: 'certAuthority', lines: authorities.map(lineOf) };
    return { kind: 'unknown', others: plain.map(lineOf) };
  }

  /** The algorithms with those first that a known key of the host can serve, else as they were (sshconnect2.c order_hostkeyalgs). */
  orderAlgorithms(name: KnownHostName, algorithms: readonly string[]): string[] {
    const known = new Set(this.preferredKeyTypes(name));
    const serves = (algorithm: string): boolean => known.has(keyTypeFor(algorithm));
    return [...algorithms.filter(serves), ...algorithms.filter((algorithm) => !serves(algorithm))];
  }

  /** The types of the keys that are known for a host, in the order of the files. */
  preferredKeyTypes({ host, port }: KnownHostName): string[] {
    const own = this.typesFor(knownName(host, port));
    return own.length > 0 ? own : this.typesFor(knownName(host));
  }

  private typesFor(name: string): string[] {
    const plain = this.entriesFor(name).filter(({ marker }) => marker === 'none');
    return [...new Set(plain.map(({ key }) => key.type))];
  }

  private entriesFor(name: string): Entry[] {
    return this.entries.filter(({ hosts }) => speaksOf(hosts, name));
  }
}

function speaksOf(hosts: string, name: string): boolean {
  if (!hosts.startsWith('|')) return matchHostname(name, hosts);
  const [, version, salt] = hosts.split('|');
  return version === '1' && salt !== undefined && hashName(name, Buffer.from(salt, 'base64')) === hosts;
}

function lineOf({ file, line, key }: Entry): KnownHostLine {
  return { file, line, type: key.type, fingerprint: fingerprint(key.blob) };
}

/** Keys of one family replace each other: to OpenSSH all curves of ECDSA are one type. */
function familyOf(type: string): string {
  return type.startsWith('ecdsa-sha2-') ? 'ecdsa' : type;
}

/** The type of the keys that serve a signature algorithm: RSA has one type and several algorithms. */
function keyTypeFor(algorithm: string): string {
  return algorithm === 'rsa-sha2-256' || algorithm === 'rsa-sha2-512' ? 'ssh-rsa' : algorithm;
}

async function readFile(file: string): Promise<string> {
  try {
    const reading = await readBounded(file, MAX_FILE_BYTES);
    if (reading && !reading.whole) throw new Error('larger than 64 MB');
    return reading?.contents.toString('utf8') ?? '';
  } catch (error) {
    const why = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw new Fault('ssh.knownHosts.unreadable', `The known hosts in ${file} cannot be read (${why}).`, {
      remedy: { text: 'Check that the file is yours to read; nobody can be recognised without it.' },
      cause: error,
    });
  }
}

function parse(text: string, file: string): Entry[] {
  const entries: Entry[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const entry = parseLine(line, file, index + 1);
    if (entry) entries.push(entry);
  }
  return entries;
}

/** `[@marker] hosts type base64 [comment]`; undefined for blank lines, comments and whatever makes no sense. */
function parseLine(line: string, file: string, number: number): Entry | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const fields = text.split(/[ \t]+/, 4);
  let marker: Marker | undefined = 'none';
  if (text.startsWith('@')) marker = MARKERS[fields.shift()!];
  const [hosts, type, base64] = fields;
  if (!marker || hosts === undefined || type === undefined || base64 === undefined) return undefined;
  const key = parsePublicKey(type, base64);
  return key && { marker, hosts, key, file, line: number };
}
