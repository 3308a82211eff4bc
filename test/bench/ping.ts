import { once } from 'node:events';
import { connect } from 'node:net';

const REQUEST = Buffer.from('*1\r\n$4\r\nPING\r\n');
const REPLY = '+PONG\r\n';

/** Round-trip times of `count` PINGs in sequence over one connection, µs; the first tenth warms up and is left out. */
export async function pingTimes(port: number, count: number): Promise<number[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    const start = performance.now();
    socket.write(REQUEST);
    for (let answer = ''; answer.length < REPLY.length; ) answer += String((await once(socket, 'data'))[0]);
    if (round >= count / 10) times.push((performance.now() - start) * 1000);
  }
  socket.destroy();
  return times;
}
