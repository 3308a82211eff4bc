import type { Logger } from '../../base/log';
import { isLoopback } from '../../model/endpoint';
import type { HostKeyQuestion } from '../../model/question';
import type { HostConfig } from '../../ssh/hostConfig';
import { appendKnownHost, fingerprint, KnownHosts, type KnownHostName, type PublicKey } from '../../ssh/knownHosts';
import { handshakeFailed, hostCertificateNeeded, hostKeyChanged, hostKeyRevoked, hostKeyUnknown } from './faults';
import { keyType, rsaBits } from './publicKeyBlob';

export interface HostKeyDeps {
  readonly logger: Logger;
  /** Asks the person; undefined or false: not accepted. */
  readonly confirm: (question: HostKeyQuestion, signal: AbortSignal) => Promise<boolean | undefined>;
  /** Fingerprints that the host itself printed on its console, where that can be known. */
  readonly consoleFingerprints?: (signal: AbortSignal) => Promise<readonly string[]>;
}

/** Decides whether a host is who it says it is, by known_hosts and the person, as `ssh` does; before anything is sent to it. */
export class HostKeyVerifier {
  readonly #config: HostConfig;
  readonly #known: KnownHosts;
  readonly #deps: HostKeyDeps;
  readonly #name: KnownHostName;

  private constructor(config: HostConfig, known: KnownHosts, deps: HostKeyDeps) {
    this.#config = config;
    this.#known = known;
    this.#deps = deps;
    // HostKeyAlias stands for host and port.
    this.#name = config.hostKeyAlias ? { host: config.hostKeyAlias } : { host: config.hostName, port: config.port };
  }

  /** @throws Fault `ssh.knownHosts.unreadable` */
  static async create(config: HostConfig, deps: HostKeyDeps): Promise<HostKeyVerifier> {
    const files = [...config.userKnownHostsFiles, ...config.globalKnownHostsFiles].map(({ path }) => path);
    return new HostKeyVerifier(config, await KnownHosts.load(files), deps);
  }

  /** With those first whose keys are known, so that a known host does not present a key that is not. */
  order(algorithms: readonly string[]): string[] {
    return this.#known.orderAlgorithms(this.#name, algorithms);
  }

  /** @throws Fault `ssh.hostKey…`, `ssh.hostCertificateNeeded`, `ssh.handshakeFailed`, `ssh.knownHosts.unwritable`, `operation.cancelled` */
  async verify(blob: Buffer, signal: AbortSignal): Promise<void> {
    const { hostName, port, requiredRsaSize, noHostAuthenticationForLocalhost } = this.#config;
    const bits = rsaBits(blob);
    if (bits !== undefined && bits < requiredRsaSize) {
      throw handshakeFailed({ host: hostName, port }, `its RSA key of ${bits} bits is too short`);
    }
    if (noHostAuthenticationForLocalhost && isLoopback(hostName)) return;
    const key: PublicKey = { type: keyType(blob), blob };
    const presented = fingerprint(blob);
    const verdict = this.#known.check(this.#name, key);
    switch (verdict.kind) {
      case 'match':
        return;
      case 'revoked':
        throw hostKeyRevoked(this.#shownName, presented, verdict.line);
      case 'changed':
        throw hostKeyChanged(this.#shownName, presented, verdict.lines);
      case 'certAuthority':
        throw hostCertificateNeeded(this.#shownName, verdict.lines[0]);
      case 'unknown':
        await this.#meet(key, presented, signal);
    }
  }

  /** As it stands in known_hosts. */
  get #shownName(): string {
    const { host, port } = this.#name;
    return port === undefined || port === 22 ? host : `[${host}]:${port}`;
  }

  async #meet(key: PublicKey, presented: string, signal: AbortSignal): Promise<void> {
    const refused = hostKeyUnknown(this.#shownName, key.type, presented);
    switch (this.#config.strictHostKeyChecking) {
      case 'yes':
        throw refused;
      case 'ask':
        if (!(await this.#ask(key, presented, signal))) throw refused;
        break;
      case 'accept-new':
      case 'no':
        this.#deps.logger.log('info', 'ssh.hostKeyAccepted', { host: this.#shownName, fingerprint: presented });
    }
    const [file] = this.#config.userKnownHostsFiles;
    if (file) await appendKnownHost(file.path, { name: this.#name, key, hashed: this.#config.hashKnownHosts });
  }

  async #ask(key: PublicKey, presented: string, signal: AbortSignal): Promise<boolean> {
    if (this.#config.batchMode) return false;
    const printed = (await this.#consoleFingerprints(signal)) ?? [];
    const said = printed.includes(presented) ? 'matches' : 'differs';
    const question: HostKeyQuestion = {
      kind: 'hostKey',
      host: this.#shownName,
      algorithm: key.type,
      fingerprint: presented,
      ...(printed.length > 0 && { console: said }),
    };
    return (await this.#deps.confirm(question, signal)) === true;
  }

  async #consoleFingerprints(signal: AbortSignal): Promise<readonly string[] | undefined> {
    try {
      return await this.#deps.consoleFingerprints?.(signal);
    } catch (error) {
      signal.throwIfAborted();
      // Only a help for the person; without it they are asked all the same.
      this.#deps.logger.log('warn', 'ssh.consoleUnreadable', { error });
      return undefined;
    }
  }
}
