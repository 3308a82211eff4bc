import { hostname, userInfo } from 'node:os';
import type { Clock } from '../base/clock';
import { Fault } from '../base/fault';
import type { Logger } from '../base/log';
import { isSessionTarget, sessionDocument, sessionParameters } from '../model/ssmSession';
import type { DataKey, DataKeyRequest, SsmSessionApi, SsmSessionGrant, SsmSessionRequest } from '../model/ssmSession';
import { abortable } from './abortable';
import type { AwsAccess } from './access';
import type { StartSessionCommandOutput } from '@aws-sdk/client-ssm';
import type { AwsSession } from './session';

/** Longest reason that StartSession takes, characters. */
const MAX_REASON = 256;
/** One AES-256 key for each direction. */
const DATA_KEY_BYTES = 64;
/** How long `dispose` waits for sessions that nobody wants any more to be terminated, ms. */
const CLEANUP_MS = 3_000;

/** The Session Manager API over the SDK. */
export class AwsSsmSessions implements SsmSessionApi {
  readonly #access: AwsAccess;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lifetime = new AbortController();
  readonly #cleanups = new Set<Promise<void>>();

  constructor(access: AwsAccess, clock: Clock, logger: Logger) {
    this.#access = access;
    this.#clock = clock;
    this.#logger = logger;
  }

  async start(request: SsmSessionRequest, signal: AbortSignal): Promise<SsmSessionGrant> {
    const input = {
      Target: checkedTarget(request.bastionId),
      DocumentName: sessionDocument(request),
      Parameters: sessionParameters(request),
      Reason: sessionReason(request.reason ?? defaultReason()),
    };
    const session = await this.#access.open(request.place, signal);
    const answer = await session.call(
      'ssm:StartSession',
      async (abortSignal) => {
        // Not given the caller's signal: aborting a request that has been sent would leave its session behind.
        const starting = session.ssm.startSession(input, { abortSignal: this.#lifetime.signal });
        try {
          return await abortable(starting, abortSignal);
        } catch (error) {
          if (abortSignal.aborted) this.#abandon(session, starting);
          throw error;
        }
      },
      signal,
      // Anything less certain than a refusal may have started a session already.
      { subject: request.bastionId, repeat: (fault) => fault.code === 'aws.throttled' },
    );
    const grant = toGrant(answer, session.ca);
    if (grant) return grant;
    throw new Fault('ssm.noGrant', `Session Manager started no usable session on ${request.bastionId}.`, {
      retryable: true,
      remedy: { text: 'Try again.', action: 'retry' },
    });
  }

  async resume(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<SsmSessionGrant | undefined> {
    const session = await this.#access.open(place, signal);
    const answer = await unlessGone(() =>
      session.call('ssm:ResumeSession', (abortSignal) => session.ssm.resumeSession({ SessionId: sessionId }, { abortSignal }), signal, {
        subject: sessionId,
      }),
    );
    return answer && toGrant({ ...answer, SessionId: sessionId }, session.ca);
  }

  async terminate(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<void> {
    const session = await this.#access.open(place, signal);
    await this.#terminate(session, sessionId, signal);
  }

  async dataKey(
    place: SsmSessionRequest['place'],
    { keyId, context }: DataKeyRequest,
    signal: AbortSignal,
  ): Promise<DataKey> {
    const session = await this.#access.open(place, signal);
    const kms = await session.kms();
    const input = { KeyId: keyId, NumberOfBytes: DATA_KEY_BYTES, EncryptionContext: context };
    const { plaintext, ciphertext } = await session.call(
      'kms:GenerateDataKey',
      (abortSignal) => kms.generateDataKey(input, { abortSignal }),
      signal,
      { subject: keyId },
    );
    return { plaintext, sealed: ciphertext };
  }

  /** Waits a bounded time for the termination of abandoned sessions, then ends everything. */
  async dispose(): Promise<void> {
    if (this.#cleanups.size > 0) {
      const timer = this.#clock.schedule(CLEANUP_MS, () => this.#lifetime.abort());
      await Promise.all(this.#cleanups);
      timer.dispose();
    }
    this.#lifetime.abort();
  }

  async #terminate(session: AwsSession, sessionId: string, signal: AbortSignal): Promise<void> {
    await unlessGone(() =>
      session.call(
        'ssm:TerminateSession',
        (abortSignal) => session.ssm.terminateSession({ SessionId: sessionId }, { abortSignal }),
        signal,
        { subject: sessionId },
      ),
    );
  }

  /** Ends the session that a StartSession without a caller still yields. */
  #abandon(session: AwsSession, starting: Promise<StartSessionCommandOutput>): void {
    const cleanup = starting
      .then(async ({ SessionId }) => {
        if (SessionId) await this.#terminate(session, SessionId, this.#lifetime.signal);
      })
      .catch((error: unknown) => this.#logger.log('debug', 'ssm.abandonedSession', { ...session.place, error }))
      .finally(() => this.#cleanups.delete(cleanup));
    this.#cleanups.add(cleanup);
  }
}

/** Undefined when the service says that there is no such session (any more). */
async function unlessGone<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof Error && cause.name === 'DoesNotExistException') return undefined;
    throw error;
  }
}

function toGrant(
  { SessionId, TokenValue, StreamUrl }: Pick<StartSessionCommandOutput, 'SessionId' | 'TokenValue' | 'StreamUrl'>,
  ca: string | undefined,
): SsmSessionGrant | undefined {
  if (!SessionId || !TokenValue || !StreamUrl) return undefined;
  return { sessionId: SessionId, tokenValue: TokenValue, streamUrl: StreamUrl, ...(ca !== undefined && { ca }) };
}

/** @throws Fault `ssm.invalidTarget` */
function checkedTarget(id: string): string {
  if (isSessionTarget(id)) return id;
  throw new Fault('ssm.invalidTarget', `${JSON.stringify(id.slice(0, 100))} is no target of Session Manager.`, {
    remedy: { text: 'Use an instance id (i-...), a hybrid node (mi-...) or an ECS task (ecs:CLUSTER_TASK_RUNTIMEID).' },
  });
}

/** One line of at most 256 characters. */
export function sessionReason(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cs}]+/gu, ' ').trim();
  // A cut through a surrogate pair would leave half a character.
  return line.slice(0, MAX_REASON).replace(/[\uD800-\uDBFF]$/, '') || 'Sallyport';
}

function defaultReason(): string {
  try {
    return `Sallyport ${userInfo().username}@${hostname()}`;
  } catch {
    // Containers may run as a user id without a name.
    return `Sallyport ${hostname()}`;
  }
}
