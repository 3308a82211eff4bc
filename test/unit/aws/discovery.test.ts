import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'mocha';
import { Fault, isCancelled, isFault } from '../../../src/base/fault';
import type { LogFields, Logger } from '../../../src/base/log';
import { nullLogger } from '../../../src/base/log';
import type { InventoryPart, ResourceProvider } from '../../../src/model/inventory';
import type { Target } from '../../../src/model/target';
import { abortable } from '../../../src/base/abort';
import { mergeProviders, settle, untilFault } from '../../../src/aws/discovery';
import { collect, pages } from '../../../src/aws/paging';

const scope = { profile: 'dev', region: 'eu-central-1' };
const part = (provider: string): InventoryPart => ({ kind: 'targets', provider, targets: [] });

/** Ends only with its signal; `ended` tells that it did. */
function hanging(id: string): ResourceProvider & { ended: boolean } {
  return {
    id,
    ended: false,
    async *discover(_scope, signal) {
      try {
        yield part(id);
        await abortable(new Promise<never>(() => {}), signal);
      } finally {
        this.ended = true;
      }
    },
  };
}

function provider(id: string, parts: () => AsyncGenerator<InventoryPart>): ResourceProvider {
  return { id, discover: parts };
}

async function all(providers: readonly ResourceProvider[], logger: Logger = nullLogger): Promise<InventoryPart[]> {
  const controller = new AbortController();
  const parts: InventoryPart[] = [];
  for await (const each of mergeProviders(providers, scope, controller.signal, () => controller.abort(), logger)) parts.push(each);
  return parts;
}

describe('a large page', () => {
  const targets = Array.from({ length: 250 }, (_, index) => ({ id: `${index}` })) as unknown as readonly Target[];

  it('comes in pieces, each in a turn of its own, in order', async () => {
    let turns = 0;
    const count = (): void => {
      turns++;
      turning = setImmediate(count);
    };
    let turning = setImmediate(count);
    const at: number[] = [];
    const seen: string[] = [];
    const one = provider('a', async function* () {
      yield { kind: 'targets', provider: 'a', targets };
    });
    for await (const each of mergeProviders([one], scope, new AbortController().signal, () => {}, nullLogger)) {
      at.push(turns);
      if (each.kind === 'targets') seen.push(...each.targets.map(({ id }) => id));
    }
    clearImmediate(turning);
    assert.deepEqual(seen, targets.map(({ id }) => id));
    assert.equal(at.length, 3);
    assert.ok(at[0]! < at[1]! && at[1]! < at[2]!, at.join(' '));
  });

  it('is still told when it is empty', async () => {
    const one = provider('a', async function* () {
      yield { kind: 'targets', provider: 'a', targets: [] };
    });
    assert.equal((await all([one])).length, 1);
  });
});

describe('paging', () => {
  it('follows the tokens to the last page', async () => {
    const asked: (string | undefined)[] = [];
    const answers = [
      { items: [1, 2], next: 'a' },
      { items: [], next: 'b' },
      { items: [3], next: '' },
    ];
    const items = await collect(
      pages('x:List', async (token) => {
        asked.push(token);
        return answers[asked.length - 1]!;
      }),
    );
    assert.deepEqual(items, [1, 2, 3]);
    assert.deepEqual(asked, [undefined, 'a', 'b']);
  });

  it('stops at a token that comes back, also over several pages', async () => {
    let calls = 0;
    const loop = pages('x:List', async () => ({ items: [calls++], next: calls % 2 ? 'a' : 'b' }));
    await assert.rejects(collect(loop), { code: 'aws.pagingLoop' });
    assert.equal(calls, 3);
  });
});

describe('discovery', () => {
  it('gives parts in the order of arrival, not of the providers', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = provider('slow', async function* () {
      await gate;
      yield part('slow');
    });
    const quick = provider('quick', async function* () {
      yield part('quick');
      release();
      yield part('quick');
    });
    assert.deepEqual(
      (await all([slow, quick])).map((each) => 'provider' in each && each.provider),
      ['quick', 'quick', 'slow'],
    );
  });

  it('turns a provider that fails into a fault part; the others are not touched', async () => {
    const logged: [string, LogFields | undefined][] = [];
    const denied = provider('denied', async function* () {
      yield part('denied');
      throw new Fault('aws.accessDenied', 'no');
    });
    const defect = provider('defect', async function* () {
      yield* [];
      throw new TypeError('boom');
    });
    const fine = provider('fine', async function* () {
      yield part('fine');
    });
    const parts = await all([denied, defect, fine], { log: (_level, event, fields) => void logged.push([event, fields]) });
    assert.deepEqual(
      parts.flatMap((each) => (each.kind === 'fault' ? [`${each.provider} ${each.fault.code}`] : [])).toSorted(),
      ['defect internal.unexpected', 'denied aws.accessDenied'],
    );
    assert.deepEqual(parts.flatMap((each) => (each.kind === 'targets' ? [each.provider] : [])).toSorted(), ['denied', 'fine']);
    assert.deepEqual(new Set(logged.map(([event]) => event)), new Set(['aws.providerFailed']));
  });

  it('ends every provider when the consumer returns early', async () => {
    const providers = [hanging('a'), hanging('b')];
    const controller = new AbortController();
    for await (const each of mergeProviders(providers, scope, controller.signal, () => controller.abort(), nullLogger)) {
      assert.equal(each.kind, 'targets');
      break;
    }
    assert.deepEqual(
      providers.map(({ ended }) => ended),
      [true, true],
    );
  });

  it('ends with a cancellation, and every provider with it, when the signal fires', async () => {
    const providers = [hanging('a'), hanging('b')];
    const controller = new AbortController();
    const seen: InventoryPart[] = [];
    await assert.rejects(async () => {
      for await (const each of mergeProviders(providers, scope, controller.signal, () => {}, nullLogger)) {
        seen.push(each);
        if (seen.length === 2) controller.abort();
      }
    }, isCancelled);
    assert.equal(seen.length, 2, 'no fault part for what was cancelled');
    assert.deepEqual(
      providers.map(({ ended }) => ended),
      [true, true],
    );
  });

  it('has nothing to give without providers', async () => {
    assert.deepEqual(await all([]), []);
  });

  it('lets no failure of one call hide that of another', async () => {
    const leading = async function* (): AsyncGenerator<readonly number[]> {
      yield [1];
      throw new Fault('aws.throttled', 'slow down');
    };
    const beside = settle(Promise.reject(new Fault('aws.accessDenied', 'no')));
    const seen: unknown[] = [];
    for await (const each of untilFault(leading(), beside, settle(Promise.resolve(1)))) seen.push(isFault(each) ? each.code : each);
    assert.deepEqual(seen, [[1], 'aws.throttled', 'aws.accessDenied']);
  });
});

describe('abortable', () => {
  it('gives the outcome and leaves no listener', async () => {
    const { signal } = new AbortController();
    assert.equal(await abortable(Promise.resolve(7), signal), 7);
    await assert.rejects(abortable(Promise.reject(new Error('x')), signal), /x/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('rejects at once when aborted, before or during', async () => {
    await assert.rejects(abortable(new Promise(() => {}), AbortSignal.abort()), isCancelled);
    const controller = new AbortController();
    const waiting = abortable(new Promise(() => {}), controller.signal);
    controller.abort();
    await assert.rejects(waiting, isCancelled);
  });
});
