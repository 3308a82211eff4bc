import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Clock } from '../base/clock';
import { sleep } from '../base/clock';
import { cancelled, Fault, isFault } from '../base/fault';
import type { Logger } from '../base/log';
import { MAX_MESSAGE } from './framing';
import { launchBroker, notStarted } from './launch';
import type { Launched } from './launch';
import type { LockRecord } from './lock';
import { readLock } from './lock';
import type { Machine, Places } from './places';
import { ensurePrivateFolder } from './privateFolder';
import { isSame } from './processIdentity';
import { HELLO } from './protocol';
import type { Hello, Welcome } from './protocol';
import { Rpc } from './rpc';

export interface ReachDeps {
  readonly places: Places;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly program: string;
  readonly version: string;
  /** The first message, but for the token. */
  readonly hello: () => Omit<Hello, 'token'>;
  /** Sets up what is to be heard from the first event on. */
  readonly prepare: (rpc: Rpc) => void;
}

export interface Reached {
  readonly rpc: Rpc;
  readonly welcome: Welcome;
}

/** How long a broker may take to come up, ms: a cold start on a busy machine. */
const START_MS = 20_000;
/** How long a broker that is there may take to answer, ms. */
const HELLO_MS = 5_000;
const POLL = { firstMs: 10, lastMs: 200 } as const;
/** A lost race starts no second process at once: the winner needs a moment. */
const RELAUNCH_MS = 3_000;
/** How long a broker that was asked to end may take, ms: it has sessions to end. */
const END_MS = 6_000;

/**
 * A connection to the broker, which is started if there is none. Of several windows that start one at the same moment all
 * get the one that won.
 * @param patienceMs for how long another window is left to start it
 * @throws Fault `broker.notStarted` and `broker.folder*` where there can be none; `broker.incompatible`, `broker.refused`,
 *   `broker.silent` when there is one that cannot be used; `operation.cancelled`
 */
export async function reachBroker(deps: ReachDeps, patienceMs: number, signal: AbortSignal): Promise<Reached> {
  const { places, machine, clock, program, version } = deps;
  await ensurePrivateFolder(places.stateFolder, machine.uid);
  const mayLaunchAt = clock.now() + patienceMs;
  const end = mayLaunchAt + START_MS;
  let launched: { readonly broker: Launched; readonly at: number } | undefined;
  for (let pauseMs: number = POLL.firstMs; ; pauseMs = Math.min(pauseMs * 1.5, POLL.lastMs)) {
    if (signal.aborted) throw cancelled();
    const reached = await tryBroker(deps, signal);
    if (reached) return reached;
    if (launched && (launched.broker.exitCode() ?? 0) !== 0) throw notStarted('It ended at once.');
    if (clock.now() > end) throw notStarted('It did not come up in time.');
    // One that was not needed has left the place to another, which may have ended since.
    const again = launched?.broker.exitCode() === 0 && (clock.now() - launched.at > RELAUNCH_MS || !(await readLock(places.lockFile)));
    if ((!launched || again) && clock.now() >= mayLaunchAt) {
      launched = { broker: await launchBroker({ program, version, env: machine.env, cwd: places.stateFolder }), at: clock.now() };
    }
    await sleep(clock, pauseMs, signal);
  }
}

/** A connection to the broker that is there; undefined when there is none, or not yet. @throws Fault as `reachBroker` */
export async function tryBroker(deps: ReachDeps, signal: AbortSignal): Promise<Reached | undefined> {
  const { places, logger } = deps;
  const record = await readLock(places.lockFile);
  const token = await readFile(places.tokenFile, 'utf8').catch(() => undefined);
  if (!record || token === undefined) return undefined;
  const socket = await connectTo(record.address);
  if (!socket) return undefined;
  const rpc = new Rpc(socket, () => MAX_MESSAGE, logger);
  deps.prepare(rpc);
  rpc.listen();
  try {
    const timeout = AbortSignal.timeout(HELLO_MS);
    const hello = { ...deps.hello(), token };
    const welcome = await within(rpc.request(HELLO, hello, signal), timeout, () => silent(record));
    return { rpc, welcome };
  } catch (error) {
    rpc.destroy();
    // It went away between the two, or the token that was read is that of the one before it.
    if (isFault(error) && error.code === 'broker.lost') return undefined;
    if (isFault(error) && error.code === 'broker.refused' && !(await isCurrent(places, record, token))) return undefined;
    throw error;
  }
}

/** Ends the broker that is there, if any, by asking, else by force. Resolves when it is gone. */
export async function endBroker(deps: ReachDeps, signal: AbortSignal): Promise<void> {
  const { places, clock, logger } = deps;
  const record = await readLock(places.lockFile);
  if (!record || !(await isSame(record))) return;
  let end = clock.now();
  try {
    const reached = await tryBroker({ ...deps, hello: () => ({ ...deps.hello(), replace: true }) }, signal);
    if (reached) end = clock.now() + END_MS;
  } catch (error) {
    logger.log('warn', 'broker.notAsked', { error });
  }
  while (await isSame(record)) {
    if (clock.now() > end) kill(record);
    await sleep(clock, POLL.lastMs, signal);
  }
}

/** What it leaves behind is in its journal. */
function kill({ pid }: LockRecord): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

async function isCurrent({ lockFile, tokenFile }: Places, record: LockRecord, token: string): Promise<boolean> {
  const now = await readLock(lockFile);
  return now?.nonce === record.nonce && (await readFile(tokenFile, 'utf8').catch(() => undefined)) === token;
}

function connectTo(address: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}

async function within<T>(work: Promise<T>, timeout: AbortSignal, late: () => Fault): Promise<T> {
  return new Promise((resolve, reject) => {
    const onLate = (): void => reject(late());
    timeout.addEventListener('abort', onLate, { once: true });
    work.then(resolve, reject).finally(() => timeout.removeEventListener('abort', onLate));
  });
}

function silent({ pid }: LockRecord): Fault {
  return new Fault('broker.silent', `Sallyport's background process (${pid}) does not answer.`, {
    remedy: { text: 'Run "Sallyport: Restart Background Process".', action: 'restartBroker' },
  });
}
