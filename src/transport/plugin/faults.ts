import { Fault } from '../../base/fault';

// Everything that the plugin's transport reports to a person beyond the faults of Session Manager itself.

const INSTALL_PAGE = 'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';
const TRY_AGAIN = { text: 'Try again, or set `sallyport.ssm.client` to `native`.', action: 'retry' } as const;

/** The setting names no absolute path, or nothing that could be run. */
export function badPluginPath(path: string, why: 'relative' | 'missing'): Fault {
  const what = why === 'relative' ? 'is no absolute path' : 'is no program';
  return new Fault('plugin.badPath', `The path ${JSON.stringify(path)} of session-manager-plugin ${what}.`, {
    remedy: { text: 'Correct `sallyport.ssm.pluginPath`, or leave it empty to have the plugin looked for.' },
  });
}

export function pluginNotFound(): Fault {
  return new Fault('plugin.notFound', 'The program session-manager-plugin was not found on this machine.', {
    remedy: { text: `Install it as ${INSTALL_PAGE} says, or set \`sallyport.ssm.client\` to \`native\`.` },
  });
}

/** Up to 1.2.497.0 the plugin takes the session's token as an argument, where every user of the machine can read it. */
export function pluginTooOld(version: string): Fault {
  const text = `The installed session-manager-plugin ${version} would show the session's token to every user of this machine.`;
  return new Fault('plugin.tooOld', text, { remedy: { text: `Update it as ${INSTALL_PAGE} says, then try again.`, action: 'retry' } });
}

/** @param why how its answer to `--version` was none, e.g. "did not answer within 5 seconds" */
export function pluginUnusable(program: string, why: string, cause?: unknown): Fault {
  return new Fault('plugin.unusable', `The program ${program} ${why} when asked for its version.`, {
    cause,
    remedy: { text: `Install session-manager-plugin anew as ${INSTALL_PAGE} says, then try again.`, action: 'retry' },
  });
}

/** Nothing was said within the bound. */
export function pluginNotReady(seconds: number, lastLine: string): Fault {
  const text = `The session-manager-plugin opened no port within ${seconds} seconds${quoted(lastLine)}.`;
  return new Fault('plugin.notReady', text, { retryable: true, remedy: TRY_AGAIN });
}

/** The plugin's exit code says nothing (it is 0 in every case); its last words do. */
export function pluginEnded(lastLine: string, cause?: unknown): Fault {
  const text = `The session-manager-plugin has ended${quoted(lastLine)}.`;
  return new Fault('plugin.ended', text, { retryable: true, remedy: TRY_AGAIN, cause });
}

/** It runs, and may have lost its session all the same. */
export function pluginSilent(seconds: number): Fault {
  const text = `The session-manager-plugin has passed nothing on for ${seconds} seconds.`;
  return new Fault('plugin.silent', text, { retryable: true, remedy: TRY_AGAIN });
}

/** A connection to the plugin's port failed although the plugin lives. */
export function pluginStreamFailed(cause: unknown): Fault {
  return new Fault('plugin.streamFailed', 'A connection through the session-manager-plugin broke.', {
    retryable: true,
    remedy: TRY_AGAIN,
    cause,
  });
}

function quoted(line: string): string {
  return line === '' ? '' : `; it said ${JSON.stringify(line.slice(0, 300))}`;
}
