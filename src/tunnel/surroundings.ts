import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { isOutward } from '../base/address';
import { inStep, type Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import { Emitter } from '../base/event';
import type { Logger } from '../base/log';

/** `wake`: the machine has slept, or its clock was moved ahead. */
export type SurroundingsChange = 'network' | 'wake';

export interface Surroundings {
  /**
   * Looks only while somebody watches.
   * @param isWaiting whether a change is waited for: while anybody says so, looks are made more often
   */
  watch(listener: (change: SurroundingsChange) => void, isWaiting?: () => boolean): Disposable;
}

/** What one look has found. Plain data. */
export interface Look {
  /** Monotonic ms. */
  readonly now: number;
  /** Ms since the epoch. */
  readonly wall: number;
  /** See `outwardAddresses`. */
  readonly addresses: readonly string[];
}

/** Between two looks while a change is waited for, ms: what a person calls at once. */
export const LOOK_EVERY_MS = 2000;
/** While all is well, ms: a change then only makes us doubt links that may be sound, and to look wakes an idle computer. */
export const LOOK_SELDOM_MS = 5000;
/**
 * The wall clock runs on in sleep, the monotonic one of Linux and macOS does not. Where it does (Windows), the look itself is
 * late. Less than this is a correction of the time, or a busy machine, ms.
 */
const ASLEEP_MS = 10_000;

/** What has happened between two looks that were to be `everyMs` apart. */
export function changeBetween(before: Look, after: Look, everyMs: number): SurroundingsChange | undefined {
  const elapsed = after.now - before.now;
  const asleep = after.wall - before.wall - elapsed;
  if (asleep > ASLEEP_MS || elapsed - everyMs > ASLEEP_MS) return 'wake';
  // Without a network nothing is to be found out: what matters is when there is one again.
  if (after.addresses.length === 0) return undefined;
  const same = before.addresses.length === after.addresses.length && before.addresses.every((one, index) => one === after.addresses[index]);
  return same ? undefined : 'network';
}

/**
 * The addresses by which this machine can be reached from elsewhere, with their interfaces, sorted. Those that every interface
 * gives itself come and go with each container and lead nowhere: they are left out.
 */
export function outwardAddresses(interfaces: NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address' | 'internal'>[]>): readonly string[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.filter((one) => isOutward(one)).map(({ address }) => `${name} ${address}`),
  );
  return found.toSorted();
}

export interface SurroundingsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `os.networkInterfaces` unless told. */
  readonly interfaces?: typeof networkInterfaces;
}

/** Watches the network's interfaces and the clocks of this machine; no system tells a program of them in a way that all share. */
export class WatchedSurroundings implements Surroundings {
  readonly #deps: SurroundingsDeps;
  readonly #changes: Emitter<SurroundingsChange>;
  readonly #waiting = new Set<() => boolean>();
  #timer: Disposable | undefined;

  constructor(deps: SurroundingsDeps) {
    this.#deps = deps;
    this.#changes = new Emitter((error) => deps.logger.log('error', 'surroundings.listenerFailed', { error }));
  }

  watch(listener: (change: SurroundingsChange) => void, isWaiting: () => boolean = () => false): Disposable {
    const subscription = this.#changes.event(listener);
    // One of its own: it may be given for several.
    const waits = (): boolean => isWaiting();
    this.#waiting.add(waits);
    if (!this.#timer) this.#lookAfter(this.#look());
    return {
      dispose: () => {
        subscription.dispose();
        this.#waiting.delete(waits);
        if (this.#changes.listenerCount > 0) return;
        this.#timer?.dispose();
        this.#timer = undefined;
      },
    };
  }

  #lookAfter(before: Look): void {
    const { clock, logger } = this.#deps;
    const everyMs = [...this.#waiting].some((waits) => waits()) ? LOOK_EVERY_MS : LOOK_SELDOM_MS;
    this.#timer = clock.schedule(inStep(clock, everyMs), () => {
      const found = this.#look();
      this.#lookAfter(found);
      const change = changeBetween(before, found, everyMs);
      if (!change) return;
      logger.log('info', 'surroundings.changed', { change, asleepMs: Math.round(found.wall - before.wall - everyMs) });
      this.#changes.fire(change);
    });
  }

  #look(): Look {
    const { clock, interfaces = networkInterfaces } = this.#deps;
    return { now: clock.now(), wall: clock.wall(), addresses: outwardAddresses(readOr(interfaces, {})) };
  }
}

/** Node throws where the system refuses the question (Android, some containers); the clocks still tell of sleep then. */
function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
