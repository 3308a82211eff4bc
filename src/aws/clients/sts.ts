import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type {
  AssumeRoleCommandInput,
  AssumeRoleCommandOutput,
  AssumeRoleWithWebIdentityCommandInput,
  AssumeRoleWithWebIdentityCommandOutput,
  GetCallerIdentityCommandOutput,
} from '@aws-sdk/client-sts';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';

/** The STS calls in use. */
export interface StsApi {
  getCallerIdentity(options: SendOptions): Promise<GetCallerIdentityCommandOutput>;
  assumeRole(input: AssumeRoleCommandInput, options: SendOptions): Promise<AssumeRoleCommandOutput>;
  assumeRoleWithWebIdentity(
    input: AssumeRoleWithWebIdentityCommandInput,
    options: SendOptions,
  ): Promise<AssumeRoleWithWebIdentityCommandOutput>;
}

export function createSts(settings: ClientSettings): StsApi {
  const client = new STSClient(sdkConfig(settings));
  return {
    getCallerIdentity: (options) => client.send(new GetCallerIdentityCommand({}), options),
    assumeRole: (input, options) => client.send(new AssumeRoleCommand(input), options),
    assumeRoleWithWebIdentity: (input, options) => client.send(new AssumeRoleWithWebIdentityCommand(input), options),
  };
}
