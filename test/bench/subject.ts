// What is measured, a process of its own: Sallyport's tunnels, or a plain Node proxy to compare them with.
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import type { Route } from '../../src/model/route';
import type { SsmSessionApi, SsmSessionGrant } from '../../src/model/ssmSession';
import { ssmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { Tunnels } from '../../src/tunnel/tunnels';
import type { FarEnd } from './farEnd';
import { peerOptions, servePeer } from './peer';

export interface SubjectOptions {
  readonly kind: 'ssm' | 'tcpProxy';
  readonly farEnd: FarEnd;
  /** Payload per message; the default of the product unless told. */
  readonly payloadBytes?: number;
}

/** Local ports that lead to the far end's servers. */
export interface Subject {
  readonly redis: number;
  readonly bulk: number;
}

/** The calls of the service, over the far end's plain HTTP: signing and XML are no part of the data path. */
function sessionApi(base: string): SsmSessionApi {
  const call = async (path: string, body: object): Promise<SsmSessionGrant> => {
    const response = await fetch(`${base}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const { SessionId, TokenValue, StreamUrl } = (await response.json()) as Record<string, string>;
    return { sessionId: SessionId!, tokenValue: TokenValue!, streamUrl: StreamUrl! };
  };
  return {
    start: ({ to }) => call('start', { host: to.host }),
    resume: (_place, id) => call('resume', { id }),
    terminate: async (_place, id) => void (await call('terminate', { id })),
    limits: () => Promise.resolve({}),
    dataKey: () => Promise.reject(new Error('no session here is encrypted')),
  };
}

async function tunnels({ api }: FarEnd, payloadBytes: number | undefined): Promise<void> {
  const clock = systemClock;
  const settings = ssmSettings(payloadBytes === undefined ? {} : { payloadBytes });
  const service = new Tunnels({
    transports: [new SsmTransport({ api: sessionApi(api), clock, logger: nullLogger, settings: () => settings })],
    // The bulk server speaks no Redis; what a probe costs is not what is measured.
    probe: () => Promise.resolve({ level: 'ok', checkedAt: clock.wall() }),
    logger: nullLogger,
  });
  const open = async (name: string): Promise<number> => {
    const route: Route = {
      target: { id: name, name, engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: { host: `${name}.internal`, port: 1 },
      bastion: { id: 'i-0123456789abcdef0', name: 'bastion' },
      method: 'ssm',
      place: { profile: 'bench', region: 'eu-central-1', accountId: '111122223333' },
    };
    return (await service.start(route, {}, new AbortController().signal)).local.port;
  };
  const ready: Subject = { redis: await open('redis'), bulk: await open('bulk') };
  await servePeer(ready, () => service.dispose());
}

/** As simple as a proxy in Node can be: two pipes. */
async function tcpProxy({ redisPort, bulkPort }: FarEnd): Promise<void> {
  const servers: Server[] = [];
  const open = async (port: number): Promise<number> => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const remote = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
      client.pipe(remote).pipe(client);
      client.on('error', () => remote.destroy());
      remote.on('error', () => client.destroy());
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };
  const ready: Subject = { redis: await open(redisPort), bulk: await open(bulkPort) };
  await servePeer(ready, () => {
    for (const server of servers) server.close();
    return Promise.resolve();
  });
}

const { kind, farEnd, payloadBytes } = peerOptions() as SubjectOptions;
void (kind === 'ssm' ? tunnels(farEnd, payloadBytes) : tcpProxy(farEnd));
