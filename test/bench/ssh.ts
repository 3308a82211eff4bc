import { BROKER_NODE_FLAGS } from '../../src/broker/launch';
import { transfer } from './bulk';
import { requestsPerSecond } from './connections';
import type { DelayRelay } from './delayRelay';
import { type Figures, median, quantile } from './figures';
import { type Peer, startPeer } from './peer';
import { pingTimes } from './ping';
import type { SshFarEnd } from './sshFarEnd';
import type { SshSubjectOptions } from './sshSubject';
import type { Subject } from './subject';

const ROUNDS = 5;
const DELAYED_ROUNDS = 3;
const PINGS = 2000;
const REQUESTS = 20_000;
/** Bytes per transfer: about half a second each on a small machine. */
const BYTES = 256e6;
/** At a window of 2 MB per round trip, four seconds; with our window the start of the transfer still weighs little. */
const DELAYED_BYTES = 96e6;
const ADDED_ROUND_TRIP_MS = 80;
type Kind = SshSubjectOptions['kind'];
const KINDS: readonly Kind[] = ['openssh', 'ssh'];

/** Our tunnels, run as the broker runs them, and OpenSSH's in turn, so that the machine's mood meets both alike; then both over a long way. */
export async function sshFigures(): Promise<Figures> {
  const samples: Record<string, number[]> = {};
  const add = (name: string, value: number): void => void (samples[name] ??= []).push(value);
  const farEnd = await startPeer<SshFarEnd>('sshFarEnd');
  const stops: (() => Promise<void>)[] = [farEnd.stop];
  const subjects = async (sshPort: number): Promise<Record<Kind, Peer<Subject>>> => {
    const started: Partial<Record<Kind, Peer<Subject>>> = {};
    for (const kind of KINDS) {
      const peer = await startPeer<Subject>('sshSubject', { kind, farEnd: farEnd.ready, sshPort } satisfies SshSubjectOptions, BROKER_NODE_FLAGS);
      stops.push(peer.stop);
      started[kind] = peer;
    }
    return started as Record<Kind, Peer<Subject>>;
  };
  try {
    const near = await subjects(farEnd.ready.sshPort);
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of KINDS) await measure(kind, near[kind].ready, add);
    }
    const relay = await startPeer<DelayRelay>('delayRelay', { port: farEnd.ready.sshPort, roundTripMs: ADDED_ROUND_TRIP_MS });
    stops.push(relay.stop);
    const far = await subjects(relay.ready.port);
    for (let round = 0; round < DELAYED_ROUNDS; round++) {
      for (const kind of KINDS) add(`${kind}.rtt80.down.MBps`, await transfer(far[kind].ready.bulk, 'down', DELAYED_BYTES));
    }
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
}

async function measure(kind: Kind, { bulk, redis }: Subject, add: (name: string, value: number) => void): Promise<void> {
  add(`${kind}.bulk.up.MBps`, await transfer(bulk, 'up', BYTES));
  add(`${kind}.bulk.down.MBps`, await transfer(bulk, 'down', BYTES));
  const times = await pingTimes(redis, PINGS);
  add(`${kind}.ping.p50us`, quantile(times, 0.5));
  add(`${kind}.ping.p99us`, quantile(times, 0.99));
  add(`${kind}.conn50.rps`, await requestsPerSecond(redis, REQUESTS));
}
