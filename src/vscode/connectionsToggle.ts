import type { ConnectionEntry, SavedConnection } from '../model/connection';
import { selectorKey } from '../model/connectionEntry';
import type { TunnelInfo } from '../model/tunnel';
import { exposureText, moodIcon, tunnelNodeId } from './connectionNodes';
import type { SavedRow } from './connectionsRows';
import { savedNodeId, statusIcon, statusText, summary } from './connectionsRows';
import type { Localizer } from './localizer';
import type { LiveButton, LiveItem } from './ui';
import { addressText, healthText, joined, moodText, routeLabel, speaksRedis, tunnelMood } from './wording';

/** What the list of the status bar shows. */
export interface ToggleModel {
  readonly saved: readonly SavedRow[];
  readonly tunnels: readonly TunnelInfo[];
  /** Those that are open or saved are left out. */
  readonly recent: readonly SavedConnection[];
  /** Tunnels that are being stopped. */
  readonly stopping: ReadonlySet<string>;
}

/** What pressing a line does. */
export interface ToggleActs {
  readonly start: (entry: ConnectionEntry) => void;
  readonly startAll: () => void;
  readonly stop: (tunnel: TunnelInfo) => void;
  readonly stopAll: () => void;
  readonly connectTo: () => void;
  readonly copy: (tunnel: TunnelInfo) => void;
  readonly openConsole: (tunnel: TunnelInfo) => void;
  readonly showDetails: (tunnel: TunnelInfo) => void;
}

/** The lines in their order: saved connections, other tunnels, recent ones, and what concerns all of them. */
export function toggleItems({ saved, tunnels, recent, stopping }: ToggleModel, acts: ToggleActs, l10n: Localizer): readonly LiveItem[] {
  const others = tunnels.filter(({ id }) => !saved.some(({ tunnel }) => tunnel?.id === id));
  const tunnelItem = (tunnel: TunnelInfo, row: Pick<LiveItem, 'id' | 'label' | 'section'>): LiveItem => openItem(tunnel, row, stopping.has(tunnel.id), acts, l10n);
  const savedItems = saved.map((row): LiveItem => {
    const id = savedNodeId(row.entry.connection);
    const section = l10n.t('Saved connections');
    const label = row.entry.connection.name;
    return row.tunnel ? tunnelItem(row.tunnel, { id, label, section }) : closedItem(row, { id, label, section }, acts, l10n);
  });
  const otherItems = others.map((tunnel) => tunnelItem(tunnel, { id: tunnelNodeId(tunnel), label: routeLabel(tunnel.route, l10n), section: l10n.t('Tunnels') }));
  const recentItems = recent.map((connection): LiveItem => {
    const entry: ConnectionEntry = { connection, origin: 'user' };
    const row = { id: `recent:${selectorKey(connection)}`, label: connection.name, section: l10n.t('Recent') };
    return closedItem({ entry, status: { phase: 'idle' } }, row, acts, l10n);
  });
  return [...savedItems, ...otherItems, ...recentItems, ...actions({ saved, tunnels }, acts, l10n)];
}

function openItem(tunnel: TunnelInfo, row: Pick<LiveItem, 'id' | 'label' | 'section'>, stopping: boolean, acts: ToggleActs, l10n: Localizer): LiveItem {
  const mood = tunnelMood(tunnel);
  const icon = stopping ? { id: 'loading~spin' } : moodIcon(mood);
  const how = stopping ? l10n.t('stopping…') : healthText(mood, tunnel.health, l10n);
  const buttons: LiveButton[] = [{ icon: 'copy', label: l10n.t('Copy Address'), act: () => acts.copy(tunnel), closes: false }];
  if (speaksRedis(tunnel.route.target)) buttons.push({ icon: 'terminal', label: l10n.t('Redis: Open Console'), act: () => acts.openConsole(tunnel), closes: true });
  buttons.push({ icon: 'info', label: l10n.t('Show Details'), act: () => acts.showDetails(tunnel), closes: true });
  return {
    ...row,
    icon: icon.id,
    ...(icon.color !== undefined && { color: icon.color }),
    // The icon is not read aloud: what it says is said here as well.
    description: joined([mood === 'ok' && !stopping ? moodText(mood, l10n) : undefined, how, addressText(tunnel.local), tunnel.exposedOn && exposureText(tunnel.exposedOn, l10n)]),
    act: () => {
      if (!stopping) acts.stop(tunnel);
    },
    closes: false,
    buttons,
  };
}

function closedItem({ entry, status }: SavedRow, row: Pick<LiveItem, 'id' | 'label' | 'section'>, acts: ToggleActs, l10n: Localizer): LiveItem {
  const icon = statusIcon(status);
  return {
    ...row,
    icon: icon.id,
    ...(icon.color !== undefined && { color: icon.color }),
    description: joined([statusText(status, l10n), summary(entry, l10n)]),
    act: () => {
      if (status.phase !== 'starting') acts.start(entry);
    },
    closes: false,
    buttons: [],
  };
}

function actions({ saved, tunnels }: Pick<ToggleModel, 'saved' | 'tunnels'>, acts: ToggleActs, l10n: Localizer): readonly LiveItem[] {
  const closed = saved.filter(({ tunnel, status }) => !tunnel && status.phase !== 'starting');
  const action = (id: string, icon: string, label: string, act: () => void, closes: boolean): LiveItem => ({
    id: `action:${id}`,
    icon,
    label,
    section: l10n.t('Actions'),
    act,
    closes,
    buttons: [],
  });
  return [
    action('connectTo', 'plug', l10n.t('Connect…'), acts.connectTo, true),
    ...(closed.length > 1 ? [action('startAll', 'run-all', l10n.t('Start All Saved Connections'), acts.startAll, false)] : []),
    ...(tunnels.length > 1 ? [action('stopAll', 'stop-circle', l10n.t('Stop All Tunnels'), acts.stopAll, false)] : []),
  ];
}
