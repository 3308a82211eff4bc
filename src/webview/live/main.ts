/** The page of a live pane: shows what the extension sends, which keeps everything. */
import { type LiveToHost, parseLiveToPage } from './messages';
import { LiveView } from './view';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): { readonly postMessage: (message: LiveToHost) => void };

const { postMessage: send } = acquireVsCodeApi();
const view = new LiveView(document.body, send);

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseLiveToPage(event.data);
  switch (message?.type) {
    case 'setup':
      view.setup(message);
      break;
    case 'status':
      view.status(message);
      break;
    case 'rows':
      view.rows(message);
      break;
    case 'stats':
      view.stats(message);
      break;
    case 'details':
      view.details(message);
      break;
    case undefined:
      break;
  }
});

send({ type: 'ready' });
