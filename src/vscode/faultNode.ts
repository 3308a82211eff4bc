import type { FaultData } from '../base/fault';
import { describeFault } from '../base/fault';
import type { Localizer } from './localizer';
import { labelText, tooltipMarkdown } from './safeText';
import { wantsSignIn } from './signIn';
import type { ViewNode } from './viewNode';

/** A failure as a row of its own; its button asks again. */
export function faultNode(id: string, fault: FaultData, l10n: Localizer): ViewNode {
  return {
    id,
    label: labelText(fault.message),
    icon: { id: 'warning', color: 'list.warningForeground' },
    tooltip: tooltipMarkdown(fault.message, [
      ['', fault.remedy?.text],
      [l10n.t('Code'), fault.code],
    ]),
    spoken: labelText(l10n.t('Problem: {0}', describeFault(fault))),
    words: wantsSignIn(fault) ? ['fault', 'signIn'] : ['fault'],
  };
}
