import * as vscode from 'vscode';
import { asFault, describeFault } from './base/fault';
import { Scope } from './base/scope';
import { connectInProcess } from './broker/client';
import { activateSallyport } from './vscode/activate';
import { KeptSecrets } from './vscode/keptSecrets';
import { openLogChannel } from './vscode/logChannel';
import { Questions } from './vscode/questions';
import type { Services } from './vscode/services';
import { readProxy, readSshSettings, readSsmSettings, readTargetCa, workspaceFolders } from './vscode/settings';
import { WindowUi } from './vscode/windowUi';

// Owns everything; the log last of all, since what ends still logs.
let running: Scope | undefined;

/** Composes the extension, and says so itself when that fails: VS Code would stay silent. */
export function activate(context: vscode.ExtensionContext): void {
  const scope = new Scope();
  running = scope;
  const log = scope.add(openLogChannel());
  const parts = scope.add(new Scope());
  try {
    const ui = parts.add(new WindowUi());
    const secrets = parts.add(new KeptSecrets(context.secrets, ui, log));
    const { ask } = new Questions(ui, secrets);
    const services: Services = {
      ui,
      secrets,
      broker: connectInProcess(
        {
          logger: log,
          targetCa: readTargetCa,
          ssm: readSsmSettings,
          ssh: readSshSettings,
          ask,
          proxy: readProxy,
          workspaceFolders,
          stateDir: vscode.Uri.joinPath(context.globalStorageUri, 'state').fsPath,
        },
        async () => (await import('./broker/core')).createCore,
      ),
      openRedisSession: async (options, signal) => (await import('./redis')).openRedisSession(options, signal),
      targetCa: readTargetCa,
      logger: log,
    };
    activateSallyport(parts, context, services, log);
  } catch (error) {
    const fault = asFault(error);
    log.log('error', 'extension.activationFailed', { error, stack: error instanceof Error ? error.stack : undefined });
    // Half an extension would be worse than none; the log stays readable.
    void parts.dispose();
    void vscode.window.showErrorMessage(vscode.l10n.t('Sallyport could not start: {0}', describeFault(fault)));
  }
}

/** Resolves when every tunnel, session and listener is gone. */
export async function deactivate(): Promise<void> {
  await running?.dispose();
  running = undefined;
}
