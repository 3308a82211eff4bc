import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import { compareVersions } from '../../model/bastion';
import type { Link, Transport } from '../../model/link';
import type { Notice } from '../../model/notice';
import type { BastionRoute } from '../../model/route';
import type { SsmSessionApi, SsmSessionRequest } from '../../model/ssmSession';
import type { SsmSettings } from '../../model/ssmSettings';
import { DEFAULT_SSM_SETTINGS } from '../../model/ssmSettings';
import type { SessionParameters } from '../../wire/ssm/handshake';
import { connectDirectly } from '../connect';
import { BasicLink } from './basicLink';
import type { CreateSocket } from './dataSocket';
import { MuxLink } from './muxLink';
import type { SessionLink } from './sessionLink';
import type { PoolLimits } from './poolPlan';
import { SessionLimits } from './sessionLimits';
import { DEFAULT_POOL_LIMITS, SessionPool } from './sessionPool';
import { SsmSession } from './ssmSession';

/** The last agent that forwards one connection at a time (session-manager-plugin, version check of port sessions). */
const LAST_BASIC_AGENT = '3.0.196.0';

export interface SsmTransportDeps {
  readonly api: SsmSessionApi;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The person's choices, read whenever a session is started; the defaults unless told. */
  readonly settings?: () => SsmSettings;
  /** What agents say to whoever starts a session. */
  readonly onNotice?: (notice: Notice) => void;
  /** A session beyond the first is given back after so long without work, ms; a minute unless told. */
  readonly idleSessionMs?: number;
  /** Makes the byte stream below the WebSocket; a direct connection unless told. */
  readonly createSocket?: CreateSocket;
}

/** Links through AWS Systems Manager Session Manager, spoken natively: no plugin, no AWS CLI. */
export class SsmTransport implements Transport {
  readonly method = 'ssm';
  readonly #deps: SsmTransportDeps;
  readonly #limits: SessionLimits;

  constructor(deps: SsmTransportDeps) {
    this.#deps = deps;
    this.#limits = new SessionLimits(deps);
  }

  /**
   * Starts a session towards the route's endpoint; the link starts further ones when it needs them. The agent connects
   * to the target stream by stream, so that success says nothing about the target yet.
   * @throws Fault of the API (`aws.*`) or `ssm.*`; the session that was started is terminated then.
   */
  async dial(route: BastionRoute, signal: AbortSignal): Promise<Link> {
    const { clock, logger, idleSessionMs = DEFAULT_POOL_LIMITS.idleMs } = this.#deps;
    const { maxSessions, maxSessionMs } = this.#settings();
    const known = this.#limits;
    const limits: PoolLimits = {
      maxSessions,
      idleMs: idleSessionMs,
      get maxSessionMs() {
        return maxSessionMs || known.known(route.place).maxSessionMs;
      },
    };
    const start = (until: AbortSignal): Promise<SessionLink> => this.#start(route, until);
    const pool = new SessionPool(await start(signal), { clock, logger, limits, start });
    if (maxSessionMs === 0) this.#watchLimits(pool, route);
    return pool;
  }

  /** The person has not said how long sessions may live: it is asked for, and learned, beside the work. */
  #watchLimits(pool: SessionPool, { place: { profile, region } }: BastionRoute): void {
    const over = new AbortController();
    const watching = this.#limits.onDidChange(() => pool.reconsider());
    void pool.closed.then(() => {
      watching.dispose();
      over.abort();
    });
    void this.#limits.ask({ profile, region }, over.signal);
  }

  #settings(): SsmSettings {
    return this.#deps.settings?.() ?? DEFAULT_SSM_SETTINGS;
  }

  async #start(route: BastionRoute, signal: AbortSignal): Promise<SessionLink> {
    const { api, clock, logger, createSocket = connectDirectly, onNotice } = this.#deps;
    const { document, payloadBytes, keepAlive, paceBytesPerSecond } = this.#settings();
    const request: SsmSessionRequest = {
      place: route.place,
      bastionId: route.bastion.id,
      to: route.endpoint,
      ...(document !== '' && { documentName: document }),
    };
    const began = clock.now();
    const beganWall = clock.wall();
    // The service counts the hours that this machine sleeps, the monotonic clock of most systems does not.
    const age = (): number => Math.max(clock.now() - began, clock.wall() - beganWall);
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
    const onMessage = (text: string): void => onNotice?.({ kind: 'sessionMessage', text, bastion: route.bastion });
    const idleLimit = (): number | undefined => this.#limits.known(route.place).idleMs;
    const sending = { payloadBytes, keepAlive, paceBytesPerSecond };
    const deps = { api, clock, logger, createSocket, idleLimit, onMessage, ...sending };
    const session = await SsmSession.start(deps, request, makeCarrier, signal);
    void session.closed.then((fault) => this.#limits.ended(route.place, fault, age()));
    return made.link!;
  }
}

/** Both sides decide by the same rule, each on its own. */
export function isMultiplexed({ agentVersion, properties }: SessionParameters): boolean {
  return properties['type'] === 'LocalPortForwarding' && compareVersions(agentVersion, LAST_BASIC_AGENT) > 0;
}
