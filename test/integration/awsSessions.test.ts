import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { systemClock } from '../../src/base/clock';
import { isCancelled, isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import type { Route } from '../../src/model/route';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { eventually } from '../fixtures/eventually';
import { KeyStore } from '../sandbox/kms';
import type { Sandbox } from '../sandbox/sandbox';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { arrival, awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

const DEV = '111122223333';
const FRANKFURT = 'eu-central-1';

describe('Session Manager API', () => {
  let bench: AwsBench;
  let aws: Aws;
  let sandbox: Sandbox;
  let directory: string;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
    ({ aws, sandbox, directory } = bench);
  });

  afterEach(() => bench.close());

  const place = { profile: 'dev', region: FRANKFURT };
  const to = { host: 'master.orders-cache.example', port: 6379 };
  const bastion = (name: string): string => sandbox.instance(name).id;
  const active = (): string[] => sandbox.sessions.activeSessions().map(({ sessionId }) => sessionId);

  it('starts, resumes and terminates a session', async () => {
    const grant = await aws.sessions.start({ place, bastionId: bastion('shop-bastion'), to, reason: 'test run' }, signal);
    assert.match(grant.streamUrl, /^wss?:\/\//);
    assert.deepEqual(active(), [grant.sessionId]);
    const [request] = sandbox.requests.of('ssm', 'StartSession');
    assert.deepEqual(
      [request?.params['DocumentName'], request?.params['Parameters'], request?.params['Reason']],
      ['AWS-StartPortForwardingSessionToRemoteHost', { host: [to.host], portNumber: ['6379'], localPortNumber: ['0'] }, 'test run'],
    );
    const resumed = await aws.sessions.resume(place, grant.sessionId, signal);
    assert.equal(resumed?.sessionId, grant.sessionId);
    assert.notEqual(resumed.tokenValue, grant.tokenValue);
    await aws.sessions.terminate(place, grant.sessionId, signal);
    assert.deepEqual(active(), []);
    await aws.sessions.terminate(place, grant.sessionId, signal);
    assert.equal(await aws.sessions.resume(place, grant.sessionId, signal), undefined);
  });

  it('hands out what a program of AWS needs to resume a session by itself', async () => {
    const grant = await aws.plugin.grant(place, signal);
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = sandbox.env('dev');
    assert.deepEqual([grant.accessKeyId, grant.secretAccessKey, grant.region], [accessKeyId, secretAccessKey, FRANKFURT]);
    assert.equal(new URL(grant.endpoint).origin, sandbox.endpoint);
    await assert.rejects(aws.plugin.grant({ profile: 'nobody', region: FRANKFURT }, signal), { code: 'aws.noProfile' });
  });

  it('hands the CA bundle of the profile on to the data channel', async () => {
    const { caFile } = await CertificateAuthority.create(directory);
    const file = join(directory, 'config');
    await writeFile(file, (await readFile(file, 'utf8')).replace('[profile dev]', `[profile dev]\nca_bundle = ${caFile}`));
    const grant = await aws.sessions.start({ place, bastionId: bastion('shop-bastion'), to }, signal);
    assert.equal(grant.ca, await readFile(caFile, 'utf8'));
    assert.equal((await aws.sessions.resume(place, grant.sessionId, signal))?.ca, grant.ca);
    await aws.sessions.terminate(place, grant.sessionId, signal);
  });

  it('takes a session that the service does not know for one that is over', async () => {
    assert.equal(await aws.sessions.resume(place, 'dora-0123456789abcdef0', signal), undefined);
    await aws.sessions.terminate(place, 'dora-0123456789abcdef0', signal);
  });

  it('says who is at the other end by itself', async () => {
    await aws.sessions.start({ place, bastionId: bastion('shop-bastion'), to }, signal);
    const reason = sandbox.requests.of('ssm', 'StartSession')[0]?.params['Reason'];
    assert.ok(typeof reason === 'string' && /^Sallyport \S+/.test(reason));
  });

  it('takes hybrid nodes as targets, and asks for nothing with an id that can be no target', async () => {
    const id = 'mi-0123456789abcdef0';
    const [vpc] = sandbox.world.places[0]!.vpcs;
    vpc!.instances.push({ ...sandbox.instance('shop-bastion'), id, name: 'hybrid' });
    await aws.sessions.start({ place, bastionId: id, to: { host: 'localhost', port: 6379 } }, signal);
    assert.equal(sandbox.requests.of('ssm', 'StartSession')[0]?.params['DocumentName'], 'AWS-StartPortForwardingSession');
    await assert.rejects(aws.sessions.start({ place, bastionId: 'shop-bastion', to }, signal), { code: 'ssm.invalidTarget' });
    assert.equal(sandbox.requests.of('ssm', 'StartSession').length, 1);
  });

  describe('data key of an encrypted session', () => {
    const keyId = 'alias/sandbox-sessions';
    const context = { 'aws:ssm:SessionId': 'dora-0', 'aws:ssm:TargetId': 'i-0123456789abcdef0' };
    const frankfurt = { accountId: DEV, region: FRANKFURT };

    it('is one that KMS opens again with the same context only', async () => {
      const { plaintext, sealed } = await aws.sessions.dataKey(place, { keyId, context }, signal);
      assert.equal(plaintext.length, 64);
      const keys = new KeyStore(sandbox.world.kmsKeys);
      assert.deepEqual(keys.decrypt(Buffer.from(sealed), context, frankfurt).plaintext, Buffer.from(plaintext));
      assert.throws(() => keys.decrypt(Buffer.from(sealed), { ...context, more: 'x' }, frankfurt), { code: 'InvalidCiphertextException' });
      assert.ok(!JSON.stringify(sandbox.requests.all()).includes(Buffer.from(plaintext).toString('base64')));
    });

    it('is missed with the name of the permission and of the key', async () => {
      sandbox.faults.add({ service: 'kms', action: 'GenerateDataKey', kind: 'accessDenied' });
      await assert.rejects(aws.sessions.dataKey(place, { keyId, context }, signal), (error: unknown) => {
        assert.ok(isFault(error) && error.code === 'aws.accessDenied');
        assert.match(error.message, new RegExp(`No permission for kms:GenerateDataKey on arn:aws:kms:${FRANKFURT}:${DEV}:key/`));
        return true;
      });
    });

    it('is asked for again when KMS is busy, and not when the key is disabled or unknown', async () => {
      sandbox.faults.add({ service: 'kms', action: 'GenerateDataKey', kind: 'throttle', times: 1 });
      await aws.sessions.dataKey(place, { keyId, context }, signal);
      assert.equal(sandbox.requests.of('kms', 'GenerateDataKey').length, 2);
      await assert.rejects(aws.sessions.dataKey(place, { keyId: 'alias/gone', context }, signal), { code: 'ssm.keyUnusable' });
      sandbox.world.kmsKeys[0]!.enabled = false;
      await assert.rejects(aws.sessions.dataKey(place, { keyId, context }, signal), (error: unknown) => {
        assert.ok(isFault(error) && error.code === 'ssm.keyUnusable' && error.message.includes(keyId) && error.message.includes('DisabledException'));
        return true;
      });
      assert.equal(sandbox.requests.of('kms', 'GenerateDataKey').length, 4);
    });

    it('can be given up while KMS takes its time', async () => {
      const controller = new AbortController();
      const arrived = arrival(sandbox, { service: 'kms', action: 'GenerateDataKey', kind: 'latency', latencyMs: 5_000 });
      const ended = assert.rejects(aws.sessions.dataKey(place, { keyId, context }, controller.signal), isCancelled);
      await arrived;
      controller.abort();
      await ended;
    });

    it('encrypts a whole session that is started through the API', async () => {
      const settings = (): SsmSettings => ssmSettings({ document: 'Sandbox-EncryptedPortSession' });
      const transport = new SsmTransport({ api: aws.sessions, clock: systemClock, logger: nullLogger, settings });
      const route: Route = {
        target: { id: 'orders', name: 'orders', engine: 'redis', tls: 'off', auth: 'none' },
        endpoint: to,
        bastion: { id: bastion('shop-bastion'), name: 'shop-bastion' },
        method: 'ssm',
        place: { ...place, accountId: DEV },
      };
      const link = await transport.dial(route, signal);
      assert.deepEqual(sandbox.requests.of('kms', 'GenerateDataKey').map(({ params }) => Object.keys(params['EncryptionContext'] as object).toSorted()), [
        ['aws:ssm:RandomChallenge', 'aws:ssm:SessionId', 'aws:ssm:TargetId'],
      ]);
      await link.dispose();
      sandbox.faults.add({ service: 'kms', action: 'GenerateDataKey', kind: 'accessDenied' });
      await assert.rejects(transport.dial(route, signal), { code: 'aws.accessDenied' });
      assert.deepEqual(active(), []);
    });
  });

  it('names a bastion that is not connected', async () => {
    const bastionId = bastion('reporting-bastion');
    await assert.rejects(aws.sessions.start({ place, bastionId, to }, signal), (error: unknown) => {
      assert.ok(isFault(error) && error.code === 'ssm.targetNotConnected' && error.message.includes(bastionId));
      return true;
    });
  });

  it('names the missing action and the instance when starting is denied', async () => {
    sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'accessDenied' });
    const bastionId = bastion('shop-bastion');
    await assert.rejects(aws.sessions.start({ place, bastionId, to }, signal), (error: unknown) => {
      assert.ok(isFault(error) && error.code === 'aws.accessDenied');
      assert.match(error.message, new RegExp(`^No permission for ssm:StartSession on arn:aws:ec2:${FRANKFURT}:${DEV}:instance/${bastionId} `));
      return true;
    });
  });

  it('repeats a throttled start, but not one that may have happened', async () => {
    sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'throttle', times: 1 });
    await aws.sessions.start({ place, bastionId: bastion('shop-bastion'), to }, signal);
    assert.equal(active().length, 1);
    sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'serverError', times: 1 });
    await assert.rejects(aws.sessions.start({ place, bastionId: bastion('shop-bastion'), to }, signal), { code: 'aws.serviceError' });
    assert.equal(active().length, 1);
  });

  it('leaves no session behind when a start is cancelled in flight', async () => {
    const controller = new AbortController();
    const before = sandbox.sessions.history().length;
    const arrived = arrival(sandbox, { service: 'ssm', action: 'StartSession', kind: 'latency', latencyMs: 50 });
    const ended = assert.rejects(aws.sessions.start({ place, bastionId: bastion('shop-bastion'), to }, controller.signal), isCancelled);
    await arrived;
    controller.abort();
    await ended;
    await eventually(() => sandbox.sessions.history().length === before + 1 && active().length === 0, 'the session is terminated');
  });

  it('terminates such a session also when it is disposed at once', async () => {
    const controller = new AbortController();
    const arrived = arrival(sandbox, { service: 'ssm', action: 'StartSession', kind: 'latency', latencyMs: 50 });
    // Not the impatient clock: the bound of the disposal must be a real one here.
    const patient = createAws({ logger: nullLogger, clock: systemClock, env: bench.env });
    const ended = assert.rejects(patient.sessions.start({ place, bastionId: bastion('shop-bastion'), to }, controller.signal), isCancelled);
    await arrived;
    controller.abort();
    await ended;
    await patient.dispose();
    assert.equal(sandbox.requests.of('ssm', 'TerminateSession').length, 1);
    assert.deepEqual(active(), []);
  });
});
