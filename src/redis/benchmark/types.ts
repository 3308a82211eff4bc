import type { FaultData } from '../../base/fault';
import type { BenchmarkPlan, BenchmarkTest } from '../../model/benchmark';
import type { RedisSessionOptions } from '../types';

/** By which way the server was asked: through the tunnel, or at its own address from this machine. */
export type BenchmarkWay = 'tunnel' | 'direct';

/** Milliseconds from sending to the reply; a request of a pipeline has the time of its whole batch. */
export interface BenchmarkLatency {
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface BenchmarkFigures {
  readonly test: BenchmarkTest;
  readonly way: BenchmarkWay;
  /** That were answered, errors included; fewer than planned when the time of a test was up. */
  readonly requests: number;
  readonly perSecond: number;
  /** Absent when nothing was answered. */
  readonly latency?: BenchmarkLatency;
  /** Replies that were errors, and what the first of them said. */
  readonly errors: number;
  readonly error?: string;
  /** What the server itself says that one such command took it on average meanwhile, whoever sent it, microseconds. */
  readonly serverUs?: number;
}

export interface BenchmarkProgress {
  readonly test: BenchmarkTest;
  readonly way: BenchmarkWay;
  readonly done: number;
  readonly of: number;
}

export interface BenchmarkReport {
  readonly figures: readonly BenchmarkFigures[];
  /** Why the server was not asked at its own address, or what went wrong there. */
  readonly noDirect?: FaultData;
}

export interface BenchmarkOptions {
  readonly plan: BenchmarkPlan;
  readonly tunnel: RedisSessionOptions;
  /** Whether the tunnel goes straight to the server, without a bastion. */
  readonly isDirect: boolean;
  /** Called after each batch of requests, at most ten times a second. */
  readonly onProgress: (progress: BenchmarkProgress) => void;
  /** Called with the figures of each test when it has ended. */
  readonly onFigures: (figures: BenchmarkFigures) => void;
}

/**
 * Measures a server through a tunnel, and directly where a certificate proves who answers. What it writes
 * lies under keys of its own, which are deleted at the end and expire by themselves after five minutes.
 * @throws Fault `redis.benchmarkPlan` for a plan outside of its bounds, those of `OpenRedisSession`, `redis.connectionLost`,
 *   `operation.cancelled`; whatever was measured until then has been told by `onFigures`.
 */
export type RunBenchmark = (options: BenchmarkOptions, signal: AbortSignal) => Promise<BenchmarkReport>;
