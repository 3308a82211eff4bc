import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { Attempts } from '../../../src/vscode/attempts';
import { BrokerCommands } from '../../../src/vscode/brokerCommands';
import type { TunnelBoard } from '../../../src/vscode/tunnelBoard';
import { FakeUi, tunnel } from './samples';

describe('restarting the background process', () => {
  let ui: FakeUi;
  let restarts: number;
  const run = async (tunnels: TunnelBoard['tunnels'], outcome: () => Promise<void> = () => Promise.resolve()): Promise<void> => {
    const restart = (): Promise<void> => {
      restarts++;
      return outcome();
    };
    const board = { tunnels } as TunnelBoard;
    await new BrokerCommands({ broker: { restart }, board, ui, attempts: new Attempts(ui, nullLogger) }).handlers.restartBroker(undefined);
  };

  beforeEach(() => {
    ui = new FakeUi();
    restarts = 0;
  });

  it('asks nothing when no tunnel is open', async () => {
    await run([]);
    assert.deepEqual([restarts, ui.confirmed.length], [1, 0]);
  });

  it('says how many tunnels it closes, and does it only when that is wanted', async () => {
    await run([tunnel(), tunnel()]);
    assert.equal(restarts, 0);
    assert.match(ui.confirmed[0]!.detail, /all others: 2$/);
    ui.agree = [true];
    await run([tunnel()]);
    assert.equal(restarts, 1);
  });

  it('is what a fault offers that only a restart cures, and says why it failed', async () => {
    ui.press = ['Restart Background Process'];
    await run([], () => Promise.reject(new Fault('broker.silent', 'It does not answer.', { remedy: { text: 'Restart it.', action: 'restartBroker' } })));
    await new Promise(setImmediate);
    assert.match(ui.errors[0]!.text, /^It does not answer\. Restart it\.$/);
    assert.deepEqual(ui.ran, ['restartBroker']);
  });
});
