import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import type { FaultData } from '../../../src/base/fault';
import type { Target } from '../../../src/model/target';
import type { TunnelInfo } from '../../../src/model/tunnel';
import { tunnelNodeId } from '../../../src/vscode/connectionNodes';
import { targetNodeId } from '../../../src/vscode/regionNodes';
import { target, tunnel } from './samples';
import { eventually } from '../../fixtures/eventually';
import { Bench } from './commandBench';

describe('commands on tunnels', () => {
  let bench: Bench;
  const use = async (targets?: Target[]): Promise<Bench> => {
    bench = new Bench(targets);
    await bench.store.refresh();
    return bench;
  };
  afterEach(() => bench.dispose());

  describe('a tunnel that ends by itself', () => {
    const cause: FaultData = { code: 'ssm.sessionEnded', message: 'The session ended.', retryable: true };

    const close = (info: TunnelInfo, why: FaultData): void => {
      bench.service.infos = [];
      bench.service.changes.fire({ ...info, state: { phase: 'closed', cause: why } });
    };

    it('is opened again on the same port when asked to', async () => {
      const { connecting, ui, service } = await use();
      await connecting.handlers.connect(targetNodeId(target()));
      const info = service.infos[0]!;
      close(info, cause);
      await connecting.reopen(info);
      assert.deepEqual(service.started[1]!.options, { localPort: info.local.port, keepPort: false });
      await connecting.reopen({ ...info, exposedOn: '0.0.0.0' });
      assert.equal(service.started[2]!.options.bindAddress, '0.0.0.0');
      assert.deepEqual(ui.errors, []);
    });

    it('is opened again by itself after the sign-in that it ended for', async () => {
      const { connecting, service, board, attempts } = await use();
      board.onDidLose((lost) => connecting.lost(lost));
      await connecting.handlers.connect(targetNodeId(target()));
      close(service.infos[0]!, { ...cause, remedy: { text: 'Sign in.', action: 'signIn', subject: 'dev' } });
      attempts.signedIn(['dev']);
      await eventually(() => service.started.length === 2, 'the tunnel that replaces it');
    });

    it('is not lost when it was stopped, or belongs to another window', async () => {
      const { connecting, service, board, tunnels } = await use();
      const lost: string[] = [];
      board.onDidLose(({ tunnel }) => void lost.push(tunnel.id));
      await connecting.handlers.connect(targetNodeId(target()));
      const [info] = service.infos;
      service.changes.fire({ ...info!, id: 'foreign', state: { phase: 'open', streams: 0 } });
      service.changes.fire({ ...info!, id: 'foreign', state: { phase: 'closed', cause }, spokenFor: true });
      service.changes.fire({ ...info!, id: 'failed', state: { phase: 'connecting', attempt: 1 } });
      service.changes.fire({ ...info!, id: 'failed', state: { phase: 'closed', cause } });
      const stop = service.stop.bind(service);
      service.stop = (id) => {
        close(info!, cause);
        return stop(id);
      };
      await tunnels.handlers.stop(tunnelNodeId(info!));
      assert.deepEqual([lost, board.tunnels], [[], []]);
    });

    it('is lost to a window that was reloaded, once, unless another one tells of it', async () => {
      const { service, board } = await use();
      const lost: string[] = [];
      board.onDidLose(({ tunnel: one }) => void lost.push(one.id));
      const [ours, theirs] = [tunnel({ id: 'ours' }), tunnel({ id: 'theirs' })];
      service.infos = [{ ...ours, state: { phase: 'waiting', attempt: 1, retryAt: 0, cause } }, theirs];
      await board.load();
      service.changes.fire({ ...theirs, spokenFor: true, state: { phase: 'closed', cause } });
      close(ours, cause);
      close(ours, cause);
      assert.deepEqual(lost, ['ours']);
    });

    it('is not revived by an answer that comes after its end', async () => {
      const { board, service } = await use();
      const lost: string[] = [];
      board.onDidLose(({ tunnel }) => void lost.push(tunnel.id));
      const { start } = service;
      service.start = async (...args) => {
        const info = await start.apply(service, args);
        service.changes.fire({ ...info, state: { phase: 'closed', cause } });
        return info;
      };
      await bench.connecting.handlers.connect(targetNodeId(target()));
      assert.deepEqual(board.tunnels, []);
      assert.deepEqual(lost, ['t1']);
    });
  });

  describe('on tunnels', () => {
    const two = async (): Promise<Bench> => {
      await use([target(), target({ name: 'other' })]);
      await bench.connecting.handlers.connect(targetNodeId(target()));
      await bench.connecting.handlers.connect(targetNodeId(target({ name: 'other' })));
      return bench;
    };

    it('stop the one of the row', async () => {
      const { tunnels, service } = await two();
      await tunnels.handlers.stop('tunnel:t2');
      assert.deepEqual(service.stopped, ['t2']);
    });

    it('ask which one where there are several, and not where there is one', async () => {
      const { tunnels, service, ui } = await two();
      ui.choose = ['other'];
      await tunnels.handlers.stop(undefined);
      await tunnels.handlers.stop(undefined);
      assert.deepEqual(service.stopped, ['t2', 't1']);
      assert.equal(ui.picks.length, 1);
      await tunnels.handlers.stop(undefined);
      await tunnels.handlers.stop('tunnel:t1');
      assert.match(ui.errors[0]!.text, /no longer listed/);
    });

    it('stop all, and one that fails does not keep the others', async () => {
      const { tunnels, service, ui } = await two();
      const { stop } = service;
      service.stop = (id) => (id === 't1' ? Promise.reject(new Fault('ssm.stuck', 'Stuck.')) : stop.call(service, id));
      await tunnels.handlers.stopAll(undefined);
      assert.deepEqual(service.stopped, ['t2']);
      assert.equal(ui.errors[0]!.text, 'Stuck.');
    });

    it('copy the address', async () => {
      const { tunnels, ui } = await two();
      await tunnels.handlers.copyAddress('tunnel:t1');
      assert.equal(ui.copied, '127.0.0.1:53211');
    });

    it('toggle from the status bar: stop one, stop all, or connect', async () => {
      const { tunnels, service, ui } = await two();
      const toggle = (...choose: string[]): Promise<void> => {
        ui.choose = choose;
        return tunnels.handlers.toggleTunnels(undefined);
      };
      await toggle('orders-cache');
      assert.deepEqual(service.stopped, ['t1']);
      await toggle('Connect…', 'orders-cache', 'primary');
      await eventually(() => service.started.length === 3, 'connected');
      await toggle('Copy Address', 'Redis: Open Console');
      assert.equal(ui.copied, '127.0.0.1:53212');
      await eventually(() => bench.consoles.length === 1, 'the console');
      await toggle('Show Details');
      assert.equal(bench.revealed.at(-1), 't2');
      await toggle('Stop All Tunnels');
      await eventually(() => bench.board.tunnels.length === 0, 'all stopped');
      await toggle('orders-cache', 'primary');
      assert.equal(service.started.length, 4);
    });
  });
});
