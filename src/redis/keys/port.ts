import type { RespValue } from '../../wire/resp';
import type { RedisSession } from '../types';

export type Command = readonly (string | Buffer)[];

/** A connection of one's own, as the key browser uses it. */
export type KeyPort = Pick<RedisSession, 'turn' | 'cluster'>;

/** Sends commands together, in a turn of their own. @throws Fault as `RedisSession.turn` */
export function askAll(port: KeyPort, commands: readonly Command[], signal: AbortSignal): Promise<readonly RespValue[]> {
  return port.turn((turn) => turn.all(commands), signal);
}

/** Where keys are looked for, one after the other. A session of a whole cluster asks all primaries by itself; else it is the node that is reached, and no other. */
export function scanSources(port: KeyPort): readonly KeyPort[] {
  return [port];
}
