import { jsonCaller } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

// Members of the API's answers, as far as they are in use; any of them may be missing.

export interface Workgroup {
  readonly workgroupName?: string;
  readonly workgroupArn?: string;
  readonly status?: string;
  readonly endpoint?: {
    readonly address?: string;
    readonly port?: number;
    readonly vpcEndpoints?: readonly { readonly vpcId?: string }[];
  };
  readonly publiclyAccessible?: boolean;
  readonly configParameters?: readonly { readonly parameterKey?: string; readonly parameterValue?: string }[];
  readonly securityGroupIds?: readonly string[];
  readonly subnetIds?: readonly string[];
  readonly workgroupVersion?: string;
}

/** An endpoint that Redshift keeps in a VPC, of this account or of another, besides a workgroup's own. */
export interface WorkgroupEndpoint {
  readonly endpointName?: string;
  readonly endpointArn?: string;
  readonly endpointStatus?: string;
  readonly workgroupName?: string;
  readonly address?: string;
  readonly port?: number;
  readonly subnetIds?: readonly string[];
  readonly vpcSecurityGroups?: readonly { readonly vpcSecurityGroupId?: string }[];
  readonly vpcEndpoint?: { readonly vpcId?: string };
}

interface PageInput {
  readonly maxResults: number;
  readonly nextToken?: string;
}

/** The calls of Redshift Serverless in use. @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
export interface RedshiftServerlessApi {
  listWorkgroups(input: PageInput, options: SendOptions): Promise<{ workgroups?: readonly Workgroup[]; nextToken?: string }>;
  listEndpointAccess(input: PageInput, options: SendOptions): Promise<{ endpoints?: readonly WorkgroupEndpoint[]; nextToken?: string }>;
}

/** API reference of Redshift Serverless, 2021-04-21. */
const SERVICE = { name: 'redshift-serverless', targetPrefix: 'RedshiftServerless', maxAnswerBytes: 4 * 1024 * 1024 };

export function createRedshiftServerless(settings: ClientSettings): RedshiftServerlessApi {
  const call = jsonCaller(SERVICE, settings);
  return {
    listWorkgroups: (input, options) => call('ListWorkgroups', input, options),
    listEndpointAccess: (input, options) => call('ListEndpointAccess', input, options),
  };
}
