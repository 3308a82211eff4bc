import { describeFault } from '../base/fault';
import { formatEndpoint, isLoopback } from '../model/endpoint';
import type { Route } from '../model/route';
import type { TunnelInfo } from '../model/tunnel';
import type { ItemWord } from './contributions';
import type { Localizer } from './localizer';
import { labelText, tooltipMarkdown } from './safeText';
import type { NodeIcon, ViewNode } from './viewNode';
import type { TunnelMood } from './wording';
import { addressText, bytesText, healthText, joined, latencyText, methodText, moodText, rateText, routeLabel, speaksRedis, tunnelMood } from './wording';

/** Tunnels as rows, in the order in which they were opened. */
export function connectionNodes(tunnels: readonly TunnelInfo[], l10n: Localizer, dateText: (ms: number) => string): readonly ViewNode[] {
  return tunnels.map((tunnel) => tunnelNode(tunnel, l10n, dateText));
}

export function tunnelNodeId({ id }: Pick<TunnelInfo, 'id'>): string {
  return `tunnel:${id}`;
}

/** The tunnel that a row of the Connections view stands for; undefined for anything else. */
export function resolveTunnel(tunnels: readonly TunnelInfo[], rowId: unknown): TunnelInfo | undefined {
  return tunnels.find((tunnel) => tunnelNodeId(tunnel) === rowId);
}

/** Never by colour alone: each mood has a shape of its own. */
export function moodIcon(mood: TunnelMood): NodeIcon {
  switch (mood) {
    case 'ok':
      return { id: 'pass-filled', color: 'charts.green' };
    case 'checking':
      return { id: 'circle-large-outline' };
    case 'connecting':
      return { id: 'loading~spin' };
    case 'degraded':
      return { id: 'warning', color: 'list.warningForeground' };
    case 'waiting':
      return { id: 'sync~spin', color: 'list.warningForeground' };
    case 'signIn':
      return { id: 'account', color: 'list.warningForeground' };
    case 'down':
      return { id: 'error', color: 'list.errorForeground' };
    case 'closed':
      return { id: 'circle-slash' };
  }
}

/** How the row of a tunnel differs where it is a saved connection's. */
export interface TunnelRow {
  readonly id: string;
  readonly label: string;
  readonly words: readonly ItemWord[];
}

export function tunnelNode(tunnel: TunnelInfo, l10n: Localizer, dateText: (ms: number) => string, row?: TunnelRow): ViewNode {
  const { route, local, health, exposedOn } = tunnel;
  const mood = tunnelMood(tunnel);
  const label = row?.label ?? routeLabel(route, l10n);
  const words: ItemWord[] = ['tunnel', ...(row?.words ?? (['unsaved'] as const))];
  if (speaksRedis(route.target)) words.push('redis');
  return {
    id: row?.id ?? tunnelNodeId(tunnel),
    label: labelText(label),
    description: joined([exposedOn && exposureText(exposedOn, l10n), addressText(local), healthText(mood, health, l10n), directText(route, l10n), rateText(tunnel.rate)]),
    // What others can reach is never just green.
    icon: exposedOn !== undefined && mood === 'ok' ? { id: 'broadcast', color: 'list.warningForeground' } : moodIcon(mood),
    tooltip: tunnelTooltip(tunnel, label, l10n, dateText),
    spoken: labelText(spokenText(tunnel, label, mood, l10n)),
    words,
  };
}

/** The warning of a tunnel that other machines can reach. */
export function exposureText(address: string, l10n: Localizer): string {
  return `⚠ ${l10n.t('open to others on {0}', address)}`;
}

/** That there is no bastion; undefined where there is one, which is nothing to speak of. */
function directText({ method }: Route, l10n: Localizer): string | undefined {
  return method === 'direct' ? l10n.t('directly') : undefined;
}

function spokenText({ route, local, health, exposedOn }: TunnelInfo, label: string, mood: TunnelMood, l10n: Localizer): string {
  const latency = health.latencyMs === undefined ? undefined : latencyText(health.latencyMs);
  const address = l10n.t('{0} port {1}', local.host, local.port);
  const warning = exposedOn === undefined ? undefined : l10n.t('Warning: open to others on {0}', exposedOn);
  return [l10n.t('Tunnel {0}', label), moodText(mood, l10n), latency, directText(route, l10n), address, warning].filter((part) => part !== undefined).join(', ');
}

function tunnelTooltip(tunnel: TunnelInfo, label: string, l10n: Localizer, dateText: (ms: number) => string): string {
  return tooltipMarkdown(label, tunnelFacts(tunnel, l10n, dateText));
}

export type TunnelFact = readonly [label: string, value: string | undefined];

/** What there is to know of a tunnel at a glance; what is absent has nothing to say. */
export function tunnelFacts(tunnel: TunnelInfo, l10n: Localizer, dateText: (ms: number) => string): readonly TunnelFact[] {
  const { route, local, exposedOn, state, health, bytes, rate, link, since, reconnects, lastFault } = tunnel;
  const { bastion } = route;
  const mood = tunnelMood(tunnel);
  const health_ = joined([moodText(mood, l10n), health.latencyMs === undefined ? undefined : latencyText(health.latencyMs)]);
  return [
    [l10n.t('Local address'), formatEndpoint(local)],
    [l10n.t('Warning'), exposedOn && l10n.t('other machines can reach it on {0}', exposedOn)],
    [l10n.t('Leads to'), formatEndpoint(route.endpoint)],
    [l10n.t('Not encrypted'), isInTheClear(route) ? l10n.t('no bastion and no TLS protects what is sent on its way') : undefined],
    [l10n.t('Bastion'), bastion && (bastion.name === bastion.id ? bastion.id : `${bastion.name} (${bastion.id})`)],
    [l10n.t('Through'), methodText(route, l10n)],
    [l10n.t('Profile'), joined([route.place.profile, route.place.accountId, route.place.region])],
    [l10n.t('Health'), health_],
    [health.level === 'ok' && state.phase === 'open' ? l10n.t('Note') : l10n.t('Because'), state.phase === 'waiting' ? describeFault(state.cause) : health.detail],
    [l10n.t('Client connections'), state.phase === 'open' ? String(state.streams) : undefined],
    [l10n.t('Throughput'), rateText(rate)],
    [l10n.t('Limited by'), link?.agentLimited ? l10n.t('the Systems Manager agent, about 0.7 MB/s per session') : undefined],
    [l10n.t('Sessions'), link && String(link.sessions.length)],
    [l10n.t('Sent'), bytesText(bytes.up)],
    [l10n.t('Received'), bytesText(bytes.down)],
    [l10n.t('Open since'), dateText(since)],
    [l10n.t('Reconnects'), reconnects > 0 ? String(reconnects) : undefined],
    [l10n.t('Last fault'), lastFault && `${lastFault.fault.message} (${dateText(lastFault.at)})`],
    [l10n.t('Last checked'), health.checkedAt > 0 ? dateText(health.checkedAt) : undefined],
  ];
}

function isInTheClear({ method, target, endpoint }: Route): boolean {
  return method === 'direct' && target.tls === 'off' && !isLoopback(endpoint.host);
}
