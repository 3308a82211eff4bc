import type { Ask, WorkspaceFileQuestion } from '../../model/question';
import type { ConfiguredFile, HostConfig } from '../../ssh/hostConfig';
import { workspaceRefused } from './faults';

/**
 * What a workspace's files say needs the person's consent, before anything of it is run, read or connected to. Keys are asked for
 * when they are about to be used: see `keyFileQuestion`.
 * @throws Fault `ssh.workspaceRefused`, also where nothing may be asked
 */
export async function requireConsent(config: HostConfig, ask: Ask, signal: AbortSignal): Promise<void> {
  const { host, proxyCommand, workspaceFiles, userKnownHostsFiles, globalKnownHostsFiles } = config;
  const require = (question: WorkspaceFileQuestion): Promise<void> => requireAnswer(question, config, ask, signal);
  for (const file of workspaceFiles) await require({ kind: 'workspaceFile', host, file, what: `Host ${host}` });
  if (proxyCommand?.fromWorkspace) {
    await require({ kind: 'workspaceFile', host, file: proxyCommand.origin.file, what: proxyCommand.command });
  }
  for (const file of [...userKnownHostsFiles, ...globalKnownHostsFiles]) {
    if (file.fromWorkspace) await require(keyFileQuestion(host, file));
  }
}

/** For a client that reads the keys by itself, so that all have to be agreed to before it is started. @throws as `requireConsent` */
export async function requireConsentToKeys(config: HostConfig, ask: Ask, signal: AbortSignal): Promise<void> {
  for (const file of [...config.identityFiles, ...config.certificateFiles]) {
    if (file.fromWorkspace) await requireAnswer(keyFileQuestion(config.host, file), config, ask, signal);
  }
}

/** Whether a file that lies in a workspace, or is named there, may be used. */
export function keyFileQuestion(host: string, file: ConfiguredFile): WorkspaceFileQuestion {
  return { kind: 'workspaceFile', host, file: file.origin?.file ?? file.path, what: file.path };
}

async function requireAnswer(question: WorkspaceFileQuestion, { batchMode }: HostConfig, ask: Ask, signal: AbortSignal): Promise<void> {
  const allowed = !batchMode && (await ask(question, signal)) === true;
  if (!allowed) throw workspaceRefused(question.what, question.file);
}
