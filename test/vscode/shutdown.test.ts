// Runs last (files are taken in the order of their names): nothing of the extension works after it.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DescribeSessionsCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as vscode from 'vscode';
import { readLock } from '../../src/broker/lock';
import { placesOf, thisMachine } from '../../src/broker/places';
import { eventually } from '../fixtures/eventually';
import { isAlive } from '../fixtures/isAlive';
import { findExtension } from './extension';

const TARGETS = ['orders-cache', 'catalog-cluster'].map(
  (name) => `target:dev/eu-central-1/arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:${name}`,
);

/** Ids of the sessions that the service holds. */
async function activeSessions(): Promise<string[]> {
  // The standard configuration of this process leads to the sandbox, as it does for the extension.
  const client = new SSMClient({ region: 'eu-central-1' });
  try {
    const { Sessions = [] } = await client.send(new DescribeSessionsCommand({ State: 'Active' }));
    return Sessions.map(({ SessionId = '' }) => SessionId);
  } finally {
    client.destroy();
  }
}

function refused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

/** Listeners and child processes of this process; sockets to the window come and go by themselves. */
function holdings(): Record<string, number> {
  const counts: Record<string, number> = { TCPServerWrap: 0, ProcessWrap: 0 };
  for (const name of process.getActiveResourcesInfo()) if (name in counts) counts[name]! += 1;
  return counts;
}

describe('deactivation', () => {
  it('leaves tunnels to the broker, which closes them, their sessions and itself once no window has come back', async () => {
    await findExtension().activate();
    await vscode.workspace.getConfiguration().update('sallyport.broker.lingerSeconds', 6, vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand('sallyport.refresh');
    const before = holdings();
    await vscode.commands.executeCommand('sallyport.connect', TARGETS[0]);
    await vscode.commands.executeCommand('sallyport.copyAddress');
    const port = Number((await vscode.env.clipboard.readText()).split(':')[1]);
    assert.ok(port > 0 && !(await refused(port)));
    await vscode.commands.executeCommand('sallyport.connect', TARGETS[1]);
    await vscode.commands.executeCommand('sallyport.openConsole', TARGETS[0]);
    assert.equal((await activeSessions()).length, 2);
    const broker = await readLock(placesOf(thisMachine(process.env)).lockFile);
    assert.ok(broker && isAlive(broker.pid), 'the broker runs');

    const loaded = require.cache[join(findExtension().extensionPath, 'dist/extension.js')];
    assert.ok(loaded, 'the loaded bundle is found');
    await (loaded.exports as { deactivate(): Promise<void> }).deactivate();

    assert.ok(!(await refused(port)), 'the tunnel outlives the window');
    // The editor's own extensions may have a program of theirs for a moment.
    await eventually(() => isDeepStrictEqual(holdings(), before), 'nothing of ours is left in this process');
    await eventually(() => refused(port), 'the tunnel is closed', 20_000);
    await eventually(() => !isAlive(broker.pid), 'the broker has ended', 20_000);
    assert.deepEqual(await activeSessions(), []);
  });
});
