/** What a person can do about a Fault: one sentence, and optionally the button that does it. */
export interface Remedy {
  /** An imperative sentence, e.g. "Run `aws sso login --profile dev`, then try again." */
  readonly text: string;
  /** A stable name that the UI maps to a command; unknown names show no button. */
  readonly action?: RemedyAction;
  /** What the action is about, where it is not what the person has selected: the AWS profile to sign in to, the action to allow, a port that is free. */
  readonly subject?: string;
}

export type RemedyAction =
  | 'signIn'
  | 'selectProfile'
  | 'selectRegion'
  /** `subject`: the IAM action that is missing. */
  | 'copyPolicy'
  | 'chooseAnotherPort'
  | 'editConnection'
  | 'enterPassword'
  /** Another kind of login to the cache. */
  | 'changeLogin'
  | 'restartBroker'
  | 'retry'
  /** The subject is the instance's id. */
  | 'startBastion'
  | 'showLog';

export type FaultCode = `${string}.${string}`;

/** A Fault as plain data, for crossing a process or a webview boundary. */
export interface FaultData {
  readonly code: FaultCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly remedy?: Remedy;
}

export interface FaultOptions {
  /** Whether the same attempt can succeed later without a person's help. Authentication faults never are. */
  readonly retryable?: boolean;
  readonly remedy?: Remedy;
  readonly cause?: unknown;
}

// The product ships as several bundles, each with its own copy of this class, so identity is a registered symbol and not `instanceof`.
const BRAND = Symbol.for('sallyport.Fault');

/** An expected failure: a stable code to match on, a sentence for the person, and what to do next. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly retryable: boolean;
  readonly remedy: Remedy | undefined;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.remedy = options.remedy;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

export function isFault(value: unknown): value is Fault {
  return value instanceof Error && (value as { [BRAND]?: unknown })[BRAND] === true;
}

/** The value itself when it is a Fault, else a Fault of the given code that keeps it as the cause. */
export function asFault(value: unknown, code: FaultCode = 'internal.unexpected'): Fault {
  if (isFault(value)) return value;
  const message = value instanceof Error ? value.message : String(value);
  return new Fault(code, message, { cause: value });
}

export function faultData(fault: Fault): FaultData {
  const { code, message, retryable, remedy } = fault;
  return remedy ? { code, message, retryable, remedy } : { code, message, retryable };
}

export function faultFromData(data: FaultData): Fault {
  return new Fault(data.code, data.message, {
    retryable: data.retryable,
    ...(data.remedy && { remedy: data.remedy }),
  });
}

/** The sentence and the next step, as shown in notifications and the log. */
export function describeFault(fault: FaultData | Fault): string {
  return fault.remedy ? `${fault.message} ${fault.remedy.text}` : fault.message;
}

/** Thrown by whatever was cancelled through its AbortSignal. */
export function cancelled(): Fault {
  return new Fault('operation.cancelled', 'The operation was cancelled.');
}

export function isCancelled(value: unknown): boolean {
  return isFault(value) && value.code === 'operation.cancelled';
}
