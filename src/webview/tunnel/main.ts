/** The page of a tunnel's details: shows what the extension sends. */
import { parseTunnelToPage, type TunnelToHost } from './messages';
import { TunnelView } from './view';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): { readonly postMessage: (message: TunnelToHost) => void };

const { postMessage: send } = acquireVsCodeApi();
const view = new TunnelView(document.body);

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseTunnelToPage(event.data);
  if (message) view.show(message);
});

send({ type: 'ready' });
