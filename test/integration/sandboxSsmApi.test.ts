import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import {
  DescribeInstanceInformationCommand,
  DescribeSessionsCommand,
  GetConnectionStatusCommand,
  ResumeSessionCommand,
  StartSessionCommand,
  TerminateSessionCommand,
  paginateDescribeInstanceInformation,
} from '@aws-sdk/client-ssm';
import type {
  DescribeInstanceInformationCommandInput,
  InstanceInformationStringFilter,
  StartSessionCommandInput,
  StartSessionCommandOutput,
} from '@aws-sdk/client-ssm';
import { WebSocket } from 'ws';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { clientsOf, destroy, failure } from './sandboxClients';
import type { Clients } from './sandboxClients';

const ORDERS = 'orders-cache.x1y2z3.ng.0001.euc1.cache.amazonaws.com';
const DOCUMENT = 'AWS-StartPortForwardingSessionToRemoteHost';

describe("the sandbox's Systems Manager API", () => {
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

  async function machines(Filters: InstanceInformationStringFilter[] = []): Promise<string[]> {
    const names: string[] = [];
    for await (const page of paginateDescribeInstanceInformation({ client: clients.ssm }, { Filters })) {
      const rows = page.InstanceInformationList ?? [];
      assert.ok(rows.length <= 2);
      for (const { InstanceId = '', Name, PingStatus, AgentVersion } of rows) {
        names.push(`${Name ?? sandbox.instance(InstanceId).name} ${PingStatus} ${AgentVersion}`);
      }
    }
    return names;
  }

  function start(more: Partial<StartSessionCommandInput> = {}): Promise<StartSessionCommandOutput> {
    const Parameters = { host: [ORDERS], portNumber: ['6379'], localPortNumber: ['0'] };
    const Target = sandbox.instance('shop-bastion').id;
    return clients.ssm.send(new StartSessionCommand({ Target, DocumentName: DOCUMENT, Parameters, ...more }));
  }

  it('pages the machines that ever registered, the stopped ones as lost', async () => {
    assert.deepEqual(await machines(), [
      'shop-bastion Online 3.3.1142.0',
      'billing-bastion ConnectionLost 3.3.1142.0',
      'reporting-bastion ConnectionLost 3.3.1142.0',
      'archive-bastion Online 3.1.1188.0',
      'office-gateway Online 3.3.1142.0',
      'office-spare ConnectionLost 3.3.1142.0',
    ]);
    assert.deepEqual(await machines([{ Key: 'ResourceType', Values: ['ManagedInstance'] }]), [
      'office-gateway Online 3.3.1142.0',
      'office-spare ConnectionLost 3.3.1142.0',
    ]);
  });

  it('filters them, and follows changes of the world', async () => {
    const { id } = sandbox.instance('shop-bastion');
    const byId = await machines([{ Key: 'InstanceIds', Values: [id, 'i-0123456789abcdef0'] }]);
    assert.deepEqual(byId, ['shop-bastion Online 3.3.1142.0']);
    sandbox.instance('shop-bastion').managed!.ping = 'ConnectionLost';
    const online = await machines([{ Key: 'PingStatus', Values: ['Online'] }, { Key: 'ResourceType', Values: ['EC2Instance'] }]);
    assert.deepEqual(online, ['archive-bastion Online 3.1.1188.0']);
    assert.deepEqual(await machines([{ Key: 'PlatformTypes', Values: ['Windows'] }]), []);
    assert.equal((await failure(machines([{ Key: 'Colour', Values: ['red'] }]))).name, 'InvalidFilterKey');
    const malformed = await failure(machines([{ Key: 'InstanceIds', Values: ['x'] }]));
    assert.equal(malformed.name, 'InvalidInstanceInformationFilterValue');
  });

  it('complains about page sizes and tokens', async () => {
    const ask = (input: DescribeInstanceInformationCommandInput) =>
      failure(clients.ssm.send(new DescribeInstanceInformationCommand(input)));
    assert.equal((await ask({ MaxResults: 2 })).name, 'ValidationException');
    assert.equal((await ask({ NextToken: 'made-up' })).name, 'InvalidNextToken');
  });

  it('tells which machines are connected', async () => {
    const status = async (name: string): Promise<unknown> => {
      const Target = name.startsWith('i-') ? name : sandbox.instance(name).id;
      return (await clients.ssm.send(new GetConnectionStatusCommand({ Target }))).Status;
    };
    assert.equal(await status('shop-bastion'), 'connected');
    for (const name of ['billing-bastion', 'reporting-bastion', 'lab-host', 'us-bastion', 'i-0123456789abcdef0']) {
      assert.equal(await status(name), 'notconnected', name);
    }
  });

  it('starts a session whose data channel greets the client', async () => {
    const { SessionId, TokenValue, StreamUrl } = await start({ Reason: 'test' });
    assert.ok(SessionId && TokenValue && StreamUrl);
    assert.equal(new URL(StreamUrl).host, new URL(sandbox.endpoint).host);
    const socket = new WebSocket(StreamUrl);
    const open = {
      MessageSchemaVersion: '1.0',
      RequestId: randomUUID(),
      TokenValue,
      ClientId: randomUUID(),
      ClientVersion: '1.2.650.0',
    };
    socket.once('open', () => socket.send(JSON.stringify(open)));
    try {
      const frame = await new Promise<Buffer>((resolve, reject) => {
        socket.once('message', (data) => resolve(data as Buffer));
        socket.once('error', reject);
      });
      assert.match(frame.subarray(4, 36).toString(), /^output_stream_data\s*$/);
      assert.match(frame.subarray(120).toString(), /"AgentVersion":"3\.3\.1142\.0".*"portNumber":"6379"/);
    } finally {
      socket.terminate();
    }
  });

  it('lists sessions as active until they are terminated, and resumes only those', async () => {
    const { SessionId } = await start({ Reason: 'because' });
    const other = await start();
    const list = async (State: 'Active' | 'History'): Promise<unknown> => {
      const { Sessions } = await clients.ssm.send(new DescribeSessionsCommand({ State }));
      return Sessions?.map((session) => session.SessionId);
    };
    assert.deepEqual(await list('Active'), [other.SessionId, SessionId]);
    const { Sessions } = await clients.ssm.send(
      new DescribeSessionsCommand({ State: 'Active', Filters: [{ key: 'SessionId', value: SessionId }] }),
    );
    assert.deepEqual(
      Sessions?.map(({ Owner, Target, Reason, DocumentName }) => [Owner, Target, Reason, DocumentName]),
      [['arn:aws:iam::111122223333:user/dora', sandbox.instance('shop-bastion').id, 'because', DOCUMENT]],
    );
    const resumed = await clients.ssm.send(new ResumeSessionCommand({ SessionId }));
    assert.ok(resumed.TokenValue);
    assert.equal((await clients.ssm.send(new TerminateSessionCommand({ SessionId }))).SessionId, SessionId);
    assert.equal((await clients.ssm.send(new TerminateSessionCommand({ SessionId }))).SessionId, SessionId);
    assert.equal((await clients.ssm.send(new ResumeSessionCommand({ SessionId }))).TokenValue, undefined);
    assert.deepEqual(await list('Active'), [other.SessionId]);
    assert.deepEqual(await list('History'), [SessionId]);
  });

  it('gives each token once and logs none of them', async () => {
    const [a, b] = [await start(), await start()];
    assert.notEqual(a.TokenValue, b.TokenValue);
    const text = JSON.stringify(sandbox.requests.all());
    assert.ok(!text.includes(a.TokenValue!) && !text.includes(b.TokenValue!));
    assert.equal(sandbox.requests.of('ssm', 'StartSession').length, 2);
  });

  it('refuses machines that are not connected, also those of another account or region', async () => {
    for (const name of ['billing-bastion', 'reporting-bastion', 'lab-host', 'us-bastion']) {
      const Target = sandbox.instance(name).id;
      const expected = { name: 'TargetNotConnected', status: 400, message: `${Target} is not connected.` };
      assert.deepEqual(await failure(start({ Target })), expected);
    }
    assert.equal((await failure(start({ Target: 'i-0123456789abcdef0' }))).name, 'TargetNotConnected');
    sandbox.instance('shop-bastion').state = 'stopping';
    assert.equal((await failure(start())).name, 'TargetNotConnected');
  });

  it('refuses documents, parameters and reasons that are not in order', async () => {
    assert.equal((await failure(start({ DocumentName: 'No-Such-Document' }))).name, 'InvalidDocument');
    const Parameters = { host: [ORDERS], portNumber: ['70000'] };
    assert.equal((await failure(start({ Parameters }))).name, 'InvalidParameters');
    assert.equal((await failure(start({ Reason: 'x'.repeat(257) }))).name, 'ValidationException');
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
  });

  it('knows no session of another account', async () => {
    const { SessionId } = await start();
    const second = clientsOf(sandbox, 'dev-second');
    const failures = await Promise.all([
      failure(second.ssm.send(new ResumeSessionCommand({ SessionId }))),
      failure(second.ssm.send(new TerminateSessionCommand({ SessionId }))),
      failure(clients.ssm.send(new TerminateSessionCommand({ SessionId: 'sandbox-unknown' }))),
    ]);
    const { Sessions } = await second.ssm.send(new DescribeSessionsCommand({ State: 'Active' }));
    destroy(second);
    for (const { name } of failures) assert.equal(name, 'DoesNotExistException');
    assert.deepEqual(Sessions, []);
    assert.equal(sandbox.sessions.activeSessions().length, 1);
  });
});
