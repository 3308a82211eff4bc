// A real cluster of redis-server processes on loopback.
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Certificate } from './certificates';
import type { RedisOptions, RedisServer } from './redis';
import { startRedis } from './redis';

export interface ClusterServersOptions extends Pick<RedisOptions, 'password'> {
  /** Host names to announce, primaries first; absent: the loopback address. */
  readonly hosts?: readonly string[];
  /** TLS only, with a certificate for each member, in the same order. */
  readonly tls?: { readonly certificates: readonly Certificate[]; readonly caFile: string };
}

export interface ClusterMember extends RedisServer {
  /** 40 hexadecimal digits. */
  readonly id: string;
}

export interface ClusterServers {
  /** Three, with a third of the slots each, and their replicas in the same order. */
  readonly primaries: readonly ClusterMember[];
  readonly replicas: readonly ClusterMember[];
  /** Sends a command to a member; its reply as it stands on the wire. */
  tell(server: RedisServer, ...words: readonly string[]): Promise<string>;
  /** Kills all and removes their files; idempotent. */
  stop(): Promise<void>;
}

const SHARDS = 3;
const SLOTS = 16_384;
const READY_TIMEOUT_MS = 30_000;
const MEET_AGAIN_MS = 2000;

/** @throws Error when redis-server is missing, or the cluster does not become ready; nothing is left running then. */
export async function startCluster({ hosts, tls, password }: ClusterServersOptions = {}): Promise<ClusterServers> {
  const started: RedisServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const tell = (server: RedisServer, ...words: readonly string[]): Promise<string> => ask(server.port, [...(password === undefined ? [] : [['AUTH', password]]), words], tls !== undefined);
  try {
    for (let index = 0; index < 2 * SHARDS; index++) {
      const host = hosts?.[index];
      const certificate = tls?.certificates[index];
      const secrets = { ...(tls && certificate && { tls: { certificate, caFile: tls.caFile } }), ...(password !== undefined && { password }) };
      started.push(await startRedis({ ...secrets, cluster: host === undefined ? {} : { announceHost: host } }));
    }
    const members: ClusterMember[] = [];
    for (const server of started) members.push({ ...server, id: (await tell(server, 'CLUSTER', 'MYID')).trim().split('\r\n').at(-1)! });
    const primaries = members.slice(0, SHARDS);
    const replicas = members.slice(SHARDS);
    for (const [index, primary] of primaries.entries()) {
      const from = Math.ceil((index * SLOTS) / SHARDS);
      await tell(primary, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(Math.ceil(((index + 1) * SLOTS) / SHARDS) - 1));
      // Epochs that differ from the beginning need not be settled.
      await tell(primary, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }
    const [first, ...others] = members;
    const meet = async (member: ClusterMember): Promise<unknown> => tell(member, 'CLUSTER', 'MEET', first!.host, String(first!.port), String(first!.busPort));
    for (const other of others) await meet(other);
    let asked = performance.now();
    await until(async () => {
      const infos = await Promise.all(members.map((member) => tell(member, 'CLUSTER', 'INFO')));
      const strangers = members.filter((_, index) => !infos[index]!.includes(`cluster_known_nodes:${members.length}`));
      // A meeting that took longer than the node time-out was forgotten.
      if (strangers.length > 0 && performance.now() - asked > MEET_AGAIN_MS) {
        asked = performance.now();
        for (const member of strangers) if (member !== first) await meet(member);
      }
      return strangers.length === 0;
    });
    for (const [index, replica] of replicas.entries()) await tell(replica, 'CLUSTER', 'REPLICATE', primaries[index]!.id);
    await until(async () => {
      const infos = await Promise.all(members.map((member) => tell(member, 'CLUSTER', 'INFO')));
      const roles = await Promise.all(replicas.map((replica) => tell(replica, 'INFO', 'replication')));
      const views = await Promise.all(members.map((member) => tell(member, 'CLUSTER', 'NODES')));
      return (
        infos.every((info) => info.includes('cluster_state:ok')) &&
        roles.every((role) => role.includes('role:slave') && role.includes('master_link_status:up')) &&
        views.every((view) => view.split(' slave ').length + view.split('myself,slave').length - 2 === SHARDS && (hosts === undefined || hosts.every((host) => view.includes(host))))
      );
    });
    return { primaries, replicas, tell, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('the cluster did not become ready');
    await delay(50);
  }
}

/** All replies up to that of QUIT, of which the last but that is the command's. */
function ask(port: number, commands: readonly (readonly string[])[], tls: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const where = { host: '127.0.0.1', port };
    const socket = tls ? connectTls({ ...where, rejectUnauthorized: false }) : connect(where);
    let text = '';
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(text.replace(/\+OK\r\n$/, '')));
    socket.write([...commands, ['QUIT']].map((words) => `*${words.length}\r\n${words.map((one) => `$${Buffer.byteLength(one)}\r\n${one}\r\n`).join('')}`).join(''));
  });
}
