import { strict as assert } from 'node:assert';
import { DescribeKeyPairsCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { DescribeEventsCommand, DescribeReplicationGroupsCommand } from '@aws-sdk/client-elasticache';
import { DescribeInstanceInformationCommand, ListCommandsCommand, StartSessionCommand } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { clientsOf, credentialsOf, destroy, failure } from './sandboxClients';
import type { Clients } from './sandboxClients';

describe("the sandbox's faults and request log", () => {
  let sandbox: Sandbox;
  let clients: Clients;

  beforeEach(async () => {
    sandbox = await startSandbox({ servers: false });
    clients = clientsOf(sandbox);
  });
  afterEach(async () => {
    destroy(clients);
    await sandbox.close();
  });

  async function codes(): Promise<(readonly [string, number | undefined])[]> {
    const all = await Promise.all([
      failure(clients.ec2.send(new DescribeVpcsCommand({}))),
      failure(clients.elastiCache.send(new DescribeReplicationGroupsCommand({}))),
      failure(clients.ssm.send(new DescribeInstanceInformationCommand({}))),
      failure(clients.sts.send(new GetCallerIdentityCommand({}))),
    ]);
    return all.map(({ name, status }) => [name, status]);
  }

  it('throttle under the names that the services have for it', async () => {
    sandbox.faults.add({ kind: 'throttle' });
    assert.deepEqual(await codes(), [
      ['RequestLimitExceeded', 503],
      ['Throttling', 400],
      ['ThrottlingException', 400],
      ['Throttling', 400],
    ]);
  });

  it('deny access under the names that the services have for it', async () => {
    sandbox.faults.add({ kind: 'accessDenied' });
    assert.deepEqual(await codes(), [
      ['UnauthorizedOperation', 403],
      ['AccessDenied', 403],
      ['AccessDeniedException', 400],
      ['AccessDenied', 403],
    ]);
    const target = sandbox.instance('shop-bastion').id;
    const { message } = await failure(clients.ssm.send(new StartSessionCommand({ Target: target })));
    assert.match(message, new RegExp(`not authorized to perform: ssm:StartSession on resource: arn:.*/${target}`));
  });

  it('fail inside the server', async () => {
    sandbox.faults.add({ kind: 'serverError' });
    assert.deepEqual(await codes(), [
      ['InternalError', 500],
      ['InternalFailure', 500],
      ['InternalServerError', 500],
      ['InternalFailure', 500],
    ]);
  });

  it('meet one action as often as told, so that a client that tries again gets through', async () => {
    sandbox.faults.add({ service: 'ec2', action: 'DescribeVpcs', kind: 'throttle', times: 1 });
    const patient = clientsOf(sandbox, 'dev', { maxAttempts: 3 });
    const { Vpcs, $metadata } = await patient.ec2.send(new DescribeVpcsCommand({}));
    destroy(patient);
    assert.equal(Vpcs?.length, 2);
    assert.equal($metadata.attempts, 2);
    assert.deepEqual(
      sandbox.requests.of('ec2', 'DescribeVpcs').map(({ status, errorCode }) => [status, errorCode]),
      [
        [503, 'RequestLimitExceeded'],
        [200, undefined],
      ],
    );
  });

  it('hold answers back', async () => {
    sandbox.faults.add({ service: 'sts', kind: 'latency', latencyMs: 150, times: 1 });
    const started = performance.now();
    await clients.sts.send(new GetCallerIdentityCommand({}));
    assert.ok(performance.now() - started >= 145);
  });

  it('do not hold up closing', async () => {
    sandbox.faults.add({ kind: 'latency', latencyMs: 600_000 });
    const pending = failure(clients.sts.send(new GetCallerIdentityCommand({})));
    await sandbox.close();
    await pending;
  });

  it('leave unknown actions to the names that the services have for them', async () => {
    const all = await Promise.all([
      failure(clients.ec2.send(new DescribeKeyPairsCommand({}))),
      failure(clients.elastiCache.send(new DescribeEventsCommand({}))),
      failure(clients.ssm.send(new ListCommandsCommand({}))),
      failure(clients.sts.send(new GetSessionTokenCommand({}))),
    ]);
    assert.deepEqual(
      all.map(({ name }) => name),
      ['InvalidAction', 'InvalidAction', 'UnknownOperationException', 'InvalidAction'],
    );
  });

  it('log what was asked by whom, and nothing secret', async () => {
    assert.deepEqual(sandbox.requests.all(), []);
    await clients.ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['false'] }] }));
    const TokenCode = '123456';
    const RoleArn = 'arn:aws:iam::111122223333:role/Developer';
    await clients.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'dora', TokenCode }));
    const stranger = clientsOf(sandbox, 'wrongkey');
    await failure(stranger.sts.send(new GetCallerIdentityCommand({})));
    destroy(stranger);
    const [vpcs, role, refused] = sandbox.requests.all();
    assert.ok(vpcs && role && refused);
    const { at, ...logged } = vpcs;
    assert.ok(Math.abs(at - Date.now()) < 60_000);
    assert.deepEqual(logged, {
      service: 'ec2',
      action: 'DescribeVpcs',
      region: 'eu-central-1',
      principal: 'arn:aws:iam::111122223333:user/dora',
      params: { Filter: [{ Name: 'is-default', Value: ['false'] }] },
      status: 200,
    });
    assert.deepEqual([role.action, role.params['RoleArn']], ['AssumeRole', RoleArn]);
    assert.deepEqual([refused.principal, refused.errorCode], [undefined, 'SignatureDoesNotMatch']);
    const text = JSON.stringify(sandbox.requests.all());
    assert.ok(!text.includes(credentialsOf(sandbox, 'dev').secretAccessKey) && !text.includes(TokenCode));
    sandbox.requests.clear();
    assert.deepEqual(sandbox.requests.all(), []);
  });
});
