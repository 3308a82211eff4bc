import { createHmac } from 'node:crypto';
import { lowerAscii } from './configLine';

/** Under which names a host stands in known_hosts. */
export interface KnownHostName {
  /** HostKeyAlias when there is one (then without a port), else the name that is connected to. */
  readonly host: string;
  /** Absent or 22: the plain name; else `[host]:port`. */
  readonly port?: number;
  /** The address that was connected to, when CheckHostIP is on. */
  readonly address?: string;
}

/** As a host stands in known_hosts: in lower case, with the port unless it is 22. */
export function knownName(host: string, port?: number): string {
  const name = lowerAscii(host);
  return port === undefined || port === 22 ? name : `[${name}]:${port}`;
}

/** `|1|salt|hash`: the name's HMAC-SHA1 under the salt, both in base64 (hostfile.c host_hash). */
export function hashName(name: string, salt: Buffer): string {
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}
