import { type Clock } from '../../base/clock';
import type { RespValue } from '../../wire/resp';
import type { ClusterTopology, NodeReading } from '../types';
import { textOf } from './fields';
import { type AskedOver, parseShards, parseSlots } from './topology';

export type Ask = (args: readonly string[]) => Promise<RespValue>;

/** What a server says of its cluster; undefined where it is in none, or does not tell. @throws whatever `ask` throws */
export async function askTopology(ask: Ask, asked: AskedOver): Promise<ClusterTopology | undefined> {
  const shards = await ask(['CLUSTER', 'SHARDS']);
  const topology = parseShards(shards, asked);
  if (topology || (shards.type === 'error' && /cluster support disabled/i.test(shards.text))) return topology;
  return parseSlots(await ask(['CLUSTER', 'SLOTS']), asked);
}

/** The id of the node that answers; empty where it does not tell. @throws whatever `ask` throws */
export async function askId(ask: Ask): Promise<string> {
  const id = textOf(await ask(['CLUSTER', 'MYID'])) ?? '';
  return /^[0-9a-f]{40}$/.test(id) ? id : '';
}

/** A PING, whose time is the latency, and INFO; what the node does not tell is absent. @throws whatever `ask` throws */
export async function askReading(ask: Ask, clock: Clock): Promise<NodeReading> {
  const sentAt = clock.now();
  await ask(['PING']);
  const latencyMs = clock.now() - sentAt;
  const info = await ask(['INFO']);
  return { latencyMs, ...readingOf(info.type === 'bulk' || info.type === 'verbatim' ? info.bytes.toString('utf8') : '') };
}

/** Of the text of INFO, of any version. */
export function readingOf(info: string): Omit<NodeReading, 'latencyMs'> {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const number = (name: string): number | undefined => {
    const text = field(name);
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const spaces = [...info.matchAll(/^db\d+:keys=(\d{1,15})\b/gm)].map(([, keys]) => Number(keys));
  const keys = spaces.length > 0 ? spaces.reduce((sum, one) => sum + one, 0) : /^# Keyspace/m.test(info) ? 0 : undefined;
  const memoryBytes = number('used_memory');
  // A replica's own is what it has worked off; a primary has no other.
  const replicationOffset = field('role') === 'slave' ? number('slave_repl_offset') : number('master_repl_offset');
  const version = versionOf(field('valkey_version'), 'Valkey') ?? versionOf(field('redis_version'), 'Redis');
  return {
    ...(keys !== undefined && { keys }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(replicationOffset !== undefined && { replicationOffset }),
    ...(version !== undefined && { version }),
  };
}

function versionOf(text: string | undefined, engine: string): string | undefined {
  return text !== undefined && /^[\d.]{1,20}$/.test(text) ? `${engine} ${text}` : undefined;
}
