import { parsePort } from './configValues';
import type { JumpHost } from './hostConfig';

/**
 * A ProxyJump value: hops divided by commas, each `[user@]host[:port]` or an `ssh://` address (ssh_config(5)). Undefined stands
 * for `none`, also before a comment, where OpenSSH 9.2 takes it for a host; tokens are left as they are.
 */
export function parseJump(written: string): readonly JumpHost[] | undefined | 'invalid' {
  const text = written.split('#', 1)[0]!.trim();
  if (text.toLowerCase() === 'none') return undefined;
  const hops: JumpHost[] = [];
  for (const part of text.split(',')) {
    const hop = parseHop(part.trim());
    if (!hop) return 'invalid';
    hops.push(hop);
  }
  return hops;
}

function parseHop(text: string): JumpHost | undefined {
  if (!text.startsWith('ssh://')) return parseDestination(text);
  const address = text.slice('ssh://'.length).replace(/\/$/, '');
  if (address.includes('/')) return undefined;
  const hop = parseDestination(address);
  if (hop?.user === undefined) return hop;
  // What follows `;` are parameters of the address (draft-ietf-secsh-scp-sftp-ssh-uri), which OpenSSH skips.
  const user = decode(hop.user.split(';', 1)[0]!);
  return user ? { ...hop, user } : undefined;
}

function parseDestination(text: string): JumpHost | undefined {
  const at = text.lastIndexOf('@');
  const user = text.slice(0, Math.max(at, 0));
  if (at === 0) return undefined;
  const where = /^(?:\[([^\]]+)\]|([^:/[]+))(?:[:/](.*))?$/.exec(text.slice(at + 1));
  const host = where?.[1] ?? where?.[2];
  if (!host) return undefined;
  const named = where?.[3];
  const port = named ? parsePort(named) : undefined;
  if (named && port === undefined) return undefined;
  return { host, ...(user && { user }), ...(port !== undefined && { port }) };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
