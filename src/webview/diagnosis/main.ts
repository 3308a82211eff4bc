/** The page of a diagnosis: shows what the extension sends. */
import { type DiagnosisToHost, parseDiagnosisToPage } from './messages';
import { DiagnosisView } from './view';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): { readonly postMessage: (message: DiagnosisToHost) => void };

const { postMessage: send } = acquireVsCodeApi();
const view = new DiagnosisView(document.body, { again: () => send({ type: 'again' }), copy: () => send({ type: 'copy' }) });

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseDiagnosisToPage(event.data);
  if (message) view.show(message);
});

send({ type: 'ready' });
