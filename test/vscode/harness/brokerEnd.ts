import { setTimeout as delay } from 'node:timers/promises';
import { readLock } from '../../../src/broker/lock';
import { placesOf, thisMachine } from '../../../src/broker/places';
import { isAlive } from '../../fixtures/isAlive';

/** How long a broker may take to end its sessions, ms. */
const END_MS = 6000;

/** Ends the broker of whoever has these variables, if there is one; kills what does not end. */
export async function endBroker(env: NodeJS.ProcessEnv): Promise<void> {
  const record = await readLock(placesOf(thisMachine(env)).lockFile);
  if (!record || !isAlive(record.pid)) return;
  process.kill(record.pid, 'SIGTERM');
  const deadline = performance.now() + END_MS;
  while (isAlive(record.pid) && performance.now() < deadline) await delay(50);
  if (isAlive(record.pid)) process.kill(record.pid, 'SIGKILL');
}
