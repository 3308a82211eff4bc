import assert from 'node:assert/strict';
import { connect } from 'node:net';
import * as vscode from 'vscode';
import { findExtension } from './extension';
import { loadedBundles } from './loadedBundles';

const ORDERS = 'target:dev/eu-central-1/arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:orders-cache';

interface Contributes {
  readonly configuration: { readonly properties: Readonly<Record<string, { readonly default: unknown }>> };
  readonly views: { readonly sallyport: readonly { readonly id: string }[] };
  readonly commands: readonly { readonly command: string }[];
}

function contributes(): Contributes {
  return (findExtension().packageJSON as { contributes: Contributes }).contributes;
}

/** Sends PING to the address and gives what comes back first. */
function ping(address: string): Promise<string> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.write('PING\r\n');
  });
}

describe('the product', () => {
  before(async () => {
    await findExtension().activate();
  });

  it('registers no command that the manifest does not declare', async () => {
    const views = contributes().views.sallyport.map(({ id }) => id);
    const declared = new Set(contributes().commands.map(({ command }) => command));
    const all = await vscode.commands.getCommands(true);
    // VS Code itself adds commands for each view, such as `<view>.focus`.
    const own = all.filter((id) => id.startsWith('sallyport.') && !views.some((view) => id.startsWith(`${view}.`)));
    assert.deepEqual(new Set(own), declared);
  });

  it('takes machine settings from the machine and from nowhere else', async () => {
    const configuration = vscode.workspace.getConfiguration();
    const evil = { 'sallyport.profiles': { evil: [] }, 'sallyport.tls.caFile': 'evil' };
    for (const [key, value] of Object.entries(evil)) {
      await assert.rejects(async () => configuration.update(key, value, vscode.ConfigurationTarget.Workspace), key);
      assert.equal(configuration.inspect(key)?.workspaceValue, undefined);
    }
    const chosen = { dev: ['eu-central-1'] };
    await configuration.update('sallyport.profiles', chosen, vscode.ConfigurationTarget.Global);
    assert.deepEqual(vscode.workspace.getConfiguration().get('sallyport.profiles'), chosen);
    await configuration.update('sallyport.profiles', undefined, vscode.ConfigurationTarget.Global);
    assert.deepEqual(vscode.workspace.getConfiguration().get('sallyport.profiles'), {});
  });

  it('leads from a row of the tree to PONG and back to nothing', async () => {
    // A row exists once its region was discovered.
    await vscode.commands.executeCommand('sallyport.refresh');
    await vscode.commands.executeCommand('sallyport.connect', ORDERS);
    await vscode.commands.executeCommand('sallyport.copyAddress');
    const address = await vscode.env.clipboard.readText();
    assert.match(address, /^127\.0\.0\.1:\d+$/);
    assert.equal(await ping(address), '+PONG\r\n');
    await vscode.commands.executeCommand('sallyport.pingRedis', ORDERS);
    await vscode.commands.executeCommand('sallyport.stop');
    await assert.rejects(ping(address), { code: 'ECONNREFUSED' });
    // What is absent at rest is what all of this needed; tunnels and AWS are the broker's affair.
    assert.deepEqual(loadedBundles(), ['broker-client.js', 'extension.js', 'redis.js', 'window.js']);
  });

  it('answers nonsense as an argument without failing', async () => {
    for (const nonsense of ['no such row', '', 'tunnel:none']) {
      for (const command of ['connect', 'stop', 'copyAddress', 'pingRedis', 'openConsole', 'saveConnection', 'startConnection', 'startGroup', 'forgetConnection']) {
        await vscode.commands.executeCommand(`sallyport.${command}`, nonsense);
      }
    }
  });
});
