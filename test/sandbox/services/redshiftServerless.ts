import { hasAddress, managedAddress, workgroupAddress } from '../dataNaming';
import type { RedshiftWorkgroup } from '../worldDataTypes';
import type { Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { onlyKnown, tokenPage, vpcsOf } from './listing';
import { awsJson11 } from './protocol/json';
import type { Output } from './protocol/protocol';

interface Row {
  readonly workgroup: RedshiftWorkgroup;
  readonly vpc: Vpc;
}

function rowsOf(call: Call): Row[] {
  return vpcsOf(call).flatMap((vpc) => (vpc.data?.redshiftWorkgroups ?? []).map((workgroup) => ({ workgroup, vpc })));
}

const listWorkgroups: Action = {
  run(call) {
    onlyKnown(call, 'maxResults', 'nextToken');
    const { rows, next } = tokenPage(call, rowsOf(call));
    return { workgroups: rows.map((row) => renderWorkgroup(call, row)), nextToken: next };
  },
};

function renderWorkgroup({ region, caller }: Call, { workgroup, vpc }: Row): Output {
  const { host, port } = workgroupAddress(workgroup, caller.accountId, region);
  return {
    workgroupId: `5a11e5e5-${workgroup.name}`,
    workgroupArn: `arn:aws:redshift-serverless:${region.name}:${caller.accountId}:workgroup/5a11e5e5-${workgroup.name}`,
    workgroupName: workgroup.name,
    namespaceName: workgroup.name,
    baseCapacity: 8,
    enhancedVpcRouting: false,
    configParameters: [
      { parameterKey: 'auto_mv', parameterValue: 'true' },
      { parameterKey: 'require_ssl', parameterValue: String(workgroup.requireTls) },
    ],
    securityGroupIds: [...workgroup.securityGroupIds],
    subnetIds: vpc.subnets.map(({ id }) => id),
    status: workgroup.status,
    // Without an address until it exists; its VPC is told with it only.
    ...(hasAddress(workgroup) && {
      endpoint: {
        address: host,
        port,
        vpcEndpoints: [{ vpcEndpointId: `vpce-${workgroup.name}`, vpcId: vpc.id, networkInterfaces: [] }],
      },
    }),
    publiclyAccessible: workgroup.public,
    creationDate: '2026-01-15T07:00:00.000000+00:00',
    port,
    workgroupVersion: workgroup.version,
  };
}

const listEndpointAccess: Action = {
  run(call) {
    onlyKnown(call, 'maxResults', 'nextToken');
    const all = rowsOf(call).flatMap(({ workgroup }) => workgroup.managedEndpoints.map((endpoint) => ({ workgroup, endpoint })));
    const { rows, next } = tokenPage(call, all);
    const endpoints = rows.map(({ workgroup, endpoint }): Output => {
      const { host, port } = managedAddress(endpoint, call.region);
      const vpc = vpcsOf(call).find(({ id }) => id === endpoint.vpcId);
      return {
        endpointName: endpoint.name,
        endpointStatus: 'ACTIVE',
        workgroupName: workgroup.name,
        endpointCreateTime: '2026-01-15T07:00:00.000000+00:00',
        port,
        address: host,
        subnetIds: (vpc?.subnets ?? []).map(({ id }) => id),
        vpcSecurityGroups: [{ vpcSecurityGroupId: vpc?.securityGroups[0]?.id, status: 'active' }],
        vpcEndpoint: { vpcEndpointId: `vpce-${endpoint.name}`, vpcId: endpoint.vpcId, networkInterfaces: [] },
        endpointArn: `arn:aws:redshift-serverless:${call.region.name}:${call.caller.accountId}:managedvpcendpoint/${endpoint.name}`,
      };
    });
    return { endpoints, nextToken: next };
  },
};

export const redshiftServerless: ServiceDefinition = {
  signingName: 'redshift-serverless',
  protocol: awsJson11('RedshiftServerless'),
  actions: { ListWorkgroups: listWorkgroups, ListEndpointAccess: listEndpointAccess },
};
