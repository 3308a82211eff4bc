import type { RespValue } from '../../wire/resp';
import { word } from '../commands';
import type { ClusterNode } from '../types';
import { itemsOf, textOf } from './fields';

/** Asks one node. */
export type AskNode = (node: ClusterNode, args: readonly Buffer[]) => Promise<RespValue>;

/** Room for the number of the primary beside its own cursor. */
const PRIMARIES = 1024n;

/** Whether a page means all primaries with this. */
export function spansPrimaries(args: readonly Buffer[]): boolean {
  return word(args, 0) === 'dbsize' || (word(args, 0) === 'scan' && /^\d{1,30}$/.test(word(args, 1)));
}

/**
 * SCAN and DBSIZE of all primaries as if they were one server. A cursor of SCAN holds which of the primaries, in the order of their
 * slots, comes next, and its own cursor: it is still right after a failover, and after resharding as right as any.
 */
export async function askSpanning(args: readonly Buffer[], primaries: readonly ClusterNode[], ask: AskNode): Promise<RespValue> {
  if (word(args, 0) === 'scan') return scan(args, primaries, ask);
  let sum = 0n;
  for (const node of primaries) {
    const reply = await ask(node, args);
    if (reply.type !== 'integer') return reply;
    sum += reply.value;
  }
  return { type: 'integer', value: sum };
}

async function scan([name, cursor, ...options]: readonly Buffer[], primaries: readonly ClusterNode[], ask: AskNode): Promise<RespValue> {
  const whole = BigInt(cursor!.toString('latin1'));
  const index = Number(whole % PRIMARIES);
  const node = primaries[index];
  if (!node) return page('0', { type: 'array', items: [], omitted: 0 });
  const reply = await ask(node, [name!, Buffer.from(String(whole / PRIMARIES)), ...options]);
  const [next, keys] = itemsOf(reply);
  const own = textOf(next);
  if (own === undefined || keys === undefined || !/^\d{1,25}$/.test(own)) return reply;
  if (own !== '0') return page(String(BigInt(own) * PRIMARIES + BigInt(index)), keys);
  return page(index + 1 < primaries.length ? String(index + 1) : '0', keys);
}

function page(cursor: string, keys: RespValue): RespValue {
  return { type: 'array', items: [{ type: 'bulk', bytes: Buffer.from(cursor), omitted: 0 }, keys], omitted: 0 };
}
