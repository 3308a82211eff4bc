import { asFault, isCancelled, isFault } from '../../base/fault';
import type { Fault } from '../../base/fault';

/** Details are asked for by this many calls at a time. */
const AT_ONCE = 4;

export interface Described<Item, Detail> {
  readonly details: ReadonlyMap<Item, Detail>;
  /** Listed, and gone when they were asked for. */
  readonly gone: ReadonlySet<Item>;
  /** Why the others have no details. */
  readonly fault?: Fault;
}

/**
 * For listings whose items are described by a call each, page by page: after a failure that all others would share (denied,
 * throttled, unreachable) nothing more is asked, on no page, and only the page on which that happened has the fault.
 * @throws Fault (of the function that is given back) `operation.cancelled`
 */
export function describeEach<Item, Detail>(
  describe: (item: Item) => Promise<Detail>,
): (items: readonly Item[]) => Promise<Described<Item, Detail>> {
  let failed = false;
  return async (items) => {
    const details = new Map<Item, Detail>();
    const gone = new Set<Item>();
    const waiting = [...items];
    let fault: Fault | undefined;
    const work = async (): Promise<void> => {
      while (waiting.length > 0 && !failed) {
        const item = waiting.shift()!;
        try {
          details.set(item, await describe(item));
        } catch (error) {
          if (isFault(error) && error.code === 'aws.notFound') gone.add(item);
          else {
            fault ??= asFault(error);
            // What nobody foresaw is that item's own affair.
            failed ||= asFault(error).code !== 'aws.unexpected';
          }
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (fault && isCancelled(fault)) throw fault;
    return { details, gone, ...(fault && { fault }) };
  };
}
