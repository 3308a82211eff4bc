import { getCiphers } from 'node:crypto';
import type { AlgorithmDefaults } from '../../ssh/hostConfig';

/** A cipher, and the name that the runtime's cryptography has for it. */
const CIPHERS: readonly (readonly [string, string])[] = [
  // The fastest in Node by a quarter; then what needs no separate MAC; counter mode for old servers.
  ['aes128-gcm@openssh.com', 'aes-128-gcm'],
  ['aes256-gcm@openssh.com', 'aes-256-gcm'],
  ['aes128-ctr', 'aes-128-ctr'],
  ['aes192-ctr', 'aes-192-ctr'],
  ['aes256-ctr', 'aes-256-ctr'],
  // VS Code's own runtime (BoringSSL) has no bare ChaCha20; Node has.
  ['chacha20-poly1305@openssh.com', 'chacha20'],
];

/**
 * What we offer, in the order of preference: of what ssh2 speaks, that which OpenSSH 9 accepts by default. No SHA-1
 * signatures, DSA, CBC, RC4, MD5 or the 1024-bit group.
 */
export function ourAlgorithms(runtimeCiphers: readonly string[] = getCiphers()): AlgorithmDefaults {
  const available = new Set(runtimeCiphers);
  return {
    ciphers: CIPHERS.filter(([, name]) => available.has(name)).map(([name]) => name),
    macs: [
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha1-etm@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512',
      'hmac-sha1',
    ],
    kexAlgorithms: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group-exchange-sha256',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group18-sha512',
      'diffie-hellman-group14-sha256',
    ],
    hostKeyAlgorithms: [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
    pubkeyAcceptedAlgorithms: [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
  };
}

/** Those of `wanted` that we have, in the order wanted. Empty when there are none: nothing weaker is taken instead. */
export function within(wanted: readonly string[], ours: readonly string[]): string[] {
  return wanted.filter((name) => ours.includes(name));
}

/** What the two sides could not agree on, from ssh2's record of the negotiation. */
export interface Disagreement {
  /** E.g. `cipher`. */
  readonly kind: string;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

// ssh2 1.17.0 (lib/protocol/kex.js) says both offers before it compares them, and no more once it has failed.
const OFFER = /^Handshake: \((local|remote)\) (.+?): (.*)$/;
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^KEX method$/, 'key exchange method'],
  [/^Host key format$/, 'host key type'],
  [/cipher$/i, 'cipher'],
  [/MAC$/, 'MAC'],
  [/compression$/, 'compression'],
];

/** Listens to ssh2's debugging text until the keys are exchanged. */
export class NegotiationRecord {
  #kind = '';
  #ours: readonly string[] = [];
  #theirs: readonly string[] = [];

  #greeted = false;

  /** Whether the server has said that it speaks SSH. */
  get greeted(): boolean {
    return this.#greeted;
  }

  note(line: string): void {
    if (line.startsWith('Remote ident:')) this.#greeted = true;
    const [, side, what, list] = OFFER.exec(line) ?? [];
    if (what === undefined || list === undefined) return;
    this.#kind = what;
    if (side === 'local') this.#ours = list.split(',');
    else this.#theirs = list.split(',');
  }

  /** The last thing that was compared; undefined when nothing was. */
  get last(): Disagreement | undefined {
    const kind = KINDS.find(([pattern]) => pattern.test(this.#kind))?.[1];
    if (kind === undefined) return undefined;
    // Markers of protocol extensions are no algorithms.
    const plain = (names: readonly string[]): string[] => names.filter((name) => !/^(?:ext-info-|kex-strict-)/.test(name));
    return { kind, ours: plain(this.#ours), theirs: plain(this.#theirs) };
  }
}
