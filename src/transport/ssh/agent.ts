import type { Duplex } from 'node:stream';
import type { ParsedKey, SigningRequestOptions } from 'ssh2';
import { BaseAgent, createAgent, OpenSSHAgent, utils } from 'ssh2';
import type { Clock } from '../../base/clock';
import { cancelled, isFault } from '../../base/fault';
import type { IdentityAgent } from '../../ssh/hostConfig';

/** Where OpenSSH for Windows has its agent. */
const WINDOWS_PIPE = '\\\\.\\pipe\\openssh-ssh-agent';
/** How long an agent may take to list its keys, ms. */
const LIST_TIMEOUT_MS = 5_000;

/**
 * Sockets, pipes or `pageant` (whose protocol is windows messages), in the order in which they are asked. Only Windows has more
 * than one place: its agent's service, then PuTTY's.
 */
export function agentPlaces(agent: IdentityAgent, platform: NodeJS.Platform): string[] {
  if (agent.kind === 'none') return [];
  if (agent.path !== undefined) return [agent.path];
  return platform === 'win32' ? [WINDOWS_PIPE, 'pageant'] : [];
}

/** One key that can sign, wherever its private part is. */
export interface SigningKey {
  readonly publicKey: ParsedKey;
  /** `hash`: for RSA, `sha256` or `sha512`. */
  sign(data: Buffer, hash: string | undefined, signal: AbortSignal): Promise<Buffer>;
}

/** The keys of the first agent that answers; none when none does. @throws Fault `operation.cancelled` */
export async function agentKeys(places: readonly string[], clock: Clock, signal: AbortSignal): Promise<SigningKey[]> {
  for (const place of places) {
    try {
      return await listKeys(place, clock, signal);
    } catch (error) {
      if (isFault(error)) throw error;
    }
  }
  return [];
}

async function listKeys(place: string, clock: Clock, signal: AbortSignal): Promise<SigningKey[]> {
  const connections = new AgentConnections(place);
  const keys = await connections.run<unknown[]>(signal, clock, LIST_TIMEOUT_MS, (agent, done) => {
    agent.getIdentities((error, found) => done(error, found));
  });
  const usable = keys.map((key) => utils.parseKey(key as Buffer)).filter((key): key is ParsedKey => !(key instanceof Error));
  return usable.map((publicKey) => ({
    publicKey,
    // Without a limit: the agent may ask the person, or wait for a touch.
    sign: (data, hash, signal) =>
      connections.run<Buffer>(signal, clock, undefined, (agent, done) => {
        const options: SigningRequestOptions = hash === 'sha256' || hash === 'sha512' ? { hash } : {};
        (agent as BaseAgent<ParsedKey>).sign(publicKey, data, options, (error, signature) => done(error ?? undefined, signature));
      }),
  }));
}

/** ssh2's agents connect for each question and give no way to stop; this keeps their sockets, to close them. */
class AgentConnections {
  readonly #place: string;

  constructor(place: string) {
    this.#place = place;
  }

  run<T>(
    signal: AbortSignal,
    clock: Clock,
    ms: number | undefined,
    ask: (agent: BaseAgent, done: (error: Error | null | undefined, value?: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled());
        return;
      }
      const streams = new Set<Duplex>();
      const agent = tracked(createAgent(this.#place), streams);
      const settle = (act: () => void): void => {
        timer?.dispose();
        signal.removeEventListener('abort', onAbort);
        for (const stream of streams) stream.destroy();
        act();
      };
      const onAbort = (): void => settle(() => reject(cancelled()));
      const timer = ms === undefined ? undefined : clock.schedule(ms, () => settle(() => reject(new Error('the agent does not answer'))));
      signal.addEventListener('abort', onAbort, { once: true });
      ask(agent, (error, value) =>
        settle(() => {
          if (value === undefined) reject(error ?? new Error('the agent gave nothing'));
          else resolve(value);
        }),
      );
    });
  }
}

function tracked(agent: BaseAgent, streams: Set<Duplex>): BaseAgent {
  if (!(agent instanceof OpenSSHAgent)) return agent;
  type GetStream = (done: (error: Error | null, stream?: Duplex) => void) => void;
  const own = agent as unknown as { getStream: GetStream };
  const original = own.getStream.bind(agent);
  own.getStream = (done) =>
    original((error, stream) => {
      if (stream) streams.add(stream);
      done(error, stream);
    });
  return agent;
}

/** Offers one key to ssh2 and signs with it when the server wants it: the private part is needed only then. */
export class OneKeyAgent extends BaseAgent<ParsedKey> {
  readonly #key: SigningKey;
  readonly #signal: AbortSignal;
  readonly #onFailure: (error: unknown) => void;

  /** @param onFailure why nothing could be signed; ssh2 then goes on as if the server had refused */
  constructor(key: SigningKey, signal: AbortSignal, onFailure: (error: unknown) => void) {
    super();
    this.#key = key;
    this.#signal = signal;
    this.#onFailure = onFailure;
  }

  override getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
    done(undefined, [this.#key.publicKey]);
  }

  override sign(
    _publicKey: ParsedKey,
    data: Buffer,
    options: { hash?: string } | ((error?: Error | null, signature?: Buffer) => void),
    done?: (error?: Error | null, signature?: Buffer) => void,
  ): void {
    const hash = typeof options === 'function' ? undefined : options.hash;
    const finish = typeof options === 'function' ? options : done!;
    // SHA-1 is what ssh2 falls back to when a server does not say what it takes; OpenSSH refuses it since 8.8.
    const weak = this.#key.publicKey.type === 'ssh-rsa' && hash !== 'sha256' && hash !== 'sha512';
    const signing = weak ? Promise.reject(new Error('the server takes only SHA-1')) : this.#key.sign(data, hash, this.#signal);
    signing.then(
      (signature) => finish(undefined, signature),
      (error: unknown) => {
        this.#onFailure(error);
        finish(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }
}
