import type { KeyKind, KeyView } from '../../model/redisKeys';
import { element, setText } from '../dom';
import { button, fill, labelled } from './parts';
import { type Draft, placeOf } from './drafts';
import type { KeysStrings } from './messages';

export interface EditorActs {
  readonly change: (draft: Draft) => void;
  readonly save: () => void;
  /** Throws the draft away. */
  readonly drop: () => void;
}

/** How the latest attempt to save ended. */
export interface EditorState {
  readonly saving: boolean;
  /** What is wrong; empty when nothing is. */
  readonly problem: string;
  /** What is there now where somebody else has changed it, to be compared; undefined when nobody has. */
  readonly nowThere: string | undefined;
}

/** The fields in which a draft is typed, with their buttons. */
export function editorOf(view: KeyView, draft: Draft, state: EditorState, strings: KeysStrings, acts: EditorActs): HTMLElement {
  const heading = element('h3', '', headingOf(view, draft, strings));
  heading.id = 'editor-heading';
  const form = element('section', 'editor', heading);
  form.setAttribute('aria-labelledby', heading.id);
  let current = draft;
  const change = (part: Partial<Draft>): void => {
    current = { ...current, ...part };
    acts.change(current);
  };
  for (const field of fieldsOf(view.kind, draft)) form.append(...inputFor(field, draft, strings, state, change));
  if (draft.form === 'escaped') form.append(element('p', 'note', strings.escapedNote));
  const isGone = (draft.target.kind === 'element' || draft.target.kind === 'score') && placeOf(view, draft) < 0;
  const save = button('primary save', state.saving ? strings.saving : strings.save, acts.save);
  save.disabled = state.saving || isGone;
  const drop = button('drop', draft.target.kind === 'body' ? strings.revert : strings.cancel, acts.drop);
  save.dataset['focus'] = 'save';
  drop.dataset['focus'] = 'drop';
  form.append(element('div', 'buttons', save, drop), problemOf(isGone ? strings.goneElement : state.problem));
  if (state.nowThere !== undefined) form.append(element('h4', '', strings.nowThere), element('pre', 'now', state.nowThere));
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !save.disabled) {
      event.preventDefault();
      acts.save();
    } else if (event.key === 'Escape' && draft.target.kind !== 'body') {
      acts.drop();
    }
  });
  return form;
}

function problemOf(text: string): HTMLElement {
  const made = element('p', 'problem');
  made.setAttribute('role', 'alert');
  setText(made, text);
  return made;
}

type Field = 'field' | 'score' | 'value';

function fieldsOf(kind: KeyKind | null, { target }: Draft): readonly Field[] {
  if (target.kind === 'score') return ['score'];
  if (target.kind !== 'add') return ['value'];
  if (kind === 'hash') return ['field', 'value'];
  return kind === 'zset' ? ['score', 'value'] : ['value'];
}

function headingOf(view: KeyView, draft: Draft, strings: KeysStrings): string {
  switch (draft.target.kind) {
    case 'body':
      return strings.value;
    case 'add':
      return strings.adding;
    case 'element':
    case 'score': {
      const found = view.elements[placeOf(view, draft)];
      const named = view.kind === 'list' ? found?.label : (found?.field ?? found?.value)?.text;
      return fill(strings.editing, (named ?? draft.target.identity).slice(0, 100));
    }
  }
}

function inputFor(field: Field, draft: Draft, strings: KeysStrings, { saving }: EditorState, change: (part: Partial<Draft>) => void): readonly HTMLElement[] {
  const { kind } = draft.target;
  const isEntry = field === 'value' && kind === 'add' && draft.form === 'escaped';
  const label = element('label', kind === 'body' ? 'unseen' : '', isEntry ? strings.fields : strings[field]);
  const input = field === 'score' ? document.createElement('input') : document.createElement('textarea');
  labelled(`editor-${field}`, label, input);
  input.value = draft[field];
  input.dataset['focus'] = `editor-${field}`;
  input.readOnly = saving;
  input.spellcheck = false;
  input.setAttribute('autocapitalize', 'off');
  if (input instanceof HTMLTextAreaElement) input.rows = kind === 'body' ? 16 : field === 'field' ? 1 : 4;
  input.addEventListener('input', () => change({ [field]: input.value }));
  const hint = isEntry ? [element('p', 'note', strings.fieldsHint)] : [];
  return [label, input, ...hint];
}
