// The far side of the broker's measurements, a process of its own: the whole sandbox, and a way to harm its sessions.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startSandbox } from '../sandbox/sandbox';
import { peerOptions, servePeer } from './peer';

export interface BrokerFarEndOptions {
  /** Folder for the AWS configuration. */
  readonly folder: string;
}

export interface BrokerFarEnd {
  /** `POST /cut` resets the sockets of all sessions, `POST /end` ends the sessions themselves. */
  readonly control: string;
  readonly env: Readonly<Record<string, string>>;
}

async function main({ folder }: BrokerFarEndOptions): Promise<void> {
  const sandbox = await startSandbox();
  const { env } = await sandbox.writeAwsConfig(folder);
  const server = createServer((request, response) => {
    if (request.url === '/cut') sandbox.sessions.cutSockets('rst');
    else for (const { sessionId } of sandbox.sessions.activeSessions()) sandbox.sessions.endSession(sessionId, 'ended by the measurement');
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ready: BrokerFarEnd = { control: `http://127.0.0.1:${(server.address() as { port: number }).port}`, env };
  await servePeer(ready, async () => {
    server.closeAllConnections();
    server.close();
    await sandbox.close();
  });
}

void main(peerOptions() as BrokerFarEndOptions);
