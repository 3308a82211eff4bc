import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { keepaliveLost } from './faults';
import type { PacketLayer } from './ssh2Internals';

/** What is used when the configuration sets no ServerAliveInterval, ms: a dead path is noticed within a minute. */
const DEFAULT_INTERVAL_MS = 15_000;
/** How long an answer may take when the connection is in doubt, ms. */
const CHECK_MS = 10_000;
/** New keys after this many payload bytes in either direction: a sixteenth of what RFC 4344 allows AES (2^32 blocks), or… */
const REKEY_BYTES = 4 * 1024 ** 3;
/** …after this long in use, ms (RFC 4253, section 9). */
const REKEY_MS = 3_600_000;

export interface VitalsDeps {
  readonly layer: PacketLayer;
  readonly socket: Duplex;
  readonly clock: Clock;
  readonly server: Endpoint;
  /** Payload bytes so far, both directions. */
  readonly moved: () => number;
  readonly onDead: (fault: Fault) => void;
}

export interface VitalsSettings {
  /** 0: not set. */
  readonly serverAliveIntervalMs: number;
  readonly serverAliveCountMax: number;
}

/**
 * Looks after an open connection: asks for a sign of life when nothing has arrived for an interval, and for new keys in time
 * (ssh2 answers a server that wants new keys, but never begins itself).
 */
export class Vitals implements Disposable {
  readonly #deps: VitalsDeps;
  readonly #intervalMs: number;
  readonly #countMax: number;
  readonly #onData = (): void => {
    this.#heard = true;
    this.#inDoubt?.dispose();
    this.#inDoubt = undefined;
  };
  #timer: Disposable;
  #heard = false;
  #unanswered = 0;
  #inDoubt: Disposable | undefined;
  #keysAt: number;
  #keysAfter = 0;

  constructor(deps: VitalsDeps, { serverAliveIntervalMs, serverAliveCountMax }: VitalsSettings) {
    this.#deps = deps;
    this.#intervalMs = serverAliveIntervalMs > 0 ? serverAliveIntervalMs : DEFAULT_INTERVAL_MS;
    this.#countMax = serverAliveCountMax;
    this.#keysAt = deps.clock.now();
    deps.socket.on('data', this.#onData);
    this.#timer = deps.clock.schedule(this.#intervalMs, () => this.#look());
  }

  /** Asks for a sign of life now, and gives the connection up when none comes within ten seconds. */
  check(): void {
    const { clock, layer, server, onDead } = this.#deps;
    if (this.#inDoubt) return;
    this.#inDoubt = clock.schedule(CHECK_MS, () => onDead(keepaliveLost(server, CHECK_MS / 1000)));
    layer.ping();
  }

  dispose(): void {
    this.#timer.dispose();
    this.#inDoubt?.dispose();
    this.#deps.socket.off('data', this.#onData);
  }

  #look(): void {
    const { clock, layer, server, onDead } = this.#deps;
    if (this.#heard) this.#unanswered = 0;
    // As OpenSSH: with a limit of 0 nothing is given up.
    else if (++this.#unanswered > this.#countMax && this.#countMax > 0) {
      onDead(keepaliveLost(server, (this.#unanswered * this.#intervalMs) / 1000));
      return;
    }
    const quiet = !this.#heard;
    this.#heard = false;
    this.#timer = clock.schedule(this.#intervalMs, () => this.#look());
    if (this.#keysAreOld()) layer.rekey();
    else if (quiet) layer.ping();
  }

  #keysAreOld(): boolean {
    const { clock, moved } = this.#deps;
    const used = moved() - this.#keysAfter;
    if (used < REKEY_BYTES && (used === 0 || clock.now() - this.#keysAt < REKEY_MS)) return false;
    this.#keysAt = clock.now();
    this.#keysAfter = moved();
    return true;
  }
}
