import { Fault } from '../base/fault';

/**
 * redis-cli runs a command as often as the number before it says (repl of redis-cli.c, which reads it with strtol).
 * @throws Fault `redis.syntax` for a number that is none to count by.
 */
export function splitRepetition(args: readonly Buffer[]): { readonly times: number; readonly args: Buffer[] } {
  const [first = Buffer.alloc(0), ...rest] = args;
  // What stands behind a zero byte is not there for C.
  const [text = ''] = first.toString('latin1').split('\0', 1);
  if (rest.length === 0 || !/^(?:[\t-\r ]*[+-]?\d+)?$/.test(text)) return { times: 1, args: [...args] };
  const times = Number(text);
  if (times >= 1 && Number.isSafeInteger(times)) return { times, args: rest };
  throw new Fault('redis.syntax', 'Invalid argument(s): the number before the command is not one to repeat it by.', {
    remedy: { text: 'Write a number from 1 on, or leave it out.' },
  });
}
