import { broker, kafka, redshiftCluster, searchDomain, workgroup } from './worldData';
import { database, databaseCluster, memoryDb } from './worldDatabases';
import { hex } from './worldIds';
import { cache, linux, machine, nothingElse, vpc } from './worldRows';
import type { Place, Vpc } from './worldTypes';

/** An account of its own, so that nobody else meets what is odd. */
export const AWKWARD = '777788889999';
const ODD = 11;
const MANY = 12;
/** Five pages where two rows are a page. */
const FIVE_PAGES = 9;
/** 255 characters, as long as a tag's value and a name may be. */
const LONG = `${`🦄 ${'unwieldy '.repeat(30)}`.slice(0, 254)}.`;

/** What is rare but happens, in one region; five pages of everything, in another; nothing at all, in all others. */
export function awkwardPlaces(): Place[] {
  return [
    { accountId: AWKWARD, region: 'eu-central-1', ...nothingElse(), vpcs: [odd()], formerlyTagged: formerlyTagged() },
    { accountId: AWKWARD, region: 'us-east-1', ...nothingElse(), vpcs: [many()] },
  ];
}

function odd(): Vpc {
  const groups = { securityGroupIds: [`sg-${hex(ODD, 'd')}`] };
  const tags = [
    { key: 'note', value: LONG },
    { key: '🔑 schlüssel', value: '' },
  ];
  return vpc(ODD, 'odd', {
    instances: [machine(ODD, 1, LONG, { managed: linux('Online'), tags })],
    replicationGroups: [
      cache('clusterless', ODD, { status: 'creating', clusterMode: true, shards: 2 }),
      cache('headless', ODD, { status: 'modifying', replicas: 1, withoutPrimary: true, tags }),
    ],
    databases: [database('tagged-db', { ...groups, tags })],
    data: {
      redshiftClusters: [redshiftCluster('resizing-redshift', { ...groups, status: 'available, prep-for-resize', tags })],
      redshiftWorkgroups: [],
      searchDomains: [searchDomain('kept', { ...groups, tags }), searchDomain('gone-search', { ...groups, fleeting: true, tags })],
      messageBrokers: [broker(1, 'kept-mq', { ...groups, tags }), broker(2, 'gone-mq', { ...groups, fleeting: true })],
      kafkaClusters: [kafka(1, 'kept-kafka', { ...groups, tags }), kafka(2, 'gone-kafka', { ...groups, fleeting: true })],
    },
  });
}

function formerlyTagged(): NonNullable<Place['formerlyTagged']> {
  const arn = (resource: string): string => `arn:aws:elasticache:eu-central-1:${AWKWARD}:${resource}`;
  return [
    { arn: arn('replicationgroup:deleted-cache'), tags: [{ key: 'team', value: 'nobody' }] },
    { arn: arn('replicationgroup:clusterless'), tags: [] },
  ];
}

function many(): Vpc {
  const groups = { securityGroupIds: [`sg-${hex(MANY, 'd')}`] };
  const numbers = Array.from({ length: FIVE_PAGES }, (_, index) => index + 1);
  return vpc(
    MANY,
    'many',
    {
      instances: numbers.map((number) => machine(MANY, number, `bastion-${number}`, { managed: linux('Online') })),
      replicationGroups: numbers.map((number) => cache(`cache-${number}`, MANY)),
      databases: numbers.map((number) => database(`db-${number}`, groups)),
      databaseClusters: numbers.map((number) => databaseCluster(`aurora-${number}`, { ...groups, instances: [`aurora-${number}-one`] })),
      memoryDbClusters: numbers.map((number) => memoryDb(`memory-${number}`, { ...groups, tags: [{ key: 'number', value: `${number}` }] })),
      data: {
        redshiftClusters: numbers.map((number) => redshiftCluster(`redshift-${number}`, groups)),
        redshiftWorkgroups: numbers.map((number) => workgroup(`workgroup-${number}`, groups)),
        searchDomains: numbers.map((number) => searchDomain(`search-${number}`, groups)),
        messageBrokers: numbers.map((number) => broker(number, `mq-${number}`, groups)),
        kafkaClusters: numbers.map((number) => kafka(number, `kafka-${number}`, groups)),
      },
    },
    'us-east-1',
  );
}
