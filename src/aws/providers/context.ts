import type { Place } from '../../model/target';
import type { AwsSession } from '../session';

/** What a provider works with: an open session and the place that its results carry. */
export interface ProviderContext {
  readonly session: AwsSession;
  readonly place: Place;
}
