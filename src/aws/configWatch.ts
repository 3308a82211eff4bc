import { realpath } from 'node:fs/promises';
import type { Clock } from '../base/clock';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import { asFault } from '../base/fault';
import type { Logger } from '../base/log';
import type { CredentialsChange } from '../model/signIn';
import { configPaths, readSharedConfig } from './configFiles';
import type { SharedConfig } from './configFiles';
import { FileWatch } from './fileWatch';
import { profileNames, signInOf } from './profiles';
import type { SsoToken } from './ssoCache';
import type { SsoSession } from './ssoConfig';
import type { SsoTokens } from './ssoTokens';

export interface ConfigWatchDeps {
  readonly env: NodeJS.ProcessEnv;
  readonly tokens: SsoTokens;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface SignedSession {
  readonly session: SsoSession;
  readonly profiles: readonly string[];
}

/** Tells when the configuration files or the sign-ins change, whoever changed them. Watches nothing before `start`. */
export class ConfigWatch {
  readonly #deps: ConfigWatchDeps;
  readonly #files: FileWatch;
  readonly #changes: Emitter<CredentialsChange>;
  /** The configuration's fingerprint, or why it could not be read; undefined before the first look. */
  #outcome: string | undefined;
  readonly #seen = new Map<string, SsoToken | undefined>();
  /** By session, the token that was told of last: a look and a sign-in of our own may come upon the same one. */
  readonly #told = new Map<string, string>();
  #looking: Promise<void> | undefined;
  #again = false;
  #watched = '';
  #disposed = false;

  readonly onDidChange: Event<CredentialsChange>;

  constructor(deps: ConfigWatchDeps) {
    this.#deps = deps;
    const { clock, logger } = deps;
    this.#files = new FileWatch({ clock, logger, onChange: () => this.#look() });
    this.#changes = new Emitter((error) => logger.log('error', 'credentials.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
  }

  /** Begins to watch; called again, does nothing. */
  start(): void {
    if (this.#outcome === undefined) this.#look();
  }

  /** Call after a sign-in of our own, so that nobody waits for the file to be seen. */
  async signedIn(session: SsoSession): Promise<void> {
    const token = await this.#deps.tokens.known(session);
    this.#seen.set(session.key, token);
    const shared = await readSharedConfig(this.#deps.env);
    const profiles = sessionsOf(shared).find((one) => one.session.key === session.key)?.profiles ?? [];
    if (!token || this.#isNews(session, token)) this.#changes.fire({ kind: 'signedIn', profiles });
  }

  dispose(): void {
    this.#disposed = true;
    this.#files.dispose();
    this.#changes.dispose();
  }

  /** One look at a time; what changes during one is seen by the next. */
  #look(): void {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = this.#compare()
      .catch((error: unknown) => this.#deps.logger.log('warn', 'credentials.watchFailed', { error }))
      .finally(() => {
        this.#looking = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.#look();
      });
  }

  async #compare(): Promise<void> {
    const { env, tokens } = this.#deps;
    const paths = configPaths(env);
    let sessions: readonly SignedSession[] = [];
    let outcome: string;
    try {
      const shared = await readSharedConfig(env);
      sessions = sessionsOf(shared);
      outcome = shared.fingerprint;
    } catch (error) {
      outcome = asFault(error).message;
    }
    const found = await this.#newlyUsable(sessions);
    const files = await withTargets([paths.config, paths.credentials, ...sessions.map(({ session }) => tokens.file(session))]);
    if (this.#disposed) return;
    this.#files.set(files);
    // What changed before it was watched is seen by one more look.
    if (files.join('\n') !== this.#watched) this.#again = true;
    this.#watched = files.join('\n');
    const changed = this.#outcome !== undefined && this.#outcome !== outcome;
    this.#outcome = outcome;
    if (changed) this.#changes.fire({ kind: 'configuration' });
    const profiles = found.filter(({ session, token }) => this.#isNews(session, token)).flatMap((one) => one.profiles);
    if (profiles.length > 0) this.#changes.fire({ kind: 'signedIn', profiles });
  }

  /** Profiles whose token is new since the last look, where the one before was of no use any more. */
  async #newlyUsable(sessions: readonly SignedSession[]): Promise<readonly (SignedSession & { readonly token: SsoToken })[]> {
    const { tokens } = this.#deps;
    const found: (SignedSession & { readonly token: SsoToken })[] = [];
    for (const { session, profiles } of sessions) {
      const before = this.#seen.get(session.key);
      const known = this.#seen.has(session.key);
      const now = await tokens.known(session);
      this.#seen.set(session.key, now);
      if (!now) this.#told.delete(session.key);
      if (known && now && !(before && tokens.isUsable(session, before))) found.push({ session, profiles, token: now });
    }
    return found;
  }

  /** Whether nobody has been told of this token. Call right before telling. */
  #isNews({ key }: SsoSession, { accessToken }: SsoToken): boolean {
    const news = this.#told.get(key) !== accessToken;
    this.#told.set(key, accessToken);
    return news;
  }
}

/** The files, and those that they are links to: a change behind a link is not seen beside it. */
async function withTargets(files: readonly string[]): Promise<readonly string[]> {
  const targets = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  return [...new Set([...files, ...targets])];
}

/** Each sign-in of the configuration, with the profiles that take their credentials from it. */
function sessionsOf(shared: SharedConfig): readonly SignedSession[] {
  const sessions = new Map<string, { session: SsoSession; profiles: string[] }>();
  for (const profile of profileNames(shared)) {
    const session = signInOf(shared, profile)?.session;
    if (!session) continue;
    const known = sessions.get(session.key);
    if (known) known.profiles.push(profile);
    else sessions.set(session.key, { session, profiles: [profile] });
  }
  return [...sessions.values()];
}
