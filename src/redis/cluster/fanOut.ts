import { asFault, describeFault, Fault, isCancelled } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import type { RespValue } from '../../wire/resp';
import { word } from '../commands';
import type { ClusterNode } from '../types';
import { itemsOf } from './fields';

/** Each node may need a tunnel: so many are opened at a time. */
const AT_ONCE = 4;

/** What belongs to one connection, and so means nothing on several. */
const OWN = new Set(['multi', 'exec', 'discard', 'watch', 'unwatch', 'auth', 'hello', 'select', 'reset', 'quit', 'asking', 'readonly', 'readwrite']);

/** @throws Fault `redis.unsupported` for what cannot run on several nodes at once */
export function checkFanOut(args: readonly Buffer[], keys: readonly Buffer[]): void {
  const name = word(args, 0).toUpperCase();
  if (OWN.has(word(args, 0))) {
    throw new Fault('redis.unsupported', `${name} is about one connection, and cannot be sent to several nodes.`, { remedy: { text: 'Run it without @, or on one node.' } });
  }
  if (keys.length > 0) {
    throw new Fault('redis.unsupported', `${name} has keys, which are on one node.`, { remedy: { text: 'Run it without @: it goes where its keys are.' } });
  }
}

export interface NodeAnswer {
  readonly node: ClusterNode;
  /** An error reply where the node was not reached, too. */
  readonly reply: RespValue;
}

/**
 * Asks all nodes, a few at a time, and goes on where one fails.
 * @throws Fault `operation.cancelled`
 */
export async function askAll(nodes: readonly ClusterNode[], ask: (node: ClusterNode) => Promise<RespValue>): Promise<readonly NodeAnswer[]> {
  const answers: NodeAnswer[] = [];
  const left = nodes.entries();
  const work = async (): Promise<void> => {
    for (const [index, node] of left) {
      answers[index] = { node, reply: await ask(node).catch((error: unknown) => unreached(error)) };
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, nodes.length) }, work));
  return answers;
}

function unreached(error: unknown): RespValue {
  if (isCancelled(error)) throw error;
  return { type: 'error', text: `not asked: ${describeFault(asFault(error))}` };
}

/** One line before each node's reply. */
export function heading({ endpoint, role }: ClusterNode): string {
  return `-> ${formatEndpoint(endpoint)} ${role}`;
}

/** The sum of all replies, where there is one: integers, and the keys of a SCAN. Undefined for fewer than two of them. */
export function sumOf(args: readonly Buffer[], answers: readonly NodeAnswer[]): string | undefined {
  const replies = answers.map(({ reply }) => reply).filter(({ type }) => type !== 'error');
  if (replies.length < 2) return undefined;
  const missing = answers.length - replies.length;
  const without = missing > 0 ? ` (without ${missing} of ${answers.length})` : '';
  const integers = replies.flatMap((reply) => (reply.type === 'integer' ? [reply.value] : []));
  if (integers.length === replies.length) return `-> sum: ${integers.reduce((sum, one) => sum + one, 0n)}${without}`;
  if (word(args, 0) !== 'scan') return undefined;
  const keys = replies.reduce((sum, reply) => sum + itemsOf(itemsOf(reply)[1]).length, 0);
  return `-> ${keys} keys${without}; go on at one node with its own cursor: @host:port SCAN cursor`;
}
