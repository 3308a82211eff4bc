import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The program that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** As the system calls it, e.g. `redis-server`; of another user's it may not be known. */
  readonly name: string;
}

/** What the system is asked with, so that every platform's answers can be tested on any. */
export interface HolderSystem {
  readonly platform: NodeJS.Platform;
  /** Output of a program that takes no input; rejects when it cannot be run or the signal fires. */
  readonly run: (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>;
  /** Root of the process file system of Linux. */
  readonly proc: string;
}

/** Longer than this nobody waits to be told who it is. */
const LOOK_MS = 1000;
const MAX_OUTPUT = 4 * 1024 * 1024;

const SYSTEM: HolderSystem = {
  platform: process.platform,
  run: (program, args, signal) =>
    new Promise((resolve, reject) => {
      const options = { signal, timeout: LOOK_MS, maxBuffer: MAX_OUTPUT, windowsHide: true, encoding: 'utf8' } as const;
      // By name nothing is looked for: a PATH may lead anywhere.
      execFile(program, [...args], options, (error, stdout) => (error && stdout === '' ? reject(error) : resolve(stdout)));
    }),
  proc: '/proc',
};

/** Who listens on the TCP port of this machine; undefined where that cannot be found out soon. Never rejects. */
export async function findPortHolder(port: number, system: HolderSystem = SYSTEM): Promise<PortHolder | undefined> {
  const signal = AbortSignal.timeout(LOOK_MS);
  const gaveUp = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const found = look(port, system, signal).catch(() => undefined);
  return Promise.race([found, gaveUp]);
}

async function look(port: number, system: HolderSystem, signal: AbortSignal): Promise<PortHolder | undefined> {
  if (system.platform === 'linux') return lookInProc(port, system.proc, signal);
  if (system.platform === 'win32') return lookWithNetstat(port, system, signal);
  return parseLsof(await system.run('/usr/sbin/lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn'], signal));
}

async function lookInProc(port: number, proc: string, signal: AbortSignal): Promise<PortHolder | undefined> {
  const tables = await Promise.all(['net/tcp', 'net/tcp6'].map((name) => readFile(join(proc, name), 'utf8').catch(() => '')));
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  for (const entry of await readdir(proc)) {
    if (signal.aborted) return undefined;
    if (!/^\d+$/.test(entry) || !(await holdsOne(join(proc, entry, 'fd'), inodes))) continue;
    const name = (await readFile(join(proc, entry, 'comm'), 'utf8')).trim();
    return { pid: Number(entry), name };
  }
  return undefined;
}

/** Another user's descriptors cannot be read, and a process may end while it is looked at. */
async function holdsOne(folder: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(folder).catch(() => []);
  const links = await Promise.all(descriptors.map((one) => readlink(join(folder, one)).catch(() => '')));
  return links.some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ''));
}

/** Inodes of the sockets that listen on the port, from `/proc/net/tcp` or `tcp6` (Linux, Documentation/networking/proc_net_tcp). */
export function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    // 0A: TCP_LISTEN
    return state === '0A' && local.endsWith(`:${wanted}`) && inode !== undefined && inode !== '0' ? [inode] : [];
  });
}

/** The first process of `lsof -Fpcn`: one field per line, named by its first letter. */
export function parseLsof(output: string): PortHolder | undefined {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => /^p\d+$/.test(line));
  if (start < 0) return undefined;
  const command = lines.slice(start + 1).find((line) => line.startsWith('c') || line.startsWith('p'));
  // lsof writes blanks in names as \x20.
  const name = command?.startsWith('c') ? command.slice(1).replaceAll(/\\x([\da-f]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))) : '';
  return { pid: Number(lines[start]!.slice(1)), name };
}

async function lookWithNetstat(port: number, { run }: HolderSystem, signal: AbortSignal): Promise<PortHolder | undefined> {
  const system32 = `${process.env['SystemRoot'] ?? String.raw`C:\Windows`}\\System32`;
  const pid = parseNetstat(await run(`${system32}\\netstat.exe`, ['-ano', '-p', 'TCP'], signal), port)
    ?? parseNetstat(await run(`${system32}\\netstat.exe`, ['-ano', '-p', 'TCPv6'], signal), port);
  if (pid === undefined) return undefined;
  const list = await run(`${system32}\\tasklist.exe`, ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'], signal).catch(() => '');
  return { pid, name: parseTasklist(list, pid) ?? '' };
}

/**
 * Process id of the listener in `netstat -ano`. The words are in the system's language, so a listener is known by its
 * far end, which is `0.0.0.0:0` or `[::]:0`.
 */
export function parseNetstat(output: string, port: number): number | undefined {
  for (const line of output.split(/\r?\n/)) {
    const [protocol, local = '', foreign = '', ...rest] = line.trim().split(/\s+/);
    const pid = rest.at(-1) ?? '';
    const listens = foreign === '0.0.0.0:0' || foreign === '[::]:0';
    if (protocol === 'TCP' && listens && local.endsWith(`:${port}`) && /^\d+$/.test(pid)) return Number(pid);
  }
  return undefined;
}

/** Name of the process in `tasklist /FO CSV /NH`, without its `.exe`. */
export function parseTasklist(output: string, pid: number): string | undefined {
  for (const line of output.split(/\r?\n/)) {
    const [, name, id] = /^"([^"]+)","(\d+)"/.exec(line.trim()) ?? [];
    if (name !== undefined && Number(id) === pid) return basename(name, '.exe');
  }
  return undefined;
}
