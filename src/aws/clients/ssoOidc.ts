import {
  CreateTokenCommand,
  RegisterClientCommand,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc';
import type {
  CreateTokenCommandInput,
  CreateTokenCommandOutput,
  RegisterClientCommandInput,
  RegisterClientCommandOutput,
  StartDeviceAuthorizationCommandInput,
  StartDeviceAuthorizationCommandOutput,
} from '@aws-sdk/client-sso-oidc';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';

/** The calls of IAM Identity Center's OIDC service in use; none is signed. A bundle of its own: reach it through `import()` only. */
export interface SsoOidcApi {
  registerClient(input: RegisterClientCommandInput, options: SendOptions): Promise<RegisterClientCommandOutput>;
  startDeviceAuthorization(
    input: StartDeviceAuthorizationCommandInput,
    options: SendOptions,
  ): Promise<StartDeviceAuthorizationCommandOutput>;
  createToken(input: CreateTokenCommandInput, options: SendOptions): Promise<CreateTokenCommandOutput>;
}

export function createSsoOidc(settings: Omit<ClientSettings, 'credentials'>): SsoOidcApi {
  const unasked = (): Promise<never> => Promise.reject(new Error('This service is asked without credentials.'));
  const client = new SSOOIDCClient(sdkConfig({ ...settings, credentials: unasked }));
  return {
    registerClient: (input, options) => client.send(new RegisterClientCommand(input), options),
    startDeviceAuthorization: (input, options) => client.send(new StartDeviceAuthorizationCommand(input), options),
    createToken: (input, options) => client.send(new CreateTokenCommand(input), options),
  };
}
