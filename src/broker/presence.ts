import { access } from 'node:fs/promises';
import { placesOf, thisMachine } from './places';

/** Whether a broker is running, or was killed: a look at one file, without the weight of a connection. */
export async function brokerIsHere(): Promise<boolean> {
  return access(placesOf(thisMachine(process.env)).lockFile).then(
    () => true,
    () => false,
  );
}
