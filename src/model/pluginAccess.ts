import type { SsmSessionRequest } from './ssmSession';

/**
 * What session-manager-plugin needs to call ResumeSession by itself. The keys are secrets: they go into the plugin's
 * environment and nowhere else.
 */
export interface PluginGrant {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  /** URL of the Systems Manager service. */
  readonly endpoint: string;
  /** Absolute path of the certificates (PEM) that the service is verified against instead of the system's own. */
  readonly caBundle?: string;
}

/** Hands out what a program of AWS's own needs to act for the person; implemented over the AWS configuration. */
export interface PluginAccess {
  /** @throws Fault `aws.*` of the configuration or of the credentials, or `operation.cancelled` */
  grant(place: SsmSessionRequest['place'], signal: AbortSignal): Promise<PluginGrant>;
}
