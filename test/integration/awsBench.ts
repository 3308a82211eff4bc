import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { systemClock } from '../../src/base/clock';
import type { Clock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import { eventually } from '../fixtures/eventually';
import type { FaultRule } from '../sandbox/faults';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox, SandboxOptions } from '../sandbox/sandbox';

/** How far the impatient clock is ahead, ms. */
let ahead = 0;

/** Waits take no time, so that repeated calls follow at once; afterwards it is as late as if they had taken it. */
export const impatient: Clock = {
  ...systemClock,
  now: () => systemClock.now() + ahead,
  schedule: (ms, callback) => {
    const due = impatient.now() + ms;
    return systemClock.schedule(0, () => {
      ahead += Math.max(0, due - impatient.now());
      callback();
    });
  },
};

export const PAGE_SIZE = 2;

/** The product's AWS access, configured for a sandbox through files of its own. */
export interface AwsBench {
  readonly sandbox: Sandbox;
  readonly aws: Aws;
  /** Holds `config` and `credentials`. */
  readonly directory: string;
  readonly env: Record<string, string>;
  /** Disposes all and waits until no socket of this bench is left. */
  close(): Promise<void>;
}

/** @param options of the sandbox, beside its page size */
export async function awsBench(options: Pick<SandboxOptions, 'now'> = {}): Promise<AwsBench> {
  const before = tcpSockets();
  const sandbox = await startSandbox({ ...options, servers: false, pageSize: PAGE_SIZE });
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-aws-'));
  // A home of its own, where tokens of sign-ins are kept.
  const env = { ...(await sandbox.writeAwsConfig(directory)).env, HOME: directory };
  const aws = createAws({ logger: nullLogger, clock: impatient, env });
  const close = async (): Promise<void> => {
    try {
      await aws.dispose();
      // While the sandbox still listens: its closing would hide a socket that we left open.
      await eventually(() => tcpSockets() <= before, 'every socket of ours is closed');
    } finally {
      await sandbox.close();
      await rm(directory, { recursive: true, force: true });
    }
  };
  return { sandbox, aws, directory, env: { ...env }, close };
}

export function tcpSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Adds the fault; resolves when the first call has met it, which is when that call is in flight. */
export function arrival(sandbox: Sandbox, rule: FaultRule & { readonly latencyMs: number }): Promise<void> {
  return new Promise((resolve) => {
    sandbox.faults.add({
      ...rule,
      get latencyMs(): number {
        resolve();
        return rule.latencyMs;
      },
    });
  });
}
