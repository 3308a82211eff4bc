import type { AlgorithmDefaults } from './hostConfig';
import { matchPattern, matchPatternList } from './patterns';

/** Options of the configuration by the list that they set. */
export const ALGORITHM_OPTIONS: Readonly<Record<keyof AlgorithmDefaults, string>> = {
  ciphers: 'Ciphers',
  macs: 'MACs',
  kexAlgorithms: 'KexAlgorithms',
  hostKeyAlgorithms: 'HostKeyAlgorithms',
  pubkeyAcceptedAlgorithms: 'PubkeyAcceptedAlgorithms',
};

const keyTypes = names(
  'ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 sk-ssh-ed25519@openssh.com ' +
    'sk-ecdsa-sha2-nistp256@openssh.com rsa-sha2-512 rsa-sha2-256',
);
const certificates = keyTypes.map((type) => `${type.replace('@openssh.com', '')}-cert-v01@openssh.com`);

/** What OpenSSH 9.2 offers unless told otherwise (`ssh -G`). */
export const OPENSSH_ALGORITHMS: AlgorithmDefaults = {
  ciphers: names(
    'chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com aes256-gcm@openssh.com',
  ),
  macs: names(
    'umac-64-etm@openssh.com umac-128-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com ' +
      'hmac-sha1-etm@openssh.com umac-64@openssh.com umac-128@openssh.com hmac-sha2-256 hmac-sha2-512 hmac-sha1',
  ),
  kexAlgorithms: names(
    'sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com curve25519-sha256 curve25519-sha256@libssh.org ' +
      'ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521 diffie-hellman-group-exchange-sha256 ' +
      'diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 diffie-hellman-group14-sha256',
  ),
  hostKeyAlgorithms: [...certificates, ...keyTypes],
  pubkeyAcceptedAlgorithms: [...certificates, ...keyTypes],
};

const allKeyTypes = names(
  'ssh-ed25519 ssh-ed25519-cert-v01@openssh.com sk-ssh-ed25519@openssh.com sk-ssh-ed25519-cert-v01@openssh.com ' +
    'ecdsa-sha2-nistp256 ecdsa-sha2-nistp256-cert-v01@openssh.com ecdsa-sha2-nistp384 ' +
    'ecdsa-sha2-nistp384-cert-v01@openssh.com ecdsa-sha2-nistp521 ecdsa-sha2-nistp521-cert-v01@openssh.com ' +
    'sk-ecdsa-sha2-nistp256@openssh.com sk-ecdsa-sha2-nistp256-cert-v01@openssh.com ' +
    'webauthn-sk-ecdsa-sha2-nistp256@openssh.com ssh-dss ssh-dss-cert-v01@openssh.com ssh-rsa ' +
    'ssh-rsa-cert-v01@openssh.com rsa-sha2-256 rsa-sha2-256-cert-v01@openssh.com rsa-sha2-512 rsa-sha2-512-cert-v01@openssh.com',
);

/** Everything that wildcards can mean (`ssh -Q`, OpenSSH 9.2). */
const ALL_ALGORITHMS: AlgorithmDefaults = {
  ciphers: names(
    '3des-cbc aes128-cbc aes192-cbc aes256-cbc aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com ' +
      'aes256-gcm@openssh.com chacha20-poly1305@openssh.com',
  ),
  macs: names(
    'hmac-sha1 hmac-sha1-96 hmac-sha2-256 hmac-sha2-512 hmac-md5 hmac-md5-96 umac-64@openssh.com umac-128@openssh.com ' +
      'hmac-sha1-etm@openssh.com hmac-sha1-96-etm@openssh.com hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com ' +
      'hmac-md5-etm@openssh.com hmac-md5-96-etm@openssh.com umac-64-etm@openssh.com umac-128-etm@openssh.com',
  ),
  kexAlgorithms: names(
    'diffie-hellman-group1-sha1 diffie-hellman-group14-sha1 diffie-hellman-group14-sha256 diffie-hellman-group16-sha512 ' +
      'diffie-hellman-group18-sha512 diffie-hellman-group-exchange-sha1 diffie-hellman-group-exchange-sha256 ' +
      'ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521 curve25519-sha256 curve25519-sha256@libssh.org ' +
      'sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com',
  ),
  hostKeyAlgorithms: allKeyTypes,
  pubkeyAcceptedAlgorithms: allKeyTypes,
};

function names(text: string): string[] {
  return text.split(' ');
}

/**
 * A list as it was written, applied to the defaults (kex.c kex_assemble_names): `+` adds behind them, `^` before them, `-` takes
 * away, else it replaces them. Names that nobody knows are kept: a newer OpenSSH may know them.
 */
export function assembleAlgorithms(written: string, which: keyof AlgorithmDefaults, defaults: readonly string[]): string[] {
  const sign = /^[-+^]/.exec(written)?.[0];
  const list = sign ? written.slice(1) : written;
  if (sign === '-') return defaults.filter((name) => matchPatternList(name, list) !== 'match');
  const named = list.split(',').filter((name) => name !== '');
  const wanted = named.flatMap((name) => expandName(name, ALL_ALGORITHMS[which]));
  if (sign === '+') return [...new Set([...defaults, ...wanted])];
  if (sign === '^') return [...new Set([...wanted, ...defaults])];
  return [...new Set(wanted)];
}

function expandName(name: string, all: readonly string[]): string[] {
  return /[*?]/.test(name) ? all.filter((known) => matchPattern(known, name)) : [name];
}
