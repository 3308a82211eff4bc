import { parseArgs } from 'node:util';
import { startSandbox } from './sandbox';
import { startProxy } from './servers/proxy';

const USAGE = 'usage: node main.js [--port N] [--page-size N] [--no-servers] [--config-dir DIRECTORY]';

/**
 * The sandbox as a process of its own: prints one line of JSON when it is ready, and ends with its standard input
 * or on SIGTERM, SIGINT or SIGHUP. It leaves no server behind. `internet` is a proxy to what is public in its world.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'page-size': { type: 'string' },
      'no-servers': { type: 'boolean' },
      'config-dir': { type: 'string' },
    },
  });
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
    process.stdin.once('close', () => resolve());
    process.stdin.resume();
  });
  const sandbox = await startSandbox({
    ...(values.port !== undefined && { port: wholeNumber(values.port) }),
    ...(values['page-size'] !== undefined && { pageSize: wholeNumber(values['page-size']) }),
    servers: values['no-servers'] !== true,
  });
  const internet = await startProxy({ route: (host, port) => sandbox.publicPort(host, port) });
  try {
    const directory = values['config-dir'];
    const files = directory === undefined ? undefined : await sandbox.writeAwsConfig(directory);
    const { endpoint, caFile } = sandbox;
    console.log(JSON.stringify({ endpoint, caFile, env: files?.env ?? sandbox.env(), internet: `http://127.0.0.1:${internet.port}`, pid: process.pid }));
    await ended;
  } finally {
    await internet.close();
    await sandbox.close();
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new Error(USAGE);
  return Number(text);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
