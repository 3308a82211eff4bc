import * as vscode from 'vscode';
import type { ContextKeyName } from './contributions';
import { CONTEXT_KEYS } from './contributions';

/** Sets a key that the conditions of package.json ask for. */
export function setContext(name: ContextKeyName, value: string | boolean): void {
  void vscode.commands.executeCommand('setContext', CONTEXT_KEYS[name], value);
}
