import { transfer } from './bulk';
import type { FarEnd } from './farEnd';
import { type Figures, median, quantile } from './figures';
import { type Peer, startPeer } from './peer';
import { pingTimes } from './ping';
import type { Subject, SubjectOptions } from './subject';

const ROUNDS = 5;
const PINGS = 2000;
/** Bytes per transfer: about a second each on a small machine. */
const BYTES = { ssm: 64e6, tcpProxy: 512e6 } as const;
type Kind = SubjectOptions['kind'];
const KINDS: readonly Kind[] = ['tcpProxy', 'ssm'];

/** The tunnel and a plain proxy in turn, against the same far end, so that the machine's mood meets both alike. */
export async function ssmFigures(): Promise<Figures> {
  const farEnd = await startPeer<FarEnd>('farEnd');
  const subjects: Partial<Record<Kind, Peer<Subject>>> = {};
  const samples: Record<string, number[]> = {};
  const add = (name: string, value: number): void => void (samples[name] ??= []).push(value);
  try {
    for (const kind of KINDS) subjects[kind] = await startPeer<Subject>('subject', { kind, farEnd: farEnd.ready });
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of KINDS) {
        const { bulk, redis } = subjects[kind]!.ready;
        add(`${kind}.bulk.up.MBps`, await transfer(bulk, 'up', BYTES[kind]));
        add(`${kind}.bulk.down.MBps`, await transfer(bulk, 'down', BYTES[kind]));
        const times = await pingTimes(redis, PINGS);
        add(`${kind}.ping.p50us`, quantile(times, 0.5));
        add(`${kind}.ping.p99us`, quantile(times, 0.99));
      }
    }
  } finally {
    for (const kind of KINDS) await subjects[kind]?.stop();
    await farEnd.stop();
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
}
