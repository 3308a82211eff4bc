import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { findExtension } from './extension';
import { loadedBundles } from './loadedBundles';

// Runs before every test that uses the product: the files are taken in the order of their names.
describe('the extension at rest', () => {
  it('has loaded nothing but its doorway', async () => {
    await findExtension().activate();
    assert.deepEqual(loadedBundles(), ['extension.js']);
  });

  it('loads the rest of the window with the first command, and nothing that could reach the network', async () => {
    await vscode.commands.executeCommand('sallyport.showLog');
    assert.deepEqual(loadedBundles(), ['extension.js', 'window.js']);
  });
});
