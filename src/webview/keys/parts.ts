// Small parts of the page and its texts.
import { element } from '../dom';

export function button(className: string, text = '', act: () => void = () => {}): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  made.textContent = text;
  made.addEventListener('click', act);
  return made;
}

/** A field with its label before it. */
export function labelled<T extends HTMLElement>(id: string, label: HTMLElement, field: T): T {
  field.id = id;
  label.setAttribute('for', id);
  return field;
}

export function setHidden(target: HTMLElement, hidden: boolean): void {
  if (target.hidden !== hidden) target.hidden = hidden;
}

/** `{0}`, `{1}`, … filled in. */
export function fill(text: string, ...values: readonly (string | number)[]): string {
  return text.replaceAll(/\{(\d)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));
}

/** Short, for a list: `1.5 kB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** The two largest units of a time that is left: `2 h 5 min`. @param ms not negative */
export function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

const BADGES: Readonly<Record<string, string>> = { string: 'STR', hash: 'HASH', list: 'LIST', set: 'SET', zset: 'ZSET', stream: 'STRM', 'ReJSON-RL': 'JSON' };

/** A type's mark: letters, since a colour alone tells nobody anything. */
export function badge(type: string | null): HTMLElement {
  const made = element('span', 'badge', type === null ? '·' : (BADGES[type] ?? type.slice(0, 4).toUpperCase()));
  made.dataset['type'] = type ?? '';
  if (type !== null) made.title = type;
  return made;
}
