import { randomBytes } from 'node:crypto';
import { asFault, cancelled, faultData, isCancelled } from '../../base/fault';
import type { BenchmarkPlan, BenchmarkTest } from '../../model/benchmark';
import type { RespValue } from '../../wire/resp';
import type { RedisConnection } from '../connection';
import { initialState } from '../connectionState';
import { establish, type EstablishSettings } from '../establish';
import type { RedisSessionOptions } from '../types';
import { Latencies } from './latencies';
import { checkPlan, directAlready, directOptions, keyCount } from './plan';
import { averageUs, type CommandCount, commandCount } from './serverTime';
import type { BenchmarkFigures, BenchmarkOptions, BenchmarkReport, BenchmarkWay, RunBenchmark } from './types';

/** An address that is not there from here should not cost a minute. */
const DIRECT_TIMEOUT_MS = 3000;
const TEST_MS = 60_000;
const PROGRESS_MS = 100;
/** For the replies that are still under way when it is stopped. */
const STOP_MS = 2000;
const KEYS_LIVE_SECONDS = '300';
const MAX_TAGS = 200;
const BATCH = 50;

const never = new AbortController().signal;

/** @param directOf how the server is reached without the tunnel; throws a Fault where it is not */
export function benchmarkRunner(settings: EstablishSettings, directOf = directOptions): RunBenchmark {
  return async (options, signal): Promise<BenchmarkReport> => {
    checkPlan(options.plan);
    const figures: BenchmarkFigures[] = [];
    const keep = (measured: BenchmarkFigures): void => {
      figures.push(measured);
      options.onFigures(measured);
    };
    await measure('tunnel', options.tunnel, { ...options, onFigures: keep }, settings, signal);
    if (options.isDirect) return { figures, noDirect: faultData(directAlready(options.tunnel)) };
    try {
      await measure('direct', directOf(options.tunnel), { ...options, onFigures: keep }, { ...settings, openTimeoutMs: DIRECT_TIMEOUT_MS }, signal);
      return { figures };
    } catch (error) {
      if (isCancelled(error)) throw error;
      return { figures, noDirect: faultData(asFault(error)) };
    }
  };
}

/** All tests by one way. */
async function measure(way: BenchmarkWay, to: RedisSessionOptions, options: BenchmarkOptions, settings: EstablishSettings, signal: AbortSignal): Promise<void> {
  const { plan, onFigures } = options;
  const fleet = new Fleet();
  try {
    await fleet.open(plan.clients, to, settings, signal);
    const keys = await ownKeys(fleet.first, plan);
    try {
      for (const test of plan.tests) onFigures(await measureTest(test, way, keys, fleet, options, settings, signal));
    } finally {
      await deleteKeys(keys, fleet, settings);
    }
  } catch (error) {
    if (signal.aborted) throw cancelled();
    throw error;
  } finally {
    await fleet.dispose();
  }
}

/** The connections of one way. */
class Fleet {
  readonly connections: RedisConnection[] = [];

  get first(): RedisConnection {
    return this.connections[0]!;
  }

  /** The first one alone: where it cannot get in, fifty could not either. */
  async open(count: number, to: RedisSessionOptions, settings: EstablishSettings, signal: AbortSignal): Promise<void> {
    const one = async (): Promise<void> => {
      this.connections.push(await establish(to, initialState(to.login), settings, signal));
    };
    await one();
    const others = await Promise.allSettled(Array.from({ length: count - 1 }, one));
    const failed = others.find((other) => other.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async dispose(): Promise<void> {
    for (const connection of this.connections) connection.dispose();
    await Promise.all(this.connections.map(({ closed }) => closed));
  }
}

/** What is done to the keys at one time, without a signal that could end a connection in the middle. */
function callAll(connection: RedisConnection, commands: readonly (readonly (string | Buffer)[])[]): Promise<RespValue[]> {
  return Promise.all(commands.map((command) => connection.call(command, new AbortController().signal)));
}

interface OwnKeys {
  readonly prefix: string;
  readonly count: number;
  /** Whether the server has let the first one be written. */
  readonly written: boolean;
}

/** A cluster's node serves some slots only: keys of one of those are found by trying, as all tests ask the node that the way leads to. */
async function ownKeys(connection: RedisConnection, plan: BenchmarkPlan): Promise<OwnKeys> {
  const count = keyCount(plan);
  for (let tried = 0; ; tried += 1) {
    const prefix = `sallyport:benchmark:{${randomBytes(6).toString('hex')}}:`;
    const reply = await connection.call(['SET', `${prefix}0`, 'x', 'EX', KEYS_LIVE_SECONDS], never);
    const moved = reply.type === 'error' && reply.text.startsWith('MOVED ');
    if (!moved || tried >= MAX_TAGS) return { prefix, count, written: reply.type === 'status' };
  }
}

function namesOf({ prefix, count }: OwnKeys): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

async function fill(connection: RedisConnection, keys: OwnKeys, value: Buffer, signal: AbortSignal): Promise<void> {
  const names = namesOf(keys);
  while (names.length > 0 && !signal.aborted) {
    await callAll(connection, names.splice(0, BATCH).map((name) => ['SET', name, value, 'EX', KEYS_LIVE_SECONDS]));
  }
}

/** What cannot be deleted any more expires. */
async function deleteKeys(keys: OwnKeys, fleet: Fleet, { clock }: EstablishSettings): Promise<void> {
  if (!keys.written || fleet.first.disposed) return;
  const names = namesOf(keys);
  const timer = clock.schedule(STOP_MS, () => fleet.first.dispose());
  try {
    while (names.length > 0) await callAll(fleet.first, [['UNLINK', ...names.splice(0, BATCH)]]);
  } catch {
    // The connection is gone.
  } finally {
    timer.dispose();
  }
}

async function measureTest(
  test: BenchmarkTest,
  way: BenchmarkWay,
  keys: OwnKeys,
  fleet: Fleet,
  { plan, onProgress }: BenchmarkOptions,
  settings: EstablishSettings,
  signal: AbortSignal,
): Promise<BenchmarkFigures> {
  const { clock } = settings;
  const value = Buffer.alloc(plan.valueBytes, 'x');
  if (test === 'GET' && keys.written) await fill(fleet.first, keys, value, signal);
  const before = await countOf(fleet.first, test);
  const run = new TestRun(plan.requests, (index) => commandOf(test, `${keys.prefix}${index % keys.count}`, value));
  const beganAt = clock.now();
  let told = beganAt;
  const due = (): boolean => signal.aborted || clock.now() - beganAt >= TEST_MS;
  const after = (): void => {
    const now = clock.now();
    if (now - told < PROGRESS_MS && run.answered < plan.requests) return;
    told = now;
    onProgress({ test, way, done: run.answered, of: plan.requests });
  };
  const working = Promise.all(fleet.connections.map((connection) => run.work(connection, plan.pipeline, settings, due, after)));
  await boundedStop(working, fleet, settings, signal);
  if (signal.aborted) throw cancelled();
  const seconds = (clock.now() - beganAt) / 1000;
  const serverUs = averageUs(before, await countOf(fleet.first, test));
  return { test, way, ...run.figures(seconds), ...(serverUs !== undefined && { serverUs }) };
}

/** Lets what is under way end when it is stopped, so that the connections are still good for cleaning up; not forever. */
async function boundedStop(working: Promise<unknown>, fleet: Fleet, { clock }: EstablishSettings, signal: AbortSignal): Promise<void> {
  let timer: { dispose(): void } | undefined;
  const onAbort = (): void => {
    timer = clock.schedule(STOP_MS, () => {
      for (const connection of fleet.connections) connection.dispose();
    });
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await working;
  } finally {
    signal.removeEventListener('abort', onAbort);
    timer?.dispose();
  }
}

async function countOf(connection: RedisConnection, test: BenchmarkTest): Promise<CommandCount | undefined> {
  return commandCount(await connection.call(['INFO', 'commandstats'], never), test);
}

function commandOf(test: BenchmarkTest, key: string, value: Buffer): readonly (string | Buffer)[] {
  switch (test) {
    case 'PING':
      return ['PING'];
    case 'SET':
      return ['SET', key, value, 'EX', KEYS_LIVE_SECONDS];
    case 'GET':
      return ['GET', key];
  }
}

/** The requests of one test, shared among its clients. */
class TestRun {
  readonly #of: number;
  readonly #command: (index: number) => readonly (string | Buffer)[];
  readonly #latencies: Latencies;
  #sent = 0;
  #errors = 0;
  #error: string | undefined;

  constructor(of: number, command: (index: number) => readonly (string | Buffer)[]) {
    this.#of = of;
    this.#command = command;
    this.#latencies = new Latencies(of);
  }

  get answered(): number {
    return this.#latencies.count;
  }

  /** Batch after batch, until all are sent or `due` says to stop. */
  async work(connection: RedisConnection, pipeline: number, { clock }: EstablishSettings, due: () => boolean, after: () => void): Promise<void> {
    while (this.#sent < this.#of && !due()) {
      const batch = Math.min(pipeline, this.#of - this.#sent);
      const commands = Array.from({ length: batch }, (_, index) => this.#command(this.#sent + index));
      this.#sent += batch;
      const sentAt = clock.now();
      const replies = await callAll(connection, commands);
      this.#latencies.add(clock.now() - sentAt, batch);
      for (const reply of replies) if (reply.type === 'error') this.#failed(reply.text);
      after();
    }
  }

  figures(seconds: number): Pick<BenchmarkFigures, 'requests' | 'perSecond' | 'latency' | 'errors' | 'error'> {
    const latency = this.#latencies.summary();
    return {
      requests: this.answered,
      perSecond: seconds > 0 ? this.answered / seconds : 0,
      errors: this.#errors,
      ...(latency && { latency }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  #failed(text: string): void {
    this.#errors++;
    this.#error ??= text.slice(0, 200);
  }
}
