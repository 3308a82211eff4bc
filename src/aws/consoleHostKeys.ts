import { createHash } from 'node:crypto';
import type { ConsoleHostKey } from '../model/ssh';

/** `ssh-keygen -l` inside what cloud-init or syslog put before each line: bits, fingerprint, comment, type. */
const FINGERPRINT = /\b(\d{3,5}) (SHA256:[A-Za-z0-9+/]{43})(?![A-Za-z0-9+/]).*\(([A-Z0-9-]+)\)/;
const KEY = /\b((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) (AAAA[A-Za-z0-9+/]+={0,2})/;

/**
 * The host keys of an instance's console output, as cloud-init writes them between its markers. Of several blocks the
 * last complete one of its kind counts: an instance that made new keys printed them later. MD5 fingerprints, those of
 * old images, cannot be compared and are left out.
 */
export function readConsoleHostKeys(output: string): ConsoleHostKey[] {
  const found = new Map<string, ConsoleHostKey>();
  for (const line of lastBlock(output, 'KEYS')) {
    const [, algorithm, base64] = KEY.exec(line) ?? [];
    const blob = Buffer.from(base64 ?? '', 'base64');
    // A blob begins with its own algorithm.
    if (algorithm === undefined || blob.length < 8 || blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)) !== algorithm) continue;
    const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
    found.set(fingerprint, { algorithm, fingerprint });
  }
  for (const line of lastBlock(output, 'FINGERPRINTS')) {
    const [, bits, fingerprint, type] = FINGERPRINT.exec(line) ?? [];
    if (fingerprint !== undefined && !found.has(fingerprint)) found.set(fingerprint, { algorithm: algorithmOf(type!, bits!), fingerprint });
  }
  return [...found.values()];
}

function lastBlock(output: string, what: 'KEYS' | 'FINGERPRINTS'): string[] {
  const end = output.lastIndexOf(`-----END SSH HOST KEY ${what}-----`);
  const start = end < 0 ? -1 : output.lastIndexOf(`-----BEGIN SSH HOST KEY ${what}-----`, end);
  return start < 0 ? [] : output.slice(start, end).split(/\r?\n/);
}

function algorithmOf(type: string, bits: string): string {
  if (type === 'ECDSA') return `ecdsa-sha2-nistp${bits}`;
  return type === 'DSA' ? 'ssh-dss' : `ssh-${type.toLowerCase()}`;
}
