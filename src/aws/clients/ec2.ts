import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetConsoleOutputCommand,
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
} from '@aws-sdk/client-ec2';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';

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
}

export function createEc2(settings: ClientSettings): Ec2Api {
  const client = new EC2Client(sdkConfig(settings));
  return {
    describeInstances: (input, options) => client.send(new DescribeInstancesCommand(input), options),
    describeSubnets: (input, options) => client.send(new DescribeSubnetsCommand(input), options),
    describeSecurityGroups: (input, options) => client.send(new DescribeSecurityGroupsCommand(input), options),
    describeVpcPeeringConnections: (input, options) => client.send(new DescribeVpcPeeringConnectionsCommand(input), options),
    describeVpcs: (input, options) => client.send(new DescribeVpcsCommand(input), options),
    getConsoleOutput: (input, options) => client.send(new GetConsoleOutputCommand(input), options),
  };
}
