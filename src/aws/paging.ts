import { Fault } from '../base/fault';

export interface Page<T> {
  readonly items: readonly T[];
  /** The token of the next page; empty or absent on the last one. */
  readonly next: string | undefined;
}

/**
 * Every page, in order.
 * @throws Fault `aws.pagingLoop` when the service hands out the same token twice: following it would never end.
 */
export async function* pages<T>(
  action: string,
  fetch: (token: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<readonly T[], void, undefined> {
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const page = await fetch(token);
    yield page.items;
    token = page.next || undefined;
    if (token !== undefined && seen.has(token)) {
      throw new Fault('aws.pagingLoop', `The answers of ${action} repeat themselves, so the list may be incomplete.`, {
        retryable: true,
        remedy: { text: 'Refresh to read it again.', action: 'retry' },
      });
    }
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
}

/** All items of all pages. */
export async function collect<T>(source: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of source) items.push(...page);
  return items;
}
