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
  return onDidNotice((notice) => {
    switch (notice.kind) {
      case 'touchKey':
        ui.info(ui.l10n.t('Touch your security key to connect to {0}.', notice.bastion.name));
        return;
      case 'brokerLost':
        ui.info(ui.l10n.t("Sallyport's background process ended unexpectedly. Tunnels being opened again: {0}", notice.tunnels));
        return;
      case 'brokerInWindow':
        ui.info(ui.l10n.t("Sallyport's background process could not be started, so tunnels will close with this window. {0}", notice.text));
        return;
      case 'sessionMessage':
        if (shown.has(notice.text) || shown.size >= REMEMBERED) return;
        shown.add(notice.text);
        ui.info(ui.l10n.t('{0} says: {1}', notice.bastion.name, notice.text));
    }
  });
}
