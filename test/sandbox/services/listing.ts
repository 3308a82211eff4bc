import type { Call } from './definition';
import { ApiError } from './protocol/protocol';
import type { Vpc } from '../worldTypes';

/** The caller's VPCs in the region asked. */
export function vpcsOf({ world, caller, region }: Call): Vpc[] {
  return world.places
    .filter((place) => place.accountId === caller.accountId && place.region === region.name)
    .flatMap(({ vpcs }) => vpcs);
}

/** A page as ElastiCache, RDS and Redshift have it: MaxRecords from 20 to 100, and a marker. */
export function markerPage<Row>(
  call: Call,
  rows: readonly Row[],
  listing: string,
): { rows: readonly Row[]; marker: string | undefined } {
  const limit = call.input.integer('MaxRecords', 20, 100);
  const page = call.page(rows, { limit, token: call.input.text('Marker'), listing });
  if (!page) throw new ApiError('InvalidParameterValue', 'Invalid or expired marker.');
  return { rows: page.rows, marker: page.next };
}

/** A page as most JSON services have it: maxResults up to 100, and a token. */
export function tokenPage<Row>(
  call: Call,
  rows: readonly Row[],
  { invalid = 'ValidationException', listing = '' }: { readonly invalid?: string; readonly listing?: string } = {},
): { rows: readonly Row[]; next: string | undefined } {
  const limit = call.input.integer('maxResults', 1, 100);
  const page = call.page(rows, { limit, token: call.input.text('nextToken'), listing });
  if (!page) throw new ApiError(invalid, 'Invalid or expired nextToken.');
  return { rows: page.rows, next: page.next };
}

/** AWS takes what it does not know in silence; our clients are not to send it. */
export function onlyKnown({ input, action }: Call, ...known: readonly string[]): void {
  const foreign = Object.keys(input.tree).find((name) => !known.includes(name));
  if (foreign !== undefined) throw new ApiError('ValidationException', `${action} has no member ${foreign}.`);
}
