import type { Instance, Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { awsJson11 } from './protocol/json';
import { ApiError } from './protocol/protocol';

const sendSshPublicKey: Action = {
  resource: ({ caller, region, input }) => `arn:aws:ec2:${region.name}:${caller.accountId}:instance/${input.text('InstanceId') ?? '*'}`,
  async run(call) {
    const { input } = call;
    const instanceId = matching(call, 'InstanceId', /^i-[a-f0-9]{8,30}$/);
    const osUser = matching(call, 'InstanceOSUser', /^[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?$/);
    const publicKey = usableKey(matching(call, 'SSHPublicKey', /^[\s\S]{80,4096}$/));
    const zone = input.text('AvailabilityZone') === undefined ? undefined : matching(call, 'AvailabilityZone', /^(?:\w+-){2,3}\d+\w+$/);
    const found = find(call, instanceId);
    if (!found || (zone !== undefined && zoneOf(found) !== zone)) {
      throw new ApiError('EC2InstanceNotFoundException', `Instance not found: ${instanceId}`);
    }
    if (found.instance.state !== 'running') {
      throw new ApiError('EC2InstanceStateInvalidException', `Instance ${instanceId} is not in a valid state: ${found.instance.state}`);
    }
    await call.sshKeys.push({ instanceId, osUser, publicKey, ...(zone !== undefined && { availabilityZone: zone }) });
    return { RequestId: '5d0d2f4e-0a3b-4c5d-8e6f-7a8b9c0d1e2f', Success: true };
  },
};

interface Found {
  readonly instance: Instance;
  readonly vpc: Vpc;
}

function find({ world, caller, region }: Call, id: string): Found | undefined {
  for (const place of world.places) {
    if (place.accountId !== caller.accountId || place.region !== region.name) continue;
    for (const vpc of place.vpcs) {
      const instance = vpc.instances.find((row) => row.id === id);
      if (instance) return { instance, vpc };
    }
  }
  return undefined;
}

function zoneOf({ instance, vpc }: Found): string | undefined {
  return vpc.subnets.find(({ id }) => id === instance.subnetId)?.zone;
}

function matching({ input }: Call, name: string, pattern: RegExp): string {
  const value = input.required(name);
  if (pattern.test(value)) return value;
  throw input.errors.invalidValue(name, value.slice(0, 40), `Member must satisfy regular expression pattern: ${pattern.source}`);
}

/** Only ed25519 and RSA of 2048 or 4096 bits, OpenSSH format. */
function usableKey(text: string): string {
  const [, algorithm, base64] = /^(ssh-ed25519|ssh-rsa) ([A-Za-z0-9+/]+={0,2})(?: [^\n]*)?\n?$/.exec(text) ?? [];
  const fields = fieldsOf(Buffer.from(base64 ?? '', 'base64'));
  const named = fields?.[0]?.toString('latin1') === algorithm;
  const ed25519 = algorithm === 'ssh-ed25519' && fields?.length === 2 && fields[1]!.length === 32;
  const rsa = algorithm === 'ssh-rsa' && fields?.length === 3 && [257, 513].includes(fields[2]!.length);
  if (named && (ed25519 || rsa)) return `${algorithm} ${base64}`;
  throw new ApiError('InvalidArgsException', 'Invalid SSH public key.');
}

/** The strings of a key's blob; undefined when it is cut. */
function fieldsOf(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length || at + 4 + blob.readUInt32BE(at) > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

export const ec2InstanceConnect: ServiceDefinition = {
  signingName: 'ec2-instance-connect',
  protocol: awsJson11('AWSEC2InstanceConnectService'),
  actions: { SendSSHPublicKey: sendSshPublicKey },
};
