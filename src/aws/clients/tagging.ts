import { jsonCaller } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

// Members of the API's answers, as far as they are in use; any of them may be missing.

export interface TaggedResource {
  readonly ResourceARN?: string;
  /** Empty for what had tags once and has none any more. */
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
}

interface GetResourcesInput {
  readonly ResourceTypeFilters: readonly string[];
  /** At most 100. */
  readonly ResourcesPerPage: number;
  readonly PaginationToken?: string;
}

/** The one call of Resource Groups Tagging in use. @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
export interface TaggingApi {
  /** The token is empty on the last page; any page may be short or empty. */
  getResources(input: GetResourcesInput, options: SendOptions): Promise<{ ResourceTagMappingList?: readonly TaggedResource[]; PaginationToken?: string }>;
}

/** API reference of Resource Groups Tagging, 2017-01-26. A resource has up to 50 tags of up to 384 characters. What waits for tags can do without. */
const SERVICE = { name: 'tagging', targetPrefix: 'ResourceGroupsTaggingAPI_20170126', maxAnswerBytes: 16 * 1024 * 1024, timeoutMs: 5_000 };

export function createTagging(settings: ClientSettings): TaggingApi {
  const call = jsonCaller(SERVICE, settings);
  return { getResources: (input, options) => call('GetResources', input, options) };
}
