import type { Endpoint } from '../../model/endpoint';
import { endpointOf } from './topology';
import { SLOTS } from './slots';

/** What an error reply of a cluster asks a client to do (redis.io, "Redis cluster specification"). */
export type Redirection =
  /** From now on. */
  | { readonly kind: 'moved'; readonly slot: number; readonly to: Endpoint }
  /** This once: the slot is on its way there. */
  | { readonly kind: 'ask'; readonly slot: number; readonly to: Endpoint }
  /** Nothing was carried out, and it may be in a moment. */
  | { readonly kind: 'wait'; readonly why: 'TRYAGAIN' | 'CLUSTERDOWN' | 'LOADING' | 'MASTERDOWN' };

/** @param asked the host that answered, which an empty host in the answer means. Undefined for any other error. */
export function redirectionOf(errorText: string, asked: string): Redirection | undefined {
  const waits = /^(TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN)\b/.exec(errorText);
  if (waits) return { kind: 'wait', why: waits[1] as 'TRYAGAIN' };
  const [, word, number, host, port] = /^(MOVED|ASK) (\d{1,5}) ([\w.:?-]*):(\d{1,5})$/.exec(errorText.trim()) ?? [];
  if (word === undefined) return undefined;
  const slot = Number(number);
  const to = endpointOf(host, Number(port), { host: asked });
  return to && slot < SLOTS ? { kind: word === 'MOVED' ? 'moved' : 'ask', slot, to } : undefined;
}
