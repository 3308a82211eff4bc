/** The page of a cluster: shows what the extension sends, and tells it what the person wants. */
import { type ClusterToHost, parseClusterToPage } from './messages';
import { ClusterView } from './view';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): { readonly postMessage: (message: ClusterToHost) => void };

const { postMessage: send } = acquireVsCodeApi();
const view = new ClusterView(document.body, {
  refresh: () => send({ type: 'refresh' }),
  readAll: () => send({ type: 'readAll' }),
  connect: () => send({ type: 'connect' }),
  ping: (node) => send({ type: 'ping', node }),
  console: (node) => send({ type: 'console', node }),
});

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseClusterToPage(event.data);
  if (message) view.show(message);
});

send({ type: 'ready' });
