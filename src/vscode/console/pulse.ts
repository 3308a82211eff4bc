import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { ToPage } from '../../webview/protocol';

export interface PulsePorts {
  readonly clock: Clock;
  /** Between a reply and the next PING, ms; 0 is never. */
  readonly everyMs: () => number;
  /** ms; undefined when it is not the time to ask, so that nothing was. @throws Fault */
  readonly ping: () => Promise<number | undefined>;
  readonly post: (message: Extract<ToPage, { type: 'pulse' }>) => void;
}

const KEPT = 120;

/** The latency of a connection, taken again and again while somebody can see it, and at no other time. */
export class ConsolePulse implements Disposable {
  readonly #ports: PulsePorts;
  readonly #latencies: (number | null)[] = [];
  #timer: Disposable | undefined;
  #beating = false;
  /** Rises whenever it begins or ends: a reply to what was asked before is kept, but asks for no next one. */
  #epoch = 0;

  constructor(ports: PulsePorts) {
    this.#ports = ports;
  }

  /** The page is there, for the first time or anew. */
  begin(): void {
    if (this.#latencies.length > 0) this.#post();
    if (this.#beating) return;
    this.#beating = true;
    void this.#beat(++this.#epoch);
  }

  end(): void {
    this.#beating = false;
    this.#epoch++;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  /** The time between has changed. */
  changed(): void {
    if (!this.#beating) return;
    this.end();
    this.begin();
  }

  /** Of another connection: what was measured belongs to the old one. */
  forget(): void {
    this.#latencies.length = 0;
  }

  dispose(): void {
    this.end();
  }

  async #beat(epoch: number): Promise<void> {
    const { clock, everyMs, ping } = this.#ports;
    const every = everyMs();
    if (every <= 0) return;
    try {
      const latencyMs = await ping();
      if (latencyMs !== undefined) this.#keep(latencyMs);
    } catch {
      // What is wrong is told by the connection's own state; here it is a gap.
      this.#keep(null);
    }
    if (epoch === this.#epoch) this.#timer = clock.schedule(every, () => void this.#beat(epoch));
  }

  #keep(latency: number | null): void {
    // One gap is enough, however long it lasts.
    if (latency === null && (this.#latencies.at(-1) ?? null) === null) return;
    this.#latencies.push(latency);
    if (this.#latencies.length > KEPT) this.#latencies.shift();
    if (this.#beating) this.#post();
  }

  #post(): void {
    this.#ports.post({ type: 'pulse', latencies: [...this.#latencies] });
  }
}
