import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { Logger } from '../base/log';
import type { InventoryService } from '../model/inventory';
import type { SshHost, SshHosts } from '../model/ssh';

const NOTHING: SshHosts = { hosts: [], faults: [] };

/** The hosts of the OpenSSH configuration, read when somebody first wants them and again at each refresh. */
export class SshHostStore {
  readonly #inventory: Pick<InventoryService, 'sshHosts'>;
  readonly #logger: Logger;
  readonly #changes: Emitter<SshHosts>;
  #known: SshHosts | undefined;
  #reading: Promise<void> | undefined;

  readonly onDidChange: Event<SshHosts>;

  constructor(inventory: Pick<InventoryService, 'sshHosts'>, logger: Logger) {
    this.#inventory = inventory;
    this.#logger = logger;
    this.#changes = new Emitter((error) => logger.log('error', 'sshHosts.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
  }

  /** What was read last. */
  get state(): SshHosts {
    return this.#known ?? NOTHING;
  }

  /** Reads them, unless they are known. */
  start(): void {
    if (!this.#known) void this.refresh();
  }

  /** Reads them anew. Resolves when they are read; never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** The hosts, read first if need be. */
  async loaded(): Promise<readonly SshHost[]> {
    if (!this.#known) await this.refresh();
    return this.state.hosts;
  }

  dispose(): void {
    this.#changes.dispose();
  }

  async #read(): Promise<void> {
    try {
      this.#known = await this.#inventory.sshHosts();
    } catch (error) {
      this.#logger.log('warn', 'sshHosts.failed', { error });
      this.#known = NOTHING;
    }
    this.#changes.fire(this.#known);
  }
}
