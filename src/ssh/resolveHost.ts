import { Fault } from '../base/fault';
import { ALGORITHM_OPTIONS, assembleAlgorithms, OPENSSH_ALGORITHMS } from './algorithms';
import { loadProgram, syntaxFault } from './configProgram';
import type { ConfigProgram } from './configProgram';
import { lowerAscii, printable } from './configLine';
import { Evaluation } from './evaluation';
import type {
  AlgorithmDefaults, ConfiguredCommand, ConfigSources, HostConfig, HostRequest, JumpHost, StrictHostKeyChecking,
} from './hostConfig';
import { HostFiles } from './hostFiles';
import { requireSafeHost, requireSafeUser } from './names';
import { connectionTokens, expand, proxyTokens } from './tokens';
import type { ConnectionFacts } from './tokens';
import { reportUnsupported } from './unsupportedOptions';

export { listHosts } from './listHosts';
export { localSources } from './localSources';

/** No chain of bastions is longer; OpenSSH has no limit of its own. */
const MAX_HOPS = 16;

/**
 * The effective configuration of a host, as `ssh -G HOST` prints it.
 * @throws Fault `ssh.config.*` when a file cannot be used, with file and line; `ssh.host.invalid` when a name is hostile
 */
export async function resolveHost(request: HostRequest, sources: ConfigSources): Promise<HostConfig> {
  return new Resolution(await loadProgram(sources), sources).resolve(request);
}

/**
 * Every host that a connection passes, in the order of connecting; the destination is the last. Jump hosts are looked up in
 * the same configuration, as the `ssh -W` that OpenSSH starts for each of them does.
 * @throws Fault as `resolveHost`; `ssh.config.jumpLoop` when jumps lead round in a circle
 */
export async function resolveHops(request: HostRequest, sources: ConfigSources): Promise<readonly HostConfig[]> {
  return new Resolution(await loadProgram(sources), sources).hops(request, undefined, []);
}

class Resolution {
  private readonly program: ConfigProgram;
  private readonly sources: ConfigSources;

  constructor(program: ConfigProgram, sources: ConfigSources) {
    this.program = program;
    this.sources = sources;
  }

  /** `jump`: as with `ssh -J`, which beats the configuration. */
  async resolve(request: HostRequest, jump?: readonly JumpHost[]): Promise<HostConfig> {
    requireSafeHost(request.host);
    if (request.user !== undefined) requireSafeUser(request.user);
    const evaluation = new Evaluation(this.program, request, this.sources);
    if (jump) evaluation.proxy = { kind: 'jump', hops: jump, origin: { file: 'ssh -J', line: 1 } };
    evaluation.evaluate();
    return this.assemble(request, evaluation);
  }

  async hops(request: HostRequest, jump: readonly JumpHost[] | undefined, above: readonly string[]): Promise<HostConfig[]> {
    const config = await this.resolve(request, jump);
    const id = `${config.user}@${config.hostName}:${config.port}`;
    if (above.includes(id) || above.length >= MAX_HOPS) {
      throw jumpLoop(above[0] ?? id, id);
    }
    const last = config.proxyJump.at(-1);
    if (!last) return [config];
    // The hops before the last are handed on to it (`ssh -J`); only the first looks into its own configuration for a way.
    const before = config.proxyJump.length > 1 ? config.proxyJump.slice(0, -1) : undefined;
    return [...(await this.hops(last, before, [...above, id])), config];
  }

  private async assemble(request: HostRequest, evaluation: Evaluation): Promise<HostConfig> {
    const facts = this.facts(request, evaluation);
    requireUsable(request, evaluation);
    const files = new HostFiles(this.program, this.sources, connectionTokens(facts, this.sources), evaluation);
    reportUnsupported(evaluation);
    const proxyCommand = this.proxyCommand(evaluation, facts);
    const bindAddress = evaluation.value('BindAddress');
    const alias = evaluation.value('HostKeyAlias');
    const connectTimeout = Number(evaluation.value('ConnectTimeout') ?? '0');
    const preferred = evaluation.value('PreferredAuthentications');
    return {
      host: request.host,
      hostName: facts.hostName,
      port: facts.port,
      user: facts.user,
      addressFamily: (evaluation.value('AddressFamily') ?? 'any') as HostConfig['addressFamily'],
      ...(bindAddress !== undefined && { bindAddress }),
      identityFiles: await files.identityFiles(),
      certificateFiles: await files.certificateFiles(),
      identitiesOnly: isOn(evaluation, 'IdentitiesOnly', false),
      identityAgent: await files.identityAgent(),
      proxyJump: this.proxyJump(evaluation, facts),
      ...(proxyCommand && { proxyCommand }),
      userKnownHostsFiles: await files.userKnownHosts(),
      globalKnownHostsFiles: await files.globalKnownHosts(),
      strictHostKeyChecking: (evaluation.value('StrictHostKeyChecking') ?? 'ask') as StrictHostKeyChecking,
      ...(alias !== undefined && { hostKeyAlias: lowerAscii(alias) }),
      hashKnownHosts: isOn(evaluation, 'HashKnownHosts', false),
      checkHostIp: isOn(evaluation, 'CheckHostIP', false),
      noHostAuthenticationForLocalhost: isOn(evaluation, 'NoHostAuthenticationForLocalhost', false),
      serverAliveIntervalMs: number(evaluation, 'ServerAliveInterval', 0) * 1000,
      serverAliveCountMax: number(evaluation, 'ServerAliveCountMax', 3),
      ...(connectTimeout > 0 && { connectTimeoutMs: connectTimeout * 1000 }),
      connectionAttempts: number(evaluation, 'ConnectionAttempts', 1),
      tcpKeepAlive: isOn(evaluation, 'TCPKeepAlive', true),
      compression: isOn(evaluation, 'Compression', false),
      ...(preferred !== undefined && { preferredAuthentications: preferred.split(',').filter((method) => method !== '') }),
      pubkeyAuthentication: isOn(evaluation, 'PubkeyAuthentication', true),
      passwordAuthentication: isOn(evaluation, 'PasswordAuthentication', true),
      kbdInteractiveAuthentication: isOn(evaluation, 'KbdInteractiveAuthentication', true),
      numberOfPasswordPrompts: number(evaluation, 'NumberOfPasswordPrompts', 3),
      batchMode: isOn(evaluation, 'BatchMode', false),
      requiredRsaSize: number(evaluation, 'RequiredRSASize', 1024),
      ...this.algorithms(evaluation),
      unsupported: [...evaluation.unsupported.values()],
      workspaceFiles: [...this.program.workspaceFiles],
    };
  }

  private facts(request: HostRequest, evaluation: Evaluation): ConnectionFacts {
    const { hostName, proxy } = evaluation;
    const user = evaluation.value('User') ?? this.sources.localUser;
    requireSafeHost(hostName, 'host name of the SSH configuration');
    requireSafeUser(user);
    const port = number(evaluation, 'Port', 22);
    const jumpHost = proxy?.kind === 'jump' ? (proxy.hops.at(-1)?.host ?? '') : '';
    const alias = evaluation.value('HostKeyAlias');
    const keyAlias = alias === undefined ? request.host : lowerAscii(alias);
    return { host: request.host, hostName, port, user, keyAlias, jumpHost };
  }

  private proxyJump({ proxy }: Evaluation, facts: ConnectionFacts): JumpHost[] {
    if (proxy?.kind !== 'jump') return [];
    const tokens = proxyTokens(facts);
    return proxy.hops.map(({ host, user, port }) => {
      const name = expand(host, tokens, proxy.origin);
      requireSafeHost(name, 'jump host');
      const login = user === undefined ? undefined : expand(user, tokens, proxy.origin);
      if (login !== undefined) requireSafeUser(login);
      return { host: name, ...(login !== undefined && { user: login }), ...(port !== undefined && { port }) };
    });
  }

  private proxyCommand(evaluation: Evaluation, facts: ConnectionFacts): ConfiguredCommand | undefined {
    const { proxy } = evaluation;
    if (proxy?.kind !== 'command') return undefined;
    const { origin, command } = proxy;
    if (command === '-') {
      const reason = "standard input is a connection for the system's ssh alone";
      evaluation.report({ option: 'ProxyCommand', reason, blocks: true, origin });
    }
    // In the shell's command line the alias is as dangerous as the names, which are checked in any case.
    if (command.includes('%k')) requireSafeHost(facts.keyAlias, 'host key alias');
    const fromWorkspace = this.program.workspaceFiles.has(origin.file);
    return { command: expand(command, proxyTokens(facts), origin), origin, fromWorkspace };
  }

  private algorithms(evaluation: Evaluation): Pick<HostConfig, 'algorithms' | 'configuredAlgorithms'> {
    const defaults = this.sources.algorithms ?? OPENSSH_ALGORITHMS;
    const lists: Partial<Record<keyof AlgorithmDefaults, readonly string[]>> = {};
    const configured = new Set<keyof AlgorithmDefaults>();
    for (const [list, option] of Object.entries(ALGORITHM_OPTIONS) as [keyof AlgorithmDefaults, string][]) {
      const written = evaluation.value(option);
      if (written !== undefined) configured.add(list);
      lists[list] = written === undefined ? defaults[list] : assembleAlgorithms(written, list, defaults[list]);
    }
    return { algorithms: lists as AlgorithmDefaults, configuredAlgorithms: configured };
  }
}

function jumpLoop(destination: string, again: string): Fault {
  const message = `The way to ${printable(destination)} leads round in a circle, or is too long: it passes ${printable(again)} again.`;
  return new Fault('ssh.config.jumpLoop', message, {
    remedy: { text: 'Give the jump host a Host block of its own with `ProxyJump none`, before the one that sets ProxyJump.' },
  });
}

/** What OpenSSH finds wrong only when it is about to connect. */
function requireUsable(request: HostRequest, evaluation: Evaluation): void {
  const attempts = evaluation.settings.get('ConnectionAttempts');
  if (attempts?.origin && Number(attempts.values[0]) < 1) throw syntaxFault(attempts.origin, 'Invalid number of ConnectionAttempts');
  const refusal = evaluation.value('RefuseConnection');
  if (refusal === undefined) return;
  throw new Fault('ssh.config.refused', `The SSH configuration refuses connections to ${printable(request.host)}: ${printable(refusal)}`, {
    remedy: { text: 'Choose another bastion, or take RefuseConnection out of the configuration.' },
  });
}

function isOn(evaluation: Evaluation, option: string, fallback: boolean): boolean {
  const value = evaluation.value(option);
  return value === undefined ? fallback : value === 'yes';
}

function number(evaluation: Evaluation, option: string, fallback: number): number {
  const value = evaluation.value(option);
  return value === undefined ? fallback : Number(value);
}
