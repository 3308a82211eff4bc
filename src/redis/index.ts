/**
 * The entry of the lazy bundle: the only way by which ioredis is loaded.
 * Windows load it at the first console or ping.
 */
import { systemClock } from '../base/clock';
import { benchmarkRunner } from './benchmark/run';
import { checkNodeAddress } from './cluster/addresses';
import { browseKeys } from './keys/browser';
import { createLiveFeed } from './live/feed';
import { OPEN_TIMEOUT_MS, pingWith, sessionOpener } from './session';
import type { OpenRedisSession, RedisEngine, RedisSessionOptions } from './types';
import { indentedJson } from './views/jsonText';

export const openRedisSession: OpenRedisSession = sessionOpener();

/** All of it, for whoever loads the bundle. */
export const engine: RedisEngine = {
  openRedisSession,
  checkNodeAddress,
  browseKeys: (session) => browseKeys(session, systemClock),
  createLiveFeed: (request) => createLiveFeed(request),
  indentedJson,
  runBenchmark: benchmarkRunner({ clock: systemClock, openTimeoutMs: OPEN_TIMEOUT_MS, limits: { keepBytes: 1024 * 1024 } }),
};

/** Round-trip time of one PING over a connection of its own, ms. @throws Fault as `OpenRedisSession`. */
export function pingOnce(options: RedisSessionOptions, signal: AbortSignal): Promise<number> {
  return pingWith(openRedisSession, options, signal);
}
