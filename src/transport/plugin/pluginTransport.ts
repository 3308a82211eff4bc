import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock';
import { asFault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Link, Transport } from '../../model/link';
import type { PluginAccess, PluginGrant } from '../../model/pluginAccess';
import type { BastionRoute } from '../../model/route';
import type { SsmSessionApi, SsmSessionGrant, SsmSessionRequest } from '../../model/ssmSession';
import type { SsmSettings } from '../../model/ssmSettings';
import { bounded } from '../ssm/bounded';
import { parseStreamUrl } from '../ssm/dataSocket';
import { connectionFailed } from '../ssm/faults';
import { pluginEnded } from './faults';
import { findPlugin } from './findPlugin';
import { bareEnvironment, pluginArguments, sessionEnvironment, temporaryParent } from './pluginCall';
import type { PluginSurroundings } from './pluginCall';
import { PluginLink } from './pluginLink';
import { PluginProcess } from './pluginProcess';
import { PluginVersions } from './pluginVersion';
import { processGroup } from '../processGroup';
import type { ProcessGroup } from '../processGroup';

const TERMINATE_TIMEOUT_MS = 5_000;

export interface PluginTransportDeps {
  readonly api: SsmSessionApi;
  readonly access: PluginAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The person's choices, read at each dial. */
  readonly settings: () => SsmSettings;
  /** Where PATH and the proxies are read from. */
  readonly env: NodeJS.ProcessEnv;
  /** Absolute paths of folders in which no program is trusted. */
  readonly untrusted?: () => readonly string[];
  readonly platform?: NodeJS.Platform;
}

/** What one link runs on. */
interface Preparation {
  readonly request: SsmSessionRequest;
  readonly access: PluginGrant;
  readonly program: string;
  readonly surroundings: PluginSurroundings;
}

/** Links through the installed session-manager-plugin, for whoever may not or cannot use our own client. One session each. */
export class PluginTransport implements Transport {
  readonly method = 'ssm';
  readonly #deps: PluginTransportDeps;
  readonly #platform: NodeJS.Platform;
  readonly #group: ProcessGroup;
  readonly #versions = new PluginVersions();

  constructor(deps: PluginTransportDeps) {
    this.#deps = deps;
    this.#platform = deps.platform ?? process.platform;
    this.#group = processGroup(this.#platform, deps.env);
  }

  /**
   * Resolves when the plugin has opened its port, which says nothing about the target yet.
   * @throws Fault of the API (`aws.*`), `ssm.*` or `plugin.*`; nothing is left then.
   */
  async dial(route: BastionRoute, signal: AbortSignal): Promise<Link> {
    const { access, env, settings } = this.#deps;
    const { document, pluginPath } = settings();
    const program = this.#find(pluginPath);
    const request: SsmSessionRequest = {
      place: route.place,
      bastionId: route.bastion.id,
      to: route.endpoint,
      ...(document !== '' && { documentName: document }),
    };
    const directory = await mkdtemp(join(temporaryParent(this.#platform, tmpdir()), 'sp-'));
    const surroundings = { platform: this.#platform, env, directory };
    try {
      await this.#checkVersion(program, surroundings, signal);
      const prepared = { request, program, surroundings, access: await access.grant(route.place, signal) };
      return await this.#start(prepared, signal);
    } catch (error) {
      await removeFolder(directory);
      throw error;
    }
  }

  #find(configured: string): string {
    const { env, untrusted } = this.#deps;
    const search = { platform: this.#platform, env, configured, current: currentFolder(), untrusted: untrusted?.() ?? [] };
    return findPlugin(search, (path) => isProgram(path, this.#platform));
  }

  async #checkVersion(program: string, surroundings: PluginSurroundings, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    const call = { env: bareEnvironment(surroundings), cwd: surroundings.directory, group: this.#group, clock, logger };
    await this.#versions.check(program, call, signal);
  }

  async #start(prepared: Preparation, signal: AbortSignal): Promise<PluginLink> {
    const { api, clock, logger } = this.#deps;
    const { request, program, surroundings } = prepared;
    const began = clock.now();
    const session = await api.start(request, signal);
    const held: { process?: PluginProcess; cleaning?: Promise<void> } = {};
    const cleanUp = (): Promise<void> => (held.cleaning ??= this.#cleanUp(prepared, session.sessionId, held.process));
    const link = new PluginLink({ sessionId: session.sessionId, to: request.to, clock, cleanUp });
    try {
      parseStreamUrl(session.streamUrl);
      held.process = this.#spawn(prepared, session, (line) => link.hear(line));
      await link.begin(held.process, signal);
    } catch (error) {
      await link.dispose();
      throw asFault(error, 'plugin.failed');
    }
    logger.log('info', 'plugin.dialed', {
      sessionId: session.sessionId,
      bastion: request.bastionId,
      program,
      directory: surroundings.directory,
      pid: held.process.pid,
      ms: Math.round(clock.now() - began),
    });
    return link;
  }

  #spawn(
    { request, access, program, surroundings }: Preparation,
    session: SsmSessionGrant,
    onLine: (line: string) => void,
  ): PluginProcess {
    const { clock, logger } = this.#deps;
    try {
      return new PluginProcess({
        program,
        args: pluginArguments(request, access),
        env: sessionEnvironment(surroundings, session, access),
        cwd: surroundings.directory,
        group: this.#group,
        clock,
        logger,
        secrets: [session.tokenValue, session.streamUrl, access.secretAccessKey, access.sessionToken ?? ''],
        onLine,
      });
    } catch (error) {
      throw pluginEnded('', error);
    }
  }

  async #cleanUp({ request, surroundings }: Preparation, sessionId: string, child: PluginProcess | undefined): Promise<void> {
    await Promise.all([child?.stop(), this.#terminate(request, sessionId)]);
    await removeFolder(surroundings.directory);
  }

  /** In every outcome: a plugin that was told to end leaves its session up. */
  async #terminate({ place }: SsmSessionRequest, sessionId: string): Promise<void> {
    const { api, clock, logger } = this.#deps;
    const bound = { clock, ms: TERMINATE_TIMEOUT_MS, late: () => connectionFailed('the termination took too long') };
    try {
      // Not bound to the dial's own signal, which may have fired by now.
      await bounded(bound, (signal) => api.terminate(place, sessionId, signal), new AbortController().signal);
      logger.log('info', 'plugin.terminated', { sessionId });
    } catch (error) {
      logger.log('warn', 'plugin.terminateFailed', { sessionId, error });
    }
  }
}

/** One that is gone can have no program in it; the root never has any. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

function isProgram(path: string, platform: NodeJS.Platform): boolean {
  try {
    // Windows decides by the name alone what can be run.
    if (platform !== 'win32') accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What stays behind is an empty folder at most, below the one for temporary files. */
async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}
