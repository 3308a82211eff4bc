import type { FaultOptions } from '../../base/fault';
import { Fault } from '../../base/fault';

// What this client reports to a person, from what little OpenSSH tells. The codes are those of the built-in client, and stable.

const RETRY = 'retry' as const;

function fault(code: `ssh.${string}`, text: string, remedy: string, options: Pick<FaultOptions, 'retryable' | 'cause'> = {}): Fault {
  return new Fault(code, text, { ...options, remedy: { text: remedy, action: RETRY } });
}

/** Something that the network may do today and not tomorrow. */
function passing(code: `ssh.${string}`, text: string, remedy: string): Fault {
  return fault(code, text, remedy, { retryable: true });
}

/** @param server `host` or `host:port` of the SSH server, as people know it; the same in all of these. */
export function refused(server: string): Fault {
  return passing('ssh.refused', `${server} refuses SSH connections.`, 'Check the port, and that sshd runs there, then try again.');
}

export function connectTimeout(server: string): Fault {
  return passing(
    'ssh.timeout',
    `${server} did not answer in time.`,
    'Check the VPN, that the bastion runs, and that its security group lets this address in on the SSH port.',
  );
}

export function unreachable(server: string): Fault {
  return passing('ssh.unreachable', `No network route leads to ${server}.`, 'Check the network and the VPN, then try again.');
}

export function unresolved(server: string): Fault {
  return passing(
    'ssh.unresolved',
    `The name ${server} cannot be resolved.`,
    'Check its spelling, HostName in the SSH configuration, and the VPN.',
  );
}

export function bannerClosed(server: string): Fault {
  return passing(
    'ssh.bannerClosed',
    `${server} closed the connection before SSH began.`,
    'Check that the port is one of SSH; a busy or guarded server (MaxStartups, fail2ban) does this too.',
  );
}

/** @param what e.g. `host key type`, `cipher`, as OpenSSH says it; `offer`: what the server has */
export function noMatchingAlgorithm(server: string, what: string, offer: string): Fault {
  return fault(
    'ssh.noMatchingAlgorithm',
    `${server} and this client have no ${what} in common; it offers ${offer || 'none'}.`,
    'Update the SSH server, or allow the algorithm for this host in the SSH configuration.',
  );
}

/** @param methods what the server would still take, e.g. `publickey,password`; empty when it did not say */
export function permissionDenied(user: string, server: string, methods: string): Fault {
  return fault(
    'ssh.permissionDenied',
    `${server} does not let ${user} in${methods ? `; it accepts ${methods}` : ''}.`,
    'Check the user name and which key is used (IdentityFile, agent), then try again.',
  );
}

export function tooManyAuthFailures(server: string): Fault {
  return fault(
    'ssh.tooManyAuthFailures',
    `${server} gave up after too many wrong keys.`,
    'Name the right key with IdentityFile and set IdentitiesOnly yes for this host, or remove keys from the agent.',
  );
}

/** @param known where the old key stands: `file:line`, when that was said */
export function hostKeyChanged(server: string, fingerprint: string, known = ''): Fault {
  return fault(
    'ssh.hostKeyChanged',
    `The host key of ${server} is not the one that is known${fingerprint ? ` (now ${fingerprint})` : ''}: someone may be listening in.`,
    `Ask whoever runs it whether the key was replaced; only then correct ${known || 'its line in known_hosts'}.`,
  );
}

export function hostKeyUnknown(server: string): Fault {
  return fault(
    'ssh.hostKeyUnknown',
    `The host key of ${server} is not known and was not accepted.`,
    'Connect again and accept it once its fingerprint has been compared, or add it to known_hosts.',
  );
}

export function hostKeyRevoked(server: string): Fault {
  return fault(
    'ssh.hostKeyRevoked',
    `The host key of ${server} has been revoked: do not connect.`,
    'Ask whoever runs it; a @revoked line of known_hosts says so.',
  );
}

export function badKeyPermissions(file: string): Fault {
  return fault(
    'ssh.badKeyPermissions',
    `The private key ${file} can be read by others and is not used.`,
    `Run \`chmod 600 ${quoted(file)}\` (on Windows: remove other people from its permissions), then try again.`,
  );
}

export function keepaliveLost(server: string): Fault {
  return passing('ssh.keepaliveLost', `${server} has stopped answering.`, 'Check the network, then try again.');
}

export function connectionLost(server: string): Fault {
  return passing('ssh.connectionLost', `The SSH connection to ${server} was lost.`, 'Try again.');
}

/** @param what the offending line, as the client quotes it */
export function badConfiguration(what: string): Fault {
  return fault('ssh.badConfiguration', `The SSH configuration cannot be used: ${what}.`, 'Correct it, then try again.');
}

/** More than a host's name: a user with it, or a URI. */
export function notAHost(name: string): Fault {
  return fault('ssh.host.invalid', `${JSON.stringify(name.slice(0, 100))} is no name of a host.`, 'Give the user and the port on their own.');
}

/** @param asked who wanted to know what, e.g. `the password of me@host` */
export function answerNeeded(asked: string): Fault {
  return fault('ssh.answerNeeded', `Nobody answered when SSH asked for ${asked}.`, 'Connect again and answer, or use a key of an agent.');
}

/** @param why the client's own last words */
export function unexpected(server: string, why: string): Fault {
  return new Fault('ssh.failed', `SSH to ${server} failed${why ? `: ${why}` : ''}.`, {
    remedy: { text: 'See the log for what the client and the server said.', action: 'showLog' },
  });
}

function quoted(file: string): string {
  return /^[\w./~@+-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`;
}
