import type { Logger } from '../../base/log';
import { isLoopback } from '../../model/endpoint';
import type { HostKeyQuestion } from '../../model/question';
import type { HostConfig } from '../../ssh/hostConfig';
import { appendKnownHost, fingerprint, KnownHosts, type KnownHostName, type PublicKey } from '../../ssh/knownHosts';
import type { ReadConsole } from './consoleKeys';
import { withConsole } from './consoleKeys';
import { handshakeFailed, hostCertificateNeeded, hostKeyChanged, hostKeyRevoked, hostKeyUnknown } from './faults';
import { keyType, rsaBits } from './publicKeyBlob';

export interface HostKeyDeps {
  readonly logger: Logger;
  /** Asks the person; undefined or false: not accepted. */
  readonly confirm: (question: HostKeyQuestion, signal: AbortSignal) => Promise<boolean | undefined>;
  /** Fingerprints that the host itself printed on its console, where that can be known. */
  readonly consoleFingerprints?: ReadConsole;
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
    const { confirm, consoleFingerprints, logger } = this.#deps;
    const question: HostKeyQuestion = { kind: 'hostKey', host: this.#shownName, algorithm: key.type, fingerprint: presented };
    return (await confirm(await withConsole(question, consoleFingerprints, logger, signal), signal)) === true;
  }
}
