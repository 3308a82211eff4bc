// Writes bundledTable.ts: what the installed redis-server says of its commands, for servers that do not answer COMMAND DOCS.
//   node src/redis/completion/generate.mjs
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'docs-'));
const socket = join(folder, 's');
const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder], { stdio: 'ignore' });
const ask = (...words) => execFileSync('redis-cli', ['-s', socket, ...words], { maxBuffer: 1e7, stdio: ['ignore', 'pipe', 'ignore'] }).toString();

async function answered() {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return { version: /redis_version:(\S+)/.exec(ask('INFO', 'server'))[1], docs: JSON.parse(ask('--json', 'COMMAND', 'DOCS')) };
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
  throw new Error('redis-server does not answer.');
}

const FLAGS = { optional: 1, multiple: 2, multiple_token: 4 };

function argument({ name, type, token = '', flags = [], arguments: children = [] }) {
  const bits = flags.reduce((sum, flag) => sum + FLAGS[flag], 0);
  const fields = [name, type, token, bits, children.map(argument)];
  // What is empty at the end is left out.
  if (children.length === 0) fields.pop();
  while (fields.length > 2 && !fields.at(-1)) fields.pop();
  return fields;
}

const MAX_COMPLEXITY = 120;

function line(name, { summary, since, group, complexity = '', doc_flags: flags = [], replaced_by: replacedBy, deprecated_since: deprecated, arguments: args = [] }) {
  const short = complexity.length > MAX_COMPLEXITY ? `${complexity.slice(0, MAX_COMPLEXITY - 1)}…` : complexity;
  return JSON.stringify([name, summary.trim(), since, group, short, flags.includes('deprecated') ? (replacedBy ?? deprecated) : '', args.map(argument)]);
}

function lines(docs) {
  return Object.entries(docs)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, doc]) => [line(name, doc)].concat(lines(doc.subcommands ?? {})));
}

try {
  const { version, docs } = await answered();
  const text = `/** Made by generate.mjs of Redis ${version}'s COMMAND DOCS; not to be edited. Fields: see bundled.ts. */
import type { BundledCommand } from './bundled';

export const BUNDLED_TABLE: readonly BundledCommand[] = [
${lines(docs).map((each) => `  ${each},`).join('\n')}
];
`;
  writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'bundledTable.ts'), text);
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
