import { spawn } from 'node:child_process';
import { Fault } from '../base/fault';

/**
 * Node's flags for the broker. It has few objects that live long and moves many bytes, each piece of which is memory of its own
 * outside of V8's heap. With V8's usual young generation (16 MB) up to 32 MB of dead pieces pile up between two collections, which
 * V8 takes for pressure and answers with one marking of the whole heap after the other, a fifth of the time of an upload. A small
 * young generation gives them back soon, and a collection that helpers share costs more than it saves. Bulk over SSH makes so few
 * objects that it asks for collections itself (`transport/ssh/shortLived`).
 */
export const BROKER_NODE_FLAGS: readonly string[] = ['--single-threaded-gc', '--max-semi-space-size=1', '--expose-gc'];

/** Of the editor's own process, with no meaning outside of it. */
const NOT_PASSED_ON = /^(?:NODE_OPTIONS|VSCODE_INSPECTOR_OPTIONS|ELECTRON_RUN_AS_NODE)$/;

export interface LaunchOptions {
  /** Absolute path of the broker's program. */
  readonly program: string;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  /** A folder that stays: the broker must not hold one that the person may want to remove. */
  readonly cwd: string;
}

export interface Launched {
  /** Undefined while it runs; 0 when it was not needed, since another one came first. */
  exitCode(): number | undefined;
}

/**
 * Starts a broker that outlives this process. Its output leads nowhere: what it has to say it says to its windows.
 * @throws Fault `broker.notStarted` when the system refuses
 */
export async function launchBroker({ program, version, env, cwd }: LaunchOptions): Promise<Launched> {
  const passed = Object.entries(env).filter(([name]) => !NOT_PASSED_ON.test(name));
  let exitCode: number | undefined;
  try {
    const child = spawn(process.execPath, [...BROKER_NODE_FLAGS, program, version], {
      cwd,
      // The editor's program is Node only when it is told so.
      env: { ...Object.fromEntries(passed), ELECTRON_RUN_AS_NODE: '1' },
      detached: true,
      stdio: 'ignore',
      windowsHide: true,
      shell: false,
    });
    child.once('exit', (code) => (exitCode = code ?? 1));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
  } catch (error) {
    throw notStarted('The system refused to start it.', error);
  }
  return { exitCode: () => exitCode };
}

export function notStarted(why: string, cause?: unknown): Fault {
  return new Fault('broker.notStarted', `Sallyport's background process could not be started. ${why}`, {
    remedy: { text: 'See the log for the details.', action: 'showLog' },
    ...(cause !== undefined && { cause }),
  });
}
