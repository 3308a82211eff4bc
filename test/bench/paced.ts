import { transfer } from './bulk';
import { parallelDownload, requestsPerSecond } from './connections';
import type { FarEnd } from './farEnd';
import { type Figures, median, quantile } from './figures';
import { BROKER_NODE_FLAGS } from '../../src/broker/launch';
import { startPeer } from './peer';
import { pingTimes } from './ping';
import type { Subject } from './subject';

const ROUNDS = 3;
const CLIENTS = 8;
/** Rounds until the link has grown: each adds one session at most. */
const GROWING_ROUNDS = 5;
const GROWING_BYTES = 400_000;

/**
 * Against agents that sleep a millisecond after each kilobyte, as the real one does. `down8.cold` is a first burst of
 * eight connections, which finds one session; `down8` is what they get once the link has grown.
 */
export async function pacedFigures(): Promise<Figures> {
  const farEnd = await startPeer<FarEnd>('farEnd', { pace: true });
  const samples = { up: [] as number[], down1: [] as number[], down8: [] as number[] };
  try {
    const subject = await startPeer<Subject>('subject', { kind: 'ssm', farEnd: farEnd.ready }, BROKER_NODE_FLAGS);
    try {
      const { bulk, redis } = subject.ready;
      for (let round = 0; round < ROUNDS; round++) {
        samples.up.push(await transfer(bulk, 'up', 64e6));
        samples.down1.push(await transfer(bulk, 'down', 1e6));
      }
      const cold = await parallelDownload(bulk, CLIENTS, GROWING_BYTES);
      for (let round = 0; round < GROWING_ROUNDS; round++) await parallelDownload(bulk, CLIENTS, GROWING_BYTES);
      for (let round = 0; round < ROUNDS; round++) samples.down8.push(await parallelDownload(bulk, CLIENTS, 1e6));
      const pings = await pingTimes(redis, 1000);
      return {
        'ssm.paced.up.MBps': median(samples.up),
        'ssm.paced.down1.MBps': median(samples.down1),
        'ssm.paced.down8.cold.MBps': cold,
        'ssm.paced.down8.MBps': median(samples.down8),
        'ssm.paced.ping.p50us': quantile(pings, 0.5),
        'ssm.paced.conn50.rps': await requestsPerSecond(redis, 20_000),
      };
    } finally {
      await subject.stop();
    }
  } finally {
    await farEnd.stop();
  }
}
