import { hostname, userInfo } from 'node:os';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import type { ConfigSources } from '../../src/ssh/hostConfig';
import { SshTransport, type SshTransportDeps } from '../../src/transport/ssh/sshTransport';
import type { SshTestClient, SshTestSetup } from './sshWorkbench';

/** Everything that a look-up depends on, with nothing of this machine's own files. */
export function sourcesOf({ configFile, home, env }: Pick<SshTestSetup, 'configFile' | 'home' | 'env'>): ConfigSources {
  const { username, uid } = userInfo();
  return {
    files: [{ path: configFile, kind: 'explicit' }],
    home,
    localUser: username,
    ...(uid >= 0 && { uid }),
    localHostName: hostname(),
    env,
    platform: process.platform,
    workspaceFolders: [],
  };
}

export function builtinClient(more: Partial<SshTransportDeps> = {}): SshTestClient {
  return {
    name: 'the built-in client',
    transport: (setup) =>
      new SshTransport({ clock: systemClock, logger: nullLogger, ask: setup.ask, sources: () => sourcesOf(setup), ...more }),
    shares: true,
  };
}
