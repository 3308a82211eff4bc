import type { Logger } from '../../base/log';
import type { HostKeyQuestion } from '../../model/question';

/** Reads the fingerprints (`SHA256:…`) of the host keys that the host itself printed on its console; empty when there are none. */
export type ReadConsole = (signal: AbortSignal) => Promise<readonly string[]>;

/**
 * The question with what the host's console says of the key, where it can be known.
 * @throws whatever the signal was aborted with; a console that cannot be read is no error
 */
export async function withConsole(
  question: HostKeyQuestion,
  read: ReadConsole | undefined,
  logger: Logger,
  signal: AbortSignal,
): Promise<HostKeyQuestion> {
  try {
    const printed = (await read?.(signal)) ?? [];
    if (printed.length === 0) return question;
    return { ...question, console: printed.includes(question.fingerprint) ? 'matches' : 'differs' };
  } catch (error) {
    signal.throwIfAborted();
    // Only a help for the person; without it they are asked all the same.
    logger.log('warn', 'ssh.consoleUnreadable', { error });
    return question;
  }
}
