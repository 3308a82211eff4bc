import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetConsoleOutputCommand,
  StartInstancesCommand,
} from '@aws-sdk/client-ec2';
import type {
  DescribeInstancesCommandInput,
  DescribeInstancesCommandOutput,
  DescribeSecurityGroupsCommandInput,
  DescribeSecurityGroupsCommandOutput,
  DescribeSubnetsCommandInput,
  DescribeSubnetsCommandOutput,
  DescribeVpcPeeringConnectionsCommandInput,
  DescribeVpcPeeringConnectionsCommandOutput,
  DescribeVpcsCommandInput,
  DescribeVpcsCommandOutput,
  GetConsoleOutputCommandInput,
  GetConsoleOutputCommandOutput,
  StartInstancesCommandInput,
  StartInstancesCommandOutput,
} from '@aws-sdk/client-ec2';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';
import { readInSlices } from './slicedReading';
import type { SlicedList } from './slicedReading';

/** The EC2 calls in use. A bundle of its own (the heaviest): reach it through `import()` only. */
export interface Ec2Api {
  describeInstances(input: DescribeInstancesCommandInput, options: SendOptions): Promise<DescribeInstancesCommandOutput>;
  describeSubnets(input: DescribeSubnetsCommandInput, options: SendOptions): Promise<DescribeSubnetsCommandOutput>;
  describeSecurityGroups(input: DescribeSecurityGroupsCommandInput, options: SendOptions): Promise<DescribeSecurityGroupsCommandOutput>;
  describeVpcPeeringConnections(
    input: DescribeVpcPeeringConnectionsCommandInput,
    options: SendOptions,
  ): Promise<DescribeVpcPeeringConnectionsCommandOutput>;
  describeVpcs(input: DescribeVpcsCommandInput, options: SendOptions): Promise<DescribeVpcsCommandOutput>;
  getConsoleOutput(input: GetConsoleOutputCommandInput, options: SendOptions): Promise<GetConsoleOutputCommandOutput>;
  startInstances(input: StartInstancesCommandInput, options: SendOptions): Promise<StartInstancesCommandOutput>;
}

const LISTS: readonly SlicedList[] = [
  { list: 'reservationSet', item: 'item', member: 'Reservations' },
  { list: 'subnetSet', item: 'item', member: 'Subnets' },
  { list: 'securityGroupInfo', item: 'item', member: 'SecurityGroups' },
];

export function createEc2(settings: ClientSettings): Ec2Api {
  const client = new EC2Client(sdkConfig(settings));
  readInSlices(client, settings, LISTS);
  return {
    describeInstances: (input, options) => client.send(new DescribeInstancesCommand(input), options),
    describeSubnets: (input, options) => client.send(new DescribeSubnetsCommand(input), options),
    describeSecurityGroups: (input, options) => client.send(new DescribeSecurityGroupsCommand(input), options),
    describeVpcPeeringConnections: (input, options) => client.send(new DescribeVpcPeeringConnectionsCommand(input), options),
    describeVpcs: (input, options) => client.send(new DescribeVpcsCommand(input), options),
    getConsoleOutput: (input, options) => client.send(new GetConsoleOutputCommand(input), options),
    startInstances: (input, options) => client.send(new StartInstancesCommand(input), options),
  };
}
