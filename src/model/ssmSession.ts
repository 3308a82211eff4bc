import type { Endpoint } from './endpoint';
import type { Place } from './target';

/** What StartSession is asked for. */
export interface SsmSessionRequest {
  readonly place: Pick<Place, 'profile' | 'region'>;
  /** Session Manager target: an instance id such as `i-0abc`. */
  readonly bastionId: string;
  readonly to: Endpoint;
  /** Session document; `AWS-StartPortForwardingSessionToRemoteHost` unless told. */
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

/** The Session Manager calls that a link needs; implemented over the AWS SDK. */
export interface SsmSessionApi {
  start(request: SsmSessionRequest, signal: AbortSignal): Promise<SsmSessionGrant>;
  /** A new token for a session whose socket was lost; undefined when the session is over. */
  resume(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<SsmSessionGrant | undefined>;
  /** Idempotent: a session that is already over is no error. */
  terminate(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<void>;
}
