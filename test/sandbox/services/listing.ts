import type { Call } from './definition';
import { ApiError } from './protocol/protocol';
import type { Vpc } from '../worldTypes';

/** The caller's VPCs in the region asked. */
export function vpcsOf({ world, caller, region }: Call): Vpc[] {
  return world.places
    .filter((place) => place.accountId === caller.accountId && place.region === region.name)
    .flatMap(({ vpcs }) => vpcs);
}

/** A page as ElastiCache and RDS have it: MaxRecords from 20 to 100, and a marker. */
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
