import type { ServiceDefinition } from './definition';
import { ec2 } from './ec2';
import { ec2InstanceConnect } from './ec2InstanceConnect';
import { ecs } from './ecs';
import { elastiCache } from './elasticache';
import { iam } from './iam';
import { kafka } from './kafka';
import { kms } from './kms';
import { memoryDb } from './memoryDb';
import { mq } from './mq';
import { openSearch } from './openSearch';
import { rds } from './rds';
import { redshift } from './redshift';
import { redshiftServerless } from './redshiftServerless';
import { secretsManager } from './secretsManager';
import { ssm } from './ssm';
import { sts } from './sts';
import { tagging } from './tagging';

/** Every API that the sandbox speaks. */
export const services: readonly ServiceDefinition[] = [
  ec2,
  ec2InstanceConnect,
  ecs,
  elastiCache,
  iam,
  kafka,
  kms,
  memoryDb,
  mq,
  openSearch,
  rds,
  redshift,
  redshiftServerless,
  secretsManager,
  ssm,
  sts,
  tagging,
];
