import { isIP } from 'node:net';
import { Fault } from '../base/fault';
import { printable } from './configLine';

/** No option, and nothing that a shell would understand (ssh.c valid_hostname, OpenSSH 9.6). */
export function isSafeHost(name: string): boolean {
  return name !== '' && !/^-|['`"$\\;&<>|(){},\s\p{Cc}]/u.test(name);
}

/** As `isSafeHost`, but a backslash within (a Windows domain) and single spaces are fine (ssh.c valid_ruser). */
export function isSafeUser(name: string): boolean {
  return name !== '' && !/^-|['`";&<>|(){}\p{Cc}]|\s-|\\$/u.test(name);
}

/** @throws Fault `ssh.host.invalid` */
export function requireSafeHost(name: string, what = 'host name'): void {
  if (!isSafeHost(name)) throw invalidName(`The ${what} "${printable(name)}" has characters that no host name has.`);
}

/** @throws Fault `ssh.host.invalid` */
export function requireSafeUser(name: string): void {
  if (!isSafeUser(name)) throw invalidName(`The user name "${printable(name)}" has characters that no user name may have.`);
}

function invalidName(message: string): Fault {
  return new Fault('ssh.host.invalid', message, { remedy: { text: 'Check the name, and the SSH configuration that it comes from.' } });
}

/** An address in its usual form (IPv6 in lower case, zeros folded); undefined when it is a name. */
export function canonicalAddress(name: string): string | undefined {
  const [address, zone] = name.split('%', 2) as [string, string?];
  if (isIP(address) === 4) return zone === undefined ? address : undefined;
  if (isIP(address) !== 6) return undefined;
  const folded = URL.canParse(`http://[${address}]/`) ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address.toLowerCase();
  return zone === undefined ? folded : `${folded}%${zone}`;
}
