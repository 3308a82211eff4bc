import type { Outage } from './connectionsOutage';
import type { Localizer } from './localizer';
import { routeLabel } from './wording';
import { wantsSignIn } from './signIn';

export type OutageAction = 'signIn' | 'reopen' | 'stop' | 'showLog';

/** What a notification says of outages that are told of at once, and what can be done. */
export interface OutageNotice {
  readonly text: string;
  readonly actions: readonly OutageAction[];
  /** Profile to sign in to, where that is the way out. */
  readonly profile?: string;
}

/** More names than this say nothing any more. */
const MAX_NAMES = 3;

/** @param outages at least one */
export function outageNotice(outages: readonly Outage[], seconds: number, l10n: Localizer): OutageNotice {
  const signIn = outages.find(({ cause }) => cause && wantsSignIn(cause));
  const profile = signIn && (signIn.cause?.remedy?.subject ?? signIn.tunnel.route.place.profile);
  const actions: OutageAction[] = [];
  if (signIn) actions.push('signIn');
  if (outages.some(({ ended }) => ended)) {
    if (!signIn) actions.push('reopen');
  } else actions.push('stop');
  actions.push('showLog');
  return { text: noticeText(outages, seconds, l10n), actions, ...(profile !== undefined && { profile }) };
}

function noticeText(outages: readonly Outage[], seconds: number, l10n: Localizer): string {
  const [first, second] = outages;
  const why = first!.cause?.message ?? first!.tunnel.health.detail ?? l10n.t('It does not answer.');
  const name = ({ tunnel }: Outage): string => routeLabel(tunnel.route, l10n);
  if (!second) {
    return first!.ended ? l10n.t('The tunnel to {0} ended: {1}', name(first!), why) : l10n.t('The tunnel to {0} has been down for {1} seconds: {2}', name(first!), seconds, why);
  }
  const names = outages.slice(0, MAX_NAMES).map((one) => name(one));
  const more = outages.length > names.length ? l10n.t(' and {0} more', outages.length - names.length) : '';
  return l10n.t('{0} tunnels are down: {1}. {2}', outages.length, `${names.join(', ')}${more}`, why);
}

export function outageActionLabel(action: OutageAction, l10n: Localizer): string {
  switch (action) {
    case 'signIn':
      return l10n.t('Sign In');
    case 'reopen':
      return l10n.t('Try Again');
    case 'stop':
      return l10n.t('Stop');
    case 'showLog':
      return l10n.t('Show Log');
  }
}
