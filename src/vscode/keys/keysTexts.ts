import type { EditOutcome } from '../../model/redisKeys';
import type { Localizer } from '../localizer';
import { labelText, shortText } from '../safeText';
import type { ConfirmOptions, InputOptions } from '../ui';

/** Names of keys to be deleted that are listed; there are rarely more. */
const MAX_NAMED = 10;
const SECOND_MS = 1000;

export function deleteText(names: readonly string[], target: string, l10n: Localizer): ConfirmOptions {
  const [first = ''] = names;
  const message =
    names.length === 1
      ? l10n.t('Delete the key "{0}" from "{1}"?', shortText(first, 100), labelText(target))
      : l10n.t('Delete {0} keys from "{1}"?', names.length, labelText(target));
  const named = names.slice(0, MAX_NAMED).map((name) => shortText(name, 100));
  const others = names.length > MAX_NAMED ? [l10n.t('and {0} more', names.length - MAX_NAMED)] : [];
  const lines = names.length === 1 ? [] : [...named, ...others];
  return { message, detail: [l10n.t('They cannot be brought back.'), ...lines].join('\n'), button: l10n.t('Delete') };
}

/** On production the target's name has to be typed where several keys are deleted. */
export function deleteManyText(count: number, target: string, l10n: Localizer): Pick<InputOptions, 'title' | 'prompt'> & { readonly wrong: string } {
  const name = labelText(target);
  return {
    title: l10n.t('Delete {0} keys on production', count),
    prompt: l10n.t('They cannot be brought back. Type the name of the target, {0}, to delete them.', name),
    wrong: l10n.t('This is not its name, which is {0}.', name),
  };
}

export function removeElementText(key: string, l10n: Localizer): ConfirmOptions {
  return {
    message: l10n.t('Remove this element from "{0}"?', shortText(key, 100)),
    detail: l10n.t('It cannot be brought back. A key goes with its last element.'),
    button: l10n.t('Remove'),
  };
}

export function deletedText(count: number, l10n: Localizer): string {
  return count === 1 ? l10n.t('1 key was deleted.') : l10n.t('{0} keys were deleted.', count);
}

/** `ms`: what is left of it by now; -1 when it never expires, null when nobody knows. */
export function expiryInput(name: string, ms: number | null, l10n: Localizer): InputOptions {
  return {
    title: l10n.t('Expiry of {0}', shortText(name, 100)),
    prompt: l10n.t('Seconds until it expires; nothing for never.'),
    value: ms === null || ms < 0 ? '' : String(Math.ceil(ms / SECOND_MS)),
    validate: (text) => (expiryOf(text) === undefined ? l10n.t('Enter a number of seconds above 0, or nothing.') : undefined),
  };
}

/** ms of what was typed; null for never, undefined for what is no time. */
export function expiryOf(text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  const ms = /^\d{1,10}(?:\.\d{1,3})?$/.test(typed) ? Math.round(Number(typed) * SECOND_MS) : 0;
  return ms > 0 && ms <= MAX_MS ? ms : undefined;
}

/** 100 years: the engine takes no more. */
const MAX_MS = 100 * 365 * 24 * 3_600_000;

export function renameInput(name: string, l10n: Localizer): InputOptions {
  return {
    title: l10n.t('Rename {0}', shortText(name, 100)),
    prompt: l10n.t('Its new name. Another key is never overwritten. \\\\ is a backslash, \\xNN a byte.'),
    value: name,
    validate: (text) => (text === '' ? l10n.t('A key needs a name.') : undefined),
  };
}

export function expiryOutcome(outcome: EditOutcome, l10n: Localizer): string {
  return outcome === 'done' ? l10n.t('Its expiry was changed.') : l10n.t('This key is not there any more.');
}
