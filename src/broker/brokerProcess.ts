import { randomBytes } from 'node:crypto';
import { stat, unlink, writeFile } from 'node:fs/promises';
import { FileWatch } from '../aws/fileWatch';
import { inStep, type Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import { Fault, isFault } from '../base/fault';
import type { Logger } from '../base/log';
import { keepGroupLedger, processGroup } from '../transport/processGroup';
import type { Core, CoreOptions } from './client';
import { BrokerHost } from './host';
import { Journal, killLeftGroups } from './journal';
import type { OpenSession } from './journal';
import { LogRing } from './logRing';
import type { LockRecord } from './lock';
import { acquireLock, holdsLock, readLock, releaseLock } from './lock';
import type { Machine, Places } from './places';
import { placesOf } from './places';
import { ensurePrivateFolder } from './privateFolder';
import { identify } from './processIdentity';
import type { EndReason } from './protocol';
import { BrokerServer } from './server';

export interface BrokerProcessOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  /** Of the product. */
  readonly version: string;
  readonly createCore: () => Promise<(options: CoreOptions) => Core>;
}

/** How long a broker waits for its first window, ms. */
const FIRST_WINDOW_MS = 20_000;
/** How often it looks whether its lock and its socket are still there although their folders tell of nothing, ms. */
const WATCH_MS = 30_000;
/** How long it may take to end, ms: whoever sent SIGTERM waits about five seconds. */
const END_MS = 4_500;

/** What a broker has once the lock is its own. */
interface Taken {
  readonly record: LockRecord;
  readonly token: string;
  readonly ring: LogRing;
  readonly journal: Journal;
  readonly left: readonly OpenSession[];
}

/** One broker from its lock to its end. */
export class BrokerProcess {
  readonly #options: BrokerProcessOptions;
  readonly #places: Places;
  readonly #ring: LogRing;
  readonly #record: LockRecord;
  readonly #server: BrokerServer;
  readonly #host: BrokerHost;
  readonly #journal: Journal;
  readonly #timers: { first?: Disposable; linger?: Disposable; watch?: Disposable; files?: Disposable } = {};
  #successor: string | undefined;
  #ending: Promise<void> | undefined;
  #resolveEnded: () => void = () => {};

  /** Resolves once nothing is left. */
  readonly ended = new Promise<void>((resolve) => {
    this.#resolveEnded = resolve;
  });

  private constructor(options: BrokerProcessOptions, { record, token, ring, journal, left }: Taken) {
    const { machine, clock, version, createCore } = options;
    this.#options = options;
    this.#places = placesOf(machine);
    this.#record = record;
    this.#ring = ring;
    this.#journal = journal;
    const logger = ring;
    this.#host = new BrokerHost({ clock, logger, env: machine.env, journal, stateDir: this.#places.stateFolder, left, createCore });
    this.#server = new BrokerServer({
      token,
      version,
      host: this.#host,
      ring: this.#ring,
      clock,
      logger,
      onWindow: () => {
        this.#timers.first?.dispose();
        this.#timers.linger?.dispose();
      },
      onWindowless: ({ lingerSeconds }) => this.#linger(lingerSeconds * 1000),
      onReplace: (version) => {
        this.#successor = version;
        void this.end('replaced');
      },
      onNewer: (newer) => {
        this.#successor = newer;
        this.#retireIfIdle();
      },
    });
    this.#host.onDidChange(() => this.#retireIfIdle());
  }

  get logger(): Logger {
    return this.#ring;
  }

  /**
   * Takes the lock and listens. Undefined when another broker is there already, or is just coming.
   * @throws Fault `broker.folder*`, or the system's error: there can be no broker on this machine then
   */
  static async start(options: BrokerProcessOptions): Promise<BrokerProcess | undefined> {
    const { machine, clock } = options;
    const places = placesOf(machine);
    const ring = new LogRing();
    await ensurePrivateFolder(places.stateFolder, machine.uid);
    const nonce = randomBytes(8).toString('hex');
    const folder = await usableFolder(places, machine, ring);
    const record: LockRecord = { ...((await identify(process.pid)) ?? { pid: process.pid }), nonce, address: places.address(folder, nonce) };
    const before = await readLock(places.lockFile);
    if (!(await acquireLock(places.lockFile, record))) return undefined;
    try {
      if (before && isSocketOfOurs(places, before)) await unlink(before.address).catch(() => {});
      const token = randomBytes(32).toString('hex');
      await replaceFile(places.tokenFile, token);
      const journal = new Journal(places.journalFile, ring, () => clock.wall());
      const left = await journal.takeOver();
      await killLeftGroups(left.groups, processGroup(machine.platform, machine.env), ring);
      keepGroupLedger(journal);
      const broker = new BrokerProcess(options, { record, token, ring, journal, left: left.sessions });
      await broker.#begin();
      return broker;
    } catch (error) {
      await releaseLock(places.lockFile, record).catch(() => {});
      throw error;
    }
  }

  /** Closes every tunnel, ends every session and leaves nothing behind; what cannot be ended in time is in the journal. Idempotent. */
  end(reason: EndReason): Promise<void> {
    this.#ending ??= this.#end(reason).finally(() => this.#resolveEnded());
    return this.#ending;
  }

  async #begin(): Promise<void> {
    await this.#server.listen(this.#record.address);
    const { clock, version } = this.#options;
    this.#ring.log('info', 'broker.started', { version, pid: process.pid });
    this.#timers.first = clock.schedule(FIRST_WINDOW_MS, () => void this.end('stopped'));
    this.#watch();
  }

  async #end(reason: EndReason): Promise<void> {
    const { clock } = this.#options;
    this.#ring.log('info', 'broker.ending', { reason, tunnels: this.#host.tunnels.length });
    for (const timer of Object.values(this.#timers)) timer.dispose();
    const timers: Disposable[] = [];
    const late = new Promise<void>((resolve) => timers.push(clock.schedule(END_MS, resolve)));
    // Those that come now find nobody until the lock is given back, last of all: the journal has one writer at a time.
    this.#server.closeDoor();
    // Those that are there see their tunnels close before they hear the reason.
    await Promise.race([this.#host.dispose().catch((error: unknown) => this.#ring.log('warn', 'broker.notAllEnded', { error })), late]);
    await Promise.race([Promise.all([this.#server.dismiss(reason, this.#successor), this.#journal.settled()]), late]);
    for (const timer of timers) timer.dispose();
    keepGroupLedger(undefined);
    if (this.#places.runtimeFolders.length > 0) await unlink(this.#record.address).catch(() => {});
    if (!(await holdsLock(this.#places.lockFile, this.#record))) return;
    await unlink(this.#places.tokenFile).catch(() => {});
    await releaseLock(this.#places.lockFile, this.#record).catch(() => {});
  }

  /** Nobody is there any more; a window that is being reloaded is back before this is over. */
  #linger(ms: number): void {
    if (this.#ending) return;
    this.#timers.linger = this.#options.clock.schedule(ms, () => void this.end('stopped'));
  }

  /** A newer one takes over as soon as that closes no tunnel. */
  #retireIfIdle(): void {
    if (this.#successor === undefined || this.#ending) return;
    // A start that has just ended is still counted at this moment.
    setImmediate(() => {
      if (this.#host.idle && !this.#ending) void this.end('retired');
    });
  }

  /** The folders tell of a change at once; where they cannot, as on some network drives, the looks see it a little later. */
  #watch(): void {
    const { clock } = this.#options;
    const { lockFile, runtimeFolders } = this.#places;
    const files = new FileWatch({ clock, logger: this.#ring, onChange: () => void this.#look() });
    files.set(runtimeFolders.length === 0 ? [lockFile] : [lockFile, this.#record.address]);
    this.#timers.files = files;
    this.#watchOn();
  }

  #watchOn(): void {
    const { clock } = this.#options;
    this.#timers.watch = clock.schedule(inStep(clock, WATCH_MS), () => {
      // A start that has come to nothing tells nobody.
      this.#retireIfIdle();
      void this.#look().then(() => {
        if (!this.#ending) this.#watchOn();
      });
    });
  }

  async #look(): Promise<void> {
    if ((await this.#isOurs()) || this.#ending) return;
    this.#ring.log('warn', 'broker.lockLost');
    // Whoever has the lock by now has taken the journal over.
    this.#journal.close();
    void this.end('stopped');
  }

  async #isOurs(): Promise<boolean> {
    if (!(await holdsLock(this.#places.lockFile, this.#record))) return false;
    if (this.#places.runtimeFolders.length === 0) return true;
    return stat(this.#record.address).then(
      () => true,
      (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
    );
  }
}

/** The first folder in which a socket may be; none on Windows. @throws Fault when there is no such folder */
async function usableFolder({ runtimeFolders }: Places, { uid }: Machine, logger: Logger): Promise<string | undefined> {
  let reason: unknown;
  for (const folder of runtimeFolders) {
    try {
      await ensurePrivateFolder(folder, uid);
      return folder;
    } catch (error) {
      logger.log('warn', 'broker.folderNotUsed', { folder, code: isFault(error) ? error.code : undefined });
      reason = error;
    }
  }
  if (runtimeFolders.length === 0) return undefined;
  throw reason instanceof Error ? reason : new Fault('broker.folderFailed', 'There is no folder for a socket.');
}

/** What a lock file names is removed only where no other file can be meant. */
function isSocketOfOurs({ runtimeFolders, address }: Places, record: LockRecord): boolean {
  return /^[\da-f]{16}$/.test(record.nonce) && runtimeFolders.some((folder) => address(folder, record.nonce) === record.address);
}

/** Never followed when it is a link, and never readable by others, not for a moment. */
async function replaceFile(path: string, content: string): Promise<void> {
  await unlink(path).catch(() => {});
  await writeFile(path, content, { mode: 0o600, flag: 'wx' });
}
