import type { FaultData } from '../base/fault';
import { asFault, cancelled, Fault, isCancelled } from '../base/fault';
import { formatEndpoint } from '../model/endpoint';
import type { ConnectionEntry } from '../model/connection';
import type { TunnelInfo } from '../model/tunnel';
import type { Attempts } from './attempts';
import type { Consents } from './connectionsConsent';
import type { PortChoice } from './connectionsPorts';
import { ANY_PORT, withPortChoice } from './connectionsPorts';
import type { ConnectionSettings, SavedConnections } from './connectionsStore';
import type { Ui } from './ui';

export interface ConnectionStarterDeps {
  readonly saved: SavedConnections;
  readonly consents: Consents;
  readonly settings: Pick<ConnectionSettings, 'change'>;
  readonly ui: Ui;
  readonly attempts: Attempts;
  readonly trusted: () => boolean;
  /** Asks AWS anew before something is tried again. */
  readonly refresh: () => Promise<void>;
  /** Shows the tunnel's row, where the view can be seen anyway. */
  readonly reveal: (tunnel: TunnelInfo) => void;
}

/** Starts saved connections: one, several, or those that start by themselves. */
export class ConnectionStarter {
  readonly #deps: ConnectionStarterDeps;

  constructor(deps: ConnectionStarterDeps) {
    this.#deps = deps;
  }

  /** Opens the connection's tunnel and asks whatever is to be asked; undefined when that failed, which was shown then. */
  async start(entry: ConnectionEntry): Promise<TunnelInfo | undefined> {
    const { saved, consents, ui, attempts, reveal } = this.#deps;
    const { connection } = entry;
    const open = saved.tunnelOf(connection);
    if (open) {
      reveal(open);
      return open;
    }
    if (!(await consents.ask(entry))) return undefined;
    const title = ui.l10n.t('Connecting to {0}', connection.name);
    const opened = await attempts.run(
      'connection',
      () => withPortChoice(ui, firstPort(entry), (port) => ui.task(title, (signal) => saved.start(connection, port, signal))),
      { retry: () => void this.#again(entry), about: connection.name },
    );
    if (!opened) return undefined;
    await this.#keepPort(entry, opened.port);
    reveal(opened.result);
    ui.brief(ui.l10n.t('Connected: {0} at {1}', connection.name, formatEndpoint(opened.result.local)));
    return opened.result;
  }

  /** Starts several at once; what fails stands on the rows, and one notification says how many. */
  async startAll(entries: readonly ConnectionEntry[], title: string): Promise<void> {
    const { saved, consents, ui, attempts } = this.#deps;
    const [only, another] = entries;
    if (only && !another) {
      await this.start(only);
      return;
    }
    const agreed: ConnectionEntry[] = [];
    for (const entry of entries) if (!saved.tunnelOf(entry.connection) && (await consents.ask(entry))) agreed.push(entry);
    if (agreed.length === 0) return;
    await attempts.run('connections', () => ui.task(title, (signal) => this.#startEach(agreed, signal)), {
      retry: () => void this.#deps.refresh().then(() => this.startAll(entries, title)),
      about: title,
    });
  }

  /** What the person's own settings, and a trusted workspace that they have agreed to, start when a window opens. */
  async startAutomatically(): Promise<void> {
    const { saved, consents, ui, attempts, trusted } = this.#deps;
    const { l10n } = ui;
    const wanted = saved.entries.filter(({ connection }) => connection.autoStart && !saved.tunnelOf(connection));
    const own = wanted.filter(({ origin }) => origin === 'user');
    const theirs = trusted() ? wanted.filter(({ origin }) => origin === 'workspace') : [];
    const chosen = theirs.length > 0 && (await this.#agreesToAutoStart(theirs)) ? [...own, ...theirs] : own;
    const ready = chosen.filter((entry) => {
      if (consents.has(entry)) return true;
      saved.failed(entry.connection, notConfirmed(entry));
      return false;
    });
    if (ready.length === 0) return;
    await attempts.run('autoStart', () => ui.background(l10n.t('Starting saved connections'), () => this.#startEach(ready, new AbortController().signal)), {
      retry: () => void this.#deps.refresh().then(() => this.startAutomatically()),
      chooseAnotherPort: () => void this.startAll(ready, l10n.t('Starting saved connections')),
      about: 'autoStart',
    });
  }

  async #agreesToAutoStart(entries: readonly ConnectionEntry[]): Promise<boolean> {
    const { consents, ui } = this.#deps;
    const { l10n } = ui;
    if (consents.hasAutoStart(entries)) return true;
    const names = entries.map(({ connection }) => connection.name).join(', ');
    const start = l10n.t('Start');
    const answer = await ui.ask(l10n.t('This workspace wants to start these connections whenever it is opened: {0}', names), [start, l10n.t('Not Now')]);
    if (answer !== start) return false;
    consents.keepAutoStart(entries);
    return true;
  }

  /** @throws Fault of the one that failed, or one that says how many did */
  async #startEach(entries: readonly ConnectionEntry[], signal: AbortSignal): Promise<void> {
    const { saved, ui } = this.#deps;
    const results = await Promise.allSettled(entries.map((entry) => saved.start(entry.connection, firstPort(entry), signal)));
    const faults = results.flatMap((result) => (result.status === 'rejected' ? [asFault(result.reason)] : []));
    const [first, second] = faults.filter((fault) => !isCancelled(fault));
    if (!first) {
      if (faults.length > 0) throw cancelled();
      return;
    }
    if (!second) throw first;
    const message = ui.l10n.t('{0} of {1} connections could not be started. {2}', faults.length, entries.length, first.message);
    throw new Fault(first.code, message, { cause: first, retryable: first.retryable, ...(first.remedy && { remedy: first.remedy }) });
  }

  async #again(entry: ConnectionEntry): Promise<void> {
    await this.#deps.refresh();
    // The entry may have been corrected meanwhile.
    await this.start(this.#deps.saved.entry(entry.connection.name) ?? entry);
  }

  /** A port of the settings is changed there: it would win over what is remembered. */
  async #keepPort({ connection, origin }: ConnectionEntry, { localPort, keepPort }: PortChoice): Promise<void> {
    const { settings, attempts } = this.#deps;
    if (!keepPort || connection.localPort === undefined || connection.localPort === localPort) return;
    await attempts.run('connection', () => settings.change(origin, connection.name, { localPort }));
  }
}

function firstPort({ connection: { localPort } }: ConnectionEntry): PortChoice {
  return localPort === undefined ? ANY_PORT : { localPort, keepPort: false };
}

function notConfirmed({ connection: { name } }: ConnectionEntry): FaultData {
  return {
    code: 'connections.notConfirmed',
    message: `"${name}" needs your confirmation before it starts by itself.`,
    retryable: false,
    remedy: { text: 'Start it by hand once.' },
  };
}
