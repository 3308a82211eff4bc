import type { Clock } from '../../base/clock';
import { asFault, Fault } from '../../base/fault';
import type { KeyFacts, KeyQuery, KeyspaceOverview, RedisDatabase } from '../../model/redisKeys';
import type { KeyBrowser, KeysRemoved } from '../types';
import { KeyFactsReader } from './facts';
import { OpenKey } from './openKey';
import { askAll, type KeyPort } from './port';
import { checked, countOf, integerOf, textOf } from './replies';
import { KeyScan } from './scan';
import { nameBytes, nameText } from './shown';

/** Keys that are deleted at once; more are a matter for a program. */
const MAX_REMOVED = 10_000;
const BATCH = 500;

/** The keys of one server, over a session that nobody else uses. */
export function browseKeys(port: KeyPort, clock: Clock): KeyBrowser {
  return new SessionKeys(port, clock);
}

class SessionKeys implements KeyBrowser {
  readonly #port: KeyPort;
  readonly #clock: Clock;
  readonly #facts: KeyFactsReader;
  #database = 0;

  constructor(port: KeyPort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    this.#facts = new KeyFactsReader(port);
  }

  async overview(signal: AbortSignal): Promise<KeyspaceOverview> {
    const questions = [['DBSIZE'], ['INFO', 'keyspace'], ['INFO', 'cluster']];
    const [size, keyspace, cluster] = await askAll(this.#port, questions, signal);
    const total = countOf(this.#facts.heard('DBSIZE', size)) ?? null;
    const counts = keyCounts(textOf(this.#facts.heard('INFO', keyspace)) ?? '');
    const isCluster = /^cluster_enabled:1\b/m.test(textOf(cluster) ?? '');
    const own: RedisDatabase = { index: this.#database, keys: total };
    const others = isCluster ? [] : counts.filter(({ index }) => index !== this.#database);
    const databases = [...others, own].toSorted((one, other) => one.index - other.index);
    return { database: this.#database, total, databases, denied: this.#facts.denied, cluster: isCluster && this.#port.cluster === undefined };
  }

  async select(database: number, signal: AbortSignal): Promise<void> {
    const [reply] = await askAll(this.#port, [['SELECT', String(database)]], signal);
    checked(reply, 'SELECT');
    this.#database = database;
  }

  scan(query: KeyQuery): KeyScan {
    return new KeyScan(this.#port, this.#clock, query);
  }

  facts(names: readonly string[], signal: AbortSignal): Promise<readonly KeyFacts[]> {
    return this.#facts.of(names, signal);
  }

  open(name: string): OpenKey {
    return new OpenKey(this.#port, this.#facts, name);
  }

  async rename(name: string, to: string, signal: AbortSignal): Promise<string> {
    const next = nameBytes(to);
    if (next.length === 0) throw new Fault('redis.badName', 'A key needs a name.');
    const [reply] = await askAll(this.#port, [['RENAMENX', nameBytes(name), next]], signal);
    if (reply?.type === 'error' && /no such key/i.test(reply.text)) throw gone(name);
    if (integerOf(checked(reply, 'RENAMENX')) === 0) {
      throw new Fault('redis.exists', `There is a key "${to.slice(0, 100)}" already; nothing was renamed.`, { remedy: { text: 'Choose another name.' } });
    }
    return nameText(next);
  }

  async remove(names: readonly string[], signal: AbortSignal): Promise<KeysRemoved> {
    if (names.length > MAX_REMOVED) throw new Fault('redis.tooMany', `${names.length} keys are too many to be deleted at once; ${MAX_REMOVED} can be.`);
    const removed: string[] = [];
    let command = 'UNLINK';
    try {
      for (let at = 0; at < names.length; at += BATCH) {
        const batch = names.slice(at, at + BATCH);
        // One by one: keys of a cluster are deleted together only where they share a slot.
        let replies = await askAll(this.#port, batch.map((name) => [command, nameBytes(name)]), signal);
        if (command === 'UNLINK' && replies[0]?.type === 'error' && /^(?:ERR unknown command|NOPERM\b)/i.test(replies[0].text)) {
          command = 'DEL';
          replies = await askAll(this.#port, batch.map((name) => [command, nameBytes(name)]), signal);
        }
        removed.push(...batch.filter((_, index) => replies[index]?.type !== 'error'));
        for (const reply of replies) checked(reply, command);
      }
    } catch (error) {
      return { removed, fault: asFault(error) };
    }
    return { removed };
  }
}

/** Of `INFO keyspace`: `db0:keys=3,expires=0,…`. */
function keyCounts(report: string): readonly RedisDatabase[] {
  return [...report.matchAll(/^db(\d{1,5}):keys=(\d{1,15})\b/gm)].map(([, index, keys]) => ({ index: Number(index), keys: Number(keys) }));
}

function gone(name: string): Fault {
  return new Fault('redis.keyGone', `The key "${name.slice(0, 100)}" is not there any more.`, { remedy: { text: 'Refresh the keys.' } });
}
