import type { Bastion } from '../model/bastion';
import { bastionObstacle } from '../model/bastion';
import type { Target } from '../model/target';
import { isServing } from '../model/target';
import type { Localizer } from './localizer';
import type { RowMark } from './viewNode';

/** How a mark looks: at most two characters that differ in shape, and a colour for those who see it. */
export interface MarkLook {
  readonly badge: string;
  /** Name of a theme colour. */
  readonly color: string;
}

export const MARK_LOOKS: Readonly<Record<RowMark, MarkLook>> = {
  stopped: { badge: '■', color: 'disabledForeground' },
  starting: { badge: '↑', color: 'list.warningForeground' },
  ending: { badge: '↓', color: 'disabledForeground' },
  failed: { badge: '!', color: 'list.errorForeground' },
  unusable: { badge: '–', color: 'disabledForeground' },
};

export function markText(mark: RowMark, l10n: Localizer): string {
  switch (mark) {
    case 'stopped':
      return l10n.t('Stopped');
    case 'starting':
      return l10n.t('Not ready yet');
    case 'ending':
      return l10n.t('Being stopped or deleted');
    case 'failed':
      return l10n.t('Failed');
    case 'unusable':
      return l10n.t('Cannot be used now');
  }
}

// By AWS's spellings, which differ from service to service in dashes, blanks and capitals. The first that fits decides.
const STATUSES: readonly (readonly [status: RegExp, mark: RowMark])[] = [
  [/fail|error|incompatible|inaccessible|insufficient|unavailable/, 'failed'],
  [/stopped|paused|inactive/, 'stopped'],
  [/delet|stopping|pausing|shutting/, 'ending'],
  [/creat|start|restor|reboot|resum|provision|pending|renaming|moving/, 'starting'],
];

/** Nothing for a target that serves, and none where its status says nothing that we know. */
export function targetMark(target: Pick<Target, 'status'>): RowMark | undefined {
  if (isServing(target)) return undefined;
  const status = target.status.toLowerCase();
  return STATUSES.find(([spelled]) => spelled.test(status))?.[1];
}

export function bastionMark(bastion: Bastion): RowMark | undefined {
  switch (bastionObstacle(bastion)) {
    case undefined:
      return undefined;
    case 'notRunning':
      return targetMark({ status: bastion.state }) ?? 'stopped';
    case 'unmanaged':
    case 'offline':
    case 'agentTooOld':
      return 'unusable';
  }
}
