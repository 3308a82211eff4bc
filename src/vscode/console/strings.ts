import type { ConsoleStrings } from '../../webview/protocol';
import type { Localizer } from '../localizer';

export function consoleStrings(l10n: Localizer, title: string): ConsoleStrings {
  return {
    title,
    inputLabel: l10n.t('Redis command'),
    repliesLabel: l10n.t('Replies'),
    connecting: l10n.t('Connecting…'),
    lost: l10n.t('The connection was lost. The next command connects again.'),
    restored: l10n.t('Connected again. Transactions and other settings of the lost connection are gone.'),
    notConnected: l10n.t('not connected'),
    tunnelClosed: l10n.t('The tunnel is closed. Connect it again to go on here.'),
    connect: l10n.t('Connect'),
    running: l10n.t('Running…'),
    cancel: l10n.t('Cancel'),
    cancelled: l10n.t('Cancelled'),
    waiting: l10n.t('{0} more to run'),
    notRun: l10n.t('Not run'),
    tooManyLines: l10n.t('Not run: {0} more lines than fit. The console takes {1} at a time.'),
    ping: l10n.t('Ping'),
    pinging: l10n.t('Waiting for the reply…'),
    latency: l10n.t('{0} ms'),
    // The holes are filled by the page.
    pulse: l10n.t('p50 {0} ms · p99 {1} ms'),
    pulseLabel: l10n.t('The last {0} pings: p50 {1} ms, p99 {2} ms'),
    truncated: l10n.t('The reply is longer; only its beginning is shown.'),
    unanswered: l10n.t('The reply did not arrive.'),
    clear: l10n.t('Clear'),
    readOnly: l10n.t('read-only · production'),
    unlocked: l10n.t('production · writes unlocked, {0} min left'),
    unlock: l10n.t('Unlock Writes…'),
    lock: l10n.t('Lock Writes'),
    search: l10n.t('Search “{0}”:'),
    searchEmpty: l10n.t('Search the history. Enter takes the line over, Escape goes back.'),
    completionsLabel: l10n.t('Completions'),
    completions: l10n.t('{0} completions; Down goes into the list, Tab takes the first'),
    since: l10n.t('since {0}'),
    deprecated: l10n.t('deprecated'),
    deprecatedFor: l10n.t('deprecated: {0}'),
    ...replyStrings(l10n),
  };
}

/** For the replies and their views. */
function replyStrings(l10n: Localizer) {
  return {
    actions: l10n.t('Actions for the reply to {0}'),
    viewText: l10n.t('Text'),
    viewJson: l10n.t('JSON'),
    viewTable: l10n.t('Table'),
    viewHex: l10n.t('Hex'),
    viewDecoded: l10n.t('Decoded'),
    copy: l10n.t('Copy'),
    openInEditor: l10n.t('Open in Editor'),
    stop: l10n.t('Stop'),
    stopped: l10n.t('Stopped; only the part that came is shown.'),
    cutOff: l10n.t('The connection was lost; only the part that came is shown.'),
    gone: l10n.t('This reply is no longer kept: newer replies needed the room. Run the command again to see it.'),
    loading: l10n.t('Loading…'),
    rowsLabel: l10n.t('Reply to {0}'),
    rowsSoFar: l10n.t('{0} rows so far'),
    // The holes are filled by the page.
    rowsShown: l10n.t('rows {0} to {1} of {2}'),
    find: l10n.t('Find in this reply'),
    findNext: l10n.t('Next Match'),
    findPrevious: l10n.t('Previous Match'),
    foundAt: l10n.t('Found in row {0}.'),
    notFound: l10n.t('Not found.'),
  };
}
