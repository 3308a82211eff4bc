import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../../src/base/fault';
import { startProcess } from '../../run/ownedProcess';
import type { Settings } from './settings';

/** The simulated AWS as a process of its own, and how a VS Code comes to use it. */
export interface SandboxProcess {
  /** Standard AWS variables: configuration files and endpoint. */
  readonly env: NodeJS.ProcessEnv;
  /** User settings: the certificate authority of the sandbox's caches. */
  readonly settings: Settings;
  /** URL of a proxy to what is public. */
  readonly internet: string;
  stop(): Promise<void>;
}

/** The line that `test/sandbox/main.ts` prints once it is ready. */
interface ReadyLine {
  readonly env: Readonly<Record<string, string>>;
  readonly caFile: string;
  readonly internet: string;
}

const READY_MS = 30_000;
/** The sandbox's profile in which everything is allowed. */
const PROFILE = 'dev';

/** Starts the sandbox; `folder` gets the AWS configuration files that it writes. */
export async function startSandboxProcess(folder: string): Promise<SandboxProcess> {
  const main = resolve(__dirname, '../../sandbox/main.js');
  const running = startProcess(process.execPath, [main, '--config-dir', folder], { output: 'collect', holdStdin: true });
  const deadline = performance.now() + READY_MS;
  try {
    for (;;) {
      const ready = readyLine(running.stdout());
      if (ready) {
        const { caFile, internet } = ready;
        return { env: { ...ready.env, AWS_PROFILE: PROFILE }, settings: { 'sallyport.tls.caFile': caFile }, internet, stop: () => running.stop() };
      }
      if (running.status() || performance.now() > deadline) {
        throw new Fault('harness.sandboxFailed', `The sandbox did not start: ${running.output().slice(-2000)}`);
      }
      await delay(50);
    }
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** The first whole line that is a JSON object; undefined until it is there. */
export function readyLine(output: string): ReadyLine | undefined {
  const line = output
    .split('\n')
    .slice(0, -1)
    .find((text) => text.startsWith('{'));
  return line === undefined ? undefined : (JSON.parse(line) as ReadyLine);
}
