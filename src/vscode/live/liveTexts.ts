import { describeFault, type Fault } from '../../base/fault';
import type { LiveEntry, LiveFeed, LiveMark, LiveMessage, LiveStats } from '../../redis/types';
import { type LiveRow, type LiveStrings, MAX_ROW_CHARS } from '../../webview/protocol';
import type { Localizer } from '../localizer';
import { bytesText } from '../wording';

export function liveStrings(feed: LiveFeed, keyspace: boolean, l10n: Localizer): LiveStrings {
  const labels = labelNames(feed, keyspace, l10n);
  return {
    list: l10n.t('Messages'),
    time: l10n.t('Time'),
    label: labels.one,
    origin: labels.origin,
    text: keyspace ? l10n.t('Key') : feed.kind === 'monitor' ? l10n.t('Arguments') : l10n.t('Message'),
    filter: l10n.t('Show only what contains…'),
    pause: l10n.t('Pause'),
    resume: l10n.t('Resume'),
    clear: l10n.t('Clear'),
    copy: l10n.t('Copy'),
    copyAll: l10n.t('Copy All'),
    openAll: l10n.t('Open in Editor'),
    start: feed.kind === 'block' ? l10n.t('Run Again') : l10n.t('Start'),
    stop: l10n.t('Stop'),
    repeat: feed.consumes ? l10n.t('Take the next one, too') : l10n.t('Read on'),
    unlock: l10n.t('Unlock Writes…'),
    labels: labels.many,
    details: l10n.t('One message'),
    close: l10n.t('Close'),
    json: l10n.t('As JSON'),
    toEnd: l10n.t('To the End'),
    empty: l10n.t('Nothing to show yet.'),
  };
}

function labelNames({ kind }: LiveFeed, keyspace: boolean, l10n: Localizer): { readonly one: string; readonly many: string; readonly origin: string } {
  if (keyspace) return { one: l10n.t('Event'), many: l10n.t('Events'), origin: l10n.t('Database') };
  switch (kind) {
    case 'subscribe':
      return { one: l10n.t('Channel'), many: l10n.t('Channels'), origin: l10n.t('Pattern') };
    case 'monitor':
      return { one: l10n.t('Command'), many: l10n.t('Commands'), origin: l10n.t('Client') };
    case 'block':
      return { one: l10n.t('Key'), many: l10n.t('Keys'), origin: l10n.t('Id or score') };
  }
}

/** What is between messages, in a sentence. */
export function markText({ mark, detail }: LiveMark, l10n: Localizer): string {
  switch (mark) {
    case 'lost':
      return l10n.t('The connection was lost.');
    case 'again':
      return l10n.t('Connected again; messages in between are lost.');
    case 'complete':
      return l10n.t('Connected again; entries that came in between follow.');
    case 'taken':
      return l10n.t('Connected again; what was taken just before and had not arrived yet is lost.');
    case 'pending':
      return l10n.t('Connected again; entries that were delivered just before and had not arrived yet are pending for this consumer.');
    case 'unsubscribed':
      return l10n.t('The server ended the subscription to {0}.', oneLine(detail, 100));
    case 'timedOut':
      return l10n.t('The time is over, and nothing came.');
  }
}

export function rowOf(entry: LiveEntry, l10n: Localizer): LiveRow {
  const { seq } = entry;
  const time = timeText(entry.at);
  if (entry.mark !== undefined) return { seq, mark: true, time, label: '', origin: '', text: oneLine(markText(entry, l10n), MAX_ROW_CHARS) };
  const { label, origin, text } = entry;
  return { seq, mark: false, time, label: oneLine(label, 200), origin: oneLine(origin, 200), text: oneLine(text, MAX_ROW_CHARS) };
}

/** What is known of a message besides its text, in one line. */
export function factsText({ at, label, origin, bytes, cut }: LiveMessage, l10n: Localizer): string {
  const size = cut ? l10n.t('{0}, of which only the beginning is kept', bytesText(bytes)) : bytesText(bytes);
  return [timeText(at), oneLine(label, 500), oneLine(origin, 500), size].filter(Boolean).join(' · ');
}

/** One entry per line: time, label, origin, text; separated by tabs. */
export function lineOf(entry: LiveEntry, l10n: Localizer): string {
  const time = timeText(entry.at);
  if (entry.mark !== undefined) return `${time}\t--- ${markText(entry, l10n)}`;
  return [time, oneLine(entry.label), oneLine(entry.origin), oneLine(entry.text)].join('\t');
}

export function countsText({ received, kept, dropped }: LiveStats, l10n: Localizer): string {
  const total = l10n.t('{0} received', received.toLocaleString());
  return dropped === 0 ? total : l10n.t('{0}, the newest {1} kept', total, kept.toLocaleString());
}

export function rateText({ messagesPerSecond, bytesPerSecond }: LiveStats, l10n: Localizer): string {
  const rate = messagesPerSecond < 10 ? messagesPerSecond.toFixed(1) : Math.round(messagesPerSecond).toLocaleString();
  return l10n.t('{0} messages/s · {1}/s', rate, bytesText(Math.round(bytesPerSecond)));
}

export function faultText(fault: Fault): string {
  return oneLine(describeFault(fault), 1000);
}

/** `14:03:07.250`, in the time of this machine. */
export function timeText(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// Control characters, and the marks that reorder the text around them.
const UNSEEN = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

/** On one line, with escapes in place of what cannot be seen; cut to `limit` UTF-16 units with an ellipsis. */
export function oneLine(text: string, limit = Number.MAX_SAFE_INTEGER): string {
  const begin = text.length > limit ? text.slice(0, limit) : text;
  const line = begin.replaceAll(UNSEEN, escapeOf);
  if (line.length <= limit && begin === text) return line;
  const cut = line.slice(0, limit - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** For reading in full: lines and tabs stay. */
export function readable(text: string): string {
  return text.replaceAll(UNSEEN, (character) => (character === '\n' || character === '\t' ? character : escapeOf(character)));
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return NAMED[character] ?? (code < 0x100 ? String.raw`\x${code.toString(16).padStart(2, '0')}` : String.raw`\u${code.toString(16).padStart(4, '0')}`);
}
