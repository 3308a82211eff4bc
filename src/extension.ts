import type * as vscode from 'vscode';
import { Scope } from './base/scope';
import { brokerIsHere } from './broker/presence';
import type { Entrance, OpenWindow } from './vscode/doorway';
import { addDoorway, showStartFailure } from './vscode/doorway';
import { openLogChannel } from './vscode/logChannel';
import type { WindowLoads } from './vscode/window';

// Owns everything; the log last of all, since what ends still logs.
let running: Scope | undefined;

// Bundles of their own (esbuild.mjs): this one is read by every window, whether anybody uses it or not.
const loads: WindowLoads = {
  connectBroker: async () => (await import('./broker/connect')).connectBroker,
  loadRedis: async () => (await import('./redis')).engine,
  brokerIsHere,
};

/** Composes what a window has from its start, and says so itself when that fails. */
export function activate(context: vscode.ExtensionContext): void {
  const scope = new Scope();
  running = scope;
  const log = scope.add(openLogChannel());
  const parts = scope.add(new Scope());
  try {
    const open = async (entrance: Entrance): Promise<OpenWindow> => (await import('./vscode/window')).openWindow(context, log, loads, entrance);
    addDoorway(parts, { log, open, brokerIsHere });
  } catch (error) {
    // Half an extension would be worse than none; the log stays readable.
    void parts.dispose();
    showStartFailure(error, log);
  }
}

/** Leaves the broker, whose tunnels outlive this window for a while. */
export async function deactivate(): Promise<void> {
  await running?.dispose();
  running = undefined;
}
