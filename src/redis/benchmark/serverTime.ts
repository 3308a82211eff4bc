import type { BenchmarkTest } from '../../model/benchmark';
import type { RespValue } from '../../wire/resp';

/** Calls and microseconds that the server has counted for a command since its start. */
export interface CommandCount {
  readonly calls: number;
  readonly usec: number;
}

/** From INFO commandstats (redis.io/commands/info); undefined where it is denied or the command was never called. */
export function commandCount(reply: RespValue, test: BenchmarkTest): CommandCount | undefined {
  if (reply.type !== 'bulk' && reply.type !== 'verbatim') return undefined;
  const line = new RegExp(`^cmdstat_${test.toLowerCase()}:calls=(\\d{1,15}),usec=(\\d{1,15}),`, 'm').exec(reply.bytes.toString('latin1'));
  return line ? { calls: Number(line[1]), usec: Number(line[2]) } : undefined;
}

/** Microseconds per call between two counts; undefined where nothing was called, or the counts began anew. */
export function averageUs(before: CommandCount | undefined, after: CommandCount | undefined): number | undefined {
  const { calls, usec } = before ?? { calls: 0, usec: 0 };
  if (!after || after.calls <= calls || after.usec < usec) return undefined;
  return (after.usec - usec) / (after.calls - calls);
}
