import { worstLevel } from '../model/health';
import type { TunnelInfo } from '../model/tunnel';
import type { Localizer } from './localizer';
import { labelText, tooltipMarkdown } from './safeText';
import type { StatusText } from './statusAtRest';
import { statusAtRest } from './statusAtRest';
import type { TunnelMood } from './wording';
import { addressText, healthText, joined, latencyText, routeLabel, tunnelMood } from './wording';

// How bad a mood is for the sum of all; one that reconnects is a warning, one that does not answer an error.
const LEVEL = {
  ok: 'ok',
  checking: 'unknown',
  connecting: 'unknown',
  waiting: 'degraded',
  signIn: 'degraded',
  degraded: 'degraded',
  down: 'down',
  closed: 'ok',
} as const satisfies Readonly<Record<TunnelMood, string>>;

const ICON = { ok: 'check', unknown: 'sync~spin', degraded: 'warning', down: 'error' } as const;

/** Number of tunnels, the slowest round trip, and the worst health as icon and colour. */
export function statusText(tunnels: readonly TunnelInfo[], l10n: Localizer): StatusText {
  if (tunnels.length === 0) return statusAtRest(l10n);
  const level = worstLevel(tunnels.map((tunnel) => LEVEL[tunnelMood(tunnel)]));
  const latencies = tunnels.flatMap(({ health, state }) =>
    state.phase === 'open' && health.level !== 'down' && health.latencyMs !== undefined ? [health.latencyMs] : [],
  );
  const latency = latencies.length > 0 ? latencyText(Math.max(...latencies)) : undefined;
  const count = tunnels.length === 1 ? l10n.t('1 tunnel') : l10n.t('{0} tunnels', tunnels.length);
  const health = {
    ok: l10n.t('healthy'),
    unknown: l10n.t('connecting'),
    degraded: l10n.t('degraded'),
    down: l10n.t('down'),
  }[level];
  return {
    text: `$(${ICON[level]}) ${joined([count, latency])}`,
    spoken: [l10n.t('Sallyport: {0}', count), health, latency].filter((part) => part !== undefined).join(', '),
    tooltip: tooltipMarkdown(
      count,
      tunnels.map((tunnel) => [
        labelText(routeLabel(tunnel.route, l10n)),
        joined([addressText(tunnel.local), healthText(tunnelMood(tunnel), tunnel.health, l10n)]),
      ]),
    ),
    ...(level === 'degraded' && { background: 'warning' as const }),
    ...(level === 'down' && { background: 'error' as const }),
  };
}
