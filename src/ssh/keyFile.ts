import { createPublicKey } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { Fault } from '../base/fault';
import { keyTypeOf, parsePublicKeyLine, readString, writeString } from './publicKey';
import type { PublicKey } from './publicKey';
import { errorCode, readBounded } from './textFile';
import type { FileReading } from './textFile';

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

/** No key comes near it: RSA with 16384 bits has 13 kB. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * A private key file, by OpenSSH's rules.
 * @throws Fault `ssh.key.notFound`, `ssh.key.permissions` (with OpenSSH's message), `ssh.key.tooLarge`, `ssh.key.format`,
 * `ssh.key.unreadable`
 */
export async function readKeyFile(path: string, environment: KeyFileEnvironment): Promise<KeyFile> {
  const reading = await read(path);
  const permissionsChecked = environment.platform !== 'win32' && environment.uid !== undefined;
  if (permissionsChecked) requirePrivate(path, reading, environment.uid);
  const text = reading.contents.toString('latin1');
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t\r]*$/m.exec(text)?.[1];
  const shape = label === undefined ? undefined : readShape(label, text);
  if (!shape) throw formatFault(path, text);
  const publicKey = shape.publicKey ?? (await readPublicKey(`${path}.pub`));
  return {
    path,
    format: shape.format,
    encrypted: shape.encrypted,
    contents: reading.contents,
    ...(publicKey && { publicKey }),
    securityKey: publicKey?.type.startsWith('sk-') ?? false,
    permissionsChecked,
  };
}

/**
 * The public key that an IdentityFile stands for, so that an agent's key can be chosen by it: the file may itself be a public
 * key, hold it beside the private one, or have a neighbour `.pub`. Undefined when none of these tells.
 */
export async function readPublicKey(path: string): Promise<PublicKey | undefined> {
  for (const candidate of path.endsWith('.pub') ? [path] : [path, `${path}.pub`]) {
    const reading = await readBounded(candidate, MAX_FILE_BYTES).catch(() => undefined);
    if (!reading?.whole) continue;
    const text = reading.contents.toString('latin1');
    const key = text.includes('-----BEGIN OPENSSH PRIVATE KEY-----') ? openSshHeader(text)?.publicKey : firstPublicKey(text);
    if (key) return key;
  }
  return undefined;
}

function firstPublicKey(text: string): PublicKey | undefined {
  for (const line of text.split('\n', 64)) {
    const key = parsePublicKeyLine(line);
    if (key) return key;
  }
  return undefined;
}

async function read(path: string): Promise<FileReading> {
  let reading: FileReading | undefined;
  try {
    reading = await readBounded(path, MAX_FILE_BYTES);
  } catch (error) {
    throw new Fault('ssh.key.unreadable', `The key ${path} cannot be read (${errorCode(error) ?? 'unknown error'}).`, {
      remedy: { text: 'Check that the file is yours to read.' },
      cause: error,
    });
  }
  if (!reading) {
    throw new Fault('ssh.key.notFound', `The key ${path} does not exist.`, {
      remedy: { text: 'Correct IdentityFile in the SSH configuration, or put the key there.' },
    });
  }
  if (!reading.whole) {
    throw new Fault('ssh.key.tooLarge', `The file ${path} is too large for a key.`, {
      remedy: { text: 'Check that IdentityFile in the SSH configuration names a key.' },
    });
  }
  return reading;
}

/** authfile.c sshkey_perm_ok: one's own keys must be closed to all others; other people's keys are their own business. */
function requirePrivate(path: string, { owner, mode }: FileReading, uid: number | undefined): void {
  if (owner !== uid || (mode & 0o077) === 0) return;
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  throw new Fault('ssh.key.permissions', `Permissions ${bits} for '${path}' are too open.`, {
    remedy: { text: `Run \`chmod 600 ${path}\`: private keys must be readable by you alone.` },
  });
}

type Shape = Pick<KeyFile, 'format' | 'encrypted'> & { readonly publicKey?: PublicKey | undefined };

function readShape(label: string, text: string): Shape | undefined {
  switch (label) {
    case 'OPENSSH PRIVATE KEY':
      return openSshHeader(text);
    case 'RSA PRIVATE KEY':
    case 'EC PRIVATE KEY':
    case 'DSA PRIVATE KEY': {
      const encrypted = /^Proc-Type:[ \t]*4,[ \t]*ENCRYPTED/m.test(text);
      return { format: 'pem', encrypted, publicKey: encrypted ? undefined : derivePublicKey(text) };
    }
    case 'PRIVATE KEY':
      return { format: 'pkcs8', encrypted: false, publicKey: derivePublicKey(text) };
    case 'ENCRYPTED PRIVATE KEY':
      return { format: 'pkcs8', encrypted: true };
    default:
      return undefined;
  }
}

const MAGIC = 'openssh-key-v1\0';

/** PROTOCOL.key: the magic, cipher, KDF and its options, the number of keys (1), the public key; then the private part. */
function openSshHeader(text: string): (Shape & { readonly publicKey: PublicKey }) | undefined {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----/.exec(text)?.[1];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return undefined;
  const cipher = readString(bytes, MAGIC.length);
  const kdf = cipher && readString(bytes, cipher.next);
  const options = kdf && readString(bytes, kdf.next);
  if (!options || options.next + 4 > bytes.length || bytes.readUInt32BE(options.next) !== 1) return undefined;
  const blob = readString(bytes, options.next + 4)?.value;
  const type = blob && keyTypeOf(blob);
  if (!blob || type === undefined) return undefined;
  return { format: 'openssh', encrypted: cipher.value.toString('latin1') !== 'none', publicKey: { type, blob: Buffer.from(blob) } };
}

/** The public half of an unencrypted key; undefined for kinds that SSH has no name for, and for damaged ones. */
function derivePublicKey(pem: string): PublicKey | undefined {
  try {
    return fromJwk(createPublicKey(pem).export({ format: 'jwk' }));
  } catch {
    return undefined;
  }
}

const CURVES: Readonly<Record<string, string>> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' };

/** RFC 4253 6.6 (RSA), RFC 5656 3.1 (ECDSA), RFC 8709 4 (Ed25519). */
function fromJwk({ kty, crv = '', n = '', e = '', x = '', y = '' }: JsonWebKey): PublicKey | undefined {
  if (kty === 'RSA') return publicKey('ssh-rsa', positive(e), positive(n));
  if (kty === 'OKP' && crv === 'Ed25519') return publicKey('ssh-ed25519', Buffer.from(x, 'base64url'));
  const curve = kty === 'EC' ? CURVES[crv] : undefined;
  if (curve === undefined) return undefined;
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return publicKey(`ecdsa-sha2-${curve}`, Buffer.from(curve), point);
}

function publicKey(type: string, ...parts: Buffer[]): PublicKey {
  return { type, blob: Buffer.concat([writeString(type), ...parts.map(writeString)]) };
}

/** An mpint (RFC 4251, 5): a number whose first bit is set needs a zero before it, else it would be negative. */
function positive(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return bytes.length > 0 && bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function formatFault(path: string, text: string): Fault {
  if (text.startsWith('PuTTY-User-Key-File-')) {
    return new Fault('ssh.key.format', `The key ${path} is in PuTTY's format, which OpenSSH does not read.`, {
      remedy: { text: 'Load it in PuTTYgen and choose Conversions > Export OpenSSH key.' },
    });
  }
  const what = firstPublicKey(text) ? 'holds a public key only' : 'holds no private key that OpenSSH knows';
  return new Fault('ssh.key.format', `The file ${path} ${what}.`, {
    remedy: { text: 'Check that IdentityFile in the SSH configuration names the private key.' },
  });
}
