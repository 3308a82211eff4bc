import { Fault } from '../base/fault';

/** An argument as lower-case text, for matching names and options; not for values. */
export function word(args: readonly Buffer[], index: number): string {
  return args[index]?.toString('latin1').toLowerCase() ?? '';
}

const OWN_PANE = new Set(['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe', 'monitor']);
// Commands of replicas: they turn the connection into a stream, or are never answered.
const REPLICATION = new Set(['sync', 'psync', 'replconf']);

/**
 * Commands that would leave the request-and-reply rhythm of a console's connection.
 * @throws Fault `redis.unsupported`.
 */
export function refuseUnsupported(args: readonly Buffer[]): void {
  const name = word(args, 0);
  if (OWN_PANE.has(name)) {
    throw unsupported(name, 'needs a live pane of its own.', insteadOf(name, args.length));
  }
  if (REPLICATION.has(name)) throw unsupported(name, 'belongs to replication and is not for a console.');
  if (name === 'client' && word(args, 1) === 'reply' && word(args, 2) !== 'on') {
    throw unsupported('client reply', 'silences the server, so that no reply could be shown.');
  }
  if (name === 'script' && word(args, 1) === 'debug' && word(args, 2) !== 'no') {
    throw unsupported('script debug', 'starts the Lua debugger, which this console does not have.', 'Use redis-cli --ldb.');
  }
}

function insteadOf(name: string, length: number): string {
  if (name.includes('unsubscribe')) return 'A subscription ends when its pane is stopped.';
  return length < 2 && name !== 'monitor' ? 'Name a channel to subscribe to.' : 'Run it by itself, outside MULTI.';
}

function unsupported(name: string, why: string, instead?: string): Fault {
  return new Fault('redis.unsupported', `${name.toUpperCase()} ${why}`, instead === undefined ? {} : { remedy: { text: instead } });
}

/** Whether what this asks for holds for the next command only, so that no other may come between. */
export function preparesNext(args: readonly Buffer[]): boolean {
  const name = word(args, 0);
  return name === 'asking' || (name === 'client' && word(args, 1) === 'caching');
}

/** Whether redis-cli prints the reply as it is, even on a terminal (cliSendCommand of redis-cli.c). */
export function isReport(args: readonly Buffer[]): boolean {
  const sub = word(args, 1);
  switch (word(args, 0)) {
    case 'info':
    case 'lolwut':
      return true;
    case 'debug':
      return sub === 'htstats' || sub === 'htstats-key' || sub === 'client-eviction';
    case 'memory':
      return sub === 'malloc-stats' || sub === 'doctor';
    case 'cluster':
      return args.length === 2 && (sub === 'nodes' || sub === 'info');
    case 'client':
      return sub === 'list' || sub === 'info';
    case 'latency':
      return (args.length === 3 && sub === 'graph') || (args.length === 2 && sub === 'doctor');
    default:
      return false;
  }
}
