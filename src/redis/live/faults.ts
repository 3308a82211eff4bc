import { Fault } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import { refusalFault } from '../faults';
import { managedRefusal } from '../managedLimits';
import type { RedisSessionOptions } from '../types';
import type { LivePlan } from './plan';

/** What an error reply means to the command of a pane. Texts of servers are matched here and in `redis/faults` alone. */
export function commandRefused(errorText: string, { args, title }: Pick<LivePlan, 'args' | 'title'>, options: RedisSessionOptions): Fault {
  const where = formatEndpoint(options.endpoint);
  if (/^NOPERM\b.*\bchannel/i.test(errorText)) {
    return new Fault('redis.noPermission', `The access control list of ${where} does not allow this user to read that channel.`, {
      remedy: { text: 'Ask for the right to it (a rule such as &news.*), or log in as another user.', action: 'enterPassword' },
    });
  }
  const moved = /^MOVED \d+ (\S+)/.exec(errorText);
  if (moved) {
    return new Fault('redis.otherNode', `What ${title} asks for belongs to another node of the cluster, ${moved[1]}.`, {
      remedy: { text: options.cluster ? 'Run any command with that key in the console, which finds the node, then this one again.' : 'Connect to that node and run it there.' },
    });
  }
  const managed = managedRefusal(args, errorText, options.managed);
  if (managed) return new Fault('redis.refused', managed.why, { remedy: { text: managed.instead } });
  return refusalFault(errorText, options) ?? new Fault('redis.refused', `${where} refused the command: ${errorText.slice(0, 200)}`, { remedy: { text: 'Correct it and run it again.' } });
}

export function alreadyRunning(): Fault {
  return new Fault('redis.busy', 'This pane is running already.', { remedy: { text: 'Stop it first.' } });
}

/** A command that took something, whose answer never came. */
export function answerLost(title: string, cause: unknown): Fault {
  return new Fault('redis.connectionLost', `The connection was lost; whether ${title} took something is not known.`, {
    retryable: false,
    remedy: { text: 'Look at the data, then run it again.', action: 'retry' },
    cause,
  });
}
