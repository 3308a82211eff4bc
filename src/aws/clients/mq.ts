import { restCaller } from './restJson';
import type { ClientSettings, SendOptions } from './settings';

// Members of the API's answers, as far as they are in use; any of them may be missing.

export interface BrokerSummary {
  readonly brokerId?: string;
  readonly brokerArn?: string;
  readonly brokerName?: string;
  readonly brokerState?: string;
  readonly engineType?: string;
}

export interface Broker extends BrokerSummary {
  /** Two of an active/standby pair; a RabbitMQ cluster has one, which stands for all its nodes. */
  readonly brokerInstances?: readonly { readonly consoleURL?: string; readonly endpoints?: readonly string[] }[];
  readonly engineVersion?: string;
  readonly publiclyAccessible?: boolean;
  readonly securityGroups?: readonly string[];
  readonly subnetIds?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** The calls of Amazon MQ in use. @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
export interface MqApi {
  listBrokers(
    input: { readonly maxResults: number; readonly nextToken?: string },
    options: SendOptions,
  ): Promise<{ brokerSummaries?: readonly BrokerSummary[]; nextToken?: string }>;
  /** @throws Error `NotFoundException` */
  describeBroker(brokerId: string, options: SendOptions): Promise<Broker>;
}

/** API reference of Amazon MQ, 2017-11-27. */
const SERVICE = { name: 'mq', maxAnswerBytes: 1024 * 1024 };

export function createMq(settings: ClientSettings): MqApi {
  const call = restCaller(SERVICE, settings);
  return {
    listBrokers: (input, options) => call({ path: ['v1', 'brokers'], query: { ...input } }, options),
    describeBroker: (brokerId, options) => call({ path: ['v1', 'brokers', brokerId] }, options),
  };
}
