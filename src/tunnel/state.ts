import type { FaultData } from '../base/fault';
import type { TunnelState } from '../model/tunnel';

export type TunnelEvent =
  /** A link is being dialled; `attempt` counts from 1 since a link last held. */
  | { readonly type: 'dialling'; readonly attempt: number }
  | { readonly type: 'linkUp' }
  /** The link ended or could not be dialled; another try follows at `retryAt` (ms since the epoch). */
  | { readonly type: 'linkLost'; readonly cause: FaultData; readonly attempt: number; readonly retryAt: number }
  /** The same, and nothing is tried before somebody has done something. */
  | { readonly type: 'held'; readonly cause: FaultData; readonly attempt: number; readonly needs: 'signIn' }
  | { readonly type: 'streams'; readonly count: number }
  | { readonly type: 'stopped'; readonly cause?: FaultData };

export const INITIAL_STATE: TunnelState = { phase: 'connecting', attempt: 1 };

/** The state after an event; the same object when the event changes nothing. `closed` is final. */
export function step(state: TunnelState, event: TunnelEvent): TunnelState {
  if (state.phase === 'closed') return state;
  switch (event.type) {
    case 'dialling':
      return state.phase === 'connecting' && state.attempt === event.attempt ? state : { phase: 'connecting', attempt: event.attempt };
    case 'linkUp':
      return state.phase === 'open' ? state : { phase: 'open', streams: 0 };
    case 'linkLost':
      return { phase: 'waiting', attempt: event.attempt, retryAt: event.retryAt, cause: event.cause };
    case 'held':
      return { phase: 'waiting', attempt: event.attempt, needs: event.needs, cause: event.cause };
    case 'streams':
      // Streams outlive their link for a moment while they are reset: only an open tunnel counts them.
      return state.phase === 'open' && state.streams !== event.count ? { phase: 'open', streams: event.count } : state;
    case 'stopped':
      return event.cause ? { phase: 'closed', cause: event.cause } : { phase: 'closed' };
  }
}
