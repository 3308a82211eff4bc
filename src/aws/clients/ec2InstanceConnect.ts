import { jsonCaller, namedError } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

export interface SendSshPublicKeyInput {
  readonly InstanceId: string;
  readonly InstanceOSUser: string;
  /** OpenSSH format, 80 to 4096 characters. */
  readonly SSHPublicKey: string;
  readonly AvailabilityZone?: string;
}

/** The EC2 Instance Connect call in use. A bundle of its own: reach it through `import()` only. */
export interface Ec2InstanceConnectApi {
  /** @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
  sendSshPublicKey(input: SendSshPublicKeyInput, options: SendOptions): Promise<void>;
}

/** API reference of EC2 Instance Connect, 2018-04-02. */
const SERVICE = { name: 'ec2-instance-connect', targetPrefix: 'AWSEC2InstanceConnectService' };

export function createEc2InstanceConnect(settings: ClientSettings): Ec2InstanceConnectApi {
  const call = jsonCaller(SERVICE, settings);
  return {
    async sendSshPublicKey(input, options) {
      const { Success } = await call('SendSSHPublicKey', input, options);
      if (Success !== true) throw namedError('UnexpectedAnswer', 'SendSSHPublicKey answered without success.');
    },
  };
}
