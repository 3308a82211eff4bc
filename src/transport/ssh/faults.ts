import type { FaultCode, FaultOptions } from '../../base/fault';
import { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { formatEndpoint } from '../../model/endpoint';
import type { KnownHostLine } from '../../ssh/knownHosts';

// Everything that SSH links report to a person, in one place. Codes are stable. Nothing that a person has to change is retryable.

/** Part of several remedies. */
const SYSTEM_CLIENT = 'set sallyport.ssh.client to "system"';

function fault(code: FaultCode, text: string, remedy: string, options: Omit<FaultOptions, 'remedy'> = {}): Fault {
  const action = options.retryable === true ? ({ action: 'retry' } as const) : {};
  return new Fault(code, text, { ...options, remedy: { text: remedy, ...action } });
}

function because(cause: unknown): { cause?: unknown } {
  return cause === undefined ? {} : { cause };
}

// A server's own words may be long, or hold control characters that would disturb what they are printed into.
function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is meant
  return text.replace(/[\u0000-\u001F\u007F]+/g, ' ').trim().slice(0, 300).replace(/\.$/, '');
}

// Before the login.

export function refused(server: Endpoint, cause?: unknown): Fault {
  const text = `Connection to the SSH server ${formatEndpoint(server)} refused: nothing listens there.`;
  return fault('ssh.refused', text, 'Check host, port and that sshd runs, then try again.', { retryable: true, ...because(cause) });
}

export function timeout(server: Endpoint, seconds: number, cause?: unknown): Fault {
  const text = `No answer from the SSH server ${formatEndpoint(server)} within ${Math.round(seconds)} seconds.`;
  const remedy =
    'Check that its security group and network ACLs let this machine in on that port, or reach it over Session Manager.';
  return fault('ssh.timeout', text, remedy, { retryable: true, ...because(cause) });
}

export function unresolved(host: string, cause?: unknown): Fault {
  const text = `The name of the SSH server "${quoted(host)}" does not resolve.`;
  return fault('ssh.unresolved', text, 'Check HostName in the SSH configuration, and VPN and DNS.', { retryable: true, ...because(cause) });
}

export function unreachable(server: Endpoint, cause?: unknown): Fault {
  const text = `There is no route to the SSH server ${formatEndpoint(server)}.`;
  return fault('ssh.unreachable', text, 'Check the network or VPN, then try again.', { retryable: true, ...because(cause) });
}

/** The connection was made and closed before the server said who it is. */
export function bannerClosed(server: Endpoint, cause?: unknown): Fault {
  const text = `Connection closed by ${formatEndpoint(server)} before it said that it speaks SSH.`;
  const remedy = 'Check that the port is that of an SSH server, and that it does not limit connections (MaxStartups) or addresses.';
  return fault('ssh.bannerClosed', text, remedy, { retryable: true, ...because(cause) });
}

export function notSsh(server: Endpoint, cause?: unknown): Fault {
  const text = `What listens at ${formatEndpoint(server)} does not speak SSH.`;
  return fault('ssh.notSsh', text, 'Check the port.', because(cause));
}

export function closedDuringLogin(server: Endpoint, why?: string, cause?: unknown): Fault {
  const text = `The SSH server ${formatEndpoint(server)} closed the connection during the login${why ? `: ${quoted(why)}` : ''}.`;
  return fault('ssh.closedDuringLogin', text, "Look into the server's log, then try again.", { retryable: true, ...because(cause) });
}

/** `kind`: what no agreement was found on. */
export function noMatchingAlgorithm(kind: string, ours: readonly string[], theirs: readonly string[], cause?: unknown): Fault {
  const list = (names: readonly string[]): string => quoted(names.join(', ')) || 'nothing';
  const text = `No matching ${kind}: the server offers ${list(theirs)}; we offer ${list(ours)}.`;
  const remedy = `Update the SSH server; if the installed ssh can speak to it, ${SYSTEM_CLIENT}.`;
  return fault('ssh.noMatchingAlgorithm', text, remedy, because(cause));
}

export function handshakeFailed(server: Endpoint, why: string, cause?: unknown): Fault {
  const text = `The key exchange with ${formatEndpoint(server)} failed: ${quoted(why)}.`;
  return fault('ssh.handshakeFailed', text, `Try again; if it stays so, ${SYSTEM_CLIENT}.`, because(cause));
}

// Host keys.

export function hostKeyChanged(name: string, presented: string, lines: readonly KnownHostLine[]): Fault {
  const [line] = lines;
  const known = line ? `${line.fingerprint} in ${line.file}, line ${line.line}` : 'another one';
  const text = `The host key of ${name} has changed: it presents ${presented}; known is ${known}.`;
  const where = line ? ` and remove line ${line.line} of ${line.file}` : '';
  const remedy = `Someone may be listening in. Ask whoever runs the host for its fingerprint; only if it is the new one, trust it${where}.`;
  return fault('ssh.hostKeyChanged', text, remedy);
}

export function hostKeyUnknown(name: string, algorithm: string, presented: string): Fault {
  const text = `The host key of ${name} is not known (${algorithm}, ${presented}), and was not accepted.`;
  return fault('ssh.hostKeyUnknown', text, 'Compare the fingerprint with what the host itself says, then connect again and accept it.');
}

export function hostKeyRevoked(name: string, presented: string, line: KnownHostLine): Fault {
  const text = `The host key of ${name} (${presented}) is revoked in ${line.file}, line ${line.line}.`;
  return fault('ssh.hostKeyRevoked', text, 'Do not connect; ask whoever runs the host for a new key.');
}

export function hostCertificateNeeded(name: string, line: KnownHostLine | undefined): Fault {
  const where = line ? ` (${line.file}, line ${line.line})` : '';
  const text = `The host ${name} is known only by a certificate authority${where}, and the built-in client reads no certificates.`;
  return fault('ssh.hostCertificateNeeded', text, `To use the installed ssh, ${SYSTEM_CLIENT}.`);
}

// The login.

/** `tried`: what was tried, in words; `allowed`: the methods that the server would still take. */
export function permissionDenied(who: string, tried: readonly string[], allowed: readonly string[], hint?: string): Fault {
  const what = tried.length > 0 ? tried.join(', ') : 'nothing that could be tried';
  const takes = allowed.length > 0 ? `; the server takes ${quoted(allowed.join(', '))}` : '';
  const remedy = hint ?? 'Check the user name, and that the right key is in the agent or named by IdentityFile.';
  return fault('ssh.permissionDenied', `Permission denied for ${who}: tried ${what}${takes}.`, remedy);
}

export function tooManyAuthFailures(who: string, offered: number): Fault {
  const text = `Too many authentication failures for ${who}: ${offered} keys were offered before a right one.`;
  const remedy = 'Set IdentitiesOnly yes and the right IdentityFile for this host in the SSH configuration.';
  return fault('ssh.tooManyAuthFailures', text, remedy);
}

/** `what`: e.g. `a password`. */
export function answerNeeded(who: string, what: string): Fault {
  return fault('ssh.answerNeeded', `The login of ${who} needs ${what}, and none was given.`, 'Connect again and enter it.');
}

export function passwordExpired(who: string): Fault {
  const text = `The password of ${who} has expired and has to be changed first.`;
  return fault('ssh.passwordExpired', text, 'Log in with `ssh` in a terminal and change it.');
}

export function wrongPassphrase(keyFile: string): Fault {
  return fault('ssh.wrongPassphrase', `The passphrase of ${keyFile} was wrong three times.`, 'Connect again and enter the right one.');
}

/** Nothing of a workspace is run or read without the person's consent. */
export function workspaceRefused(what: string, file: string): Fault {
  const text = `"${quoted(what)}", which ${file} asks for, was not allowed.`;
  return fault('ssh.workspaceRefused', text, 'Connect again and allow it, if you trust the workspace.');
}

/** `reason`: part of a sentence. */
export function unsupportedOption(option: string, reason: string): Fault {
  const text = `The SSH configuration sets ${option}, which the built-in client does not honour: ${reason}.`;
  return fault('ssh.unsupportedOption', text, `To use the installed ssh, ${SYSTEM_CLIENT}.`);
}

// Programs and detours.

export function proxyCommandFailed(command: string, how: string, cause?: unknown): Fault {
  const text = `The ProxyCommand "${quoted(command)}" ended without a connection: ${quoted(how)}.`;
  return fault('ssh.proxyCommandFailed', text, 'Run it in a terminal to see what it says.', { retryable: true, ...because(cause) });
}

export function noSessionManager(): Fault {
  const text = 'SSH over Session Manager is not available here.';
  return fault('ssh.noSessionManager', text, 'Choose the direct way to the SSH server.');
}

export function noInstanceConnect(): Fault {
  const text = 'EC2 Instance Connect is not available here.';
  return fault('ssh.noInstanceConnect', text, 'Choose a key file or an agent.');
}

// Once logged in.

export function keepaliveLost(server: Endpoint, seconds: number): Fault {
  const text = `The SSH server ${formatEndpoint(server)} has not answered for ${Math.round(seconds)} seconds.`;
  return fault('ssh.keepaliveLost', text, 'Check the network, then try again.', { retryable: true });
}

export function connectionLost(server: Endpoint, cause?: unknown): Fault {
  const text = `The connection to the SSH server ${formatEndpoint(server)} was lost.`;
  return fault('ssh.connectionLost', text, 'Check the network and the server, then try again.', { retryable: true, ...because(cause) });
}

/** The server ended the connection and said why. */
export function disconnected(server: Endpoint, why: string): Fault {
  const text = `The SSH server ${formatEndpoint(server)} ended the connection: ${quoted(why)}.`;
  return fault('ssh.disconnected', text, 'Try again.', { retryable: true });
}

export function protocolError(why: string, cause?: unknown): Fault {
  const text = `The SSH server broke the protocol: ${quoted(why)}.`;
  return fault('ssh.protocolError', text, 'Try again.', { retryable: true, ...because(cause) });
}

export function linkClosed(): Fault {
  return fault('ssh.linkClosed', 'The SSH connection is closed.', 'Try again.', { retryable: true });
}

// The far side.

export function forwardProhibited(to: Endpoint): Fault {
  const text = `Forwarding to ${formatEndpoint(to)} is administratively prohibited by the SSH server.`;
  return fault('ssh.forwardProhibited', text, 'Set AllowTcpForwarding and PermitOpen in its sshd_config, or choose another bastion.');
}

export function farSideRefused(to: Endpoint): Fault {
  const text = `Connection to ${formatEndpoint(to)} refused, as seen from the bastion.`;
  return fault('ssh.farSideRefused', text, 'Check the port, and that the target is available.', { retryable: true });
}

export function farSideUnresolved(to: Endpoint): Fault {
  const text = `The name "${quoted(to.host)}" does not resolve on the bastion.`;
  return fault('ssh.farSideUnresolved', text, 'Check the host, and that the bastion uses the DNS of the VPC.', { retryable: true });
}

export function farSideTimeout(to: Endpoint): Fault {
  const text = `Connection to ${formatEndpoint(to)} timed out, as seen from the bastion.`;
  const remedy = "Check that the target's security group lets the bastion in, and that network ACLs and routes allow both ways.";
  return fault('ssh.farSideTimeout', text, remedy, { retryable: true });
}

/** `why`: in the server's words. */
export function farSideFailed(to: Endpoint, why: string): Fault {
  const text = `The bastion could not connect to ${formatEndpoint(to)}: ${quoted(why) || 'it did not say why'}.`;
  return fault('ssh.farSideFailed', text, 'Check the target and the routes from the bastion.', { retryable: true });
}

/** The stream was cut: what arrived is not everything. */
export function streamReset(): Fault {
  return fault('ssh.streamReset', 'The connection was reset by the far side.', 'Connect again.', { retryable: true });
}

/** The codes of RFC 4254, section 5.1. */
const PROHIBITED = 1;

/** What a refused channel means: by the reason of RFC 4254, and then by the server's text, which nothing else tells apart. */
export function openFailed(to: Endpoint, reason: number, description: string): Fault {
  if (/refused/i.test(description)) return farSideRefused(to);
  if (/not known|no address|name resolution|nodename|resolve/i.test(description)) return farSideUnresolved(to);
  if (/timed out|timeout/i.test(description)) return farSideTimeout(to);
  if (reason === PROHIBITED) return forwardProhibited(to);
  return farSideFailed(to, description);
}

/** What a failed TCP connection to the server means, by Node's error code. */
export function dialFailed(server: Endpoint, error: unknown, timeoutSeconds: number): Fault {
  const code = (error as { code?: unknown }).code;
  switch (code) {
    case 'ECONNREFUSED':
      return refused(server, error);
    case 'ETIMEDOUT':
      return timeout(server, timeoutSeconds, error);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return unresolved(server.host, error);
    case 'ECONNRESET':
    case 'EPIPE':
      return bannerClosed(server, error);
    default:
      return unreachable(server, error);
  }
}
