import { formatEndpoint } from '../model/endpoint';
import type { ProbePoint, TunnelDetails, TunnelInfo } from '../model/tunnel';
import type { TunnelLevel, TunnelPoint, TunnelToPage } from '../webview/protocol';
import { tunnelFacts } from './connectionNodes';
import type { Localizer } from './localizer';
import { labelText } from './safeText';
import { bytesText, joined, latencyText, moodText, routeLabel, tunnelMood, type TunnelMood } from './wording';

/** How times are written for the person. @param ms since the epoch */
export interface TimeTexts {
  readonly date: (ms: number) => string;
  readonly time: (ms: number) => string;
}

const LEVEL = {
  ok: 'ok',
  checking: 'none',
  connecting: 'none',
  degraded: 'warning',
  waiting: 'warning',
  signIn: 'warning',
  down: 'error',
  closed: 'none',
} as const satisfies Readonly<Record<TunnelMood, TunnelLevel>>;

/** Everything that the page of a tunnel shows, as texts and numbers. */
export function tunnelPage({ info, latency, history }: TunnelDetails, l10n: Localizer, times: TimeTexts): TunnelToPage {
  const points = history.map((point, index) => pointOf(point, history[index - 1], l10n, times));
  const rate = Math.max(0, ...points.flatMap(({ sentRate, receivedRate }) => [sentRate, receivedRate]));
  const range = latency && [latency.lowestMs, latency.medianMs, latency.highestMs].map((ms) => latencyText(ms));
  const latencySummary = range ? l10n.t('lowest {0}, median {1}, highest {2}', ...range) : l10n.t('not measured yet');
  const facts = tunnelFacts(info, l10n, times.date).flatMap(([label, value]) => (value === undefined || value === '' ? [] : [{ label, value: labelText(value) }]));
  return {
    type: 'show',
    strings: {
      facts: l10n.t('Facts'),
      latency: l10n.t('Latency'),
      throughput: l10n.t('Throughput'),
      received: l10n.t('Received'),
      sent: l10n.t('Sent'),
      failed: l10n.t('failed'),
      time: l10n.t('Time'),
      table: l10n.t('Show the measurements as a table'),
      nothingYet: l10n.t('Nothing has been measured yet.'),
    },
    title: labelText(routeLabel(info.route, l10n)),
    status: statusOf(info, l10n),
    level: LEVEL[tunnelMood(info)],
    facts: [...facts, { label: l10n.t('Recent latency'), value: latencySummary }],
    latencySummary: l10n.t('Latency: {0}', latencySummary),
    throughputSummary: l10n.t('Throughput: {0} at most', `${bytesText(Math.round(rate))}/s`),
    latencyTop: latency ? latencyText(latency.highestMs) : '',
    throughputTop: `${bytesText(Math.round(rate))}/s`,
    points,
  };
}

/** Without numbers that change each second: it is read aloud. */
function statusOf(info: TunnelInfo, l10n: Localizer): string {
  const { state, health, local } = info;
  const why = state.phase === 'waiting' || state.phase === 'closed' ? state.cause?.message : health.detail;
  return labelText(joined([formatEndpoint(local), moodText(tunnelMood(info), l10n), why]));
}

function pointOf(point: ProbePoint, before: ProbePoint | undefined, l10n: Localizer, times: TimeTexts): TunnelPoint {
  const { at, latencyMs, failed, up, down } = point;
  const seconds = before ? Math.max(1, at - before.at) / 1000 : undefined;
  const rateOf = (bytes: number): number => (seconds === undefined ? 0 : Math.max(0, bytes) / seconds);
  const rateText = (bytes: number): string => `${bytesText(Math.round(rateOf(bytes)))}/s`;
  return {
    at,
    time: times.time(at),
    latencyMs: latencyMs ?? null,
    latency: failed ? l10n.t('failed') : latencyMs === undefined ? '' : latencyText(latencyMs),
    failed,
    sentRate: rateOf(up),
    sent: rateText(up),
    receivedRate: rateOf(down),
    received: rateText(down),
  };
}
