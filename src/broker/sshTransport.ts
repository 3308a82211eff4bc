import { join } from 'node:path';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/log';
import type { Transport } from '../model/link';
import type { Notice } from '../model/notice';
import type { Ask } from '../model/question';
import type { BastionRoute, Route } from '../model/route';
import type { InstanceConnectApi, SshSettings } from '../model/ssh';
import type { ConfigSources } from '../ssh/hostConfig';
import type { SshHelp } from '../transport/ssh/sshTransport';
import { SshTransport } from '../transport/ssh/sshTransport';
import { SystemSshTransport } from '../transport/sshSystem/systemSshTransport';
import { dialSshStream } from '../transport/ssm/sshStream';
import type { SsmTransportDeps } from '../transport/ssm/ssmTransport';

export interface SshParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: () => SshSettings;
  readonly sources: () => ConfigSources;
  readonly ask: Ask;
  /** For SSH over Session Manager. */
  readonly ssm: SsmTransportDeps;
  readonly instanceConnect: InstanceConnectApi;
  readonly onNotice: (notice: Notice) => void;
  /** Absolute path of the program that OpenSSH asks for secrets through; beside this bundle unless told. */
  readonly companion?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** SSH by the client that the settings name at each dial. */
export function createSshTransport(parts: SshParts): Transport {
  const { clock, logger, settings, sources, ask, ssm, instanceConnect, onNotice, env } = parts;
  const help: SshHelp = {
    dialSsm: ({ place, bastion }, port, signal) => dialSshStream(ssm, { place, bastionId: bastion.id, port }, signal),
    pushKey: ({ place, bastion }, { user, publicKey }, signal) =>
      instanceConnect.pushSshKey(place, { instanceId: bastion.id, osUser: user, publicKey }, signal),
    consoleFingerprints: async (route, signal) => consoleFingerprints(route, instanceConnect, signal),
  };
  const builtin = new SshTransport({ clock, logger, ask, sources, ...help });
  const system = new SystemSshTransport({
    clock,
    logger,
    settings,
    ask,
    sources,
    ...help,
    onNotice,
    companion: parts.companion ?? join(__dirname, 'ssh-companion.js'),
    ...(env && { env }),
  });
  const chosen = (route: Route): Transport => (settings().client === 'system' && system.suits(route) ? system : builtin);
  return { method: 'ssh', dial: (route, signal) => chosen(route).dial(route, signal) };
}

async function consoleFingerprints({ ssh, place, bastion }: BastionRoute, api: InstanceConnectApi, signal: AbortSignal): Promise<string[]> {
  // Only an instance has a console; a host of the configuration may be anything.
  if (!ssh?.instanceConnect) return [];
  return (await api.consoleHostKeys(place, bastion.id, signal)).map(({ fingerprint }) => fingerprint);
}
