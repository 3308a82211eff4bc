import type { KeyPort } from '../../../../src/redis/keys/port';
import { RespDecoder, type RespValue } from '../../../../src/wire/resp';

/** A server that answers as it is told; every command is kept as text. */
export class FakePort implements KeyPort {
  readonly sent: string[] = [];
  /** Wire text for the command's text; undefined is refused. */
  answer: (command: string) => string | undefined;

  constructor(answer: (command: string) => string | undefined) {
    this.answer = answer;
  }

  turn: KeyPort['turn'] = (work) =>
    work({
      all: async (commands) =>
        commands.map((command) => {
          const text = command.map((part) => part.toString('latin1')).join(' ');
          this.sent.push(text);
          return reply(this.answer(text) ?? '-ERR unexpected\r\n');
        }),
    });
}

export function reply(wire: string): RespValue {
  return new RespDecoder().push(Buffer.from(wire, 'latin1'))[0]!;
}

/** Of any text. */
export function bulk(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return `$${bytes.length}\r\n${bytes}\r\n`;
}

export function array(...items: readonly string[]): string {
  return `*${items.length}\r\n${items.join('')}`;
}
