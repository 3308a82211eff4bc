import { describe } from './ec2Describe';
import type { Peering } from '../worldTypes';

/** Peerings stand in their place's list and not in a VPC's, so each is told with the VPC that asked for it. */
export const describeVpcPeerings = describe<Peering>({
  rows: (vpc, { peerings }) => peerings.filter(({ requesterVpcId }) => requesterVpcId === vpc.id),
  idOf: ({ id }) => id,
  idParameter: 'VpcPeeringConnectionId',
  idPattern: /^pcx-([0-9a-f]{8}|[0-9a-f]{17})$/,
  malformed: 'InvalidVpcPeeringConnectionId.Malformed',
  notFound: 'InvalidVpcPeeringConnectionID.NotFound',
  noun: 'vpcPeeringConnection',
  maxResults: 1000,
  tagsOf: () => [],
  filters: {
    'vpc-peering-connection-id': ({ id }) => [id],
    'status-code': ({ status }) => [status],
    'requester-vpc-info.vpc-id': ({ requesterVpcId }) => [requesterVpcId],
    'accepter-vpc-info.vpc-id': ({ accepterVpcId }) => [accepterVpcId],
  },
  set: 'vpcPeeringConnectionSet',
  render: ({ id, requesterVpcId, accepterVpcId, status }, _vpc, accountId, region) => ({
    vpcPeeringConnectionId: id,
    requesterVpcInfo: { ownerId: accountId, vpcId: requesterVpcId, region },
    accepterVpcInfo: { ownerId: accountId, vpcId: accepterVpcId, region },
    status: { code: status, message: status },
    tagSet: {},
  }),
});
