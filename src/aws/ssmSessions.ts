import { setMaxListeners } from 'node:events';
import { hostname, userInfo } from 'node:os';
import type { BackoffLimits } from '../base/backoff';
import { backoffDelay } from '../base/backoff';
import type { Clock } from '../base/clock';
import { sleep } from '../base/clock';
import { Fault, isFault } from '../base/fault';
import type { Logger } from '../base/log';
import { isSessionTarget, sessionDocument, sessionParameters } from '../model/ssmSession';
import type {
  DataKey,
  DataKeyRequest,
  SsmSessionApi,
  SsmSessionGrant,
  SsmSessionLimits,
  SsmSessionRequest,
} from '../model/ssmSession';
import { abortable } from '../base/abort';
import type { AwsAccess } from './access';
import type { StartSessionCommandOutput } from '@aws-sdk/client-ssm';
import type { AwsSession } from './session';
import { limitsOf, PREFERENCES_DOCUMENT } from './sessionPreferences';

/** Longest reason that StartSession takes, characters. */
const MAX_REASON = 256;
/** One AES-256 key for each direction. */
const DATA_KEY_BYTES = 64;
/** A session is terminated within so long after it was given up, or `dispose` waits no longer, ms. VS Code gives an extension about five seconds. */
const CLEANUP_MS = 4_000;
/** How often a termination is tried, which takes about a minute; each try is up to four calls (`AwsSession.call`). */
const TERMINATE_TRIES = 12;
const TERMINATE_WAITS: BackoffLimits = { baseMs: 500, capMs: 15_000 };

/** The Session Manager API over the SDK. */
export class AwsSsmSessions implements SsmSessionApi {
  readonly #access: AwsAccess;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lifetime = new AbortController();
  /** Terminations under way, with or without someone who waits for them. */
  readonly #cleanups = new Set<Promise<void>>();
  /** When the last of them began, by the clock's `now`. */
  #lastCleanup = -Infinity;

  constructor(access: AwsAccess, clock: Clock, logger: Logger) {
    this.#access = access;
    this.#clock = clock;
    this.#logger = logger;
    // Every start and every termination under way listens: dozens at exit, and no leak.
    setMaxListeners(0, this.#lifetime.signal);
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
      { urgent: true, subject: request.bastionId, repeat: (fault) => fault.code === 'aws.throttled' },
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
        urgent: true,
        subject: sessionId,
      }),
    );
    return answer && toGrant({ ...answer, SessionId: sessionId }, session.ca);
  }

  async terminate(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<void> {
    await abortable(this.#cleanUp(this.#terminate(place, sessionId), { ...place, sessionId }), signal);
  }

  async limits(place: SsmSessionRequest['place'], signal: AbortSignal): Promise<SsmSessionLimits> {
    const session = await this.#access.open(place, signal);
    const input = { Name: PREFERENCES_DOCUMENT, DocumentFormat: 'JSON' } as const;
    try {
      const { Content } = await session.call(
        'ssm:GetDocument',
        (abortSignal) => session.ssm.getDocument(input, { abortSignal }),
        signal,
        { urgent: true, subject: PREFERENCES_DOCUMENT, dispensable: true },
      );
      return limitsOf(Content ?? '');
    } catch (error) {
      // Nobody has ever saved preferences: the service's defaults hold, and those know no maximum duration.
      if (isFault(error) && error.code === 'ssm.invalidDocument') return {};
      throw error;
    }
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
      { urgent: true, subject: keyId },
    );
    return { plaintext, sealed: ciphertext };
  }

  /** Waits a bounded time for terminations under way, then ends everything. */
  async dispose(): Promise<void> {
    if (this.#cleanups.size > 0) {
      const left = Math.max(0, this.#lastCleanup + CLEANUP_MS - this.#clock.now());
      const timer = this.#clock.schedule(left, () => this.#lifetime.abort());
      await Promise.allSettled(this.#cleanups);
      timer.dispose();
    }
    this.#lifetime.abort();
  }

  /** Again and again while it fails for a reason that may pass. */
  async #terminate(place: SsmSessionRequest['place'], sessionId: string): Promise<void> {
    const { signal } = this.#lifetime;
    for (let attempt = 0; ; attempt++) {
      try {
        const session = await this.#access.open(place, signal);
        await unlessGone(() =>
          session.call(
            'ssm:TerminateSession',
            (abortSignal) => session.ssm.terminateSession({ SessionId: sessionId }, { abortSignal }),
            signal,
            { urgent: true, subject: sessionId },
          ),
        );
        return;
      } catch (error) {
        if (!isFault(error) || !error.retryable || attempt + 1 >= TERMINATE_TRIES) throw error;
      }
      await sleep(this.#clock, backoffDelay(attempt, TERMINATE_WAITS, this.#clock), signal);
    }
  }

  /** Owns work that nobody may wait for: `dispose` does, and its failure is logged here. */
  #cleanUp(work: Promise<void>, fields: Record<string, unknown>): Promise<void> {
    this.#lastCleanup = this.#clock.now();
    this.#cleanups.add(work);
    work
      .catch((error: unknown) => this.#logger.log('warn', 'ssm.sessionLeft', { ...fields, error }))
      .finally(() => this.#cleanups.delete(work));
    return work;
  }

  /** Ends the session that a StartSession without a caller still yields. */
  #abandon(session: AwsSession, starting: Promise<StartSessionCommandOutput>): void {
    const started = starting.catch((error: unknown): Partial<StartSessionCommandOutput> => {
      this.#logger.log('debug', 'ssm.abandonedStart', { ...session.place, error });
      return {};
    });
    void this.#cleanUp(
      started.then(async ({ SessionId }) => {
        if (SessionId) await this.#terminate(session.place, SessionId);
      }),
      { ...session.place },
    );
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
