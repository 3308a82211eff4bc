import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { findExtension } from './extension';
import { loadedBundles } from './loadedBundles';

describe('activation', () => {
  it('runs in a remote extension host, where the private network is', () => {
    assert.equal(findExtension().extensionKind, vscode.ExtensionKind.Workspace);
  });

  it('succeeds', async () => {
    const extension = findExtension();
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers every command that the manifest declares, with what every window loads', async () => {
    await findExtension().activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = declaredCommands().filter((command) => !registered.has(command));
    assert.deepEqual(missing, []);
    assert.deepEqual(loadedBundles(), ['extension.js']);
  });
});

function declaredCommands(): string[] {
  const { contributes } = findExtension().packageJSON as { contributes: { commands?: readonly { command: string }[] } };
  const commands = (contributes.commands ?? []).map(({ command }) => command);
  assert.notEqual(commands.length, 0, 'the manifest declares no command at all');
  return commands;
}
