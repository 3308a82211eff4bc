import assert from 'node:assert/strict';
import { Fault, isCancelled } from '../../../src/base/fault';
import { ANY_PORT, withPortChoice } from '../../../src/vscode/connectionsPorts';
import type { PortChoice } from '../../../src/vscode/connectionsPorts';
import { FakeUi } from './samples';

const message = 'Port 6379 on 127.0.0.1 is in use by redis-server (process 12).';

describe('a port that is taken', () => {
  let ui: FakeUi;
  let tried: PortChoice[];

  beforeEach(() => {
    ui = new FakeUi();
    tried = [];
  });

  const start = (failures: number, subject = '54012'): Promise<unknown> =>
    withPortChoice(ui, ANY_PORT, (port) => {
      tried.push(port);
      const remedy = { text: 'Use another port.', action: 'chooseAnotherPort', subject } as const;
      return tried.length > failures ? Promise.resolve('open') : Promise.reject(new Fault('tunnel.portTaken', message, { remedy }));
    });

  it('is said with who holds it, and another can be used once or for good', async () => {
    ui.choose = ['Use 54012 Once', 'Use 54012 and Remember'];
    assert.deepEqual(await start(2), { result: 'open', port: { localPort: 54012, keepPort: true } });
    assert.deepEqual(tried, [ANY_PORT, { localPort: 54012, keepPort: false }, { localPort: 54012, keepPort: true }]);
    assert.equal(ui.picks[0]!.options.title, message);
    assert.deepEqual(ui.picks[0]!.items.map(({ label }) => label), ['Use 54012 Once', 'Use 54012 and Remember', 'Choose…', 'Cancel']);
  });

  it('can be replaced by one that is typed', async () => {
    ui.choose = ['Choose…'];
    ui.type = ['6380'];
    await start(1);
    assert.deepEqual(tried[1], { localPort: 6380, keepPort: true });
  });

  it('is given up where the question is dismissed', async () => {
    for (const choose of [[], ['Cancel'], ['Choose…']]) {
      ui.choose = choose;
      await assert.rejects(start(99), isCancelled);
    }
    assert.deepEqual(tried, [ANY_PORT, ANY_PORT, ANY_PORT]);
  });

  it('has no proposal where none was found, or it makes no sense', async () => {
    for (const subject of ['', 'x', '0']) await assert.rejects(start(99, subject), isCancelled);
    for (const { items } of ui.picks) assert.deepEqual(items.map(({ label }) => label), ['Choose…', 'Cancel']);
  });

  it('changes nothing about other failures', async () => {
    const fault = new Fault('aws.accessDenied', 'Denied.');
    await assert.rejects(withPortChoice(ui, ANY_PORT, () => Promise.reject(fault)), fault);
    assert.equal(ui.picks.length, 0);
  });
});
