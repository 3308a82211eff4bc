import type { CandidateMessage, ConsoleStrings } from '../protocol';
import type { CompletionPrompt } from './completion';

/** The list, the hint and the line about the command, around the input. Every text enters as text. */
export class CompletionView {
  readonly #input: HTMLInputElement;
  readonly #list = part('div', 'completions');
  readonly #typed = part('span', 'ghost-typed');
  readonly #hint = part('span', 'ghost-hint');
  readonly #about = part('div', 'about');
  readonly #count = part('div', 'unseen');
  #shown: readonly CandidateMessage[] = [];

  /** @param take with the index of the candidate that was clicked */
  constructor(input: HTMLInputElement, take: (index: number) => void) {
    this.#input = input;
    const ghost = part('div', 'ghost');
    ghost.append(this.#typed, this.#hint);
    ghost.setAttribute('aria-hidden', 'true');
    const field = part('div', 'field');
    input.replaceWith(field);
    field.append(ghost, input);
    this.#list.id = 'completions';
    this.#list.setAttribute('role', 'listbox');
    this.#list.hidden = true;
    this.#hint.id = 'hint';
    this.#about.id = 'about';
    this.#count.setAttribute('role', 'status');
    field.parentElement?.append(this.#list);
    field.parentElement?.after(this.#about, this.#count);
    input.setAttribute('aria-autocomplete', 'list');
    input.setAttribute('aria-haspopup', 'listbox');
    input.setAttribute('aria-describedby', 'hint about');
    this.#list.addEventListener('mousedown', (event) => {
      // The input keeps the focus.
      event.preventDefault();
      const row = event.target instanceof Element ? event.target.closest('.completion') : null;
      const index = row ? [...this.#list.children].indexOf(row) : -1;
      if (index >= 0) take(index);
    });
  }

  show(prompt: CompletionPrompt, strings: ConsoleStrings): void {
    const { candidates, selected } = prompt;
    if (candidates !== this.#shown) this.#showList(candidates, strings);
    this.#select(selected);
    this.#showHint(prompt.hint);
    setText(this.#about, aboutText(prompt, strings));
  }

  #showList(candidates: readonly CandidateMessage[], strings: ConsoleStrings): void {
    this.#shown = candidates;
    this.#list.setAttribute('aria-label', strings.completionsLabel);
    this.#list.replaceChildren(...candidates.map(row));
    const closed = candidates.length === 0;
    this.#list.hidden = closed;
    this.#list.scrollTop = 0;
    if (closed) this.#input.removeAttribute('aria-controls');
    else this.#input.setAttribute('aria-controls', this.#list.id);
    setText(this.#count, closed ? '' : strings.completions.replace('{0}', String(candidates.length)));
  }

  #select(selected: number | undefined): void {
    const rows = this.#list.children;
    this.#list.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false');
    const row = selected === undefined ? undefined : rows[selected];
    if (!row) {
      this.#input.removeAttribute('aria-activedescendant');
      return;
    }
    row.setAttribute('aria-selected', 'true');
    row.scrollIntoView({ block: 'nearest' });
    this.#input.setAttribute('aria-activedescendant', row.id);
  }

  /** The hint follows the line's own text, so that text stands before it unseen; a line that is scrolled has no room for it. */
  #showHint(hint: string): void {
    const { value, scrollWidth, clientWidth } = this.#input;
    const fits = hint !== '' && scrollWidth <= clientWidth;
    setText(this.#typed, fits ? value : '');
    setText(this.#hint, fits ? hint : '');
  }
}

function row({ kind, text, detail }: CandidateMessage, index: number): HTMLElement {
  const created = part('div', `completion ${kind}`);
  created.id = `completion-${index}`;
  created.setAttribute('role', 'option');
  created.setAttribute('aria-selected', 'false');
  const name = part('span', 'name');
  name.textContent = text;
  const about = part('span', 'detail');
  about.textContent = detail;
  created.append(name, about);
  return created;
}

function aboutText({ about }: CompletionPrompt, strings: ConsoleStrings): string {
  if (!about) return '';
  const { command, summary, since, complexity, deprecated } = about;
  const warning = deprecated === '' ? strings.deprecated : strings.deprecatedFor.replace('{0}', () => deprecated ?? '');
  return [command, summary, since && strings.since.replace('{0}', () => since), complexity, deprecated === null ? '' : warning]
    .filter((each) => each !== '')
    .join(' · ');
}

function part(tag: string, name: string): HTMLElement {
  const created = document.createElement(tag);
  created.className = name;
  return created;
}

function setText(target: HTMLElement, content: string): void {
  if (target.textContent !== content) target.textContent = content;
}
