import type { Backing, Tag } from './worldTypes';

/** What a VPC has of the services for analytics, search and messages. Plain data. */
export interface DataServices {
  readonly redshiftClusters: RedshiftCluster[];
  readonly redshiftWorkgroups: RedshiftWorkgroup[];
  readonly searchDomains: SearchDomain[];
  readonly messageBrokers: MessageBroker[];
  readonly kafkaClusters: KafkaCluster[];
}

/** An endpoint that Redshift keeps in a VPC of the same place. */
export interface ManagedEndpoint {
  readonly name: string;
  readonly vpcId: string;
}

interface RedshiftRow {
  readonly version: string;
  readonly public: boolean;
  readonly managedEndpoints: readonly ManagedEndpoint[];
  readonly securityGroupIds: readonly string[];
  backing: Backing;
}

export interface RedshiftCluster extends RedshiftRow {
  readonly id: string;
  status: 'available' | 'creating' | 'paused' | 'resizing' | 'available, prep-for-resize';
  readonly tags: readonly Tag[];
}

export interface RedshiftWorkgroup extends RedshiftRow {
  readonly name: string;
  status: 'CREATING' | 'AVAILABLE' | 'MODIFYING' | 'DELETING';
  readonly requireTls: boolean;
  readonly tags: readonly Tag[];
}

/** It was listed and is gone when somebody asks for it. */
interface Fleeting {
  readonly fleeting?: true;
}

export interface SearchDomain extends Fleeting {
  readonly name: string;
  /** `OpenSearch_2.19`, `Elasticsearch_7.10` */
  readonly version: string;
  status: 'Creating' | 'Active' | 'Modifying' | 'Deleting';
  /** False: it stands outside of all VPCs. */
  readonly inVpc: boolean;
  /** Fine-grained access control with users of its own. */
  readonly internalUsers: boolean;
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

export interface MessageBroker extends Fleeting {
  /** `b-` and a UUID. */
  readonly id: string;
  readonly name: string;
  readonly engine: 'ActiveMQ' | 'RabbitMQ';
  readonly version: string;
  status: 'CREATION_IN_PROGRESS' | 'RUNNING' | 'REBOOT_IN_PROGRESS';
  readonly mode: 'SINGLE_INSTANCE' | 'ACTIVE_STANDBY_MULTI_AZ' | 'CLUSTER_MULTI_AZ';
  readonly public: boolean;
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

export interface KafkaCluster extends Fleeting {
  readonly name: string;
  /** A UUID and a number: the end of its ARN. */
  readonly uuid: string;
  readonly serverless: boolean;
  readonly version: string;
  status: 'ACTIVE' | 'CREATING' | 'UPDATING';
  readonly brokers: number;
  /** Its brokers have public addresses besides. */
  readonly public: boolean;
  readonly clientBroker: 'TLS' | 'TLS_PLAINTEXT' | 'PLAINTEXT';
  /** Ways of login; none is `unauthenticated`. */
  readonly logins: readonly ('scram' | 'iam' | 'tls' | 'unauthenticated')[];
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}
