import type { FaultCode, FaultOptions, Remedy } from '../../base/fault';
import { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { formatEndpoint } from '../../model/endpoint';
import { isEcsTask } from '../../model/ssmSession';

// Everything that this transport reports to a person, in one place. Codes are stable.

const TRY_AGAIN = { text: 'Try again.', action: 'retry' } as const;

/** The stream URL points to where a session's traffic could be read by others. */
export function insecureStream(): Fault {
  const text = 'The service named an unencrypted data channel, or none at all; nothing was sent to it.';
  return new Fault('ssm.insecureStream', text, {
    remedy: { text: 'Check the endpoint_url of the AWS profile: only loopback addresses may be plain ws://.' },
  });
}

/** The WebSocket could not be opened, or broke before the session was ready. */
export function connectionFailed(why: string, cause?: unknown): Fault {
  return new Fault('ssm.connectionFailed', `The data channel to Session Manager could not be opened: ${why}.`, {
    ...transient(cause),
    remedy: {
      text: 'Check that this machine reaches the ssmmessages endpoint of the region on port 443, then try again.',
      action: 'retry',
    },
  });
}

/** The certificate of the service does not verify. */
export function untrustedService(cause: unknown): Fault {
  return new Fault('ssm.untrustedService', 'The certificate of the Session Manager service does not verify.', {
    cause,
    remedy: {
      text: 'If a proxy inspects TLS here, set NODE_EXTRA_CA_CERTS to its certificate; never switch verification off.',
    },
  });
}

/** What is waited for at most 15 seconds before data can flow. */
export type HandshakeStep = 'connection' | 'request' | 'dataKey' | 'challenge' | 'completion';

export function handshakeTimeout(step: HandshakeStep): Fault {
  const what = {
    connection: 'The Session Manager service did not accept the data channel',
    request: 'The agent on the bastion did not start the session',
    dataKey: 'AWS KMS did not give a key for the encrypted session',
    challenge: 'The agent on the bastion did not open the key of the encrypted session',
    completion: 'The agent on the bastion did not complete the handshake',
  }[step];
  return new Fault('ssm.handshakeTimeout', `${what} within 15 seconds.`, {
    retryable: true,
    remedy: {
      text: 'Check that the bastion is online in Systems Manager and its agent is current, then try again.',
      action: 'retry',
    },
  });
}

/** `needed`: the first version that can carry such a session. */
export function agentTooOld(agentVersion: string, needed: string, target: string): Fault {
  const text = `The Systems Manager agent ${agentVersion.slice(0, 40)} on ${target} is too old for this session; ${needed} is needed.`;
  const update = `Update it with \`aws ssm send-command --document-name AWS-UpdateSSMAgent --instance-ids ${target}\`, then try again.`;
  return new Fault('ssm.agentTooOld', text, {
    remedy: {
      text: isEcsTask(target) ? 'Redeploy the task on a current platform version, which brings its agent.' : update,
      action: 'retry',
    },
  });
}

/** The service gives no token to resume with: idle or maximum duration reached, or terminated by someone. */
export function sessionEnded(): Fault {
  const text = 'The Session Manager session is over: it was terminated, or reached its time limit.';
  return new Fault('ssm.sessionEnded', text, { retryable: true, remedy: TRY_AGAIN });
}

interface Ending {
  /** Of the service's own words, which have no code beside them. */
  readonly words: RegExp;
  readonly code: FaultCode;
  readonly text: string;
  readonly remedy: Remedy;
}

// The first that matches counts: all of them end with "has been terminated" or the like.
const ENDINGS: readonly Ending[] = [
  {
    words: /inactiv|\bidle\b/i,
    code: 'ssm.sessionIdle',
    text: 'Session Manager ended the session because it was idle for too long',
    remedy: {
      text: 'Connect again; sessions are kept alive while `sallyport.ssm.keepAlive` is on.',
      action: 'retry',
    },
  },
  {
    words: /\b(?:max(?:imum)?|session) duration\b|\bmax(?:imum)? session\b|\btime limit\b/i,
    code: 'ssm.sessionExpired',
    text: 'Session Manager ended the session because it reached its maximum duration',
    remedy: {
      text: 'Connect again; from now on sessions are renewed ahead of that time.',
      action: 'retry',
    },
  },
  {
    words: /\bterminated\b/i,
    code: 'ssm.sessionTerminated',
    text: 'The session was terminated, for example by an administrator in the console',
    remedy: TRY_AGAIN,
  },
];

/** `channel_closed`. @param reason the service's words; they are shown, for ours are a guess from them. */
export function channelClosed(reason: string): Fault {
  const why = reason.trim().replace(/\.$/, '');
  const ending = ENDINGS.find(({ words }) => words.test(why));
  if (ending) {
    return new Fault(ending.code, `${ending.text}: "${why}".`, { retryable: true, remedy: ending.remedy });
  }
  const text =
    why === ''
      ? 'The Session Manager service closed the session without a reason; the agent on the bastion may have restarted.'
      : `The session was closed: ${why}.`;
  return new Fault('ssm.channelClosed', text, { retryable: true, remedy: TRY_AGAIN });
}

/** The socket was lost and could not be replaced. */
export function connectionLost(cause?: unknown): Fault {
  return new Fault('ssm.connectionLost', 'The connection to Session Manager was lost and could not be resumed.', {
    ...transient(cause),
    remedy: { text: 'Check the network, then try again.', action: 'retry' },
  });
}

/** `keepalive`: the agent is one that says something every 10 seconds as long as it lives. */
export function agentSilent(missing: 'acknowledgements' | 'keepalive'): Fault {
  const what = missing === 'keepalive' ? 'sent nothing for 30 seconds, not even its keepalive' : 'acknowledged nothing for five minutes';
  return new Fault('ssm.agentSilent', `The agent on the bastion has ${what}.`, {
    retryable: true,
    remedy: {
      text: 'Check the bastion and whether the target still reads what it is sent, then try again.',
      action: 'retry',
    },
  });
}

/**
 * `elapsedMs`: between asking for the connection and its failure; it tells apart what the agent does not say
 * (a refusal is immediate, a dropped packet is repeated for minutes).
 */
export function connectFailed(to: Endpoint, elapsedMs: number): Fault {
  const where = formatEndpoint(to);
  if (elapsedMs < 2000) {
    const text = `The bastion could not connect to ${where}: refused at once, or the name does not resolve there.`;
    return new Fault('ssm.connectFailed', text, {
      retryable: true,
      remedy: {
        text: 'Check host and port, that the target is available, and that the name resolves inside the VPC.',
        action: 'retry',
      },
    });
  }
  const seconds = Math.round(elapsedMs / 1000);
  const text = `The bastion's connection to ${where} was dropped without an answer for ${seconds} seconds.`;
  return new Fault('ssm.connectFailed', text, {
    retryable: true,
    remedy: {
      text:
        "Check that the target's security group lets the bastion in, that the bastion's lets it out, " +
        'and that network ACLs and routes allow both ways.',
      action: 'retry',
    },
  });
}

export function slowReader(): Fault {
  const text = 'More was kept for a client that does not read than there is room for; its connection was reset.';
  return new Fault('ssm.slowReader', text, {
    retryable: true,
    remedy: { text: 'Connect again; read faster, or use a tunnel of its own for bulk transfers.' },
  });
}

/** An agent's receive buffer belongs to the whole session: one target connection that does not read fills it. */
export function caughtInStall(): Fault {
  const text = "Another connection's upload, which the target does not read, has stopped the session of this one.";
  return new Fault('ssm.caughtInStall', text, {
    retryable: true,
    remedy: { text: 'Connect again; if it happens often, use a tunnel of its own for bulk transfers.', action: 'retry' },
  });
}

/** Bytes were written to a connection that the target had already closed. */
export function peerClosed(): Fault {
  const text = 'The target closed the connection while data was still being sent to it.';
  return new Fault('ssm.peerClosed', text, { retryable: true });
}

export function linkClosed(cause?: unknown): Fault {
  const text = 'The Session Manager session is closed.';
  return new Fault('ssm.linkClosed', text, { ...transient(cause), remedy: TRY_AGAIN });
}

/** A session leads to one destination, fixed when it starts. */
export function wrongDestination(asked: Endpoint, session: Endpoint): Fault {
  const text = `This session leads to ${formatEndpoint(session)}, not to ${formatEndpoint(asked)}.`;
  return new Fault('ssm.wrongDestination', text);
}

function transient(cause: unknown): FaultOptions {
  return cause === undefined ? { retryable: true } : { retryable: true, cause };
}
