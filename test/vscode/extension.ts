import * as vscode from 'vscode';

/** The extension under test; its publisher is that of the manifest that VS Code loaded. */
export function findExtension(): vscode.Extension<unknown> {
  const found = vscode.extensions.all.find(({ packageJSON }) => (packageJSON as { name?: unknown }).name === 'sallyport');
  if (!found) throw new Error('VS Code did not load the extension.');
  return found;
}
