import * as vscode from 'vscode';
import type { Disposable } from '../base/event';
import type { TunnelInfo } from '../model/tunnel';
import { commandId } from './contributions';
import { statusText } from './statusText';

/** The status bar's one item: how many tunnels, how fast, how well. */
export class StatusItem implements Disposable {
  readonly #item = vscode.window.createStatusBarItem('sallyport.tunnels', vscode.StatusBarAlignment.Left, 50);

  constructor() {
    this.#item.name = vscode.l10n.t('Sallyport Tunnels');
    this.#item.command = commandId('toggleTunnels');
  }

  update(tunnels: readonly TunnelInfo[], hideWhenUnused: boolean): void {
    if (tunnels.length === 0 && hideWhenUnused) {
      this.#item.hide();
      return;
    }
    const { text, spoken, tooltip, background } = statusText(tunnels, vscode.l10n);
    this.#item.text = text;
    this.#item.tooltip = new vscode.MarkdownString(tooltip);
    this.#item.accessibilityInformation = { label: spoken, role: 'button' };
    this.#item.backgroundColor = background && new vscode.ThemeColor(`statusBarItem.${background}Background`);
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }
}
