import * as vscode from 'vscode';
import type { Disposable } from '../base/event';
import { commandId } from './contributions';
import type { StatusText } from './statusAtRest';

/** The status bar's one item: how many tunnels, how fast, how well. */
export class StatusItem implements Disposable {
  readonly #item = vscode.window.createStatusBarItem('sallyport.tunnels', vscode.StatusBarAlignment.Left, 50);

  constructor() {
    this.#item.name = vscode.l10n.t('Sallyport Tunnels');
    this.#item.command = commandId('toggleTunnels');
  }

  show({ text, spoken, tooltip, background }: StatusText): void {
    this.#item.text = text;
    this.#item.tooltip = new vscode.MarkdownString(tooltip);
    this.#item.accessibilityInformation = { label: spoken, role: 'button' };
    this.#item.backgroundColor = background && new vscode.ThemeColor(`statusBarItem.${background}Background`);
    this.#item.show();
  }

  hide(): void {
    this.#item.hide();
  }

  dispose(): void {
    this.#item.dispose();
  }
}
