// The bulk server, a process of its own: what it costs is not what the agent costs.
import { startBulkServer } from './bulk';
import { servePeer } from './peer';

export interface BulkEnd {
  readonly port: number;
}

async function main(): Promise<void> {
  const bulk = await startBulkServer();
  const ready: BulkEnd = { port: bulk.port };
  await servePeer(ready, () => bulk.close());
}

void main();
