import { BROKER_NODE_FLAGS } from '../../src/broker/launch';
import { transfer } from './bulk';
import { connectTimes, requestsPerSecond } from './connections';
import type { FarEnd } from './farEnd';
import { type Figures, median, quantile } from './figures';
import { pacedFigures } from './paced';
import { type Peer, startPeer } from './peer';
import { pingTimes } from './ping';
import type { Subject, SubjectOptions } from './subject';
import { wsTransfer } from './wsCeiling';
import type { WsFarEnd } from './wsFarEnd';

const ROUNDS = 5;
const PINGS = 2000;
const CONNECTS = 100;
const REQUESTS = 20_000;
/** Bytes per transfer: about a second each on a small machine. */
const BYTES = { ssm: 64e6, tcpProxy: 512e6 } as const;
type Kind = SubjectOptions['kind'];
const KINDS: readonly Kind[] = ['tcpProxy', 'ssm'];

type Add = (name: string, value: number) => void;

/** The tunnel, a plain proxy and the bare WebSocket in turn, so that the machine's mood meets all alike. */
export async function ssmFigures(): Promise<Figures> {
  const samples: Record<string, number[]> = {};
  const add: Add = (name, value) => void (samples[name] ??= []).push(value);
  const farEnd = await startPeer<FarEnd>('farEnd');
  const wsFarEnd = await startPeer<WsFarEnd>('wsFarEnd');
  const subjects: Partial<Record<Kind, Peer<Subject>>> = {};
  const more: { large?: Peer<Subject> } = {};
  try {
    for (const kind of KINDS) subjects[kind] = await startPeer<Subject>('subject', { kind, farEnd: farEnd.ready }, BROKER_NODE_FLAGS);
    const large = (more.large = await startPeer<Subject>('subject', { kind: 'ssm', farEnd: farEnd.ready, payloadBytes: 16_384 }, BROKER_NODE_FLAGS));
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of KINDS) await measure(kind, subjects[kind]!, add);
      add('ssm.bulk16k.up.MBps', await transfer(large.ready.bulk, 'up', BYTES.ssm));
      for (const direction of ['up', 'down'] as const) {
        add(`wsCeiling.${direction}.MBps`, await wsTransfer(wsFarEnd.ready.port, direction, BYTES.ssm));
      }
    }
  } finally {
    for (const kind of KINDS) await subjects[kind]?.stop();
    await more.large?.stop();
    await wsFarEnd.stop();
    await farEnd.stop();
  }
  const figures = Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
  return { ...figures, ...(await pacedFigures()) };
}

async function measure(kind: Kind, subject: Peer<Subject>, add: Add): Promise<void> {
  const { bulk, redis } = subject.ready;
  const before = await subject.cpuSeconds();
  await subject.loopDelay();
  add(`${kind}.bulk.up.MBps`, await transfer(bulk, 'up', BYTES[kind]));
  add(`${kind}.bulk.down.MBps`, await transfer(bulk, 'down', BYTES[kind]));
  add(`${kind}.cpuSecondsPerGB`, ((await subject.cpuSeconds()) - before) / ((2 * BYTES[kind]) / 1e9));
  add(`${kind}.bulk.loopDelayMs`, await subject.loopDelay());
  const times = await pingTimes(redis, PINGS);
  add(`${kind}.ping.p50us`, quantile(times, 0.5));
  add(`${kind}.ping.p99us`, quantile(times, 0.99));
  add(`${kind}.connect.ms`, median(await connectTimes(redis, CONNECTS)));
  add(`${kind}.conn50.rps`, await requestsPerSecond(redis, REQUESTS));
}
