import type { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { farSideFailed, farSideRefused, farSideTimeout, farSideUnresolved, forwardProhibited } from '../ssh/faults';
import * as faults from './faults';

// The one place that reads what OpenSSH writes: the program gives nothing but text and the exit status 255.

/** How the server is named in sentences. */
export interface Named {
  readonly server: string;
  readonly user: string;
}

type Reading = (match: RegExpExecArray, named: Named, lines: readonly string[]) => Fault;

/** In order of what explains most: the first that any line matches decides. The texts are OpenSSH 7.6 to 10's. */
const REASONS: readonly (readonly [RegExp, Reading])[] = [
  [/@ +WARNING: REVOKED HOST KEY DETECTED! +@|: REVOKED HOST KEY/, (_, { server }) => faults.hostKeyRevoked(server)],
  [/REMOTE HOST IDENTIFICATION HAS CHANGED!/, (_, { server }, lines) => faults.hostKeyChanged(server, newFingerprint(lines), oldLine(lines))],
  [/^No \S+ host key is known for .+ and you have requested strict checking/, (_, { server }) => faults.hostKeyUnknown(server)],
  [/Host key verification failed\./, (_, { server }) => faults.hostKeyUnknown(server)],
  [/Unable to negotiate with .+?: no matching (.+?) found\. Their offer: ?(.*)$/, ([, what, offer], { server }) =>
    faults.noMatchingAlgorithm(server, what!, offer!.slice(0, MAX_QUOTED))],
  [/Too many authentication failures/, (_, { server }) => faults.tooManyAuthFailures(server)],
  [/^(?:(.+)@[^@]+: )?Permission denied \((.*)\)\.?$/, ([, who, methods], { server, user }, lines) => {
    const open = openKey(lines);
    return open ? faults.badKeyPermissions(open) : faults.permissionDenied(who ?? user, server, methods!);
  }],
  [/Could not resolve hostname (.+?): /, ([, name]) => faults.unresolved(name!)],
  [/connect to (?:host|address) .+ port \d+: Connection refused/, (_, { server }) => faults.refused(server)],
  [/connect to (?:host|address) .+ port \d+: (?:Connection|Operation) timed out|Connection timed out during banner exchange|^Connection to \S+ port \d+ timed out/, (_, { server }) =>
    faults.connectTimeout(server)],
  [/connect to (?:host|address) .+ port \d+: (?:No route to host|Network is (?:unreachable|down)|Host is down)/, (_, { server }) =>
    faults.unreachable(server)],
  [/kex_exchange_identification:|ssh_exchange_identification:|banner exchange: /, (_, { server }) => faults.bannerClosed(server)],
  [/^Timeout, server .+ not responding/, (_, { server }) => faults.keepaliveLost(server)],
  [/Connection to \S+ closed by remote host|^client_loop: |packet_write_(?:poll|wait): |^Read from remote host |^(?:Connection (?:closed|reset) by|Received disconnect from|Disconnected from) /, (_, { server }) =>
    faults.connectionLost(server)],
  [/Bad configuration option: (.+)|^Bad owner or permissions on (.+)|Can't open user config file (.+?):/, ([line]) => faults.badConfiguration(line)],
  [/^(\S.* line \d+: .+)$/, ([line]) => faults.badConfiguration(line)],
];

const MAX_QUOTED = 200;

/**
 * Why the program ended, from what it wrote to stderr.
 * @param connected it had logged in: whatever ended it then is worth another try
 */
export function exitFault(lines: readonly string[], named: Named, connected = false): Fault {
  for (const [pattern, say] of REASONS) {
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match) return say(match, named, lines);
    }
  }
  if (connected) return faults.connectionLost(named.server);
  return faults.unexpected(named.server, (lines.at(-1) ?? '').replace(/\.$/, '').slice(0, MAX_QUOTED));
}

const CHANNEL_FAILURE = /^channel \d+: open failed: (.+)$/;

/** What the server said of a channel that it did not open: `administratively prohibited: open failed`; undefined for other lines. */
export function channelFailure(line: string): string | undefined {
  return CHANNEL_FAILURE.exec(line)?.[1];
}

/** @param why see `channelFailure` */
export function farSideFault(why: string, to: Endpoint): Fault {
  if (why.startsWith('administratively prohibited')) return forwardProhibited(to);
  if (/connection refused/i.test(why)) return farSideRefused(to);
  if (/name or service not known|nodename nor servname|temporary failure in name|no address associated|unknown host/i.test(why)) {
    return farSideUnresolved(to);
  }
  if (/timed out/i.test(why)) return farSideTimeout(to);
  return farSideFailed(to, why.slice(0, MAX_QUOTED));
}

function newFingerprint(lines: readonly string[]): string {
  return lines.map((line) => /\b(SHA256:[A-Za-z0-9+/]{43})\b/.exec(line)?.[1]).find(Boolean) ?? '';
}

function oldLine(lines: readonly string[]): string {
  return lines.map((line) => /^Offending .*key in (.+)$/.exec(line)?.[1]).find(Boolean) ?? '';
}

function openKey(lines: readonly string[]): string | undefined {
  return lines
    .map((line) => /^Permissions \S+ for '(.+)' are too open/.exec(line)?.[1] ?? /^Load key "(.+)": bad permissions/.exec(line)?.[1])
    .find(Boolean);
}
