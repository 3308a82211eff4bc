import type { Duplex } from 'node:stream';
import type { Fault } from '../../base/fault';
import { SSH_DOCUMENT } from '../../model/ssmSession';
import type { SsmSessionRequest } from '../../model/ssmSession';
import { DEFAULT_SSM_SETTINGS } from '../../model/ssmSettings';
import { connectDirectly } from '../connect';
import { BasicLink } from './basicLink';
import type { SsmTransportDeps } from './ssmTransport';
import { SsmSession } from './ssmSession';

const SSH_PORT = 22;

export interface SshStreamRequest extends Pick<SsmSessionRequest, 'place' | 'bastionId' | 'reason' | 'documentName'> {
  /** TCP port of the SSH server on the bastion, 1 to 65535; 22 unless told. */
  readonly port?: number;
}

/** One session that carries one byte stream to an SSH server. */
export interface SshStream {
  /**
   * Errors are Faults. Destroying it ends the session. The agent does not signal that the server has closed:
   * keepalive is the SSH protocol's own.
   */
  readonly stream: Duplex;
  /** Resolves once the session is over: with its Fault, or undefined after an end of ours. Never rejects. */
  readonly closed: Promise<Fault | undefined>;
  /** Destroys the stream; resolves when the session is terminated at the service. Idempotent, never rejects. */
  dispose(): Promise<void>;
}

/**
 * A byte stream for SSH over Session Manager (`AWS-StartSSHSession`, whose Output payloads are the bytes).
 * @throws Fault of the API (`aws.*`) or `ssm.*`; the session that was started is terminated then.
 */
export async function dialSshStream(
  { api, clock, logger, settings, createSocket = connectDirectly }: SsmTransportDeps,
  { port = SSH_PORT, documentName = SSH_DOCUMENT, ...where }: SshStreamRequest,
  signal: AbortSignal,
): Promise<SshStream> {
  const { payloadBytes, keepAlive, paceBytesPerSecond } = settings?.() ?? DEFAULT_SSM_SETTINGS;
  const to = { host: 'localhost', port };
  const made: { link?: BasicLink } = {};
  const makeCarrier = (session: SsmSession): BasicLink => (made.link = new BasicLink(session, to, clock));
  const deps = { api, clock, logger, createSocket, payloadBytes, keepAlive, paceBytesPerSecond };
  const session = await SsmSession.start(deps, { ...where, to, documentName }, makeCarrier, signal);
  try {
    const stream = await made.link!.open(to, signal);
    stream.once('close', () => void session.dispose());
    const dispose = async (): Promise<void> => {
      stream.destroy();
      await session.dispose();
    };
    return { stream, closed: session.closed, dispose };
  } catch (error) {
    // Ended meanwhile, e.g. since nothing listens there: that says more than "closed".
    const { fault } = session;
    await session.dispose();
    throw fault ?? error;
  }
}
