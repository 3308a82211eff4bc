import { ecsClusters, hybridNodes } from './worldElsewhere';
import { hex } from './worldIds';
import { SESSION_KEY } from './sessionManager/documents';
import { awkwardPlaces, AWKWARD } from './worldAwkward';
import { devIreland } from './worldData';
import { shopDatabases } from './worldDatabases';
import { cache, linux, machine, nothingElse, subnets, vpc } from './worldRows';
import type { AccessKey, Place, Vpc, World } from './worldTypes';

const DEV = '111122223333';
const SECOND = '444455556666';

const LONG_NAME = `bastion 🏰 ${'very long name '.repeat(20)}`.slice(0, 255);

/**
 * The world that the sandbox tells: two accounts, two regions, and for each way in which a connection can fail a VPC of its
 * own with one cache that shows it; a third region has the services for data, and a third account what is odd. Every call
 * makes a fresh copy that a test may change.
 */
export function describeWorld(): World {
  return {
    regions: [
      { name: 'eu-central-1', code: 'euc1', optInStatus: 'opt-in-not-required' },
      { name: 'us-east-1', code: 'use1', optInStatus: 'opt-in-not-required' },
      { name: 'eu-west-1', code: 'euw1', optInStatus: 'opt-in-not-required' },
      { name: 'af-south-1', code: 'afs1', optInStatus: 'not-opted-in' },
    ],
    accountAliases: { [DEV]: 'shop-dev' },
    accessKeys: [
      user('dora', { id: 'AKIASANDBOXDEV000001', userId: 'AIDASANDBOXDEVELOPER1', accountId: DEV }),
      user('sam', { id: 'AKIASANDBOXSECOND001', userId: 'AIDASANDBOXSECOND0001', accountId: SECOND }),
      user('nobody', { id: 'AKIASANDBOXDENIED001', userId: 'AIDASANDBOXDENIED0001', accountId: DEV }, ['*']),
      user('olga', { id: 'AKIASANDBOXPARTIAL01', userId: 'AIDASANDBOXPARTIAL001', accountId: DEV }, ['elasticache:*']),
      { ...user('ruth', { id: 'AKIASANDBOXRDSONLY01', userId: 'AIDASANDBOXRDSONLY001', accountId: DEV }), allowed: ['rds:Describe*'] },
      user('wanda', { id: 'AKIASANDBOXAWKWARD01', userId: 'AIDASANDBOXAWKWARD001', accountId: AWKWARD }),
      {
        ...user('', { id: 'ASIASANDBOXEXPIRED01', userId: 'AROASANDBOXDEVROLE001:dora', accountId: DEV }),
        arn: `arn:aws:sts::${DEV}:assumed-role/Developer/dora`,
        sessionToken: 'IQoJb3JpZ2luX2VjEXPIREDsandboxSessionToken==',
        expiresAt: Date.UTC(2024, 0, 1),
      },
    ],
    roles: [
      {
        arn: `arn:aws:iam::${SECOND}:role/Support`,
        id: 'AROASANDBOXSUPPORT001',
        trusts: [`arn:aws:iam::${DEV}:user/dora`],
        externalId: 'sallyport-support',
        denied: ['ssm:StartSession'],
      },
      {
        arn: `arn:aws:iam::${DEV}:role/Developer`,
        id: 'AROASANDBOXDEVROLE001',
        trusts: [`arn:aws:iam::${DEV}:user/dora`],
        denied: [],
      },
      ...signInRoles(),
    ],
    machineRoles: machineRoles(),
    identityCenter: {
      startUrl: 'https://sandbox.awsapps.com/start',
      region: 'eu-central-1',
      roles: [{ accountId: DEV, roleName: 'Developer', roleArn: SSO_ROLE, userName: 'dora@example.com' }],
    },
    machineRole: MACHINE_ROLE,
    profiles: [
      { name: 'dev', accessKeyId: 'AKIASANDBOXDEV000001', region: 'eu-central-1' },
      { name: 'dev-second', accessKeyId: 'AKIASANDBOXSECOND001', region: 'eu-central-1' },
      { name: 'expired', accessKeyId: 'ASIASANDBOXEXPIRED01', region: 'eu-central-1' },
      { name: 'denied', accessKeyId: 'AKIASANDBOXDENIED001', region: 'eu-central-1' },
      { name: 'partial', accessKeyId: 'AKIASANDBOXPARTIAL01', region: 'eu-central-1' },
      { name: 'rds-only', accessKeyId: 'AKIASANDBOXRDSONLY01', region: 'eu-central-1' },
      { name: 'awkward', accessKeyId: 'AKIASANDBOXAWKWARD01', region: 'eu-central-1' },
      { name: 'noregion', accessKeyId: 'AKIASANDBOXDEV000001' },
      { name: 'wrongkey', accessKeyId: 'AKIASANDBOXDEV000001', secret: 'not/the-secret', region: 'eu-central-1' },
    ],
    places: [devFrankfurt(), devVirginia(), secondFrankfurt(), devIreland(DEV), ...awkwardPlaces()],
    kmsKeys: [
      {
        id: '6b1a9f52-3c0d-4e7a-9f10-5a11e5e55101',
        alias: SESSION_KEY,
        accountId: DEV,
        region: 'eu-central-1',
        enabled: true,
      },
    ],
    secrets: cacheSecrets(),
    redis: {
      authToken: 'sandbox-auth-token-0001',
      users: [{ name: 'reader', password: 'sandbox-reader-0001', rules: '~* +@read +ping +hello +auth' }],
    },
  };
}

function cacheSecrets(): World['secrets'] {
  const here = { accountId: DEV, region: 'eu-central-1' };
  return [
    { name: 'shop/cache', ...here, value: JSON.stringify({ host: 'sessions', username: 'reader', password: 'sandbox-reader-0001', port: 6379 }) },
    { name: 'shop/cache-token', ...here, value: 'sandbox-auth-token-0001' },
    { name: 'shop/binary', ...here, value: new Uint8Array([1, 2, 3]) },
    { name: 'shop/deleted', ...here, value: 'gone', deleted: true },
    { name: 'far/cache', ...here, region: 'us-east-1', value: 'elsewhere' },
  ];
}

const OF_AWS = 'arn:aws:iam::aws:policy';

function machineRoles(): World['machineRoles'] {
  const core = `${OF_AWS}/AmazonSSMManagedInstanceCore`;
  return [
    { name: 'managed', accountId: DEV, attached: [core], inline: [] },
    { name: 'admin', accountId: DEV, attached: [core, `${OF_AWS}/AmazonS3FullAccess`, `${OF_AWS}/AdministratorAccess`], inline: [] },
    { name: 'app', accountId: DEV, attached: [core, `arn:aws:iam::${DEV}:policy/team/AppFullAccess`], inline: ['queue-access'] },
    { name: 'empty', accountId: DEV, attached: [], inline: [], detached: true },
  ];
}

const SSO_ROLE = `arn:aws:iam::${DEV}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Developer_0123456789abcdef`;
const MACHINE_ROLE = `arn:aws:iam::${DEV}:role/Machine`;

/** Roles that are reached by signing in, by a second factor, by a token of others, or from a machine. */
function signInRoles(): World['roles'] {
  const machine = `arn:aws:sts::${DEV}:assumed-role/Machine`;
  return [
    { arn: SSO_ROLE, id: 'AROASANDBOXSSODEV0001', trusts: [], denied: [] },
    { arn: MACHINE_ROLE, id: 'AROASANDBOXMACHINE001', trusts: [], denied: [] },
    {
      arn: `arn:aws:iam::${DEV}:role/Admin`,
      id: 'AROASANDBOXADMIN00001',
      trusts: [`arn:aws:iam::${DEV}:user/dora`],
      mfa: { serial: `arn:aws:iam::${DEV}:mfa/dora`, code: '123456' },
      denied: [],
    },
    { arn: `arn:aws:iam::${DEV}:role/Pipeline`, id: 'AROASANDBOXPIPELINE01', trusts: [], webIdentityToken: 'sandbox.web.identity', denied: [] },
    {
      arn: `arn:aws:iam::${DEV}:role/FromMachine`,
      id: 'AROASANDBOXFROMMACH01',
      trusts: [`${machine}/i-0machine`, `${machine}/task`, `arn:aws:iam::${DEV}:user/dora`],
      denied: [],
    },
  ];
}

function devFrankfurt(): Place {
  const vpcs: Vpc[] = [
    shop(),
    // From here on each VPC shows one reason why a cache cannot be reached.
    vpc(2, 'billing', {
      instances: [machine(2, 1, 'billing-bastion', { state: 'stopped', managed: linux('ConnectionLost') })],
      replicationGroups: [cache('billing-cache', 2)],
    }),
    vpc(3, 'reporting', {
      instances: [machine(3, 1, 'reporting-bastion', { managed: linux('ConnectionLost') })],
      replicationGroups: [cache('reports-cache', 3)],
    }),
    vpc(4, 'archive', {
      instances: [machine(4, 1, 'archive-bastion', { managed: linux('Online', '3.1.1188.0') })],
      replicationGroups: [cache('archive-cache', 4)],
    }),
    vpc(5, 'lab', { instances: [machine(5, 1, 'lab-host')], replicationGroups: [cache('lab-cache', 5)] }),
    vpc(6, 'partner', { replicationGroups: [cache('partner-cache', 6)] }),
  ];
  return { accountId: DEV, region: 'eu-central-1', vpcs, hybridNodes: hybridNodes(), ecsClusters: ecsClusters(), peerings: [] };
}

/** The VPC in which things work, and fail only behind the bastion. */
function shop(): Vpc {
  return vpc(1, 'shop', {
    instances: [
      machine(1, 1, 'shop-bastion', {
        managed: linux('Online'),
        tags: [{ key: 'sallyport', value: 'bastion' }],
        ports: { 6379: 'plain' },
      }),
      machine(1, 2, 'shop-web'),
      machine(1, 3, 'shop-batch', { state: 'terminated' }),
    ],
    replicationGroups: [
      cache('orders-cache', 1, {
        description: 'Orders in flight 📦',
        replicas: 1,
        tags: [{ key: 'team', value: 'orders' }],
      }),
      cache('sessions-cache', 1, {
        description: 'Sessions: TLS and an AUTH token',
        replicas: 1,
        tls: 'required',
        authToken: true,
        backing: 'tls',
        tags: [
          { key: 'team', value: 'identity ✨' },
          { key: 'note', value: 'x'.repeat(256) },
        ],
      }),
      cache('catalog-cluster', 1, { description: 'Catalogue, two shards', clusterMode: true, shards: 2, replicas: 1 }),
      cache('fresh-cache', 1, { description: 'Being created', status: 'creating' }),
      cache('fresh-cluster', 1, {
        description: 'Being created, cluster mode',
        status: 'creating',
        clusterMode: true,
        shards: 2,
      }),
      cache('legacy-cache', 1, {
        description: 'Its certificate carries another name',
        tls: 'required',
        backing: 'wrongName',
      }),
      cache('dark-cache', 1, { description: 'Packets to it are dropped', backing: 'blackhole' }),
      cache('closed-cache', 1, { description: 'Nothing listens on its port', backing: 'refused' }),
    ],
    standaloneCaches: [
      {
        id: 'lonely-redis',
        engine: 'redis',
        engineVersion: '7.1.0',
        status: 'available',
        nodes: 1,
        port: 6379,
        nodeType: 'cache.t4g.micro',
        securityGroupIds: [`sg-${hex(1, 'c')}`],
        tags: [],
        backing: 'plain',
      },
      {
        id: 'pages-memcached',
        engine: 'memcached',
        engineVersion: '1.6.22',
        status: 'available',
        nodes: 2,
        port: 11211,
        nodeType: 'cache.t4g.small',
        securityGroupIds: [`sg-${hex(1, 'c')}`],
        tags: [],
        backing: 'refused',
      },
    ],
    serverlessCaches: [
      {
        name: 'events-serverless',
        description: 'Serverless Valkey',
        status: 'available',
        engine: 'valkey',
        majorVersion: '8',
        fullVersion: '8.1',
        userGroupId: 'app-users',
        subnetIds: subnets(1, 'eu-central-1').map(({ id }) => id),
        securityGroupIds: [`sg-${hex(1, 'c')}`],
        tags: [{ key: 'team', value: 'events' }],
        backing: 'tls',
      },
      {
        name: 'fresh-serverless',
        description: 'Being created',
        status: 'creating',
        engine: 'valkey',
        majorVersion: '8',
        fullVersion: '8.1',
        userGroupId: 'app-users',
        subnetIds: subnets(1, 'eu-central-1').map(({ id }) => id),
        securityGroupIds: [`sg-${hex(1, 'c')}`],
        tags: [],
        backing: 'refused',
      },
    ],
    ...shopDatabases([`sg-${hex(1, 'd')}`]),
  });
}

function devVirginia(): Place {
  const region = 'us-east-1';
  return {
    accountId: DEV,
    region,
    ...nothingElse(),
    vpcs: [
      vpc(
        7,
        'us-shop',
        {
          instances: [machine(7, 1, 'us-bastion', { managed: linux('Online') })],
          replicationGroups: [cache('us-orders-cache', 7, { replicas: 1 })],
        },
        region,
      ),
    ],
  };
}

function secondFrankfurt(): Place {
  return {
    accountId: SECOND,
    region: 'eu-central-1',
    ...nothingElse(),
    vpcs: [
      vpc(8, 'payments', {
        instances: [machine(8, 1, LONG_NAME, { managed: linux('Online') })],
        replicationGroups: [
          cache('payments-cache', 8, {
            engine: 'valkey',
            engineVersion: '8.0.1',
            tls: 'preferred',
            userGroupIds: ['app-users'],
          }),
        ],
      }),
    ],
  };
}

type Identity = Pick<AccessKey, 'id' | 'userId' | 'accountId'>;

function user(name: string, identity: Identity, denied: readonly string[] = []): AccessKey {
  // Has the characters that a real secret may have and that have to be quoted somewhere.
  const secret = `sandbox/secret+of/${identity.userId}`;
  return { ...identity, secret, arn: `arn:aws:iam::${identity.accountId}:user/${name}`, denied };
}
