import type { FaultData } from '../base/fault';
import type { Logger } from '../base/log';
import type { BrokerClient } from '../broker/client';
import type { TargetRef } from '../model/route';
import type { OpenRedisSession, RedisLogin } from '../redis/types';
import type { KeptSecrets } from './keptSecrets';
import type { Ui } from './ui';

/** What the composition root hands to the views and commands. */
export interface Services {
  readonly ui: Ui;
  /** What the person has entered and wants kept. */
  readonly secrets: KeptSecrets;
  readonly broker: BrokerClient;
  readonly openRedisSession: OpenRedisSession;
  /** Certificates (PEM) that the person trusts for TLS to targets. */
  readonly targetCa: () => Promise<string | undefined>;
  readonly logger: Logger;
}

/** Asks for, remembers (SecretStorage, on request) and forgets the logins of targets. */
export interface RedisLogins {
  /** The remembered login, if any; never asks. */
  known(target: TargetRef): Promise<RedisLogin | undefined>;
  /** Asks the person; undefined when dismissed. `because` is shown as the reason. */
  ask(target: TargetRef, because?: FaultData): Promise<RedisLogin | undefined>;
  forget(target: TargetRef): Promise<void>;
}
