import { Fault } from '../base/fault';
import type { Endpoint } from './endpoint';
import { formatEndpoint, isEndpoint, isLoopback } from './endpoint';
import type { Place } from './target';

/** Forwards to hosts that the bastion reaches; refuses the bastion itself. */
export const REMOTE_HOST_DOCUMENT = 'AWS-StartPortForwardingSessionToRemoteHost';
/** Forwards to a port of the bastion itself. */
export const OWN_PORT_DOCUMENT = 'AWS-StartPortForwardingSession';
/** One byte stream to the SSH server of the bastion. */
export const SSH_DOCUMENT = 'AWS-StartSSHSession';

/** What StartSession is asked for. */
export interface SsmSessionRequest {
  readonly place: Pick<Place, 'profile' | 'region'>;
  /** Session Manager target; see `isSessionTarget`. */
  readonly bastionId: string;
  readonly to: Endpoint;
  /** Session document; see `sessionDocument` for the choice unless told. */
  readonly documentName?: string;
  /** Shown in the session's history and in CloudTrail; at most 256 characters. */
  readonly reason?: string;
}

/** What StartSession and ResumeSession answer. The token is a secret, single-use and short-lived. */
export interface SsmSessionGrant {
  readonly sessionId: string;
  readonly tokenValue: string;
  readonly streamUrl: string;
  /** Certificates (PEM) that the data channel is verified against instead of the built-in ones: AWS_CA_BUNDLE, `ca_bundle`. */
  readonly ca?: string;
}

/** What KMS is asked for when a session is to be encrypted. */
export interface DataKeyRequest {
  /** Id, ARN or alias of the KMS key, as the agent named it. */
  readonly keyId: string;
  /** Encryption context: KMS gives the key to no one who does not say the same. */
  readonly context: Readonly<Record<string, string>>;
}

export interface DataKey {
  /** 64 bytes, a secret: whoever asked for it wipes it after use. */
  readonly plaintext: Uint8Array;
  /** The same, encrypted under the KMS key, for the agent. */
  readonly sealed: Uint8Array;
}

/** How long the service lets sessions live, ms; what is absent is not known. */
export interface SsmSessionLimits {
  /** Since the session was started. */
  readonly maxSessionMs?: number;
  /** Since the client last sent something. */
  readonly idleMs?: number;
}

/** The Session Manager calls that a link needs; implemented over the AWS SDK. */
export interface SsmSessionApi {
  start(request: SsmSessionRequest, signal: AbortSignal): Promise<SsmSessionGrant>;
  /** A new token for a session whose socket was lost; undefined when the session is over. */
  resume(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<SsmSessionGrant | undefined>;
  /**
   * Idempotent: a session that is already over is no error. When the signal fires, only the caller stops waiting: the
   * implementation goes on trying, bounded, for a session that is left behind counts against the account.
   */
  terminate(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<void>;
  /** What the Session Manager preferences of the account say. @throws Fault, e.g. where reading them is not permitted. */
  limits(place: SsmSessionRequest['place'], signal: AbortSignal): Promise<SsmSessionLimits>;
  /** A new data key (KMS GenerateDataKey) for a session whose agent demands encryption. */
  dataKey(place: SsmSessionRequest['place'], request: DataKeyRequest, signal: AbortSignal): Promise<DataKey>;
}

/** The document that a session runs: the one that was asked for, else the one that can reach the destination. */
export function sessionDocument({ to, documentName }: Pick<SsmSessionRequest, 'to' | 'documentName'>): string {
  return documentName ?? (isLoopback(to.host) ? OWN_PORT_DOCUMENT : REMOTE_HOST_DOCUMENT);
}

/** Documents that forward to the bastion itself and take fewer parameters than the one for remote hosts. */
const OWN_PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  [OWN_PORT_DOCUMENT]: ['portNumber', 'localPortNumber'],
  [SSH_DOCUMENT]: ['portNumber'],
};

/**
 * What a session document is given. One of the account's own gets the host only where there is one to forward to.
 * @throws Fault `ssm.invalidEndpoint` for what could not be a host and a port.
 */
export function sessionParameters(request: Pick<SsmSessionRequest, 'to' | 'documentName'>): Record<string, string[]> {
  const { to } = request;
  if (!isEndpoint(to)) {
    throw new Fault('ssm.invalidEndpoint', `${JSON.stringify(formatEndpoint(to))} is no host and port.`, {
      remedy: { text: 'Correct the endpoint, then try again.' },
    });
  }
  const all: Record<string, string[]> = {
    ...(!isLoopback(to.host) && { host: [to.host] }),
    portNumber: [String(to.port)],
    // Read by AWS's own client only; 0 is its "any".
    localPortNumber: ['0'],
  };
  const wanted = OWN_PARAMETERS[sessionDocument(request)];
  return wanted ? Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))) : all;
}

// EC2 instances, hybrid nodes, and ECS tasks: the container's runtime id is the task's id and a number on Fargate, the
// engine's own id on EC2.
const MACHINE = /^(?:i|mi)-[0-9a-z]{1,64}$/;
const ECS_TASK = /^ecs:[A-Za-z0-9_-]{1,255}_[0-9a-z]{1,64}_[0-9a-z-]{1,96}$/;

/** Whether StartSession can take it as its target: `i-...`, `mi-...` or `ecs:CLUSTER_TASK_RUNTIMEID`. */
export function isSessionTarget(id: string): boolean {
  return MACHINE.test(id) || ECS_TASK.test(id);
}

/** Whether the target is an ECS task, which has no instance whose agent could be updated. */
export function isEcsTask(target: string): boolean {
  return target.startsWith('ecs:');
}
