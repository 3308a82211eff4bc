import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import type { TunnelInfo } from '../../src/model/tunnel';
import { engine } from '../../src/redis/index';
import { ConsoleController } from '../../src/vscode/console/controller';
import { KeptHistory } from '../../src/vscode/console/keptHistory';
import { consoleStrings } from '../../src/vscode/console/strings';
import { plainText } from '../../src/vscode/localizer';
import { pageHtml } from '../../src/vscode/pageHtml';
import { parseToHost } from '../../src/webview/protocol';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { startBrowser } from '../vscode/harness/browser';
import { type Figures, median } from './figures';
import type { ConsoleSubjectResult } from './consoleSubject';

const RUNS = 5;
const PINGS = 5000;
const ORIGIN = 'http://page.bench';

/** The Redis console beside redis-cli, over the same loopback port: opening, round trips, and replies of many elements. */
export async function consoleFigures(): Promise<Figures> {
  const server = await startRedis();
  try {
    await fill(server);
    const subjects = Array.from({ length: RUNS }, () => {
      const output = execFileSync(process.execPath, [join(__dirname, 'consoleSubject.js'), String(server.port), 'million'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
      return JSON.parse(output.trim().split('\n').at(-1)!) as ConsoleSubjectResult;
    });
    const cli = await cliRoundtrips(server.port);
    return {
      'console.open.ms': median(subjects.map(({ openMs }) => openMs)),
      'console.roundtrip.p50us': median(subjects.flatMap(({ roundtripsUs }) => roundtripsUs)),
      'rediscli.roundtrip.p50us': median(cli),
      'console.reply100k.firstPaint.ms': await firstPaint(server.port),
      'console.idle.rssMB': median(subjects.map(({ idleRssMB }) => idleRssMB)),
      'console.reply1M.rssMB': median(subjects.map(({ reply1MRssMB }) => reply1MRssMB)),
    };
  } finally {
    await server.stop();
  }
}

async function fill(server: RedisServer): Promise<void> {
  const local = { host: server.host, port: server.port };
  const never = new AbortController().signal;
  const session = await engine.openRedisSession({ local, endpoint: local, tls: 'off' }, never);
  const push = "for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], 'element-' .. i) end return redis.call('LLEN', KEYS[1])";
  for (const [key, count] of [['million', '1000000'], ['hundred', '100000']] as const) await session.call(['EVAL', push, '1', key, count], never);
  await session.dispose();
}

/** Of one redis-cli that is asked line by line, as a script does; microseconds. */
async function cliRoundtrips(port: number): Promise<number[]> {
  const cli = spawn('redis-cli', ['-h', '127.0.0.1', '-p', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: cli.stdout });
  const times: number[] = [];
  try {
    for (let time = 0; time < PINGS; time++) {
      const sentAt = performance.now();
      cli.stdin.write('PING\n');
      const [line] = (await once(lines, 'line')) as [string];
      if (line !== 'PONG') throw new Error(`redis-cli answered ${line}`);
      times.push((performance.now() - sentAt) * 1000);
    }
    return times;
  } finally {
    cli.kill('SIGKILL');
  }
}

/** From Enter in the page to the frame in which its first rows are drawn: the real page in a real browser, over the real controller. Milliseconds. */
async function firstPaint(port: number): Promise<number> {
  const browser = await startBrowser();
  try {
    const runs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const page = await browser.newPage();
      const controller = await consolePage(page, port);
      await page.evaluate(READY);
      runs.push(await page.evaluate<number>(PAINT));
      await controller.dispose();
      await page.close();
    }
    return median(runs);
  } finally {
    await browser.close();
  }
}

const READY = `new Promise((resolve) => {
  const look = () => (document.querySelector('#line') && document.querySelector('.prompt').textContent.startsWith('cache') && window.consoleReady ? resolve() : setTimeout(look, 5));
  look();
})`;

const PAINT = `new Promise((resolve) => {
  const input = document.querySelector('#line');
  input.value = 'LRANGE hundred 0 -1';
  const startedAt = performance.now();
  input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  const look = () => {
    const first = [...document.querySelectorAll('.log .row')].some((row) => row.textContent.includes('element-1'));
    if (first) resolve(performance.now() - startedAt);
    else requestAnimationFrame(look);
  };
  look();
})`;

async function consolePage(page: Page, port: number): Promise<ConsoleController> {
  const [script, css] = await Promise.all([readFile(join(__dirname, '../../../dist/webview/console.js'), 'utf8'), readFile('media/console.css', 'utf8')]);
  const html = pageHtml({ nonce: 'bm9uY2U=', cspSource: ORIGIN, scriptUri: `${ORIGIN}/page.js`, styleUri: `${ORIGIN}/page.css`, language: 'en', title: 'x' });
  const local = { host: '127.0.0.1', port };
  const tunnel = { id: 't1', route: { target: { id: 'bench', name: 'cache', tls: 'off' }, endpoint: local }, local, state: { phase: 'open', streams: 0 } } as unknown as TunnelInfo;
  const memory = new Map<string, unknown>();
  const history = new KeptHistory({ get: (key: string) => memory.get(key), update: async (key: string, value: unknown) => void memory.set(key, value) }, () => {});
  const controller = new ConsoleController(tunnel, {
    services: { openRedisSession: engine.openRedisSession, targetCa: async () => undefined, logger: nullLogger },
    logins: { known: async () => undefined, ask: async () => undefined, forget: async () => {} },
    history,
    strings: consoleStrings(plainText, 'Redis: cache'),
    ui: { l10n: plainText, confirm: async () => true, input: async () => undefined, copy: async () => {} },
    clock: systemClock,
    productionRules: () => ({ tags: [], accounts: [], namePatterns: [] }),
    unlockMs: () => 60_000,
    pulseMs: () => 0,
    openLive: async () => {},
    openDocument: async () => {},
    post: (message) => {
      const ready = message.type === 'status' && message.status === 'ready' ? 'window.consoleReady = true;' : '';
      page.evaluate(`${ready} window.postMessage(${JSON.stringify(message)}, '*')`).catch(() => {});
    },
  });
  await page.exposeFunction('toHost', (value: unknown) => {
    const message = parseToHost(value);
    if (message) controller.receive(message);
  });
  await page.addInitScript(`window.acquireVsCodeApi = () => ({ postMessage: (message) => void window.toHost(message), getState: () => null, setState: () => {} });`);
  await page.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html });
    if (pathname === '/page.js') return route.fulfill({ contentType: 'text/javascript', body: script });
    if (pathname === '/page.css') return route.fulfill({ contentType: 'text/css', body: css });
    return route.fulfill({ status: 404 });
  });
  await page.goto(`${ORIGIN}/`);
  return controller;
}
