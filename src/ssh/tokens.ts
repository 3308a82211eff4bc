import { createHash } from 'node:crypto';
import { Fault } from '../base/fault';
import { printable } from './configLine';
import type { ConfigSources, Origin } from './hostConfig';

/** A token's letter to its value, e.g. `h` to the host name. */
export type Tokens = Readonly<Record<string, string>>;

/** What the tokens of a connection are made of (ssh_config(5), TOKENS). */
export interface ConnectionFacts {
  readonly host: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly keyAlias: string;
  /** The last hop of ProxyJump, else empty. */
  readonly jumpHost: string;
}

/** The tokens of files and agents: `%C %d %h %i %j %k %L %l %n %p %r %u`. */
export function connectionTokens(facts: ConnectionFacts, sources: ConfigSources): Tokens {
  const { localHostName, home, localUser, uid } = sources;
  const port = String(facts.port);
  const hash = createHash('sha1').update(localHostName + facts.hostName + port + facts.user + facts.jumpHost).digest('hex');
  return {
    C: hash,
    L: localHostName.split('.', 1)[0]!,
    d: home,
    h: facts.hostName,
    i: String(uid ?? 0),
    j: facts.jumpHost,
    k: facts.keyAlias,
    l: localHostName,
    n: facts.host,
    p: port,
    r: facts.user,
    u: localUser,
  };
}

/** The tokens of ProxyCommand and ProxyJump. */
export function proxyTokens(facts: ConnectionFacts): Tokens {
  return { h: facts.hostName, k: facts.keyAlias, n: facts.host, p: String(facts.port), r: facts.user };
}

/**
 * Replaces `%x` by its token, `%%` by a percent sign, and, given the environment, `${NAME}` by a variable.
 * @throws Fault `ssh.config.expansion` for a token that the option does not have, or a variable that is not set
 */
export function expand(text: string, tokens: Tokens, origin: Origin | undefined, env?: ConfigSources['env']): string {
  return text.replace(/%([\s\S]?)|\$\{([^}]*)(\}?)/g, (whole, token: string | undefined, name: string, close: string) => {
    if (token !== undefined) {
      if (token === '%') return '%';
      if (Object.hasOwn(tokens, token)) return tokens[token]!;
      throw badExpansion(`"${printable(text)}" has the token %${printable(token)}, which stands for nothing here.`, origin);
    }
    if (!env) return whole;
    const value = close ? env[name] : undefined;
    if (value !== undefined) return value;
    throw badExpansion(`"${printable(text)}" names the environment variable ${printable(name)}, which is not set.`, origin);
  });
}

function badExpansion(message: string, origin: Origin | undefined): Fault {
  const where = origin ? `${origin.file} line ${origin.line}` : 'the SSH configuration';
  return new Fault('ssh.config.expansion', message, { remedy: { text: `Correct ${where}.` } });
}

/**
 * `~`, `~/…` and the person's own `~name/…`.
 * @throws Fault `ssh.config.expansion` for other people's homes, which cannot be looked up here
 */
export function expandHome(
  path: string,
  sources: Pick<ConfigSources, 'home' | 'localUser' | 'platform'>,
  origin: Origin | undefined,
): string {
  if (!path.startsWith('~')) return path;
  const { home, localUser, platform } = sources;
  const name = (platform === 'win32' ? /^~([^/\\]*)/ : /^~([^/]*)/).exec(path)![1]!;
  if (name !== '' && name !== localUser) throw badExpansion(`"${printable(path)}" lies in somebody else's home.`, origin);
  const rest = path.slice(1 + name.length);
  return /[/\\]$/.test(home) ? home + rest.slice(1) : home + rest;
}
