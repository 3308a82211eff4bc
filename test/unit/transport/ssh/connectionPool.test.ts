import assert from 'node:assert/strict';
import { Fault } from '../../../../src/base/fault';
import type { SshConnection } from '../../../../src/transport/ssh/connection';
import { ConnectionPool } from '../../../../src/transport/ssh/connectionPool';

const never = new AbortController().signal;

/** A connection that only counts. */
function fakeConnection(): { connection: SshConnection; disposed: () => number; lose: () => void } {
  let disposed = 0;
  let lose = (): void => {};
  const closed = new Promise<undefined>((resolve) => {
    lose = () => resolve(undefined);
  });
  const connection = { closed, dispose: async () => void disposed++ } as unknown as SshConnection;
  return { connection, disposed: () => disposed, lose };
}

describe('the pool of SSH connections', () => {
  it('opens one for all who want the same, and closes it with the last share', async () => {
    const pool = new ConnectionPool();
    const { connection, disposed } = fakeConnection();
    let opened = 0;
    const open = async (): Promise<SshConnection> => {
      opened++;
      return connection;
    };
    const [first, second] = await Promise.all([pool.lease('a', open, never), pool.lease('a', open, never)]);
    assert.equal(opened, 1);
    await first.release();
    await first.release();
    assert.equal(disposed(), 0, 'a share is given back once');
    await second.release();
    assert.equal(disposed(), 1);
    await pool.lease('a', open, never);
    assert.equal(opened, 2);
  });

  it('goes on opening while anybody waits, and stops with the last', async () => {
    const pool = new ConnectionPool();
    let stopped = false;
    const open = (signal: AbortSignal): Promise<SshConnection> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(new Fault('operation.cancelled', 'Cancelled.'));
        });
      });
    const [one, two] = [new AbortController(), new AbortController()];
    const first = assert.rejects(pool.lease('a', open, one.signal), { code: 'operation.cancelled' });
    const second = assert.rejects(pool.lease('a', open, two.signal), { code: 'operation.cancelled' });
    one.abort();
    await first;
    assert.equal(stopped, false);
    two.abort();
    await second;
    assert.equal(stopped, true);
  });

  it('gives whoever comes after a loss or a failure a new one', async () => {
    const pool = new ConnectionPool();
    const lost = fakeConnection();
    await pool.lease('a', () => Promise.resolve(lost.connection), never);
    lost.lose();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await assert.rejects(pool.lease('a', () => Promise.reject(new Fault('ssh.refused', 'Refused.')), never), { code: 'ssh.refused' });
    const next = fakeConnection();
    assert.equal((await pool.lease('a', () => Promise.resolve(next.connection), never)).connection, next.connection);
  });
});
