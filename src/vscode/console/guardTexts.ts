import type { ProductionReason } from '../../model/production';
import type { GuardQuestion } from '../../redis/types';
import type { Localizer } from '../localizer';
import { labelText } from '../safeText';
import type { ConfirmOptions } from '../ui';
import { bytesText } from '../wording';

/** Commands of one paste that are named; there are rarely more. */
const MAX_NAMED = 10;

export function confirmText(question: GuardQuestion, name: string, l10n: Localizer): ConfirmOptions {
  const target = labelText(name);
  const message = l10n.t('Run {0} on "{1}"?', commandsText(question), target);
  return { message, detail: whyText(question, l10n), button: l10n.t('Run') };
}

export function nameText(question: GuardQuestion, name: string, l10n: Localizer): { title: string; prompt: string; wrong: string } {
  const target = labelText(name);
  return {
    title: l10n.t('Run {0} on production', commandsText(question)),
    prompt: `${whyText(question, l10n)} ${l10n.t('Type the name of the target, {0}, to run it.', target)}`,
    wrong: l10n.t('This is not its name, which is {0}.', target),
  };
}

export function unlockText(name: string, minutes: number, reasons: readonly ProductionReason[], l10n: Localizer): ConfirmOptions {
  return {
    message: l10n.t('Allow writes to "{0}" for {1} min?', labelText(name), minutes),
    detail: `${reasonsText(reasons, l10n)} ${l10n.t('Only this console may write then; it becomes read-only again by itself.')}`,
    button: l10n.t('Allow Writes'),
  };
}

/** Why the target counts as production; empty when it does not. */
export function reasonsText(reasons: readonly ProductionReason[], l10n: Localizer): string {
  if (reasons.length === 0) return '';
  return l10n.t('It counts as production: {0}.', reasons.map((reason) => reasonText(reason, l10n)).join(', '));
}

function reasonText(reason: ProductionReason, l10n: Localizer): string {
  switch (reason.fact) {
    case 'tag':
      return l10n.t('tag {0}={1}', labelText(reason.tag.key), labelText(reason.tag.value));
    case 'account':
      return l10n.t('account {0}', reason.accountId);
    case 'name':
      return l10n.t('its name contains "{0}"', labelText(reason.pattern));
  }
}

function commandsText({ verdicts }: GuardQuestion): string {
  const named = verdicts.slice(0, MAX_NAMED).map(({ command }) => labelText(command));
  return verdicts.length > MAX_NAMED ? `${named.join(', ')}, …` : named.join(', ');
}

function whyText({ verdicts, lines, size }: GuardQuestion, l10n: Localizer): string {
  const [first] = verdicts;
  if (lines > 1) return l10n.t('It is among the {0} lines that were pasted, and can lose data or stop the server. Nothing has run yet.', lines);
  if (first?.class === 'slow') {
    const read = size && sizeText(size, l10n);
    return read === undefined
      ? l10n.t('It may have to read a lot, and the server answers nobody else meanwhile.')
      : l10n.t('It would read {0}, and the server answers nobody else meanwhile.', read);
  }
  if (first?.command === 'MONITOR') return l10n.t('It shows every command of every client, with keys and values, and slows the server down while it runs.');
  if (first?.writes === false) return l10n.t('It reads every key, and the server answers nobody else meanwhile.');
  return l10n.t('It can lose data at one stroke, or change or stop the server itself.');
}

function sizeText({ count, unit }: NonNullable<GuardQuestion['size']>, l10n: Localizer): string {
  switch (unit) {
    case 'bytes':
      return bytesText(count);
    case 'keys':
      return l10n.t('{0} keys', count);
    case 'elements':
      return l10n.t('{0} elements', count);
  }
}
