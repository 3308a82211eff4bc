import type { Disposable, Event } from '../base/event';
import type { Notice } from '../model/notice';
import type { Ui } from './ui';

/** More different texts than this are no announcements. */
const REMEMBERED = 100;

/**
 * Shows notices. What an agent says comes with every session that is started; a person reads it once per window. A security
 * key is waited for anew each time.
 */
export function showNotices(onDidNotice: Event<Notice>, ui: Ui): Disposable {
  const shown = new Set<string>();
  return onDidNotice(({ kind, text, bastion }) => {
    if (kind === 'touchKey') {
      ui.info(ui.l10n.t('Touch your security key to connect to {0}.', bastion.name));
      return;
    }
    if (shown.has(text) || shown.size >= REMEMBERED) return;
    shown.add(text);
    ui.info(ui.l10n.t('{0} says: {1}', bastion.name, text));
  });
}
