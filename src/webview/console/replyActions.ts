import { element } from '../dom';
import type { ConsoleStrings, ReplyView } from '../protocol';
import { filled } from './filled';
import type { ReplyPane } from './replyPane';

export interface ActionPorts {
  /** To the actions of the reply before or after; false where there is none. */
  readonly move: (step: -1 | 1) => void;
  /** The keyboard goes back to the prompt. */
  readonly leave: () => void;
}

const LABELS = { text: 'viewText', json: 'viewJson', table: 'viewTable', hex: 'viewHex', decoded: 'viewDecoded' } as const satisfies Record<ReplyView, keyof ConsoleStrings>;

/**
 * The actions of one reply at a time, the one that the mouse or the keyboard is at: a log of a thousand replies has them once.
 * One stop of the Tab key; arrow keys go on inside, and to the replies before and after.
 */
export class ReplyActions {
  readonly element = element('div', 'actions');
  readonly #ports: ActionPorts;
  #pane: ReplyPane | undefined;
  #shown = '';

  constructor(ports: ActionPorts) {
    this.#ports = ports;
    this.element.setAttribute('role', 'toolbar');
    // It moves about; that is nothing to be read out.
    this.element.setAttribute('aria-live', 'off');
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
  }

  get focused(): boolean {
    return this.element.contains(document.activeElement);
  }

  get pane(): ReplyPane | undefined {
    return this.#pane;
  }

  /** Moves to a reply, `place` being its entry. */
  attach(pane: ReplyPane, command: string, place: HTMLElement, strings: ConsoleStrings): void {
    this.#pane = pane;
    this.element.setAttribute('aria-label', filled(strings.actions, [command]));
    if (this.element.parentElement !== place) place.append(this.element);
    this.#build(pane.views, strings);
    this.#press();
  }

  focus(): void {
    this.element.querySelector<HTMLElement>('button[tabindex="0"]')?.focus();
  }

  #build(views: readonly ReplyView[], strings: ConsoleStrings): void {
    // Without another view there is nothing to choose.
    const choices: readonly ReplyView[] = views.length > 0 ? ['text', ...views] : [];
    const shown = choices.join(' ');
    if (shown === this.#shown && this.element.childElementCount > 0) return;
    this.#shown = shown;
    const buttons = choices.map((view) => {
      const button = this.#button(strings[LABELS[view]], () => {
        this.#pane?.show(view);
        this.#press();
      });
      button.dataset['view'] = view;
      return button;
    });
    buttons.push(this.#button(strings.copy, () => this.#pane?.copy()), this.#button(strings.openInEditor, () => this.#pane?.openInEditor()));
    for (const [index, button] of buttons.entries()) button.tabIndex = index === 0 ? 0 : -1;
    this.element.replaceChildren(...buttons);
  }

  #button(label: string, act: () => void): HTMLButtonElement {
    const button = element('button', 'action', label);
    button.type = 'button';
    button.addEventListener('click', act);
    return button;
  }

  /** Shows which view is chosen. */
  #press(): void {
    for (const button of this.#buttons) {
      const { view } = button.dataset;
      if (view !== undefined) button.setAttribute('aria-pressed', String(view === this.#pane?.view));
    }
  }

  get #buttons(): HTMLButtonElement[] {
    return [...this.element.querySelectorAll('button')];
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    switch (event.key) {
      case 'ArrowRight':
        this.#step(1);
        break;
      case 'ArrowLeft':
        this.#step(-1);
        break;
      case 'ArrowUp':
        this.#ports.move(-1);
        break;
      case 'ArrowDown':
        this.#ports.move(1);
        break;
      case 'Escape':
        this.#ports.leave();
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  #step(by: -1 | 1): void {
    const buttons = this.#buttons;
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = buttons[(at + by + buttons.length) % buttons.length];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next?.focus();
  }
}
