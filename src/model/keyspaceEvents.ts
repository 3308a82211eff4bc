/**
 * The setting `notify-keyspace-events` (redis.io, "Redis keyspace notifications"): `K` publishes on `__keyspace@db__:key`, `E` on
 * `__keyevent@db__:event`, and the other letters say which events; `A` is most of them. Empty means off.
 */

/** By what a person looks for events: all of them, or those of keys that match a pattern. */
export interface KeyspaceWatch {
  /** The pattern that is subscribed to. */
  readonly channel: string;
  /** The letter without which nothing is published there. */
  readonly needs: 'K' | 'E';
}

const EVERYTHING = /^\*+$/;

/** @param keys a glob pattern of keys, of all databases */
export function keyspaceWatch(keys: string): KeyspaceWatch {
  return keys === '' || EVERYTHING.test(keys) ? { channel: '__keyevent@*__:*', needs: 'E' } : { channel: `__keyspace@*__:${keys}`, needs: 'K' };
}

/** Letters that stand for events, and not for where they are published. */
const EVENTS = /[^KE]/;

/** Whether something is published for the watch, if perhaps not all events. */
export function isPublished(flags: string, { needs }: KeyspaceWatch): boolean {
  return flags.includes(needs) && EVENTS.test(flags);
}

/** The least that has to be set: what is published already stays so. */
export function flagsFor(flags: string, { needs }: KeyspaceWatch): string {
  const where = flags.includes(needs) ? flags : `${flags}${needs}`;
  return EVENTS.test(where) ? where : `${where}A`;
}
