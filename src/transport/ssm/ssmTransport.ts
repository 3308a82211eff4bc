import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import { compareVersions } from '../../model/bastion';
import type { Link, Transport } from '../../model/link';
import type { Route } from '../../model/route';
import type { SsmSessionApi, SsmSessionRequest } from '../../model/ssmSession';
import type { SessionParameters } from '../../wire/ssm/handshake';
import { BasicLink } from './basicLink';
import type { CreateSocket } from './dataSocket';
import { connectDirectly } from './dataSocket';
import { MuxLink } from './muxLink';
import type { SessionLink } from './sessionLink';
import { DEFAULT_POOL_LIMITS, SessionPool } from './sessionPool';
import { SsmSession } from './ssmSession';

/** The last agent that forwards one connection at a time (session-manager-plugin, version check of port sessions). */
const LAST_BASIC_AGENT = '3.0.196.0';
const DEFAULT_PAYLOAD_BYTES = 1024;
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** More would only be a burden: the account has a limit for sessions, too. */
const MOST_SESSIONS = 16;

export interface SsmTransportOptions {
  /** Session document; the one of AWS that can reach the route's endpoint unless told. */
  readonly documentName?: string;
  /** Bytes of payload per message, 1 to 1048576; 1024 is what AWS's own programs send and the default. */
  readonly payloadBytes?: number;
  /** Sessions per link at most, 1 to 16; 4 unless told. */
  readonly maxSessions?: number;
  /** A session beyond the first is given back after so long without work, ms; a minute unless told. */
  readonly idleSessionMs?: number;
  /** The service's maximum session duration, ms: sessions are renewed ahead of it. Never unless told. */
  readonly maxSessionMs?: number;
  /** Makes the byte stream below the WebSocket; a direct connection unless told. */
  readonly createSocket?: CreateSocket;
}

export interface SsmTransportDeps {
  readonly api: SsmSessionApi;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options?: SsmTransportOptions;
}

/** Links through AWS Systems Manager Session Manager, spoken natively: no plugin, no AWS CLI. */
export class SsmTransport implements Transport {
  readonly method = 'ssm';
  readonly #deps: SsmTransportDeps;

  constructor(deps: SsmTransportDeps) {
    this.#deps = deps;
  }

  /**
   * Starts a session towards the route's endpoint; the link starts further ones when it needs them. The agent connects
   * to the target stream by stream, so that success says nothing about the target yet.
   * @throws Fault of the API (`aws.*`) or `ssm.*`; the session that was started is terminated then.
   */
  async dial(route: Route, signal: AbortSignal): Promise<Link> {
    const { clock, logger, options = {} } = this.#deps;
    const limits = {
      maxSessions: Math.min(MOST_SESSIONS, Math.max(1, options.maxSessions ?? DEFAULT_POOL_LIMITS.maxSessions)),
      idleMs: options.idleSessionMs ?? DEFAULT_POOL_LIMITS.idleMs,
      maxSessionMs: options.maxSessionMs,
    };
    const start = (until: AbortSignal): Promise<SessionLink> => this.#start(route, until);
    return new SessionPool(await start(signal), { clock, logger, limits, start });
  }

  async #start(route: Route, signal: AbortSignal): Promise<SessionLink> {
    const { api, clock, logger, options = {} } = this.#deps;
    const request: SsmSessionRequest = {
      place: route.place,
      bastionId: route.bastion.id,
      to: route.endpoint,
      ...(options.documentName !== undefined && { documentName: options.documentName }),
    };
    const payloadBytes = Math.min(MAX_PAYLOAD_BYTES, Math.max(1, options.payloadBytes ?? DEFAULT_PAYLOAD_BYTES));
    const createSocket = options.createSocket ?? connectDirectly;
    const began = clock.now();
    const made: { link?: MuxLink | BasicLink } = {};
    const makeCarrier = (session: SsmSession, parameters: SessionParameters): MuxLink | BasicLink => {
      const multiplexed = isMultiplexed(parameters);
      logger.log('info', 'ssm.dialed', {
        sessionId: session.id,
        bastion: route.bastion.id,
        agent: parameters.agentVersion,
        mode: multiplexed ? 'mux' : 'basic',
        ms: Math.round(clock.now() - began),
      });
      made.link = new (multiplexed ? MuxLink : BasicLink)(session, route.endpoint, clock);
      return made.link;
    };
    const deps = { api, clock, logger, createSocket, payloadBytes };
    await SsmSession.start(deps, request, makeCarrier, signal);
    return made.link!;
  }
}

/** Both sides decide by the same rule, each on its own. */
export function isMultiplexed({ agentVersion, properties }: SessionParameters): boolean {
  return properties['type'] === 'LocalPortForwarding' && compareVersions(agentVersion, LAST_BASIC_AGENT) > 0;
}
