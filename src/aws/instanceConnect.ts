import type { ConsoleHostKey, InstanceConnectApi, InstanceKey } from '../model/ssh';
import type { Place } from '../model/target';
import type { AwsAccess } from './access';
import { readConsoleHostKeys } from './consoleHostKeys';

/** EC2 Instance Connect, and the console output of EC2. */
export class AwsInstanceConnect implements InstanceConnectApi {
  readonly #access: AwsAccess;

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  async pushSshKey(
    place: Pick<Place, 'profile' | 'region'>,
    { instanceId, availabilityZone, osUser, publicKey }: InstanceKey,
    signal: AbortSignal,
  ): Promise<void> {
    const session = await this.#access.open(place, signal);
    const client = await session.ec2InstanceConnect();
    const input = {
      InstanceId: instanceId,
      InstanceOSUser: osUser,
      SSHPublicKey: publicKey,
      ...(availabilityZone !== undefined && { AvailabilityZone: availabilityZone }),
    };
    await session.call(
      'ec2-instance-connect:SendSSHPublicKey',
      (abortSignal) => client.sendSshPublicKey(input, { abortSignal }),
      signal,
      { urgent: true, subject: instanceId },
    );
  }

  async consoleHostKeys(
    place: Pick<Place, 'profile' | 'region'>,
    instanceId: string,
    signal: AbortSignal,
  ): Promise<readonly ConsoleHostKey[]> {
    const session = await this.#access.open(place, signal);
    const ec2 = await session.ec2();
    // Not the latest output: keys are printed at the boot, and that is what EC2 keeps.
    const { Output = '' } = await session.call(
      'ec2:GetConsoleOutput',
      (abortSignal) => ec2.getConsoleOutput({ InstanceId: instanceId }, { abortSignal }),
      signal,
      { urgent: true, subject: instanceId },
    );
    return readConsoleHostKeys(Buffer.from(Output, 'base64').toString('latin1'));
  }
}
