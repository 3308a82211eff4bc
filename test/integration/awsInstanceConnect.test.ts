import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { isFault } from '../../src/base/fault';
import type { Aws } from '../../src/aws';
import type { InstanceKey } from '../../src/model/ssh';
import type { Sandbox } from '../sandbox/sandbox';
import { awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

describe('EC2 Instance Connect', () => {
  let bench: AwsBench;
  let aws: Aws;
  let sandbox: Sandbox;
  const place = { profile: 'dev', region: 'eu-central-1' };
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
    ({ aws, sandbox } = bench);
  });
  afterEach(() => bench.close());

  const pushed = (more: Partial<InstanceKey> = {}, profile = 'dev'): Promise<void> => {
    const key = { instanceId: sandbox.instance('shop-bastion').id, osUser: 'ec2-user', publicKey: ed25519(), ...more };
    return aws.instanceConnect.pushSshKey({ ...place, profile }, key, signal);
  };
  const failure = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(isFault(error), String(error));
    return error;
  };

  it('gives an instance a key for one user', async () => {
    const publicKey = ed25519();
    const { id } = sandbox.instance('shop-bastion');
    await pushed({ publicKey: `${publicKey} sallyport` });
    assert.deepEqual(sandbox.sshKeys.accepted(id, 'ec2-user'), [publicKey]);
    assert.deepEqual(sandbox.sshKeys.accepted(id, 'ubuntu'), []);
    assert.deepEqual(sandbox.sshKeys.accepted('i-0', 'ec2-user'), []);
    const [request] = sandbox.requests.of('ec2-instance-connect', 'SendSSHPublicKey');
    assert.deepEqual(Object.keys(request!.params).toSorted(), ['InstanceId', 'InstanceOSUser', 'SSHPublicKey']);
  });

  it('says what is wrong with the instance or the key', async () => {
    assert.equal((await failure(pushed({ instanceId: 'i-0123456789abcdef0' }))).code, 'instanceConnect.notFound');
    assert.equal((await failure(pushed({ availabilityZone: 'eu-central-1z' }))).code, 'instanceConnect.notFound');
    assert.equal((await failure(pushed({ publicKey: `ssh-dss ${'A'.repeat(90)}` }))).code, 'instanceConnect.invalid');
    sandbox.instance('shop-bastion').state = 'stopped';
    const stopped = await failure(pushed());
    assert.equal(stopped.code, 'instanceConnect.notRunning');
    assert.match(stopped.message, /^Instance i-\w+ is not running/);
    assert.deepEqual(sandbox.sshKeys.accepted(sandbox.instance('shop-bastion').id, 'ec2-user'), []);
  });

  it('names the permission that is missing, and repeats what was throttled', async () => {
    assert.match((await failure(pushed({}, 'denied'))).message, /^No permission for ec2-instance-connect:SendSSHPublicKey on arn:aws:ec2:/);
    sandbox.faults.add({ service: 'ec2-instance-connect', kind: 'throttle', times: 1 });
    await pushed();
    assert.equal(sandbox.requests.of('ec2-instance-connect', 'SendSSHPublicKey').length, 3);
  });

  it('reads the host keys of the console output', async () => {
    const instance = sandbox.instance('shop-bastion');
    const keys = (): Promise<unknown> => aws.instanceConnect.consoleHostKeys(place, instance.id, signal);
    assert.deepEqual(await keys(), []);
    const fingerprint = `SHA256:${'b'.repeat(43)}`;
    instance.console = `\n-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 ${fingerprint} root@x (ED25519)\n-----END SSH HOST KEY FINGERPRINTS-----\n`;
    assert.deepEqual(await keys(), [{ algorithm: 'ssh-ed25519', fingerprint }]);
    assert.equal((await failure(aws.instanceConnect.consoleHostKeys(place, 'i-0123456789abcdef0', signal))).code, 'instanceConnect.notFound');
    assert.match((await failure(aws.instanceConnect.consoleHostKeys({ ...place, profile: 'denied' }, instance.id, signal))).message, /ec2:GetConsoleOutput/);
  });
});

function ed25519(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const name = Buffer.from('ssh-ed25519');
  const blob = Buffer.concat([Buffer.from([0, 0, 0, name.length]), name, Buffer.from([0, 0, 0, raw.length]), raw]);
  return `ssh-ed25519 ${blob.toString('base64')}`;
}
