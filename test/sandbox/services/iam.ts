import type { ServiceDefinition } from './definition';
import { ApiError } from './protocol/protocol';
import { awsQuery } from './protocol/query';

/** IAM is global: requests are signed for the partition's home region and no other. */
const HOME = 'us-east-1';

export const iam: ServiceDefinition = {
  signingName: 'iam',
  protocol: awsQuery({ version: '2010-05-08', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' }),
  actions: {
    ListAccountAliases: {
      run({ caller, region, world }) {
        if (region.name !== HOME) throw new ApiError('SignatureDoesNotMatch', `Credential should be scoped to a valid region, not '${region.name}'. `, 403);
        const alias = world.accountAliases[caller.accountId];
        return { IsTruncated: false, AccountAliases: { member: alias === undefined ? [] : [alias] } };
      },
    },
  },
};
