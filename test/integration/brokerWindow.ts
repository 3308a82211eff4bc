// A window as a process of its own, for tests that kill it: node brokerWindow.js ROUTE; prints the port of its tunnel.
import { nullLogger } from '../../src/base/log';
import { connectBroker } from '../../src/broker/connect';
import type { Route } from '../../src/model/route';
import { never, PROGRAM, settingsOf } from './brokerRig';

async function main(): Promise<void> {
  const route = JSON.parse(process.argv[2] ?? '') as Route;
  const client = connectBroker({
    logger: nullLogger,
    version: '0.1.0',
    program: PROGRAM,
    companion: '/none',
    settings: () => settingsOf({ lingerSeconds: 30 }),
  });
  const { local } = await client.tunnels.start(route, {}, never);
  console.log(local.port);
}

void main();
