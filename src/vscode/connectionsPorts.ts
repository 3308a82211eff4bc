import type { FaultData } from '../base/fault';
import { cancelled, faultData, isFault } from '../base/fault';
import type { StartOptions } from '../model/tunnel';
import type { PickItem, Ui } from './ui';

/** A local port that somebody has chosen; 0 leaves the choice to the port book. */
export type PortChoice = Required<Pick<StartOptions, 'localPort' | 'keepPort'>>;

export const ANY_PORT: PortChoice = { localPort: 0, keepPort: false };

/**
 * Runs a start; where its local port cannot be had, the person chooses another one, as often as need be.
 * @throws what the start throws; Fault `operation.cancelled` where the person chose none
 */
export async function withPortChoice<T>(
  ui: Ui,
  first: PortChoice,
  start: (port: PortChoice) => Promise<T>,
): Promise<{ readonly result: T; readonly port: PortChoice }> {
  let port = first;
  for (;;) {
    try {
      return { result: await start(port), port };
    } catch (error) {
      if (!isFault(error) || error.remedy?.action !== 'chooseAnotherPort') throw error;
      const chosen = await askForPort(faultData(error), ui);
      if (!chosen) throw cancelled();
      port = chosen;
    }
  }
}

/** Says why a port cannot be had, and offers others; undefined when dismissed. */
export async function askForPort(fault: FaultData, ui: Ui): Promise<PortChoice | undefined> {
  const { l10n } = ui;
  const free = parsePort(fault.remedy?.subject ?? '');
  type Act = () => Promise<PortChoice | undefined>;
  const use = (keepPort: boolean): Act => () => Promise.resolve(free === undefined ? undefined : { localPort: free, keepPort });
  const proposals: PickItem<Act>[] =
    free === undefined
      ? []
      : [
          { label: l10n.t('Use {0} Once', free), icon: 'arrow-right', description: l10n.t('the next time the usual port is tried again'), value: use(false) },
          { label: l10n.t('Use {0} and Remember', free), icon: 'pin', description: l10n.t('this target keeps it from now on'), value: use(true) },
        ];
  const items: PickItem<Act>[] = [
    ...proposals,
    { label: l10n.t('Choose…'), icon: 'edit', value: () => typePort(ui) },
    { label: l10n.t('Cancel'), icon: 'close', value: () => Promise.resolve(undefined) },
  ];
  const act = await ui.pick(items, { title: fault.message, placeholder: l10n.t('Which local port instead?') });
  return act?.();
}

async function typePort(ui: Ui): Promise<PortChoice | undefined> {
  const { l10n } = ui;
  const text = await ui.input({
    title: l10n.t('Choose a local port'),
    prompt: l10n.t('1 to 65535. This target keeps it from now on.'),
    validate: (value) => (parsePort(value) === undefined ? l10n.t('Enter a number from 1 to 65535.') : undefined),
  });
  const localPort = parsePort(text ?? '');
  return localPort === undefined ? undefined : { localPort, keepPort: true };
}

/** A TCP port from what a person typed; undefined when it is none. */
export function parsePort(text: string): number | undefined {
  if (!/^\s*\d{1,5}\s*$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}
