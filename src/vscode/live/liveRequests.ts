import { keyspaceWatch, type KeyspaceWatch } from '../../model/keyspaceEvents';
import type { LiveRequest } from '../../redis/types';
import type { Ui } from '../ui';

type Asking = Pick<Ui, 'input' | 'l10n'>;

/** Whether it is a pattern to Redis (redis.io, "PSUBSCRIBE"). */
const GLOB = /[*?[]/;

/** Asks for channels or patterns; undefined when dismissed. */
export async function askSubscription(ui: Asking): Promise<LiveRequest | undefined> {
  const { l10n } = ui;
  const typed = await ui.input({
    title: l10n.t('Subscribe'),
    prompt: l10n.t('A channel, or a pattern with *, ? or [ ]; several are separated by spaces'),
    value: '*',
    validate: (text) => (text.trim() === '' ? l10n.t('Enter a channel or a pattern.') : undefined),
  });
  const channels = typed?.split(/\s+/).filter(Boolean) ?? [];
  if (channels.length === 0) return undefined;
  return { args: [channels.some((name) => GLOB.test(name)) ? 'PSUBSCRIBE' : 'SUBSCRIBE', ...channels] };
}

/** Asks for keys; undefined when dismissed. */
export async function askKeyspaceWatch(ui: Asking): Promise<{ readonly watch: KeyspaceWatch; readonly request: LiveRequest } | undefined> {
  const { l10n } = ui;
  const typed = await ui.input({ title: l10n.t('Watch Keyspace Events'), prompt: l10n.t('A key, or a pattern of keys with *, ? or [ ]'), value: '*' });
  if (typed === undefined) return undefined;
  const watch = keyspaceWatch(typed.trim());
  return { watch, request: { args: ['PSUBSCRIBE', watch.channel], keyspace: true } };
}
