import assert from 'node:assert/strict';
import { eventually } from '../../fixtures/eventually';
import { FaultyPath, type FrameFaultRates, seededRandom } from '../../sandbox/sessionManager/frameFaults';
import { parseOpenMessage } from '../../sandbox/sessionManager/openMessage';
import { ServiceError, SessionManagerService, type StartSession } from '../../sandbox/sessionManager/service';

const PLACE = { region: 'eu-central-1', accountId: '111122223333' };
const REMOTE_HOST = 'AWS-StartPortForwardingSessionToRemoteHost';

describe('sandbox Session Manager service', () => {
  let service: SessionManagerService;

  const make = (resumableMs?: number): SessionManagerService =>
    new SessionManagerService({
      baseUrl: () => 'ws://127.0.0.1:1',
      findInstance: (id) =>
        ['i-online', 'i-offline'].includes(id) ? { id, agentVersion: '3.3.1142.0', online: id === 'i-online', ...PLACE } : undefined,
      resolve: () => 'refused',
      ...(resumableMs !== undefined && { resumableMs }),
    });

  beforeEach(() => {
    service = make();
  });
  afterEach(() => service.close());

  const request = (changes: Partial<StartSession> = {}): StartSession => ({
    target: 'i-online',
    documentName: REMOTE_HOST,
    parameters: { host: ['cache.internal'], portNumber: ['6379'], localPortNumber: ['0'] },
    ...PLACE,
    ...changes,
  });

  it('grants a session with a token and the address of its data channel', () => {
    const grant = service.start(request({ reason: 'why not' }));
    assert.equal(grant.StreamUrl, `ws://127.0.0.1:1/v1/data-channel/${grant.SessionId}?role=publish_subscribe`);
    assert.ok(grant.TokenValue.length > 100);
    const [session] = service.activeSessions();
    assert.deepEqual(
      [session?.sessionId, session?.target, session?.documentName, session?.reason, session?.status],
      [grant.SessionId, 'i-online', REMOTE_HOST, 'why not', 'Connecting'],
    );
  });

  for (const [what, changes, code] of [
    ['an unknown instance', { target: 'i-nowhere' }, 'TargetNotConnected'],
    ['an offline instance', { target: 'i-offline' }, 'TargetNotConnected'],
    ['an instance of another region', { region: 'us-east-1' }, 'TargetNotConnected'],
    ['an instance of another account', { accountId: '444455556666' }, 'TargetNotConnected'],
    ['an unknown document', { documentName: 'AWS-Nothing' }, 'InvalidDocument'],
    ['a document named like an object member', { documentName: 'constructor' }, 'InvalidDocument'],
    ['a parameter that the document has not', { parameters: { host: ['a.internal'], user: ['root'] } }, 'InvalidParameters'],
    ['a port that is none', { parameters: { host: ['a.internal'], portNumber: ['65536'] } }, 'InvalidParameters'],
    ['two values', { parameters: { host: ['a.internal', 'b.internal'] } }, 'InvalidParameters'],
    ['a host with shell characters', { parameters: { host: ['a.internal;id'] } }, 'InvalidParameters'],
    ['no host', { parameters: { portNumber: ['6379'] } }, 'InvalidParameters'],
    ['localhost as remote host', { parameters: { host: ['LocalHost'] } }, 'BadRequest'],
    ['a loopback address as remote host', { parameters: { host: ['127.0.0.53'] } }, 'BadRequest'],
    ['the IPv6 loopback as remote host', { parameters: { host: ['::1'] } }, 'BadRequest'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => service.start(request(changes)),
        (error) => error instanceof ServiceError && error.code === code && error.status === 400,
      );
      assert.deepEqual(service.activeSessions(), []);
    });
  }

  it('accepts a port on the instance itself', () => {
    service.start(request({ documentName: 'AWS-StartPortForwardingSession', parameters: { portNumber: ['22'] } }));
    assert.equal(service.activeSessions().length, 1);
  });

  it('terminates once and for all, whoever asks again', () => {
    const { SessionId } = service.start(request());
    assert.deepEqual(service.terminate(SessionId), { SessionId });
    assert.deepEqual(service.terminate(SessionId), { SessionId });
    assert.deepEqual(service.activeSessions(), []);
    const [over] = service.history();
    assert.deepEqual([over?.sessionId, over?.status, over?.ending], [SessionId, 'Terminated', 'terminated']);
    assert.ok(over?.endedAt);
  });

  it('resumes with a new token and the same address, and without a token once the session is over', () => {
    const grant = service.start(request());
    const again = service.resume(grant.SessionId);
    assert.ok('TokenValue' in again);
    assert.equal(again.StreamUrl, grant.StreamUrl);
    assert.notEqual(again.TokenValue, grant.TokenValue);
    service.terminate(grant.SessionId);
    assert.deepEqual(service.resume(grant.SessionId), { SessionId: grant.SessionId });
  });

  it('knows no session that it has not started', () => {
    for (const call of [() => service.resume('x'), () => service.terminate('x'), () => service.endSession('x', 'why')]) {
      assert.throws(call, (error) => error instanceof ServiceError && error.code === 'DoesNotExistException');
    }
  });

  it('ends a session that nobody connects to in time', async () => {
    service = make(20);
    const { SessionId } = service.start(request());
    await eventually(() => service.history().some(({ sessionId }) => sessionId === SessionId), 'the session is over');
    assert.deepEqual(service.resume(SessionId), { SessionId });
  });

  it('ends everything when it closes, and starts nothing afterwards', async () => {
    service.start(request());
    await service.close();
    assert.deepEqual(service.activeSessions(), []);
    assert.throws(() => service.start(request()), (error) => error instanceof ServiceError && error.status === 500);
  });
});

describe('sandbox open message', () => {
  const id = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';
  const valid = { MessageSchemaVersion: '1.0', RequestId: id, TokenValue: 't', ClientId: id, ClientVersion: '1.2.707.0' };

  it('is read when it has the five fields', () => {
    assert.deepEqual(parseOpenMessage(JSON.stringify(valid)), {
      requestId: id,
      tokenValue: 't',
      clientId: id,
      clientVersion: '1.2.707.0',
    });
  });

  for (const [what, message] of [
    ['no JSON', '{'],
    ['no object', '"x"'],
    ['null', 'null'],
    ['another schema version', { ...valid, MessageSchemaVersion: '1.1' }],
    ['a number for the schema version', { ...valid, MessageSchemaVersion: 1 }],
    ['a request id that is no UUID', { ...valid, RequestId: '1' }],
    ['a client id that is no UUID', { ...valid, ClientId: '' }],
    ['an empty token', { ...valid, TokenValue: '' }],
    ['a version of three parts', { ...valid, ClientVersion: '1.2.707' }],
    ['a missing field', { ...valid, ClientVersion: undefined }],
    ['a field too many', { ...valid, Extra: '' }],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.equal(parseOpenMessage(typeof message === 'string' ? message : JSON.stringify(message)), undefined);
    });
  }
});

describe('sandbox frame faults', () => {
  const run = (seed: number, rates: FrameFaultRates): number[] => {
    const passed: number[] = [];
    const path = new FaultyPath({ rates, random: seededRandom(seed), headBytes: 1, deliver: (frame) => passed.push(frame.readUInt16BE(1)) });
    for (let number = 0; number < 400; number++) path.pass(Buffer.from([0, number >> 8, number & 255]));
    path.close();
    return passed;
  };
  const inOrder = Array.from({ length: 400 }, (_, number) => number);

  it('are the same for the same seed and others for another', () => {
    const rates = { drop: 0.1, duplicate: 0.1, reorder: 0.1, corrupt: 0.1 };
    assert.deepEqual(run(1, rates), run(1, rates));
    assert.notDeepEqual(run(1, rates), run(2, rates));
  });

  it('drop, double, swap and change frames as asked, and nothing else', () => {
    assert.deepEqual(run(3, {}), inOrder);
    const dropped = run(3, { drop: 0.2 });
    assert.ok(dropped.length > 250 && dropped.length < 390);
    assert.deepEqual(dropped, dropped.toSorted((a, b) => a - b));
    assert.deepEqual([...new Set(run(3, { duplicate: 0.2 }))], inOrder);
    const swapped = run(3, { reorder: 0.2 });
    assert.notDeepEqual(swapped, inOrder);
    assert.ok(swapped.every((number, index) => Math.abs(number - index) <= 1));
    const changed = run(3, { corrupt: 0.2 });
    assert.equal(changed.length, 400);
    assert.ok(changed.filter((number, index) => number !== index).length > 40);
  });
});
