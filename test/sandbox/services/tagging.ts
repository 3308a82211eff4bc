import { resourceType, taggedResources } from '../worldTags';
import type { Action, Call, ServiceDefinition } from './definition';
import { onlyKnown } from './listing';
import { awsJson11 } from './protocol/json';
import { ApiError } from './protocol/protocol';

/** So long a token is good, ms. */
const TOKEN_MS = 15 * 60_000;
const SERVICES = new Set(['ec2', 'ecs', 'elasticache', 'es', 'kafka', 'memorydb', 'mq', 'rds', 'redshift', 'redshift-serverless', 's3']);

const getResources: Action = {
  run(call) {
    onlyKnown(call, 'ResourceTypeFilters', 'ResourcesPerPage', 'PaginationToken');
    const { input, world, caller, region } = call;
    const types = input.texts('ResourceTypeFilters');
    if (types.length > 100) throw new ApiError('InvalidParameterException', 'ResourceTypeFilters: at most 100');
    for (const type of types) {
      const [service = ''] = type.split(':');
      if (!SERVICES.has(service) || world.untaggable?.includes(service)) throw new ApiError('InvalidParameterException', `Unsupported service=${service} in ResourceTypeFilter - ${type}`);
    }
    const place = world.places.find(({ accountId, region: name }) => accountId === caller.accountId && name === region.name);
    const all = place ? taggedResources(world, place) : [];
    const wanted = all.filter(({ arn }) => types.length === 0 || types.some((type) => type === resourceType(arn) || type === resourceType(arn).split(':')[0]));
    const limit = input.integer('ResourcesPerPage', 1, 100) ?? 50;
    const token = ofText(call, input.text('PaginationToken') ?? '');
    const page = call.page(wanted, { limit, token, listing: types.join() });
    if (!page) throw new ApiError('InvalidParameterException', 'The PaginationToken is invalid.');
    return {
      // Empty on the last page, as AWS has it.
      PaginationToken: page.next === undefined ? '' : `${call.now()}.${page.next}`,
      ResourceTagMappingList: page.rows.map(({ arn, tags }) => ({ ResourceARN: arn, Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) })),
    };
  },
};

/** @throws ApiError */
function ofText({ now }: Call, text: string): string | undefined {
  if (text === '') return undefined;
  const [, at = 'NaN', token = ''] = /^(\d+)\.(.*)$/s.exec(text) ?? [];
  if (now() - Number(at) > TOKEN_MS) throw new ApiError('PaginationTokenExpiredException', 'The PaginationToken has expired.');
  return token;
}

const json = awsJson11('ResourceGroupsTaggingAPI_20170126');

export const tagging: ServiceDefinition = {
  signingName: 'tagging',
  iamPrefix: 'tag',
  protocol: { ...json, errors: { ...json.errors, throttled: () => new ApiError('ThrottledException', 'Rate exceeded') } },
  actions: { GetResources: getResources },
};
