import { createHash } from 'node:crypto';
import type { ConnectionEntry } from '../model/connection';
import type { Concern } from '../model/connectionEntry';
import { concernsOf, formatConnection } from '../model/connectionEntry';
import type { KeptState } from './bastionMemory';
import type { Ui } from './ui';

export interface ConsentsDeps {
  readonly ui: Ui;
  readonly kept: KeptState;
  /** What tells this workspace from others; the same each time it is opened. */
  readonly workspaceId: () => string;
  readonly trusted: () => boolean;
  readonly onError: (error: unknown) => void;
}

const KEY = 'confirmedConnections';
/** The oldest are asked for again. */
const MAX_KEPT = 500;

/** What the person has agreed to, once per workspace and content. */
export class Consents {
  readonly #deps: ConsentsDeps;

  constructor(deps: ConsentsDeps) {
    this.#deps = deps;
  }

  /** Whether the connection may be started without a question. */
  has(entry: ConnectionEntry): boolean {
    return this.#concerns(entry).length === 0 || this.#kept().includes(this.#digest(entry));
  }

  /** Asks where something is to be agreed to; false when the person did not. */
  async ask(entry: ConnectionEntry): Promise<boolean> {
    if (this.has(entry)) return true;
    const concerns = this.#concerns(entry);
    const others = concerns.filter((concern) => concern !== 'bindAddress');
    if (others.length > 0 && !(await this.#confirm(entry, others))) return false;
    if (concerns.includes('bindAddress') && !(await this.#typed(entry))) return false;
    this.#keep(this.#digest(entry));
    return true;
  }

  /** Whether the person has agreed that this set of a workspace's connections starts by itself. */
  hasAutoStart(entries: readonly ConnectionEntry[]): boolean {
    return this.#kept().includes(this.#setDigest(entries));
  }

  keepAutoStart(entries: readonly ConnectionEntry[]): void {
    this.#keep(this.#setDigest(entries));
  }

  #concerns(entry: ConnectionEntry): readonly Concern[] {
    return concernsOf(entry, this.#deps.trusted());
  }

  #confirm({ connection }: ConnectionEntry, concerns: readonly Concern[]): Promise<boolean> {
    const { l10n } = this.#deps.ui;
    const { target, bastion, profile } = connection;
    const lines = concerns.flatMap((concern) => {
      if (concern === 'customHost' && target.by === 'host') return l10n.t('It leads to {0}, port {1}.', target.host, target.port);
      if (concern === 'sshHost' && bastion?.by === 'ssh') return l10n.t('It goes through the host "{0}" of your SSH configuration.', bastion.alias);
      if (concern === 'profile' && profile !== undefined) return l10n.t('It uses your AWS profile "{0}".', profile);
      return [];
    });
    return this.#deps.ui.confirm({
      message: l10n.t('Start "{0}" as this workspace describes it?', connection.name),
      detail: lines.join('\n'),
      button: l10n.t('Start'),
    });
  }

  async #typed({ connection: { name, bindAddress = '' } }: ConnectionEntry): Promise<boolean> {
    const { ui } = this.#deps;
    const { l10n } = ui;
    const text = await ui.input({
      title: l10n.t('Open "{0}" to other machines?', name),
      prompt: l10n.t('Whoever reaches this machine at {0} will reach the target, too. Type {0} to go on.', bindAddress),
      validate: (value) => (value.trim() === bindAddress ? undefined : l10n.t('Type {0}, or press Escape.', bindAddress)),
    });
    return text?.trim() === bindAddress;
  }

  /** Everything that decides where the connection leads and who can use it. */
  #digest({ origin, connection }: ConnectionEntry): string {
    const { target, endpoint, profile, region, bastion, method, bindAddress } = formatConnection(connection);
    return this.#hash(origin, [target, endpoint, profile, region, bastion, method, bindAddress]);
  }

  #setDigest(entries: readonly ConnectionEntry[]): string {
    return this.#hash('workspace', ['autoStart', ...entries.map(({ connection }) => JSON.stringify(formatConnection(connection))).toSorted()]);
  }

  #hash(origin: ConnectionEntry['origin'], content: unknown): string {
    const where = origin === 'workspace' ? this.#deps.workspaceId() : '';
    return createHash('sha256').update(JSON.stringify([origin, where, content])).digest('base64url');
  }

  #keep(digest: string): void {
    const { kept, onError } = this.#deps;
    kept.update(KEY, [...this.#kept().filter((one) => one !== digest), digest].slice(-MAX_KEPT)).then(undefined, onError);
  }

  #kept(): readonly string[] {
    const value = this.#deps.kept.get(KEY);
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  }
}
