import { PassThrough } from 'node:stream';
import type { Fault } from '../../../src/base/fault';
import type { SessionLink, SessionStream } from '../../../src/transport/ssm/sessionLink';
import type { FakeClock } from '../../fixtures/fakeClock';

/** A session whose load, streams and end are the test's to say. */
export class FakeSession implements SessionLink {
  readonly id: string;
  readonly streams: SessionStream[] = [];
  readonly traffic = { messages: 0, received: 0, sent: 0 };
  readonly closed: Promise<Fault | undefined>;
  exclusive = false;
  stalled = false;
  fault: Fault | undefined;
  disposed = 0;
  onTurn: () => void = () => {};
  readonly #clock: FakeClock;
  #resolveClosed: (fault: Fault | undefined) => void = () => {};

  constructor(id: string, clock: FakeClock) {
    this.id = id;
    this.#clock = clock;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  open(): Promise<SessionStream> {
    const stream = Object.assign(new PassThrough(), { movedAt: this.#clock.now(), remoteEnded: false });
    stream.on('error', () => {});
    this.streams.push(stream);
    return Promise.resolve(stream);
  }

  dispose(): Promise<void> {
    this.disposed++;
    for (const stream of this.streams) stream.destroy();
    this.#resolveClosed(undefined);
    return Promise.resolve();
  }

  end(fault: Fault): void {
    this.fault = fault;
    for (const stream of this.streams) stream.destroy(fault);
    this.#resolveClosed(fault);
  }
}

/** Lets a paced agent send full messages over these sessions for `seconds`. */
export function saturate(clock: FakeClock, sessions: readonly FakeSession[], seconds = 0.6): void {
  for (let step = 0; step < seconds * 100; step++) {
    clock.advance(10);
    for (const session of sessions) {
      session.traffic.messages += 7;
      session.traffic.received += 7 * 1024;
      for (const stream of session.streams) Object.assign(stream, { movedAt: clock.now() });
      session.onTurn();
    }
  }
}
