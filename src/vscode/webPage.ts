import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from './pageHtml';

export interface WebPageOptions {
  readonly viewType: string;
  /** Of the tab; without control characters. */
  readonly title: string;
  /** `dist/webview/NAME.js` is its script, `media/NAME.css` its style sheet. */
  readonly name: string;
  readonly extensionUri: vscode.Uri;
  /** Beside the editor in use, without taking the keyboard; else in its place. */
  readonly beside?: boolean;
}

export interface WebPage {
  readonly panel: vscode.WebviewPanel;
  /** Hands a message to the page as it is now; one that is hidden has none. */
  readonly post: (message: object) => void;
  /** Loads the page. Whoever listens for its first message does so before. */
  readonly load: () => void;
}

/** An editor tab with a page of ours, under a policy by which nothing but our own script and style sheet is loaded. */
export function createWebPage({ viewType, title, name, extensionUri, beside = false }: WebPageOptions): WebPage {
  const scripts = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  const media = vscode.Uri.joinPath(extensionUri, 'media');
  const place = beside ? { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true } : vscode.ViewColumn.Active;
  const panel = vscode.window.createWebviewPanel(viewType, title, place, {
    enableScripts: true,
    enableForms: false,
    enableFindWidget: true,
    localResourceRoots: [scripts, media],
  });
  const { webview } = panel;
  const load = (): void => {
    webview.html = pageHtml({
      nonce: randomBytes(18).toString('base64'),
      cspSource: webview.cspSource,
      scriptUri: String(webview.asWebviewUri(vscode.Uri.joinPath(scripts, `${name}.js`))),
      styleUri: String(webview.asWebviewUri(vscode.Uri.joinPath(media, `${name}.css`))),
      language: vscode.env.language,
      title,
    });
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a VS Code webview, not a window: it has no such argument.
  return { panel, post: (message) => void webview.postMessage(message), load };
}
