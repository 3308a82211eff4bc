import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { abortable } from '../../../src/base/abort';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { mergeProviders } from '../../../src/aws/discovery';
import type { TaggedResource } from '../../../src/aws/clients/tagging';
import { resourceTags } from '../../../src/aws/providers/resourceTags';
import type { AwsSession, CallOptions } from '../../../src/aws/session';
import type { InventoryPart, ResourceProvider } from '../../../src/model/inventory';
import type { Target } from '../../../src/model/target';

const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const CACHES = 'elasticache.replicationGroups';
const never = new Promise<never>(() => {});

/** A promise that is resolved from outside. */
class Gate<T = void> {
  open: (value: T) => void = () => {};
  readonly passed = new Promise<T>((resolve) => {
    this.open = resolve;
  });
}

/** The tests speak of the last part of an ARN. */
function arn(name: string): string {
  return `arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:${name}`;
}

function target(name: string): Target {
  return { id: arn(name), name } as Target;
}

function provider(id: string, discover: () => AsyncGenerator<readonly Target[]>): ResourceProvider {
  return {
    id,
    async *discover() {
      for await (const targets of discover()) yield { kind: 'targets', provider: id, targets };
    },
  };
}

function tagged(...rows: readonly (readonly [name: string, ...values: string[]])[]): TaggedResource[] {
  return rows.map(([name, ...values]) => ({ ResourceARN: arn(name), Tags: values.map((Value) => ({ Key: 'k', Value })) }));
}

interface Listing {
  readonly asked: { readonly types: readonly string[]; readonly token: string | undefined }[];
  readonly session: AwsSession;
}

/** Answers page by page; an Error is thrown. */
function listing(...pages: readonly (readonly TaggedResource[] | Promise<readonly TaggedResource[]> | Error)[]): Listing {
  const asked: { types: readonly string[]; token: string | undefined }[] = [];
  const session = {
    tagging: {
      async getResources({ ResourceTypeFilters: types, PaginationToken: token }: { ResourceTypeFilters: readonly string[]; PaginationToken?: string }) {
        asked.push({ types, token });
        const page = pages[asked.length - 1];
        if (page instanceof Error) throw page;
        return { ResourceTagMappingList: await page, PaginationToken: asked.length < pages.length ? `after ${asked.length}` : '' };
      },
    },
    call: async <T>(action: string, send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, _options: CallOptions): Promise<T> => {
      assert.equal(action, 'tag:GetResources');
      return abortable(send(signal), signal);
    },
  };
  return { asked, session: session as unknown as AwsSession };
}

/** Each part in words: `provider: id=value,... id` (no `=`: nobody has told the tags). */
async function told({ session }: Listing, providers: readonly ResourceProvider[], seen: (line: string) => void = () => {}): Promise<string[]> {
  const controller = new AbortController();
  const lines: string[] = [];
  const all = resourceTags({ session, place }, providers);
  for await (const part of mergeProviders(all, place, controller.signal, () => controller.abort(), nullLogger)) {
    lines.push(words(part));
    seen(lines.at(-1)!);
  }
  return lines;
}

function words(part: InventoryPart): string {
  if (part.kind === 'fault') return `${part.provider}: ${part.fault.code}`;
  if (part.kind !== 'targets') return part.kind;
  const one = ({ name, tags }: Target): string => (tags ? `${name}=${tags.map(({ value }) => value).join('+')}` : name);
  return `${part.provider}: ${part.targets.map(one).join(' ')}`.trim();
}

describe('tags that other calls leave out', () => {
  it('are never asked for without a resource that has none, or of providers whose own calls tell them', async () => {
    const tags = listing([]);
    const database = provider('rds.databases', async function* () {
      yield [target('db')];
    });
    const nothing = provider(CACHES, async function* () {
      yield [];
    });
    assert.deepEqual((await told(tags, [database, nothing])).toSorted(), [`${CACHES}:`, 'rds.databases: db']);
    assert.deepEqual(await told(tags, [database]), ['rds.databases: db']);
    assert.deepEqual(tags.asked, []);
  });

  it('are asked for once, for the kinds of those providers that are asked, page by page', async () => {
    const tags = listing(tagged(['one', 'a']), [], tagged(['two', 'b', 'c']));
    const caches = provider(CACHES, async function* () {
      yield [target('one')];
      yield [target('two')];
    });
    const search = provider('opensearch.domains', async function* () {
      yield [];
    });
    await told(tags, [caches, search]);
    const types = ['elasticache:replicationgroup', 'elasticache:cluster', 'es:domain'];
    assert.deepEqual(tags.asked, [undefined, 'after 1', 'after 2'].map((token) => ({ types, token })));
  });

  it('come after their resource, which waits for nothing, and with what is found later', async () => {
    const page = new Gate<readonly TaggedResource[]>();
    const later = new Gate();
    const tags = listing(page.passed);
    const caches = provider(CACHES, async function* () {
      yield [target('early'), target('bare')];
      await later.passed;
      yield [target('late'), target('late and bare')];
    });
    const lines = await told(tags, [caches], (line) => {
      if (line === `${CACHES}: early bare`) page.open(tagged(['early', 'a'], ['late', 'b'], ['deleted', 'x'], ['once tagged']));
      if (line === `${CACHES}: bare=`) later.open();
    });
    assert.deepEqual(lines, [`${CACHES}: early bare`, `${CACHES}: early=a`, `${CACHES}: bare=`, `${CACHES}: late=b late and bare=`]);
  });

  it('are told once to each, however the answers and the resources come', async () => {
    // Every order in which three pages of either can be let through.
    for (let order = 0; order < 64; order++) {
      const turns = [0, 1, 2, 3, 4, 5].map((bit) => ((order >> bit) & 1) === 1);
      const ids = ['a', 'b', 'c'];
      const pauses = (): Promise<void>[] => turns.map((is) => (is ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve()));
      const tags = listing(...ids.map((id, index) => Promise.all(pauses().slice(0, turns[index + 3] ? 6 : 1)).then(() => tagged([id, id]))));
      const caches = provider(CACHES, async function* () {
        for (const [index, id] of ids.entries()) {
          if (turns[index]) await new Promise((resolve) => setImmediate(resolve));
          yield [target(id)];
        }
      });
      const lines = await told(tags, [caches]);
      for (const id of ids) {
        const own = lines.filter((line) => line.includes(`: ${id}`));
        assert.equal(own.at(-1), `${CACHES}: ${id}=${id}`, `order ${order}: ${lines.join(' | ')}`);
        assert.ok(own.length <= 2, `order ${order}: ${lines.join(' | ')}`);
      }
    }
  });

  it('are those of another resource where the provider says so', async () => {
    const tags = listing(tagged(['workgroup', 'a']));
    const own: ResourceProvider = {
      ...provider('redshift.serverless', async function* () {
        yield [target('workgroup'), target('its endpoint')];
      }),
      taggedAs: () => arn('workgroup'),
    };
    assert.equal((await told(tags, [own])).at(-1), 'redshift.serverless: workgroup=a its endpoint=a');
  });

  it('leave everything as it was found, with one fault, when they cannot be listed', async () => {
    const denied = new Fault('aws.accessDenied', 'No permission.');
    const caches = provider(CACHES, async function* () {
      yield [target('one')];
      yield [target('two')];
    });
    assert.deepEqual((await told(listing(denied), [caches])).toSorted(), [`${CACHES}: one`, `${CACHES}: two`, 'resource.tags: aws.accessDenied']);
    const cutShort = await told(listing(tagged(['one', 'a']), denied), [caches]);
    assert.deepEqual(cutShort.filter((line) => line.includes('two')), [`${CACHES}: two`]);
    assert.ok(cutShort.some((line) => line.includes('one=a')));
  });

  it('are listed anew, once, when the token of the next page has expired', async () => {
    const expired = (): Fault => new Fault('aws.unexpected', 'Expired.', { cause: Object.assign(new Error('Expired.'), { name: 'PaginationTokenExpiredException' }) });
    const caches = provider(CACHES, async function* () {
      yield [target('one')];
    });
    const again = listing(tagged(['other', 'x']), expired(), tagged(['other', 'x']), tagged(['one', 'a']));
    assert.equal((await told(again, [caches])).at(-1), `${CACHES}: one=a`);
    assert.deepEqual(again.asked.map(({ token }) => token), [undefined, 'after 1', undefined, 'after 3']);
    const forEver = listing(tagged(['other', 'x']), expired(), tagged(['other', 'x']), expired(), []);
    assert.deepEqual(await told(forEver, [caches]), [`${CACHES}: one`, 'resource.tags: aws.unexpected']);
  });

  it('are not known of a service that the listing does not support, which costs the others nothing', async () => {
    const unsupported = (service: string): Fault =>
      new Fault('aws.unexpected', 'Failed.', {
        cause: Object.assign(new Error(`Unsupported service=${service} in ResourceTypeFilter - ${service}:x`), { name: 'InvalidParameterException' }),
      });
    const found = (): ResourceProvider[] => [
      provider(CACHES, async function* () {
        yield [target('one'), target('bare')];
      }),
      provider('opensearch.domains', async function* () {
        yield [{ ...target('domain'), id: 'arn:aws:es:eu-central-1:111122223333:domain/domain' }];
      }),
    ];
    const tags = listing(unsupported('es'), tagged(['one', 'a']));
    const lines = await told(tags, found());
    assert.deepEqual(lines.slice(2), [`${CACHES}: one=a`, `${CACHES}: bare=`]);
    assert.deepEqual(tags.asked.map(({ types }) => types.includes('es:domain')), [true, false]);
    assert.equal((await told(listing(unsupported('es'), unsupported('elasticache')), found())).at(-1), 'resource.tags: aws.unexpected', 'nothing is left to ask for');
    assert.equal((await told(listing(unsupported('s3')), found())).at(-1), 'resource.tags: aws.unexpected');
  });

  it('end with the discovery, while they are waited for and before they are asked for', async () => {
    const untagged = provider(CACHES, async function* () {
      yield [target('one')];
    });
    for (const isAsked of [true, false]) {
      const controller = new AbortController();
      const hanging: ResourceProvider = {
        id: CACHES,
        async *discover(_scope, signal) {
          yield { kind: 'targets', provider: CACHES, targets: [] };
          await abortable(never, signal);
        },
      };
      const tags = listing(never);
      const providers = resourceTags({ session: tags.session, place }, [isAsked ? untagged : hanging]);
      const parts = mergeProviders(providers, place, controller.signal, () => controller.abort(), nullLogger);
      await parts.next();
      const next = parts.next();
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await assert.rejects(next, { code: 'operation.cancelled' });
      assert.equal(tags.asked.length, isAsked ? 1 : 0);
    }
  });
});
