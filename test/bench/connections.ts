import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { transfer } from './bulk';

/** Requests per second of redis-benchmark with 50 clients, each with one PING at a time. */
export async function requestsPerSecond(port: number, requests: number): Promise<number> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-c', '50', '-n', String(requests), '-t', 'ping_mbulk', '--csv'];
  const { stdout } = await promisify(execFile)('redis-benchmark', args, { timeout: 60_000 });
  const found = /^"PING_(?:MBULK|BULK|INLINE)[^"]*","([\d.]+)"/m.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`redis-benchmark answered: ${stdout}`);
  return Number(found);
}

/** From a client's connect to the first byte of the reply to its PING, ms, `count` times in sequence. */
export async function connectTimes(port: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    const start = performance.now();
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.write('*1\r\n$4\r\nPING\r\n');
    await once(socket, 'data');
    times.push(performance.now() - start);
    socket.destroy();
  }
  return times;
}

/** Downloads over `count` connections at once; MB/s of all together. */
export async function parallelDownload(port: number, count: number, bytesEach: number): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: count }, () => transfer(port, 'down', bytesEach)));
  return (count * bytesEach) / 1e3 / (performance.now() - start);
}
