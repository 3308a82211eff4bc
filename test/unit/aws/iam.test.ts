import assert from 'node:assert/strict';
import { homeRegion, iamEndpoint } from '../../../src/aws/clients/iam';

describe('the global services of a partition', () => {
  const at = (region: string, useFips = false, useDualstack = false): string => iamEndpoint({ region: homeRegion(region), useFips, useDualstack });

  it('have one home, whatever the region', () => {
    assert.deepEqual(
      ['eu-central-1', 'cn-northwest-1', 'us-gov-east-1', 'us-iso-west-1', 'us-isob-east-1', 'eusc-de-east-1'].map(homeRegion),
      ['us-east-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1', 'eusc-de-east-1'],
    );
  });

  it('have one endpoint, by the rules of AWS’s own client', () => {
    assert.deepEqual(
      [at('eu-central-1'), at('eu-central-1', true), at('eu-central-1', false, true), at('us-gov-east-1', true), at('cn-northwest-1')],
      [
        'https://iam.amazonaws.com/',
        'https://iam-fips.amazonaws.com/',
        'https://iam.global.api.aws/',
        'https://iam.us-gov.amazonaws.com/',
        'https://iam.cn-north-1.amazonaws.com.cn/',
      ],
    );
  });
});
