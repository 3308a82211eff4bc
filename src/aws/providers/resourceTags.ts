import { abortable } from '../../base/abort';
import { isFault } from '../../base/fault';
import type { Fault } from '../../base/fault';
import { TAGGED_LATER } from '../../model/inventory';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Tag, Target } from '../../model/target';
import type { TaggedResource } from '../clients/tagging';
import { isTransient } from '../faults';
import { pages } from '../paging';
import type { ProviderContext } from './context';

const ID = 'resource.tags';
/** The largest page. */
const PAGE = 100;
/** A call that failed is made again so often: a discovery is not over before this one is, and its tags can be done without. */
const REPEATS = 2;
/** The service of a filter that is not supported: nothing but the message tells it. */
const UNSUPPORTED = /service=([a-z0-9-]+) in ResourceTypeFilter/;

/**
 * The given providers, and one more that lists the tags of what some of them find without, of all together. It begins with
 * the first such resource, and never without one. What comes before its tags is told at once, and again with them; what comes
 * after them has them. While they cannot be listed, all stays as it was found.
 */
export function resourceTags(context: ProviderContext, providers: readonly ResourceProvider[]): readonly ResourceProvider[] {
  const later = providers.filter(({ id }) => Object.hasOwn(TAGGED_LATER, id));
  if (later.length === 0) return providers;
  const join = new TagJoin(later.length);
  const types = later.flatMap(({ id }) => TAGGED_LATER[id] ?? []);
  const joined = providers.map((provider) => (later.includes(provider) ? joining(provider, join) : provider));
  return [...joined, { id: ID, discover: (_scope, signal) => tagParts(context, types, join, signal) }];
}

function joining(provider: ResourceProvider, join: TagJoin): ResourceProvider {
  return {
    id: provider.id,
    async *discover(scope, signal) {
      try {
        for await (const part of provider.discover(scope, signal)) {
          if (part.kind !== 'targets') {
            yield part;
            continue;
          }
          const found = part.targets.map((target) => join.tagged({ target, provider: provider.id, arn: provider.taggedAs?.(target) ?? target.id }));
          yield { ...part, targets: found.map(({ target }) => target) };
          // Only now is it on its way: what is told again has to come after it.
          yield* partsOf(join.wait(found));
        }
      } finally {
        join.end();
      }
    },
  };
}

async function* tagParts(context: ProviderContext, types: readonly string[], join: TagJoin, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
  if (!(await abortable(join.wanted, signal))) return;
  let listed = types;
  for (let renewed = false; ; ) {
    try {
      for await (const page of tagPages(context, listed, signal)) yield* partsOf(join.tell(page));
      break;
    } catch (error) {
      const cause = isFault(error) && error.cause instanceof Error ? error.cause : undefined;
      const left = supported(listed, cause);
      // A token is good for a quarter of an hour, and a computer may have slept meanwhile.
      if (cause?.name === 'PaginationTokenExpiredException' && !renewed) renewed = true;
      else if (left.length < listed.length && left.length > 0) listed = left;
      else throw error;
    }
  }
  yield* partsOf(join.close(listed));
}

/** In some regions one of the services is not known there yet, and then the call fails for all of them. */
function supported(types: readonly string[], cause: Error | undefined): readonly string[] {
  const service = cause?.name === 'InvalidParameterException' ? UNSUPPORTED.exec(cause.message)?.[1] : undefined;
  return types.filter((type) => type.split(':')[0] !== service);
}

function tagPages({ session }: ProviderContext, types: readonly string[], signal: AbortSignal): AsyncGenerator<readonly TaggedResource[], void, undefined> {
  const action = 'tag:GetResources';
  return pages(action, async (token) => {
    let left = REPEATS;
    const repeat = (fault: Fault): boolean => {
      // To reach nobody takes seconds each time: that is tried once more only.
      left -= fault.code === 'aws.unreachable' ? REPEATS : 1;
      return isTransient(fault) && left >= 0;
    };
    const input = { ResourceTypeFilters: types, ResourcesPerPage: PAGE, ...(token && { PaginationToken: token }) };
    const answer = await session.call(action, (abortSignal) => session.tagging.getResources(input, { abortSignal }), signal, { repeat });
    return { items: answer.ResourceTagMappingList ?? [], next: answer.PaginationToken };
  });
}

/** A target, and the ARN under which its tags are listed. */
interface Found {
  readonly target: Target;
  readonly provider: string;
  readonly arn: string;
}

/** What was found, and what is known of tags; whichever comes first waits for the other. */
class TagJoin {
  /** Whether anything waits for tags: known as soon as something does, or when nothing more comes. */
  readonly wanted: Promise<boolean>;
  readonly #told = new Map<string, readonly Tag[]>();
  /** By ARN. */
  readonly #waiting = new Map<string, Found[]>();
  #isWanted: (wanted: boolean) => void = () => {};
  #running: number;
  /** Of these kinds all is told: what is not has no tags. */
  #closed: readonly string[] = [];

  /** @param running providers whose targets wait for tags */
  constructor(running: number) {
    this.#running = running;
    this.wanted = new Promise((resolve) => {
      this.#isWanted = resolve;
    });
  }

  /** With its tags, where they are known. */
  tagged(found: Found): Found {
    const tags = found.target.tags ?? this.#told.get(found.arn) ?? (this.#closed.includes(typeOf(found.arn)) ? [] : undefined);
    return !tags || found.target.tags ? found : { ...found, target: { ...found.target, tags } };
  }

  /** Those whose tags are known by now; all others wait. */
  wait(found: readonly Found[]): readonly Found[] {
    const untagged = found.filter(({ target }) => !target.tags).map((one) => this.tagged(one));
    for (const one of untagged) if (!one.target.tags) this.#waiting.set(one.arn, [...(this.#waiting.get(one.arn) ?? []), one]);
    if (this.#waiting.size > 0) this.#isWanted(true);
    return untagged.filter(({ target }) => target.tags);
  }

  /** Those that waited for these. */
  tell(page: readonly TaggedResource[]): readonly Found[] {
    return page.flatMap(({ ResourceARN: arn, Tags = [] }) => {
      if (!arn) return [];
      this.#told.set(arn, Tags.flatMap(({ Key, Value }) => (Key ? [{ key: Key, value: Value ?? '' }] : [])));
      const waited = this.#waiting.get(arn) ?? [];
      this.#waiting.delete(arn);
      return waited.map((one) => this.tagged(one));
    });
  }

  /** Everything is told of these kinds. @returns those of them that have waited in vain */
  close(types: readonly string[]): readonly Found[] {
    this.#closed = types;
    const waited = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    return waited.map((one) => this.tagged(one)).filter(({ target }) => target.tags);
  }

  /** One of the providers has told all. */
  end(): void {
    this.#running--;
    if (this.#running === 0) this.#isWanted(this.#waiting.size > 0);
  }
}

/** `elasticache:cluster` of `arn:aws:elasticache:eu-central-1:111122223333:cluster:name`; some services have a slash before the name. */
function typeOf(arn: string): string {
  const [, , service = '', , , resource = ''] = arn.split(':');
  return `${service}:${resource.split('/')[0]}`;
}

function partsOf(found: readonly Found[]): InventoryPart[] {
  const providers = new Set(found.map(({ provider }) => provider));
  return [...providers].map((id) => ({
    kind: 'targets',
    provider: id,
    targets: found.filter(({ provider }) => provider === id).map(({ target }) => target),
  }));
}
