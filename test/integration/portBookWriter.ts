// A process of its own that keeps ports: node portBookWriter.js FOLDER NAME COUNT
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import { bookFileIn } from '../../src/tunnel/bookFile';
import { PortStore } from '../../src/tunnel/portStore';

const [folder = '', name = '', count = '0'] = process.argv.slice(2);
const store = new PortStore(bookFileIn(folder, 'ports.json', systemClock), nullLogger);

async function main(): Promise<void> {
  for (let index = 1; index <= Number(count); index++) {
    store.remember({ destination: `${name}-${index}`, port: index });
    if (index % 3 === 0) await store.settled();
  }
  await store.settled();
}

void main();
