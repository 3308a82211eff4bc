import { element, setText } from '../dom';
import type { DiagnosisCheck, DiagnosisToPage } from './messages';

/** Builds the page once; `show` keeps it equal to what the extension says. */
export class DiagnosisView {
  readonly #heading = element('h1');
  readonly #summary = element('p', 'summary');
  readonly #again = element('button', 'primary');
  readonly #copy = element('button');
  readonly #list = element('ol', 'checks');
  #shown = '';

  constructor(root: HTMLElement, { again, copy }: { readonly again: () => void; readonly copy: () => void }) {
    this.#summary.setAttribute('role', 'status');
    for (const [button, act] of [[this.#again, again], [this.#copy, copy]] as const) {
      button.type = 'button';
      button.addEventListener('click', act);
    }
    root.replaceChildren(element('main', '', this.#heading, this.#summary, this.#list, element('div', 'buttons', this.#again, this.#copy)));
  }

  show({ title, summary, verdict, running, strings, checks }: DiagnosisToPage): void {
    document.title = title;
    setText(this.#heading, title);
    setText(this.#summary, summary);
    this.#summary.dataset['verdict'] = verdict;
    setText(this.#again, strings.again);
    setText(this.#copy, strings.copy);
    this.#again.disabled = running;
    this.#copy.disabled = checks.length === 0;
    this.#list.setAttribute('aria-label', strings.checks);
    const version = JSON.stringify(checks);
    if (version === this.#shown) return;
    this.#shown = version;
    this.#list.replaceChildren(...checks.map((check) => line(check)));
  }
}

function line({ verdict, mark, title, detail, remedy }: DiagnosisCheck): HTMLElement {
  // A word, and not a colour alone.
  const badge = element('span', 'mark', mark);
  badge.dataset['verdict'] = verdict;
  const texts = element('div', 'texts', element('span', 'title', title));
  if (detail !== '') texts.append(element('p', 'detail', detail));
  if (remedy !== '') texts.append(element('p', 'remedy', remedy));
  return element('li', '', badge, texts);
}
