import { restCaller } from './restJson';
import type { ClientSettings, SendOptions } from './settings';

// Members of the API's answers, as far as they are in use; any of them may be missing.

interface Switch {
  readonly enabled?: boolean;
}

export interface KafkaAuthentication {
  readonly sasl?: { readonly scram?: Switch; readonly iam?: Switch };
  readonly tls?: Switch;
  readonly unauthenticated?: Switch;
}

export interface KafkaCluster {
  readonly clusterArn?: string;
  readonly clusterName?: string;
  /** `PROVISIONED` or `SERVERLESS` */
  readonly clusterType?: string;
  readonly state?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly provisioned?: {
    readonly brokerNodeGroupInfo?: { readonly clientSubnets?: readonly string[]; readonly securityGroups?: readonly string[] };
    readonly currentBrokerSoftwareInfo?: { readonly kafkaVersion?: string };
    readonly clientAuthentication?: KafkaAuthentication;
    /** `TLS`, `TLS_PLAINTEXT` or `PLAINTEXT` */
    readonly encryptionInfo?: { readonly encryptionInTransit?: { readonly clientBroker?: string } };
  };
  readonly serverless?: {
    readonly vpcConfigs?: readonly { readonly subnetIds?: readonly string[]; readonly securityGroupIds?: readonly string[] }[];
    readonly clientAuthentication?: KafkaAuthentication;
  };
}

/** Each string names brokers as `host:port`, separated by commas; one per way in that the cluster has. */
export type BootstrapBrokers = Readonly<Partial<Record<BootstrapString, string>>>;
export type BootstrapString =
  | 'bootstrapBrokerString'
  | 'bootstrapBrokerStringTls'
  | 'bootstrapBrokerStringSaslScram'
  | 'bootstrapBrokerStringSaslIam'
  | 'bootstrapBrokerStringPublicTls'
  | 'bootstrapBrokerStringPublicSaslScram'
  | 'bootstrapBrokerStringPublicSaslIam';

/** The calls of Amazon MSK in use. @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
export interface KafkaApi {
  listClusters(
    input: { readonly maxResults: number; readonly nextToken?: string },
    options: SendOptions,
  ): Promise<{ clusterInfoList?: readonly KafkaCluster[]; nextToken?: string }>;
  /** @throws Error `NotFoundException` */
  getBootstrapBrokers(clusterArn: string, options: SendOptions): Promise<BootstrapBrokers>;
}

/** API reference of Amazon MSK: clusters by version 2, which alone tells serverless ones. */
const SERVICE = { name: 'kafka', maxAnswerBytes: 4 * 1024 * 1024 };

export function createKafka(settings: ClientSettings): KafkaApi {
  const call = restCaller(SERVICE, settings);
  return {
    listClusters: (input, options) => call({ path: ['api', 'v2', 'clusters'], query: { ...input } }, options),
    getBootstrapBrokers: (clusterArn, options) => call({ path: ['v1', 'clusters', clusterArn, 'bootstrap-brokers'] }, options),
  };
}
