import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { isFault } from '../../src/base/fault';
import { isReport } from '../../src/redis/commands';
import { sessionOpener } from '../../src/redis/session';
import { splitArguments } from '../../src/redis/splitArguments';
import type { RedisSession } from '../../src/redis/types';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { GOLDEN } from './redisGoldenCommands';
import { replyText } from './replyText';

/** SHA-1 of `return ARGV`. */
const ECHO_SHA = '4cf2342858f27cba86b2b790280b0ba54885a7d0';

const never = new AbortController().signal;

/** How redis-cli prints: as on a terminal, or as into a pipe, which is what it does there unless told. */
type Style = 'typed' | 'raw';
type Protocol = 'RESP2' | 'RESP3';

function redisCli(server: RedisServer, style: Style, protocol: Protocol, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = [...(style === 'typed' ? ['--no-raw'] : []), ...(protocol === 'RESP3' ? ['-3'] : [])];
    const child = spawn('redis-cli', ['-h', server.host, '-p', String(server.port), ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.once('error', reject);
    // Where a command took half a second, redis-cli says so below its reply.
    const slow = style === 'typed' ? /^\(\d+\.\d\ds\)\n/gm : /(?!)/g;
    child.once('close', () => resolve(Buffer.concat(output).toString('utf8').replaceAll(slow, '')));
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  });
}

async function ours(session: RedisSession, lines: readonly string[]): Promise<string> {
  let output = '';
  for (const line of lines) {
    try {
      const text = await replyText(await session.run(line, never));
      // A blank line is answered by nothing, and so is a report without a line.
      const silent = text === '' && (line.trim() === '' || isReport(splitArguments(line)));
      if (!silent) output += `${text}\n`;
    } catch (error) {
      assert.ok(isFault(error) && error.code === 'redis.syntax', String(error));
      output += /the number before/.test(error.message) ? 'Invalid redis-cli repeat command option value.\n' : 'Invalid argument(s)\n';
    }
  }
  return output;
}

describe('Redis console beside redis-cli', () => {
  let server: RedisServer;

  const withSession = async <T>(style: Style, use: (session: RedisSession) => Promise<T>): Promise<T> => {
    const local = { host: server.host, port: server.port };
    const session = await sessionOpener({ style, pushes: false })({ local, endpoint: local, tls: 'off' }, never);
    try {
      return await use(session);
    } finally {
      await session.dispose();
    }
  };
  const wipe = (): Promise<string> => withSession('typed', (session) => ours(session, ['FLUSHALL', 'SCRIPT FLUSH', 'FUNCTION FLUSH', 'ACL LOG RESET']));

  before(async function () {
    this.timeout(30_000);
    server = await startRedis({ debugCommand: true });
  });
  after(() => server?.stop());

  it('compares at least 150 commands', () => {
    const lines = new Set(GOLDEN.flatMap((group) => group.lines));
    assert.ok(lines.size >= 150, String(lines.size));
  });

  for (const style of ['typed', 'raw'] as const) {
    for (const protocol of ['RESP2', 'RESP3'] as const) {
      describe(`${style} in ${protocol}`, () => {
        for (const { name, lines, volatile, only } of GOLDEN) {
          if (only !== undefined && only !== protocol) continue;
          it(`prints the same of ${name}`, async () => {
            const settled = (text: string): string => (volatile ? text.replaceAll(volatile, '#') : text);
            await wipe();
            const expected = await redisCli(server, style, protocol, lines);
            await wipe();
            const actual = await withSession(style, async (session) => {
              if (protocol === 'RESP3') await session.run('HELLO 3', never);
              return ours(session, lines);
            });
            assert.ok(expected.length > 0);
            assert.equal(settled(actual), settled(expected));
          });
        }
      });
    }
  }

  const seed = Number(process.env['SALLYPORT_SEED'] ?? Date.now() % 2 ** 31);

  it(`splits 10,000 random lines into arguments as redis-cli does (SALLYPORT_SEED=${seed})`, async function () {
    this.timeout(60_000);
    const piece = fc.constantFrom('"', '"', "'", "'", '\\', '\\', ' ', ' ', '\t', '\v', '\f', '\r', 'x', 'x4', '1', 'f', 'F', 'n', 'r', 'b', 'a', 'é', '\u{1f600}', '\x7f', '" ', "' ", '\\"', "\\'", '\\x41', '\\x', '\\x0', '\\x00', '\\\\', '0', '-', '+');
    const line = fc.array(piece, { maxLength: 14 }).map((parts) => `EVALSHA ${ECHO_SHA} 0 ${parts.join('')}`);
    const lines = fc.sample(line, { numRuns: 10_000, seed });
    const separated = [`SCRIPT LOAD "return ARGV"`, ...lines.flatMap((each, index) => [each, `ECHO line-${index}`])];
    const split = (text: string): string[] => text.split(/"line-\d+"\n/);
    const expected = split(await redisCli(server, 'typed', 'RESP2', separated));
    const actual = split(await withSession('typed', (session) => ours(session, separated)));
    assert.equal(expected.length, lines.length + 1);
    const differing = expected.flatMap((text, index) => (text === actual[index] ? [] : [{ line: lines[index], redisCli: text, ours: actual[index] }]));
    assert.deepEqual(differing.slice(0, 3), [], `seed ${seed}`);
    assert.ok(expected.filter((text) => text === 'Invalid argument(s)\n').length > 100);
    assert.ok(expected.filter((text) => text.startsWith('1) ')).length > 1000);
  });
});
