import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readConsoleHostKeys } from '../../../src/aws/consoleHostKeys';

function key(algorithm: string, seed: number): { readonly line: string; readonly fingerprint: string } {
  const name = Buffer.from(algorithm);
  const length = (bytes: Buffer): Buffer => Buffer.from([0, 0, 0, bytes.length]);
  const value = Buffer.alloc(32, seed);
  const blob = Buffer.concat([length(name), name, length(value), value]);
  const digest = createHash('sha256').update(blob).digest('base64').replaceAll('=', '');
  return { line: `${algorithm} ${blob.toString('base64')} root@ip-10-0-0-1`, fingerprint: `SHA256:${digest}` };
}

const block = (what: string, lines: readonly string[]): string =>
  [`-----BEGIN SSH HOST KEY ${what}-----`, ...lines, `-----END SSH HOST KEY ${what}-----`, ''].join('\r\n');

describe('host keys in the console output of an instance', () => {
  const ed25519 = key('ssh-ed25519', 1);
  const ecdsa = key('ecdsa-sha2-nistp256', 2);

  it('are read from keys and from fingerprints, each once, behind whatever precedes a line', () => {
    const output =
      'ec2: boot\r\nec2: ' +
      block('FINGERPRINTS', [
        `ec2: 256 ${ed25519.fingerprint} root@ip (ED25519)`,
        `<14>Jan 1 00:00:00 cloud-init[9]: 384 ${ecdsa.fingerprint} no comment (ECDSA)`,
        'ec2: 2048 45:4d:55:26:e7:d7:bf:30:4e:cf:05:b2:36:10:2b:ef  root@ip (RSA)',
      ]) +
      block('KEYS', [`[  12.5] ${ed25519.line}`, 'ssh-rsa AAAAnonsense', '']);
    assert.deepEqual(readConsoleHostKeys(output), [
      { algorithm: 'ssh-ed25519', fingerprint: ed25519.fingerprint },
      { algorithm: 'ecdsa-sha2-nistp384', fingerprint: ecdsa.fingerprint },
    ]);
  });

  it('are those of the last complete block, and nothing outside of one', () => {
    const output = `${block('KEYS', [ecdsa.line])}${block('KEYS', [ed25519.line])}${ecdsa.line}\n-----BEGIN SSH HOST KEY KEYS-----\n${ecdsa.line}`;
    assert.deepEqual(readConsoleHostKeys(output), [{ algorithm: 'ssh-ed25519', fingerprint: ed25519.fingerprint }]);
    for (const nothing of ['', 'login: ', '-----END SSH HOST KEY KEYS-----', ecdsa.line]) assert.deepEqual(readConsoleHostKeys(nothing), []);
  });
});
