// The broker process: node broker.js VERSION, started by the first window that needs it. Ends with 0 when it is not needed (any more),
// and with 1 when there can be none on this machine.
import { systemClock } from '../base/clock';
import { BrokerProcess } from './brokerProcess';
import { thisMachine } from './places';

async function main(): Promise<void> {
  // Meant for this process alone: what it starts is Node nowhere but where it is said again.
  delete process.env['ELECTRON_RUN_AS_NODE'];
  const broker = await BrokerProcess.start({
    machine: thisMachine(process.env),
    clock: systemClock,
    version: process.argv[2] ?? '0.0.0',
    createCore: async () => (await import('./core')).createCore,
  });
  if (!broker) return;
  // A defect in one place must not close the tunnels of all.
  process.on('uncaughtException', (error) => broker.logger.log('error', 'broker.uncaught', { error, stack: error.stack }));
  process.on('unhandledRejection', (error) => broker.logger.log('error', 'broker.unhandled', { error }));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void broker.end('stopped'));
  await broker.ended;
}

main().then(
  () => process.exit(0),
  () => process.exit(1),
);
