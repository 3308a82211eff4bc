import { pages } from '../paging';
import type { Page } from '../paging';
import type { AwsSession, CallOptions } from '../session';

/** The largest page of the ElastiCache, RDS and Redshift APIs. */
const PAGE = 100;

export interface MarkerInput {
  readonly MaxRecords: number;
  readonly Marker?: string;
}

/** Every page of a listing as ElastiCache, RDS and Redshift have it. @throws Fault of the table in faults.ts, or `operation.cancelled` */
export function markerPages<Answer extends { Marker?: string | undefined }, T>(
  session: Pick<AwsSession, 'call'>,
  action: string,
  send: (input: MarkerInput, abortSignal: AbortSignal) => Promise<Answer>,
  items: (answer: Answer) => readonly T[] | undefined,
  signal: AbortSignal,
  options?: CallOptions,
): AsyncGenerator<readonly T[], void, undefined> {
  return pages(action, async (token): Promise<Page<T>> => {
    const input = { MaxRecords: PAGE, ...(token && { Marker: token }) };
    const answer = await session.call(action, (abortSignal) => send(input, abortSignal), signal, options);
    return { items: items(answer) ?? [], next: answer.Marker };
  });
}
