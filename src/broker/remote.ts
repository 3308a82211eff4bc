import type { BastionPower } from '../model/bastionPower';
import type { CacheLogins } from '../model/cacheLogin';
import type { DiscoveryScope, InventoryPart, InventoryService } from '../model/inventory';
import type { SignInService } from '../model/signIn';
import type { TunnelService } from '../model/tunnel';
import {
  CACHE_SECRET,
  CACHE_TOKEN,
  CONDITION,
  DETAILS,
  DISCOVER,
  EXPIRY,
  LEAVE,
  LIST,
  NETWORK,
  NEXT_PART,
  PRIVILEGES,
  PROFILES,
  RETRY,
  SIGN_IN,
  SSH_HOSTS,
  START,
  START_BASTION,
  STOP,
  VPC_NAMES,
} from './protocol';
import type { Rpc } from './rpc';

/** What a window asks for, wherever the answers come from. */
export interface Services {
  readonly inventory: InventoryService;
  readonly tunnels: Omit<TunnelService, 'onDidChange'>;
  readonly signIn: Omit<SignInService, 'onDidChange'>;
  readonly power: BastionPower;
  readonly cacheLogins: CacheLogins;
}

/** Of its own for each: listeners of many on one would look like a leak. */
const never = (): AbortSignal => new AbortController().signal;

/** The services of the broker at the other end. */
export function remoteServices(rpc: Rpc): Services {
  async function* discover(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncIterable<InventoryPart> {
    const { stream } = await rpc.request(DISCOVER, { scope, ...(only && { only }) }, signal);
    // Ends the discovery over there even while a part is waited for.
    const leave = (): void => rpc.notify(LEAVE, { stream });
    signal.addEventListener('abort', leave, { once: true });
    try {
      for (;;) {
        const part = await rpc.request(NEXT_PART, { stream }, signal);
        if (part === null) return;
        yield part;
      }
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }
  return {
    inventory: {
      profiles: () => rpc.request(PROFILES, null, never()),
      sshHosts: () => rpc.request(SSH_HOSTS, null, never()),
      discover,
      network: (scope, groupIds, signal) => rpc.request(NETWORK, { scope, groupIds }, signal),
      privileges: (scope, identityArns, signal) => rpc.request(PRIVILEGES, { scope, identityArns }, signal),
      vpcNames: (scope, vpcIds, signal) => rpc.request(VPC_NAMES, { scope, vpcIds }, signal),
    },
    tunnels: {
      start: (route, options, signal) => rpc.request(START, { route, options }, signal),
      stop: async (id) => void (await rpc.request(STOP, { id }, never())),
      list: () => rpc.request(LIST, null, never()),
      details: async (id) => (await rpc.request(DETAILS, { id }, never())) ?? undefined,
      retry: async (id) => void (await rpc.request(RETRY, { id }, never())),
    },
    signIn: {
      signIn: async (profile, way, signal) => void (await rpc.request(SIGN_IN, { profile, way }, signal)),
      expiry: async (profile) => (await rpc.request(EXPIRY, { profile }, never())) ?? undefined,
    },
    cacheLogins: {
      token: (place, cache, user, signal) => rpc.request(CACHE_TOKEN, { place, cache, user }, signal),
      secret: (place, id, signal) => rpc.request(CACHE_SECRET, { place, id }, signal),
    },
    power: {
      condition: (where, instanceId, signal) => rpc.request(CONDITION, { where, instanceId }, signal),
      start: async (where, instanceId, signal) => void (await rpc.request(START_BASTION, { where, instanceId }, signal)),
    },
  };
}
