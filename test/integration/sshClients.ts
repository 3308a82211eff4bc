import { hostname, userInfo } from 'node:os';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import type { ConfigSources } from '../../src/ssh/hostConfig';
import { SshTransport, type SshTransportDeps } from '../../src/transport/ssh/sshTransport';
import { SystemSshTransport } from '../../src/transport/sshSystem/systemSshTransport';
import { COMPANION } from './sshSystemRig';
import type { SshTestClient, SshTestSetup } from './sshWorkbench';

/** Everything that a look-up depends on, with nothing of this machine's own files. */
export function sourcesOf({
  configFile,
  home,
  env,
  workspaceFolders = [],
}: Pick<SshTestSetup, 'configFile' | 'home' | 'env'> & Partial<SshTestSetup>): ConfigSources {
  const { username, uid } = userInfo();
  return {
    files: [{ path: configFile, kind: 'explicit' }],
    home,
    localUser: username,
    ...(uid >= 0 && { uid }),
    localHostName: hostname(),
    env,
    platform: process.platform,
    workspaceFolders,
  };
}

export function builtinClient(more: Partial<SshTransportDeps> = {}): SshTestClient {
  return {
    name: 'the built-in client',
    transport: (setup) =>
      new SshTransport({ clock: systemClock, logger: nullLogger, ask: setup.ask, sources: () => sourcesOf(setup), ...setup.help, ...more }),
    shares: true,
  };
}

export function systemClient(): SshTestClient {
  return {
    name: "the system's ssh",
    transport: (setup) =>
      new SystemSshTransport({
        clock: systemClock,
        logger: nullLogger,
        settings: () => ({ client: 'system', configFile: setup.configFile, programPath: '' }),
        ask: setup.ask,
        sources: () => sourcesOf(setup),
        ...setup.help,
        companion: COMPANION,
        env: setup.env,
        temporary: setup.home,
      }),
    shares: false,
  };
}
