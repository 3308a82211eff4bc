import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { brokerTarget } from '../../../src/aws/providers/mqBrokers';
import { kafkaTarget } from '../../../src/aws/providers/mskClusters';
import { domainTarget } from '../../../src/aws/providers/openSearchDomains';
import { redshiftTargets } from '../../../src/aws/providers/redshift';
import { workgroupTargets } from '../../../src/aws/providers/redshiftServerless';
import type { Place, Target } from '../../../src/model/target';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const LONG = `🏰${'x'.repeat(253)}`;
const vpcs = new Map([['subnet-a', 'vpc-1']]);

function endpoints(target: Target | undefined): string[] | undefined {
  return target?.endpoints.map(({ role, name, host, port, tls, public: open }) =>
    [role, name, `${host}:${port}`, tls && `tls ${tls}`, open && 'public'].filter(Boolean).join(' '),
  );
}

describe('Redshift clusters', () => {
  const cluster = {
    ClusterIdentifier: 'sales',
    ClusterNamespaceArn: 'arn:aws-cn:redshift:eu-central-1:111122223333:namespace:1',
    ClusterStatus: 'available',
    ClusterVersion: '1.0',
    ClusterSubnetGroupName: 'data',
    VpcId: 'vpc-1',
    Endpoint: { Address: 'sales.redshift', Port: 5439 },
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1' }, {}],
    PubliclyAccessible: true,
    Tags: [{ Key: 'team', Value: LONG }, { Key: 'bare' }, { Value: 'lost' }],
  };
  const subnetGroups = [{}, { ClusterSubnetGroupName: 'data', Subnets: [{ SubnetIdentifier: 'subnet-a' }, {}] }];

  it('have an endpoint, their network, their tags, and an ARN of their partition', () => {
    const [target, ...others] = redshiftTargets(cluster, { subnetGroups, managed: [] }, place);
    assert.deepEqual(others, []);
    assert.deepEqual(target, {
      id: 'arn:aws-cn:redshift:eu-central-1:111122223333:cluster:sales',
      kind: 'redshift.cluster',
      name: 'sales',
      place,
      engine: 'redshift',
      engineVersion: '1.0',
      status: 'available',
      endpoints: [{ role: 'endpoint', host: 'sales.redshift', port: 5439, public: true }],
      clusterMode: false,
      tls: 'preferred',
      auth: 'passwordOrIam',
      vpcId: 'vpc-1',
      subnetIds: ['subnet-a'],
      securityGroupIds: ['sg-1'],
      tags: [
        { key: 'team', value: LONG },
        { key: 'bare', value: '' },
      ],
    });
  });

  it('need no more than an id', () => {
    const none = { subnetGroups: [{}], managed: [{}] };
    const [fresh] = redshiftTargets({ ClusterIdentifier: 'fresh', Endpoint: { Port: 5439 } }, none, place);
    assert.deepEqual(
      [fresh?.id, fresh?.status, fresh?.endpoints, fresh?.vpcId, fresh?.subnetIds, fresh?.tags],
      ['arn:aws:redshift:eu-central-1:111122223333:cluster:fresh', 'unknown', [], undefined, [], undefined],
    );
    assert.deepEqual(redshiftTargets({}, none, place), []);
  });

  it('have the endpoints that Redshift keeps for them, those of other VPCs as targets of their own', () => {
    const here = { ClusterIdentifier: 'sales', EndpointName: 'near', Address: 'near.redshift', Port: 5439, VpcEndpoint: { VpcId: 'vpc-1' } };
    const managed = [
      here,
      { ...here, EndpointName: 'untold', VpcEndpoint: {} },
      { ...here, ClusterIdentifier: 'another' },
      { ...here, EndpointName: 'theirs', ResourceOwner: '444455556666' },
      { ClusterIdentifier: 'sales', EndpointName: 'creating', VpcEndpoint: { VpcId: 'vpc-2' }, EndpointStatus: 'creating' },
      { ...here, EndpointName: 'far', VpcEndpoint: { VpcId: 'vpc-2' }, EndpointStatus: 'active', SubnetGroupName: 'data', VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-9' }] },
    ];
    const [main, creating, far, ...others] = redshiftTargets(cluster, { subnetGroups, managed }, place);
    assert.deepEqual(others, []);
    assert.deepEqual(endpoints(main), ['endpoint sales.redshift:5439 public', 'endpoint near near.redshift:5439', 'endpoint untold near.redshift:5439']);
    assert.deepEqual([creating?.status, creating?.endpoints, creating?.securityGroupIds], ['creating', [], []]);
    assert.deepEqual([far?.id, far?.name, far?.vpcId], [`${main!.id}/endpoint/far`, 'far', 'vpc-2']);
    assert.deepEqual([endpoints(far), far?.subnetIds, far?.securityGroupIds], [['endpoint far near.redshift:5439'], ['subnet-a'], ['sg-9']]);
  });
});

describe('workgroups of Redshift Serverless', () => {
  const workgroup = {
    workgroupName: 'adhoc',
    workgroupArn: 'arn:aws:redshift-serverless:eu-central-1:111122223333:workgroup/1',
    status: 'AVAILABLE',
    endpoint: { address: 'adhoc.serverless', port: 5439, vpcEndpoints: [{}, { vpcId: 'vpc-1' }] },
    configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'true' }],
    subnetIds: ['subnet-b'],
    securityGroupIds: ['sg-1'],
    workgroupVersion: '1.0',
  };

  it('take their VPC from their endpoint, else from their subnets', () => {
    const of = (more: object): string | undefined => workgroupTargets({ ...workgroup, ...more }, { managed: [], vpcs }, place)[0]?.vpcId;
    assert.equal(of({}), 'vpc-1');
    assert.equal(of({ endpoint: {}, subnetIds: ['subnet-x', 'subnet-a'] }), 'vpc-1');
    assert.equal(of({ endpoint: {} }), undefined);
  });

  it('tell whether they require TLS and whether they are public', () => {
    const of = (more: object): string => {
      const [target] = workgroupTargets({ ...workgroup, ...more }, { managed: [], vpcs }, place);
      return `${target?.tls} ${endpoints(target)?.join()}`;
    };
    assert.equal(of({}), 'required endpoint adhoc.serverless:5439');
    assert.equal(of({ configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'false' }] }), 'preferred endpoint adhoc.serverless:5439');
    assert.equal(of({ configParameters: undefined, publiclyAccessible: true }), 'preferred endpoint adhoc.serverless:5439 public');
  });

  it('need no more than a name, and leave out endpoints that nothing tells apart', () => {
    const managed = [{ workgroupName: 'fresh', endpointName: 'x', vpcEndpoint: { vpcId: 'vpc-2' } }, {}];
    const [fresh, ...others] = workgroupTargets({ workgroupName: 'fresh' }, { managed, vpcs }, place);
    assert.deepEqual([fresh?.status, fresh?.endpoints, fresh?.subnetIds, others], ['unknown', [], [], []]);
    assert.deepEqual(workgroupTargets({}, { managed: [], vpcs }, place), []);
  });
});

describe('OpenSearch domains', () => {
  const domain = {
    DomainName: 'logs',
    ARN: 'arn:aws:es:eu-central-1:111122223333:domain/logs',
    Created: true,
    EngineVersion: 'Elasticsearch_7.10',
    Endpoints: { vpc: 'vpc-logs.es' },
    VPCOptions: { VPCId: 'vpc-1', SubnetIds: ['subnet-a'], SecurityGroupIds: ['sg-1'] },
    DomainProcessingStatus: 'Active',
  };

  it('have one endpoint over TLS in their VPC', () => {
    const target = domainTarget(domain, place);
    assert.deepEqual([target?.engine, target?.engineVersion, target?.status, target?.tls], ['elasticsearch', '7.10', 'Active', 'required']);
    assert.deepEqual([endpoints(target), target?.vpcId, target?.subnetIds, target?.securityGroupIds], [['endpoint vpc-logs.es:443'], 'vpc-1', ['subnet-a'], ['sg-1']]);
  });

  it('are public outside of all VPCs', () => {
    const target = domainTarget({ DomainName: 'open', Created: true, Endpoint: 'search-open.es', EngineVersion: 'OpenSearch_2.19' }, place);
    assert.deepEqual([endpoints(target), target?.vpcId, target?.engine], [['endpoint search-open.es:443 public'], undefined, 'opensearch']);
  });

  it('take passwords only where they have users of their own', () => {
    const auth = (AdvancedSecurityOptions?: object): string | undefined =>
      domainTarget({ ...domain, ...(AdvancedSecurityOptions && { AdvancedSecurityOptions }) }, place)?.auth;
    assert.equal(auth(), 'iam');
    assert.equal(auth({ Enabled: false, InternalUserDatabaseEnabled: true }), 'iam');
    assert.equal(auth({ Enabled: true, InternalUserDatabaseEnabled: false }), 'iam');
    assert.equal(auth({ Enabled: true, InternalUserDatabaseEnabled: true }), 'password');
  });

  it('say how they are in one word, also where AWS has several', () => {
    const status = (more: object): string | undefined => domainTarget({ DomainName: 'x', Created: true, ...more }, place)?.status;
    assert.equal(status({ Deleted: true, DomainProcessingStatus: 'Active' }), 'Deleting');
    assert.equal(status({ Created: false, Processing: true }), 'Creating');
    assert.equal(status({ DomainProcessingStatus: 'Isolated' }), 'Isolated');
    assert.equal(status({ UpgradeProcessing: true, Processing: true }), 'UpgradingEngineVersion');
    assert.equal(status({ Processing: true }), 'Modifying');
    assert.equal(status({}), 'Active');
    assert.equal(domainTarget({ DomainName: 'x' }, place)?.status, 'unknown');
    assert.equal(domainTarget({}, place), undefined);
  });
});

describe('brokers of Amazon MQ', () => {
  const host = 'b-1-1.mq';
  const broker = {
    brokerId: 'b-1',
    brokerName: 'orders',
    brokerState: 'RUNNING',
    engineType: 'ACTIVEMQ',
    engineVersion: '5.18',
    brokerInstances: [{ consoleURL: `https://${host}:8162`, endpoints: [`ssl://${host}:61617`, `amqp+ssl://${host}:5671`, `wss://${host}:61619`, 'nonsense', `new+wire://${host}:9`] }],
    subnetIds: ['subnet-a'],
    securityGroups: ['sg-1'],
    tags: { team: LONG },
  };

  it('have an endpoint per protocol, then the web console', () => {
    const target = brokerTarget(broker, vpcs, place);
    assert.deepEqual(endpoints(target), [
      `broker OpenWire ${host}:61617`,
      `broker AMQP ${host}:5671`,
      `broker WebSocket ${host}:61619`,
      `broker new+wire ${host}:9`,
      `console ${host}:8162`,
    ]);
    assert.deepEqual([target?.engine, target?.vpcId, target?.tls, target?.auth, target?.tags, target?.notes], ['activemq', 'vpc-1', 'required', 'password', [{ key: 'team', value: LONG }], undefined]);
  });

  it('have both instances of a pair, told apart, and say that one of them answers', () => {
    const other = { consoleURL: 'https://b-1-2.mq:8162', endpoints: ['ssl://b-1-2.mq:61617'] };
    const target = brokerTarget({ ...broker, brokerInstances: [{ endpoints: [`ssl://${host}:61617`] }, other] }, vpcs, place);
    assert.deepEqual(endpoints(target), [`broker 1 OpenWire ${host}:61617`, 'broker 2 OpenWire b-1-2.mq:61617', 'console 2 b-1-2.mq:8162']);
    assert.deepEqual(target?.notes, ['oneOfTwoAnswers']);
  });

  it('of RabbitMQ have a console on the usual port, and may be public', () => {
    const rabbit = { brokerName: 'r', engineType: 'RabbitMQ', publiclyAccessible: true, brokerInstances: [{ consoleURL: 'https://r.mq/', endpoints: ['amqps://r.mq:5671'] }] };
    const target = brokerTarget(rabbit, vpcs, place);
    assert.deepEqual(endpoints(target), ['broker AMQP r.mq:5671 public', 'console r.mq:443 public']);
    assert.equal(target?.engine, 'rabbitmq');
  });

  it('need no more than a name', () => {
    const fresh = brokerTarget({ brokerName: 'fresh' }, vpcs, place);
    assert.deepEqual([fresh?.engine, fresh?.status, fresh?.endpoints, fresh?.vpcId, fresh?.tags], ['unknown', 'unknown', [], undefined, undefined]);
    assert.equal(brokerTarget({}, vpcs, place), undefined);
  });
});

describe('clusters of Amazon MSK', () => {
  const provisioned = (clientAuthentication: object, clientBroker?: string): Target => {
    const encryptionInfo = { encryptionInTransit: { ...(clientBroker && { clientBroker }) } };
    return kafkaTarget({ clusterName: 'x', provisioned: { clientAuthentication, encryptionInfo } }, {}, vpcs, place)!;
  };
  const on = { enabled: true };

  it('have each broker of each bootstrap string as an endpoint', () => {
    const brokers = {
      bootstrapBrokerString: 'b-1.x.kafka:9092, b-2.x.kafka:9092',
      bootstrapBrokerStringTls: 'b-1.x.kafka:9094,b-2.x.kafka:9094,',
      bootstrapBrokerStringSaslIam: 'nonsense,b-1.x.kafka:9098',
      bootstrapBrokerStringPublicSaslScram: 'b-1-public.x.kafka:9196',
    };
    const target = kafkaTarget(
      { clusterName: 'x', clusterArn: 'arn:x', state: 'ACTIVE', provisioned: { encryptionInfo: { encryptionInTransit: { clientBroker: 'TLS_PLAINTEXT' } } }, tags: { a: '' } },
      brokers,
      vpcs,
      place,
    );
    assert.deepEqual(endpoints(target), [
      'broker b-1 TLS b-1.x.kafka:9094 tls required',
      'broker b-2 TLS b-2.x.kafka:9094 tls required',
      'broker b-1 SASL/IAM b-1.x.kafka:9098 tls required',
      'broker b-1 plaintext b-1.x.kafka:9092 tls off',
      'broker b-2 plaintext b-2.x.kafka:9092 tls off',
      'broker b-1-public SASL/SCRAM b-1-public.x.kafka:9196 tls required public',
    ]);
    assert.deepEqual([target?.tags, target?.notes], [[{ key: 'a', value: '' }], ['otherBrokersAreTold']]);
  });

  it('tell TLS and login by their settings', () => {
    assert.equal(provisioned({}, 'PLAINTEXT').tls, 'off');
    assert.equal(provisioned({}, 'TLS_PLAINTEXT').tls, 'preferred');
    assert.equal(provisioned({}, 'TLS').tls, 'required');
    assert.equal(provisioned({}).tls, 'required');
    assert.equal(provisioned({}).auth, 'none');
    assert.equal(provisioned({ unauthenticated: on, sasl: { iam: on } }).auth, 'none');
    assert.equal(provisioned({ sasl: { scram: on, iam: on } }).auth, 'passwordOrIam');
    assert.equal(provisioned({ sasl: { scram: on }, tls: on }).auth, 'password');
    assert.equal(provisioned({ sasl: { iam: on, scram: { enabled: false } } }).auth, 'iam');
    assert.equal(provisioned({ tls: on }).auth, 'certificate');
  });

  it('have the networks of all VPCs that a serverless one is in', () => {
    const vpcConfigs = [{ subnetIds: ['subnet-a'], securityGroupIds: ['sg-1'] }, { subnetIds: ['subnet-z'] }, {}];
    const target = kafkaTarget({ clusterName: 'x', serverless: { vpcConfigs, clientAuthentication: { sasl: { iam: on } } } }, {}, vpcs, place);
    assert.deepEqual([target?.subnetIds, target?.securityGroupIds, target?.vpcId], [['subnet-a', 'subnet-z'], ['sg-1'], 'vpc-1']);
    assert.deepEqual([target?.tls, target?.auth, target?.engineVersion], ['required', 'iam', undefined]);
  });

  it('need no more than a name', () => {
    const fresh = kafkaTarget({ clusterName: 'fresh' }, {}, vpcs, place);
    assert.deepEqual([fresh?.endpoints, fresh?.vpcId, fresh?.status, fresh?.tags], [[], undefined, 'unknown', undefined]);
    assert.equal(kafkaTarget({}, {}, vpcs, place), undefined);
  });
});
