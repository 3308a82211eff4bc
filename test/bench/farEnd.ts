// The far side of a measurement, a process of its own: Session Manager service and agent, a real redis-server, a bulk server.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startRedis } from '../sandbox/servers/redis';
import { type Resolution, SessionManagerService } from '../sandbox/sessionManager/service';
import type { BulkEnd } from './bulkEnd';
import { peerOptions, servePeer, startPeer } from './peer';

export interface FarEndOptions {
  /** The agent sends at most one message per millisecond, as the real one does. */
  readonly pace?: boolean;
}

export interface FarEnd {
  /** Base URL of `POST /start`, `/resume` and `/terminate`. */
  readonly api: string;
  readonly redisPort: number;
  readonly bulkPort: number;
}

async function main({ pace = false }: FarEndOptions): Promise<void> {
  const redis = await startRedis();
  const bulk = await startPeer<BulkEnd>('bulkEnd');
  const ports = new Map([
    ['redis.internal', redis.port],
    ['bulk.internal', bulk.ready.port],
  ]);
  const resolve = (host: string): Resolution => {
    const port = ports.get(host);
    return port === undefined ? undefined : { kind: 'server', host: '127.0.0.1', port };
  };
  const place = { region: 'eu-central-1', accountId: '111122223333' };
  let origin = '';
  const service = new SessionManagerService({
    baseUrl: () => `ws://${origin}`,
    findInstance: (id) => ({ id, agentVersion: '3.3.1142.0', online: true, ...place }),
    resolve,
    pace,
  });
  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse((await request.toArray()).join('')) as { id: string; host: string };
      const parameters = { host: [body.host], portNumber: ['1'], localPortNumber: ['0'] };
      const documentName = 'AWS-StartPortForwardingSessionToRemoteHost';
      if (request.url === '/start') response.end(JSON.stringify(service.start({ target: 'i-0123456789abcdef0', documentName, parameters, ...place })));
      else if (request.url === '/resume') response.end(JSON.stringify(service.resume(body.id)));
      else response.end(JSON.stringify(service.terminate(body.id)));
    })();
  });
  server.on('upgrade', (request, socket, head) => {
    if (!service.handleUpgrade(request, socket, head)) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const ready: FarEnd = { api: `http://${origin}`, redisPort: redis.port, bulkPort: bulk.ready.port };
  await servePeer(ready, async () => {
    await service.close();
    server.closeAllConnections();
    server.close();
    await bulk.stop();
    await redis.stop();
  });
}

void main(peerOptions() as FarEndOptions);
