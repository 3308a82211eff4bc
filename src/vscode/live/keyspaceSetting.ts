import { asFault, describeFault, isCancelled, isFault } from '../../base/fault';
import type { Logger } from '../../base/log';
import { flagsFor, isPublished, type KeyspaceWatch } from '../../model/keyspaceEvents';
import type { TunnelInfo } from '../../model/tunnel';
import type { GuardPorts, RedisSession, RespValue } from '../../redis/types';
import type { ConsoleGuard } from '../console/consoleGuard';
import { managedService } from '../console/login';
import { labelText } from '../safeText';
import type { Ui } from '../ui';
import type { LivePreparation } from './liveController';

export interface KeyspaceSettingPorts {
  readonly ui: Pick<Ui, 'l10n' | 'confirm' | 'error'>;
  readonly logger: Logger;
  /** Asks for a login where one is needed. @throws Fault */
  readonly openSession: (tunnel: TunnelInfo, guard: GuardPorts | undefined, signal: AbortSignal) => Promise<RedisSession>;
}

const NAME = 'notify-keyspace-events';
/** A pane that is closed with its window has little time. */
const RESTORE_MS = 4000;

/**
 * Sees to it that the server publishes what is watched: where it does not, the person is asked, and the guard judges the change.
 * Where the setting cannot be read or changed, the note says who can.
 * @throws Fault of `openSession`, `operation.cancelled`
 */
export async function prepareKeyspaceEvents(tunnel: TunnelInfo, watch: KeyspaceWatch, guard: ConsoleGuard, ports: KeyspaceSettingPorts, signal: AbortSignal): Promise<LivePreparation> {
  let answered = false;
  // The question below has said more than the guard's would; the name that production asks for is still to be typed.
  const ask: GuardPorts['ask'] = async (question, until) => (answered && question.kind === 'confirm' ? true : guard.ask(question, until));
  const session = await ports.openSession(tunnel, { production: guard.production, writesAllowed: guard.writesAllowed, ask }, signal);
  const turnOn = async (): Promise<LivePreparation> => {
    const before = await readFlags(session, signal);
    if (before === undefined) return unchanged(notForClients(tunnel, ports));
    if (isPublished(before, watch)) return unchanged(partly(before, ports));
    const wanted = flagsFor(before, watch);
    answered = await ports.ui.confirm(question(tunnel, before, wanted, ports));
    if (!answered || !(await unlocked(guard))) return unchanged(off(ports));
    const reply = await session.call(['CONFIG', 'SET', NAME, wanted], signal);
    if (reply.type === 'error') return unchanged(notForClients(tunnel, ports));
    // The server writes the letters in an order of its own.
    const set = (await readFlags(session, signal)) ?? wanted;
    ports.logger.log('info', 'redis.keyspaceEventsOn', { target: tunnel.route.target.id, before, set });
    return { note: ports.ui.l10n.t('{0} is "{1}" until this pane is stopped or closed; it was "{2}".', NAME, labelText(set), labelText(before)), restore: () => restore(tunnel, before, set, ports) };
  };
  try {
    const { note, restore: putBack } = await turnOn();
    return { note: [note, ofOneNode(session, ports)].filter(Boolean).join(' '), restore: putBack };
  } catch (error) {
    if (isFault(error) && (error.code === 'redis.notConfirmed' || error.code === 'redis.readOnly')) return unchanged(off(ports));
    throw error;
  } finally {
    await session.dispose();
  }
}

/** Production is read-only until the person says otherwise. */
async function unlocked(guard: ConsoleGuard): Promise<boolean> {
  if (!guard.production() || guard.writesAllowed()) return true;
  await guard.unlock();
  return guard.writesAllowed();
}

/** Undefined where it is not told: a provider has taken CONFIG away, or the access control list has. */
async function readFlags(session: RedisSession, signal: AbortSignal): Promise<string | undefined> {
  const reply = await session.call(['CONFIG', 'GET', NAME], signal);
  const value: RespValue | undefined = reply.type === 'array' ? reply.items[1] : reply.type === 'map' ? reply.entries[0]?.[1] : undefined;
  return value?.type === 'bulk' ? value.bytes.toString('latin1') : undefined;
}

/** Unless somebody has changed it meanwhile. The person said yes to this when it was set, so nobody is asked again. */
async function restore(tunnel: TunnelInfo, before: string, set: string, { ui, logger, openSession }: KeyspaceSettingPorts): Promise<void> {
  const signal = AbortSignal.timeout(RESTORE_MS);
  const { id, name } = tunnel.route.target;
  try {
    const session = await openSession(tunnel, undefined, signal);
    try {
      if ((await readFlags(session, signal)) !== set) return;
      const reply = await session.call(['CONFIG', 'SET', NAME, before], signal);
      if (reply.type === 'error') throw new Error(reply.text.slice(0, 200));
      logger.log('info', 'redis.keyspaceEventsRestored', { target: id });
    } finally {
      await session.dispose();
    }
  } catch (error) {
    const fault = asFault(error);
    logger.log('warn', 'redis.keyspaceEventsNotRestored', { target: id, code: fault.code });
    const why = isCancelled(fault) ? ui.l10n.t('It did not answer in time.') : describeFault(fault);
    void ui.error(ui.l10n.t('{0} of "{1}" is still "{2}": set it back to "{3}" yourself. {4}', NAME, name, set, before, why), []);
  }
}

function unchanged(note: string): LivePreparation {
  return { note, restore: () => Promise.resolve() };
}

function question(tunnel: TunnelInfo, before: string, wanted: string, { ui: { l10n } }: KeyspaceSettingPorts): { message: string; detail: string; button: string } {
  return {
    message: l10n.t('Turn on keyspace events of "{0}"?', labelText(tunnel.route.target.name)),
    detail: l10n.t(
      'Its setting {0} is "{1}", so that nothing is published for this. It would be "{2}" until the pane is stopped or closed, for all clients; each event costs the server a little time.',
      NAME,
      labelText(before),
      wanted,
    ),
    button: l10n.t('Turn On'),
  };
}

function off({ ui: { l10n } }: KeyspaceSettingPorts): string {
  return l10n.t('Keyspace events are off on this server: nothing will come until {0} is set.', NAME);
}

/** "Configuring parameters" of the ElastiCache user guide: a serverless cache has no parameter group. */
function notForClients({ route: { target } }: TunnelInfo, { ui: { l10n } }: KeyspaceSettingPorts): string {
  if (managedService(target) === 'serverless') return l10n.t('A serverless cache has fixed parameters: {0} can neither be seen nor changed.', NAME);
  return l10n.t('This server does not let its clients read or change {0}. If nothing comes, set it in the parameter group of the cache, e.g. to "AKE".', NAME);
}

/** Each node publishes the events of its own keys, to its own clients (redis.io, "Redis keyspace notifications"). */
function ofOneNode({ cluster }: RedisSession, { ui: { l10n } }: KeyspaceSettingPorts): string {
  const primaries = cluster?.topology.shards.filter(({ slots }) => slots.length > 0).length ?? 0;
  if (primaries < 2) return '';
  return l10n.t('Shown are the events of the node that this pane is connected to; the cluster has {0} primaries. In the console, @node PSUBSCRIBE opens a pane for another one.', primaries);
}

function partly(flags: string, { ui: { l10n } }: KeyspaceSettingPorts): string {
  return flags.includes('A') ? '' : l10n.t('{0} is "{1}": only those events are published.', NAME, labelText(flags));
}
