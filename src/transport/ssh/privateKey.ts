import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type ParsedKey, utils } from 'ssh2';

/** A private key by its contents: `wrongPassphrase` also when one is needed and none is given; `unsupported` else. */
export type KeyOutcome =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  | { readonly kind: 'wrongPassphrase' }
  | { readonly kind: 'unsupported'; readonly reason: string };

/** Formats: OpenSSH, PEM (PKCS #1, SEC 1), PKCS #8, PuTTY. The passphrase is used here only. */
export function openPrivateKey(contents: Buffer, passphrase: string | undefined): KeyOutcome {
  const text = contents.toString('utf8').trim();
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/.test(text)) return openPkcs8(text, passphrase);
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) return refused(parsed.message, passphrase !== undefined);
  // OpenSSH's format has room for several keys; nobody writes more than one.
  const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed;
  if (!key?.isPrivateKey()) return { kind: 'unsupported', reason: 'it holds no private key' };
  return { kind: 'key', key };
}

// ssh2 1.17.0 (lib/protocol/keyParser.js) gives nothing but text; what a wrong passphrase makes of a PEM file is "malformed".
function refused(message: string, decrypted: boolean): KeyOutcome {
  if (/^unsupported/i.test(message)) return { kind: 'unsupported', reason: message };
  return decrypted || /passphrase|encrypted/i.test(message) ? { kind: 'wrongPassphrase' } : { kind: 'unsupported', reason: message };
}

// ssh2 does not read PKCS #8; Node does, and writes what ssh2 reads.
function openPkcs8(text: string, passphrase: string | undefined): KeyOutcome {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    const encrypted = text.startsWith('-----BEGIN ENCRYPTED');
    return encrypted ? { kind: 'wrongPassphrase' } : { kind: 'unsupported', reason: (error as Error).message };
  }
  const type = key.asymmetricKeyType;
  if (type === 'rsa') return openPrivateKey(Buffer.from(key.export({ format: 'pem', type: 'pkcs1' })), undefined);
  if (type === 'ec') return openPrivateKey(Buffer.from(key.export({ format: 'pem', type: 'sec1' })), undefined);
  if (type === 'ed25519') return openPrivateKey(Buffer.from(openSshEd25519(key)), undefined);
  return { kind: 'unsupported', reason: `keys of type ${type ?? 'unknown'} are not supported` };
}

/** A fresh key: the private one as `openPrivateKey` reads it, the public one as a line of authorized_keys. */
export interface EphemeralKey {
  readonly privateKey: Buffer;
  readonly publicKey: string;
}

/** An ed25519 key for one login, e.g. to be pushed with EC2 Instance Connect. Never written anywhere. */
export function ephemeralKey(): EphemeralKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const contents = Buffer.from(openSshEd25519(privateKey));
  const outcome = openPrivateKey(contents, undefined);
  if (outcome.kind !== 'key') throw new Error('a generated key cannot be read');
  return { privateKey: contents, publicKey: `ssh-ed25519 ${outcome.key.getPublicSSH().toString('base64')}` };
}

/** OpenSSH's own format (PROTOCOL.key), not encrypted. */
function openSshEd25519(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const type = Buffer.from('ssh-ed25519');
  const point = Buffer.from(x, 'base64url');
  const blob = Buffer.concat([sized(type), sized(point)]);
  // Two equal numbers prove the decryption; nothing is encrypted here.
  const check = Buffer.alloc(8);
  const secret = Buffer.concat([Buffer.from(d, 'base64url'), point]);
  const section = Buffer.concat([check, sized(type), sized(point), sized(secret), sized(Buffer.alloc(0))]);
  // Padded to the cipher's block (8 for none) with 1, 2, 3, …
  const padding = Buffer.from(Array.from({ length: (8 - (section.length % 8)) % 8 }, (_, index) => index + 1));
  const none = Buffer.from('none');
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sized(none),
    sized(none),
    sized(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    sized(blob),
    sized(Buffer.concat([section, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
