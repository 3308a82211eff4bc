import { isFault } from '../../base/fault';
import { isTransient } from '../faults';
import type { CallOptions } from '../session';

/** For the leading call of a service that not every region has: where it is not its name does not exist, and does not come to exist. */
export const IF_OFFERED: CallOptions = { repeat: (fault) => isTransient(fault) && !isUnknownHost(fault) };

/** The pages of a leading call; one empty page, and no fault, in a region that does not have the service. */
export async function* whereOffered<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[], void, undefined> {
  try {
    yield* pages;
  } catch (error) {
    if (!isUnknownHost(error)) throw error;
    yield [];
  }
}

function isUnknownHost(error: unknown): boolean {
  if (!isFault(error) || error.code !== 'aws.unreachable') return false;
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOTFOUND';
}
