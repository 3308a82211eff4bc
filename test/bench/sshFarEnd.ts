// The far side of a measurement over SSH, a process of its own: a real sshd, a real redis-server, a bulk server.
import { requireProgram } from '../provision/systemPrograms';
import { startRedis } from '../sandbox/servers/redis';
import { startSshd } from '../sandbox/servers/sshd';
import { startBulkServer } from './bulk';
import { servePeer } from './peer';

export interface SshFarEnd {
  readonly sshPort: number;
  readonly username: string;
  readonly privateKeyFile: string;
  readonly hostKey: string;
  readonly redisPort: number;
  readonly bulkPort: number;
}

async function main(): Promise<void> {
  const redis = await startRedis();
  const bulk = await startBulkServer();
  const sshd = await startSshd(requireProgram('sshd'));
  const ready: SshFarEnd = {
    sshPort: sshd.port,
    username: sshd.username,
    privateKeyFile: sshd.privateKeyFile,
    hostKey: sshd.hostKey,
    redisPort: redis.port,
    bulkPort: bulk.port,
  };
  await servePeer(ready, async () => {
    await sshd.stop();
    await bulk.close();
    await redis.stop();
  });
}

void main();
