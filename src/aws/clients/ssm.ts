import {
  DescribeInstanceInformationCommand,
  GetDocumentCommand,
  ResumeSessionCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import type {
  DescribeInstanceInformationCommandInput,
  DescribeInstanceInformationCommandOutput,
  GetDocumentCommandInput,
  GetDocumentCommandOutput,
  ResumeSessionCommandInput,
  ResumeSessionCommandOutput,
  StartSessionCommandInput,
  StartSessionCommandOutput,
  TerminateSessionCommandInput,
  TerminateSessionCommandOutput,
} from '@aws-sdk/client-ssm';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';
import { readInSlices } from './slicedReading';

/** The Systems Manager calls in use. */
export interface SsmApi {
  describeInstanceInformation(
    input: DescribeInstanceInformationCommandInput,
    options: SendOptions,
  ): Promise<DescribeInstanceInformationCommandOutput>;
  getDocument(input: GetDocumentCommandInput, options: SendOptions): Promise<GetDocumentCommandOutput>;
  startSession(input: StartSessionCommandInput, options: SendOptions): Promise<StartSessionCommandOutput>;
  resumeSession(input: ResumeSessionCommandInput, options: SendOptions): Promise<ResumeSessionCommandOutput>;
  terminateSession(input: TerminateSessionCommandInput, options: SendOptions): Promise<TerminateSessionCommandOutput>;
}

export function createSsm(settings: ClientSettings): SsmApi {
  const client = new SSMClient(sdkConfig(settings));
  readInSlices(client, settings);
  return {
    describeInstanceInformation: (input, options) => client.send(new DescribeInstanceInformationCommand(input), options),
    getDocument: (input, options) => client.send(new GetDocumentCommand(input), options),
    startSession: (input, options) => client.send(new StartSessionCommand(input), options),
    resumeSession: (input, options) => client.send(new ResumeSessionCommand(input), options),
    terminateSession: (input, options) => client.send(new TerminateSessionCommand(input), options),
  };
}

/** URL that the clients of these settings speak to: the override, else AWS's own by the SDK's rules. */
export function ssmEndpoint(settings: ClientSettings): string {
  const { endpoint, region, useDualstack, useFips } = settings;
  if (endpoint !== undefined) return endpoint;
  const { endpointProvider } = new SSMClient(sdkConfig(settings)).config;
  return endpointProvider({ Region: region, UseDualStack: useDualstack, UseFIPS: useFips }).url.href;
}
