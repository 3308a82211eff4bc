import type { Clock } from '../base/clock';
import { cancelled, Fault } from '../base/fault';
import type { Ask } from '../model/question';
import type { SignInWay } from '../model/signIn';
import { abortable } from '../base/abort';
import type { SsoOidcApi } from './clients/ssoOidc';
import type { SignInSettings } from './profiles';
import type { SsoSession } from './ssoConfig';
import { signInThroughBrowser } from './ssoSignIn';
import type { SsoTokens } from './ssoTokens';

export interface SignInsDeps {
  readonly tokens: SsoTokens;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly lifetime: AbortSignal;
  /** Called once a token has been kept, before those who wait go on. */
  readonly onSignedIn: (session: SsoSession) => Promise<void>;
}

export interface SignInRequest {
  readonly session: SsoSession;
  readonly way: SignInWay;
  readonly oidc: () => Promise<SsoOidcApi>;
  readonly oidcEndpoint: string;
}

interface UnderWay {
  readonly done: Promise<void>;
  readonly abort: AbortController;
  waiting: number;
}

/** Sign-ins under way, each shared by everyone who asks for it meanwhile. */
export class SignIns {
  readonly #deps: SignInsDeps;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(deps: SignInsDeps) {
    this.#deps = deps;
  }

  /** Ends when the last one who waits has given up. @throws what `signInThroughBrowser` throws, or `operation.cancelled` */
  async signIn(request: SignInRequest, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#deps.lifetime.aborted) throw cancelled();
    const { key } = request.session;
    const work = this.#underWay.get(key) ?? this.#begin(request);
    work.waiting++;
    try {
      await abortable(work.done, signal);
    } finally {
      work.waiting--;
      if (work.waiting === 0) work.abort.abort();
    }
  }

  #begin(request: SignInRequest): UnderWay {
    const { key } = request.session;
    const abort = new AbortController();
    const run = this.#run(request, AbortSignal.any([abort.signal, this.#deps.lifetime]));
    const work: UnderWay = { abort, waiting: 0, done: run };
    const forget = (): void => {
      if (this.#underWay.get(key) === work) this.#underWay.delete(key);
    };
    run.then(forget, forget);
    // One that is being cancelled is no longer to be joined.
    abort.signal.addEventListener('abort', forget, { once: true });
    this.#underWay.set(key, work);
    return work;
  }

  async #run({ session, way, oidc, oidcEndpoint }: SignInRequest, signal: AbortSignal): Promise<void> {
    const { tokens, ask, clock, onSignedIn } = this.#deps;
    const token = await signInThroughBrowser({ session, oidc: await oidc(), oidcEndpoint, ask, clock }, way, signal);
    await tokens.keep(session, token).catch((error: unknown) => {
      throw new Fault('aws.signInNotKept', `The sign-in could not be saved in ${tokens.file(session)}.`, {
        cause: error,
        remedy: { text: 'Check that you may write there and that the disk is not full, then sign in again.', action: 'retry' },
      });
    });
    await onSignedIn(session);
  }
}

/** The sign-in that a profile's credentials come from. @throws Fault `aws.noSignIn` when there is none that can be done here */
export function sessionToSignIn(profile: string, signIn: SignInSettings | undefined): SsoSession {
  if (signIn?.session) return signIn.session;
  const why = signIn ? `signs in with \`${signIn.command}\`` : 'does not sign in through IAM Identity Center';
  throw new Fault('aws.noSignIn', `AWS profile "${profile}" ${why}.`, {
    remedy: { text: signIn ? `Run \`${signIn.command}\` in a terminal.` : 'Select a profile that does.', action: 'selectProfile' },
  });
}
