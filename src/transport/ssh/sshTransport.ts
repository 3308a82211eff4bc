import type { Clock } from '../../base/clock';
import { Fault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Link, Transport } from '../../model/link';
import type { Ask } from '../../model/question';
import type { BastionRoute } from '../../model/route';
import type { ConfigSources } from '../../ssh/hostConfig';
import type { SshStream } from '../ssm/sshStream';
import type { SshClient } from './client';

/** What AWS adds to SSH, whoever speaks it. */
export interface SshHelp {
  /** A byte stream to the bastion's SSH server over Session Manager. Absent: `via: 'ssm'` is refused. */
  readonly dialSsm?: (route: BastionRoute, port: number, signal: AbortSignal) => Promise<SshStream>;
  /** EC2 Instance Connect: lets the key log in as the user for a minute. `publicKey` is a line of authorized_keys. */
  readonly pushKey?: (route: BastionRoute, key: { readonly user: string; readonly publicKey: string }, signal: AbortSignal) => Promise<void>;
  /** Fingerprints (`SHA256:…`) of the host keys that the instance printed on its console; empty when there are none. */
  readonly consoleFingerprints?: (route: BastionRoute, signal: AbortSignal) => Promise<readonly string[]>;
}

export interface SshTransportDeps extends SshHelp {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ask: Ask;
  /** Where the configuration is; read with each connection, so that an edit counts at the next one. */
  readonly sources: () => ConfigSources;
}

/** SSH by the built-in client, which loads at the first tunnel. */
export class SshTransport implements Transport {
  readonly method = 'ssh';
  readonly #deps: SshTransportDeps;
  #client: Promise<SshClient> | undefined;

  constructor(deps: SshTransportDeps) {
    this.#deps = deps;
  }

  async dial(route: BastionRoute, signal: AbortSignal): Promise<Link> {
    if (!route.ssh) throw new Fault('ssh.noAccess', `The route to ${route.target.name} does not say how its bastion is reached by SSH.`);
    this.#client ??= import('./client').then(({ SshClient }) => new SshClient(this.#deps));
    return (await this.#client).dial(route, route.ssh, signal);
  }
}
