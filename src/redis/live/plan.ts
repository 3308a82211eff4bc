import { Fault } from '../../base/fault';
import { isSecretLine, masked } from '../../model/redisSecrets';
import { word } from '../commands';
import { quotedArgument, shortened } from './shownText';
import type { LiveKind } from './types';

/** Streams that are read with XREAD or XREADGROUP: keys, and after which entry of each. */
export interface StreamRead {
  /** Where the ids begin among the arguments; the keys stand before them, as many. */
  readonly idsAt: number;
  /** Whether the next read begins after what the last one brought: XREADGROUP's `>` does that by itself. */
  readonly follows: boolean;
}

/** How one command is run in a pane. */
export interface LivePlan {
  readonly kind: LiveKind;
  readonly args: readonly Buffer[];
  readonly title: string;
  /** Whether each answer takes something away from others. */
  readonly consumes: boolean;
  readonly repeatable: boolean;
  /** The first key, or channel of a shard, which says the slot; absent where any node does. */
  readonly slotKey?: Buffer;
  /** Absent unless streams are read. */
  readonly read?: StreamRead;
}

const SUBSCRIBING = new Set(['subscribe', 'psubscribe', 'ssubscribe']);
const POPPING = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'blmpop', 'bzpopmin', 'bzpopmax', 'bzmpop']);
const MAX_TITLE = 200;

/**
 * The plan for a command that streams or waits; undefined for every other one. WAIT and WAITAOF wait for what their own connection
 * has written, so that they mean nothing elsewhere.
 */
export function livePlan(args: readonly Buffer[]): LivePlan | undefined {
  const name = word(args, 0);
  const base = { args, title: titleOf(args) };
  if (name === 'monitor') return { ...base, kind: 'monitor', consumes: false, repeatable: false };
  if (args.length < 2) return undefined;
  if (SUBSCRIBING.has(name)) return { ...base, kind: 'subscribe', consumes: false, repeatable: false, ...(name === 'ssubscribe' && { slotKey: args[1]! }) };
  if (POPPING.has(name)) {
    // BLMPOP and BZMPOP: timeout, number of keys, keys.
    const key = args[name.endsWith('mpop') ? 3 : 1];
    return { ...base, kind: 'block', consumes: true, repeatable: true, ...(key && { slotKey: key }) };
  }
  if (name !== 'xread' && name !== 'xreadgroup') return undefined;
  const idsAt = blockingIdsAt(args);
  if (idsAt === undefined) return undefined;
  const slotKey = args[idsAt - (args.length - idsAt)]!;
  if (name === 'xread') return { ...base, kind: 'block', consumes: false, repeatable: true, slotKey, read: { idsAt, follows: true } };
  // With another id than `>` the group's own entries are read, which waits for nothing: again and again would be a loop.
  const repeatable = args.slice(idsAt).every((id) => id.toString('latin1') === '>');
  return { ...base, kind: 'block', consumes: true, repeatable, slotKey, read: { idsAt, follows: false } };
}

/** @throws Fault `redis.unsupported` for a command that neither streams nor waits. */
export function planOf(args: readonly Buffer[]): LivePlan {
  const plan = livePlan(args);
  if (plan) return plan;
  throw new Fault('redis.unsupported', `${word(args, 0).toUpperCase().slice(0, 40)} neither streams nor waits; it is not for a live pane.`, {
    remedy: { text: 'Run it in the console.' },
  });
}

/** XREAD [COUNT n] [BLOCK ms] STREAMS key… id…; XREADGROUP has GROUP group consumer and NOACK besides. Undefined without BLOCK. */
function blockingIdsAt(args: readonly Buffer[]): number | undefined {
  let blocks = false;
  let at = 1;
  for (; at < args.length && word(args, at) !== 'streams'; at++) {
    switch (word(args, at)) {
      case 'block':
        blocks = true;
        at++;
        break;
      case 'count':
        at++;
        break;
      case 'group':
        at += 2;
        break;
      case 'noack':
        break;
      default:
        return undefined;
    }
  }
  const rest = args.length - at - 1;
  return blocks && rest >= 2 && rest % 2 === 0 ? at + 1 + rest / 2 : undefined;
}

function titleOf(args: readonly Buffer[]): string {
  const [name, ...rest] = args.map((arg) => quotedArgument(arg.subarray(0, MAX_TITLE)));
  const line = [name?.toUpperCase(), ...rest].join(' ');
  return shortened(isSecretLine(line) ? masked(line) : line, MAX_TITLE);
}
