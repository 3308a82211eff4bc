import type { FaultData } from '../base/fault';
import type { Logger } from '../base/log';
import type { BrokerClient } from '../broker/client';
import type { Route, TargetRef } from '../model/route';
import type { TunnelInfo } from '../model/tunnel';
import type { ClusterPorts, LoginSource, OpenRedisSession, RedisEngine, RedisLogin } from '../redis/types';
import type { KeptSecrets } from './keptSecrets';
import type { Ui } from './ui';

/** What the composition root hands to the views and commands. */
export interface Services {
  readonly ui: Ui;
  /** What the person has entered and wants kept. */
  readonly secrets: KeptSecrets;
  readonly broker: BrokerClient;
  /** The engine of the consoles and panes; ioredis is loaded with it, at the first call. */
  readonly loadRedis: () => Promise<RedisEngine>;
  readonly openRedisSession: OpenRedisSession;
  /** Ways to the nodes of the cluster that a tunnel leads to; absent: sessions stay at the node that they were opened to. */
  readonly clusterPorts?: (tunnel: TunnelInfo) => ClusterPorts;
  /** Certificates (PEM) that the person trusts for TLS to targets. */
  readonly targetCa: () => Promise<string | undefined>;
  readonly logger: Logger;
}

/** What is logged in to, and where AWS is asked about it. */
export type LoginPlace = Pick<Route, 'target' | 'place'>;

/** What was entered, or what makes a login for each connection. */
export type SessionLogin = RedisLogin | LoginSource;

/** Asks for, remembers (SecretStorage, on request) and forgets the logins of targets. */
export interface RedisLogins {
  /** The remembered login, if any; never asks. */
  known(where: LoginPlace): Promise<SessionLogin | undefined>;
  /** Asks the person; undefined when dismissed. `because` is shown as the reason. @throws Fault of what has to be looked at for it */
  ask(where: LoginPlace, because?: FaultData): Promise<SessionLogin | undefined>;
  /** What was entered and is remembered. */
  forget(target: TargetRef): Promise<void>;
}
