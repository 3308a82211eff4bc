/** The page of a benchmark: shows what the extension sends, and tells it what the person wants. */
import { type BenchmarkToHost, parseBenchmarkToPage } from './messages';
import { BenchmarkView } from './view';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): { readonly postMessage: (message: BenchmarkToHost) => void };

const { postMessage: send } = acquireVsCodeApi();
const view = new BenchmarkView(document.body, {
  start: (choice) => send({ type: 'start', choice }),
  stop: () => send({ type: 'stop' }),
  copy: () => send({ type: 'copy' }),
});

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseBenchmarkToPage(event.data);
  if (message) view.show(message);
});

send({ type: 'ready' });
