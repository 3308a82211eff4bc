import { asFault, cancelled, faultData, isCancelled } from '../base/fault';
import type { Fault } from '../base/fault';
import type { Logger } from '../base/log';
import type { DiscoveryScope, InventoryPart, ResourceProvider } from '../model/inventory';

/** Resources in one part: what each is worth to its receivers, of which one is the window's own process, takes a millisecond or two. */
const PART_SIZE = 100;

/**
 * Runs every provider at once and yields their parts in the order of arrival. A provider that fails becomes a
 * `fault` part. Returning early, or the signal, ends all of them: `finish` is called and their ends are awaited.
 * @throws Fault `operation.cancelled`
 */
export async function* mergeProviders(
  providers: readonly ResourceProvider[],
  scope: DiscoveryScope,
  signal: AbortSignal,
  finish: () => void,
  logger: Logger,
): AsyncGenerator<InventoryPart, void, undefined> {
  const arrived: InventoryPart[] = [];
  let wake = (): void => {};
  let running = providers.length;
  const pump = async (provider: ResourceProvider): Promise<void> => {
    try {
      for await (const part of provider.discover(scope, signal)) {
        arrived.push(...pieces(part));
        wake();
      }
    } catch (error) {
      if (!signal.aborted && !isCancelled(error)) arrived.push(faultPart(provider.id, failure(provider, error, logger)));
    } finally {
      running--;
      wake();
    }
  };
  const pumps = providers.map((provider) => pump(provider));
  try {
    for (;;) {
      if (signal.aborted) throw cancelled();
      const part = arrived.shift();
      if (part) {
        yield part;
        // Each in a turn of its own, else a page would be a burden to them as a whole.
        if (arrived.length > 0) await new Promise((resolve) => setImmediate(resolve));
      } else if (running === 0) return;
      else await new Promise<void>((resolve) => void (wake = resolve));
    }
  } finally {
    finish();
    await Promise.all(pumps);
  }
}

/** A page may have a thousand resources. An empty part says that there are none, and stays. */
function pieces(part: InventoryPart): InventoryPart[] {
  if (part.kind === 'bastions') return cut(part.bastions).map((bastions) => ({ kind: part.kind, provider: part.provider, bastions }));
  if (part.kind === 'targets') return cut(part.targets).map((targets) => ({ kind: part.kind, provider: part.provider, targets }));
  return [part];
}

function cut<T>(items: readonly T[]): (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / PART_SIZE));
  return Array.from({ length: count }, (_, index) => items.slice(index * PART_SIZE, (index + 1) * PART_SIZE));
}

function failure(provider: ResourceProvider, error: unknown, logger: Logger): Fault {
  const fault = asFault(error);
  logger.log('warn', 'aws.providerFailed', { provider: provider.id, code: fault.code, error });
  return fault;
}

export function faultPart(provider: string, fault: Fault): InventoryPart {
  return { kind: 'fault', provider, fault: faultData(fault) };
}

/**
 * The pages of the leading call, then the fault that cut them short, if any, and those of the side calls: no failure
 * hides another. Whatever happens, the side calls have ended when this ends.
 * @throws Fault `operation.cancelled`
 */
export async function* untilFault<T extends readonly unknown[]>(
  pages: AsyncIterable<T>,
  ...beside: readonly Promise<Outcome<unknown>>[]
): AsyncGenerator<T | Fault, void, undefined> {
  try {
    let failed: Fault | undefined;
    try {
      yield* pages;
    } catch (error) {
      failed = asFault(error);
      if (isCancelled(failed)) throw failed;
    }
    if (failed) yield failed;
    for (const outcome of await Promise.all(beside)) if ('fault' in outcome) yield outcome.fault;
  } finally {
    await Promise.all(beside);
  }
}

export type Outcome<T> = { readonly value: T } | { readonly fault: Fault };

/** The outcome of work that runs beside other work; never rejects, so it may be looked at late or not at all. */
export function settle<T>(work: Promise<T>): Promise<Outcome<T>> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ fault: asFault(error) }),
  );
}

/** As `settle`, for work that is waited for at once. @throws Fault `operation.cancelled` */
export async function attempt<T>(work: Promise<T>): Promise<Outcome<T>> {
  const outcome = await settle(work);
  if ('fault' in outcome && isCancelled(outcome.fault)) throw outcome.fault;
  return outcome;
}

/** What the work gave; nothing where it failed. */
export function valueOf<T>(outcome: Outcome<readonly T[]>): readonly T[] {
  return 'value' in outcome ? outcome.value : [];
}
