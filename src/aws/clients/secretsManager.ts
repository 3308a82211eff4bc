import { jsonCaller } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

/** The Secrets Manager call in use. */
export interface SecretsManagerApi {
  /** `SecretString` is a secret, and absent for one that is binary. @throws Error as `JsonCall` */
  getSecretValue(input: { readonly SecretId: string }, options: SendOptions): Promise<{ readonly SecretString?: unknown }>;
}

/** API reference of Secrets Manager, 2017-10-17. A value has at most 64 KiB, and may be twice that in JSON's escapes. */
const SERVICE = { name: 'secretsmanager', targetPrefix: 'secretsmanager', maxAnswerBytes: 512 * 1024 };

export function createSecretsManager(settings: ClientSettings): SecretsManagerApi {
  const call = jsonCaller(SERVICE, settings);
  return { getSecretValue: (input, options) => call('GetSecretValue', input, options) };
}
