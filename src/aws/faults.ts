import { cancelled, Fault, isFault } from '../base/fault';
import type { FaultCode, Remedy } from '../base/fault';
import { CERTIFICATE_ERRORS } from '../base/trust';
import { isListing } from '../model/discoveryActions';
import { quoted } from './profiles';
import type { SignInSettings } from './profiles';

/** What was being done when it failed. */
export interface FaultContext {
  /** IAM action, e.g. `ec2:DescribeInstances`; `credentials` while they are being resolved. */
  readonly action: string;
  readonly profile: string;
  readonly region: string;
  readonly signIn?: SignInSettings;
  /** Session Manager target or session that the call was about. */
  readonly subject?: string;
}

/** The little that errors of the SDK, of AWS and of Node have in common. */
interface ErrorFacts {
  /** Names to match: AWS's error code, the error class, Node's errno; of the error and of its causes. */
  readonly names: ReadonlySet<string>;
  /** AWS's code where there is one, for sentences. */
  readonly name: string;
  readonly message: string;
  /** HTTP status, 0 when nothing was answered. */
  readonly status: number;
}

interface Sentence {
  readonly code: FaultCode;
  readonly message: string;
  readonly remedy: Remedy;
  readonly retryable?: boolean;
}

interface Rule {
  readonly names?: readonly string[];
  /** Only for the actions whose services mean this by the names. */
  readonly action?: RegExp;
  /** Only where names do not tell: the credential providers throw one class for everything. */
  readonly text?: RegExp;
  readonly status?: (status: number) => boolean;
  readonly say: (facts: ErrorFacts, context: FaultContext) => Sentence;
}

const PROVIDER_ERRORS = ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'];
const KEY_ERRORS = ['SignatureDoesNotMatch', 'InvalidSignatureException', 'IncompleteSignature', 'AuthFailure'];
const KMS_KEY_ERRORS = [
  'NotFoundException',
  'DisabledException',
  'InvalidKeyUsageException',
  'InvalidGrantTokenException',
  'KMSInvalidStateException',
  'InvalidArnException',
];

/** What EC2 Instance Connect, and EC2 of one instance, say: code, what is wrong with the instance, what to do, whether it may pass. */
const INSTANCE_ERRORS: Readonly<Record<string, readonly [FaultCode, string, string, boolean]>> = {
  EC2InstanceNotFoundException: ['instanceConnect.notFound', 'does not exist in this region', 'Refresh, and check the region.', false],
  'InvalidInstanceID.NotFound': ['instanceConnect.notFound', 'does not exist in this region', 'Refresh, and check the region.', false],
  'InvalidInstanceID.Malformed': ['instanceConnect.notFound', 'is no id of an instance', 'Choose an EC2 instance.', false],
  EC2InstanceStateInvalidException: ['instanceConnect.notRunning', 'is not running', 'Start it, then try again.', false],
  EC2InstanceUnavailableException: ['instanceConnect.unavailable', 'does not take keys at the moment', 'Wait a few minutes, then try again.', true],
  IncorrectInstanceState: ['ec2.notStartable', 'cannot be started in the state that it is in now', 'Wait a moment, then try again.', true],
  InsufficientInstanceCapacity: ['ec2.noCapacity', 'cannot be started: AWS has no room for its type there now', 'Try again later, or use another bastion.', true],
  EC2InstanceTypeInvalidException: ['instanceConnect.unsupported', 'is of a type without EC2 Instance Connect', 'Use a key file or Session Manager.', false],
  InvalidArgsException: ['instanceConnect.invalid', 'was refused the key: a parameter is not valid', 'Check the login name and the key.', false],
};

/** What Secrets Manager says of one secret (API reference, GetSecretValue): code, what is wrong with it. */
const SECRET_ERRORS: Readonly<Record<string, readonly [FaultCode, string]>> = {
  ResourceNotFoundException: ['secrets.notFound', 'does not exist in'],
  InvalidRequestException: ['secrets.unusable', 'is marked for deletion, or cannot be read now, in'],
  InvalidParameterException: ['secrets.notFound', 'is no name of a secret in'],
  DecryptionFailure: ['secrets.unusable', 'cannot be decrypted with its KMS key in'],
};

/**
 * The first rule whose names, text and status all match decides. Names are AWS's common and
 * per-service error codes (query, EC2 and JSON protocols spell them differently) and Node's errno names.
 * Sentences begin with what is wrong: a narrow tree cuts off their end.
 */
const RULES: readonly Rule[] = [
  { names: ['TargetNotConnected'], say: targetNotConnected },
  { names: ['InvalidDocument', 'InvalidDocumentVersion'], say: invalidDocument },
  { names: KMS_KEY_ERRORS, action: /^kms:/, say: kmsKeyUnusable },
  { names: Object.keys(SECRET_ERRORS), action: /^secretsmanager:/, say: secretUnusable },
  // "Access to KMS is not allowed": the permission that is missing is another one than what was called.
  { names: ['AccessDeniedException'], action: /^secretsmanager:/, text: /access to kms/i, say: (facts, context) => accessDenied(facts, { ...context, action: 'kms:Decrypt' }) },
  { names: Object.keys(INSTANCE_ERRORS), say: instanceUnusable },
  { names: ['NotFoundException', 'ResourceNotFoundException'], action: /^(?:es|kafka|mq):/, say: notFound },
  // EC2's word for an expired session token; for a wrong clock too, but the second request has the right time.
  { names: ['RequestExpired'], text: /^request has expired/i, say: expired },
  { names: ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'], say: clockSkew },
  { names: KEY_ERRORS, text: /signature (?:expired|not yet current)/i, say: clockSkew },
  { names: ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'AuthorizationHeaderExpired'], say: expired },
  {
    names: PROVIDER_ERRORS,
    text: /sso login|SSO session|token is expired|UnauthorizedException|aws login|reauthenticate|expired credentials/i,
    say: expired,
  },
  { names: PROVIDER_ERRORS, text: /ForbiddenException|No access/, say: accessDenied },
  // What is left of a Fault `proxy.*` when a credential provider has made its own error of it.
  { names: PROVIDER_ERRORS, text: /^Fault: The (?:URL of the )?proxy /, say: proxyFailed },
  { names: PROVIDER_ERRORS, text: /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|TimeoutError: /, say: unreachable },
  { names: PROVIDER_ERRORS, say: noCredentials },
  {
    names: [...KEY_ERRORS, 'InvalidClientTokenId', 'UnrecognizedClientException', 'InvalidAccessKeyId', 'InvalidToken'],
    say: invalidKey,
  },
  {
    names: ['MissingAuthenticationToken', 'MissingAuthenticationTokenException', 'MissingSecurityHeader'],
    say: noCredentials,
  },
  { names: ['OptInRequired', 'SubscriptionRequiredException'], say: notSubscribed },
  {
    names: ['AccessDenied', 'AccessDeniedException', 'AuthException', 'UnauthorizedOperation', 'AuthorizationError', 'NotAuthorized', 'ForbiddenException'],
    say: accessDenied,
  },
  {
    names: [
      'Throttling',
      'ThrottlingException',
      'ThrottledException',
      'RequestThrottled',
      'RequestThrottledException',
      'RequestLimitExceeded',
      'TooManyRequestsException',
      'EC2ThrottledException',
      'PriorRequestNotComplete',
      'SlowDown',
    ],
    say: throttled,
  },
  { status: (status) => status === 429, say: throttled },
  { names: CERTIFICATE_ERRORS, say: untrusted },
  {
    names: [
      'ENOTFOUND',
      'EAI_AGAIN',
      'ECONNREFUSED',
      'ECONNRESET',
      'ECONNABORTED',
      'EPIPE',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'EHOSTDOWN',
      'ENETUNREACH',
      'ENETDOWN',
      'TimeoutError',
      'EPROTO',
    ],
    say: unreachable,
  },
  { status: (status) => status >= 500, say: serviceError },
];

/** Whatever a call threw, as the Fault that the person sees; Faults pass through, aborted calls become `operation.cancelled`. */
export function awsFault(error: unknown, context: FaultContext): Fault {
  if (isFault(error)) return error;
  const facts = factsOf(error);
  if (facts.names.has('AbortError')) return cancelled();
  const rule = RULES.find((candidate) => matches(candidate, facts, context));
  const { code, message, remedy, retryable } = (rule?.say ?? unexpected)(facts, context);
  return new Fault(code, message, { remedy, retryable: retryable ?? false, cause: error });
}

/**
 * For when every place where credentials could come from has been asked in vain.
 * @param source the profile that it takes them from, where that is another one
 */
export function noCredentialsFault(profile: string, source = profile): Fault {
  const { code, message, remedy } = noCredentials({ message: `profile: [${source}]` }, { profile });
  return new Fault(code, message, { remedy });
}

/** For a profile whose person has to sign in. */
export function signInFault(profile: string, signIn: SignInSettings): Fault {
  const { code, message, remedy } = notSignedIn(profile, signIn);
  return new Fault(code, message, { remedy });
}

const TRANSIENT: ReadonlySet<FaultCode> = new Set([
  'aws.throttled',
  'aws.unreachable',
  'aws.serviceError',
  'proxy.failed',
  'proxy.unreachable',
  'proxy.timeout',
]);

/** Whether repeating the same request within seconds makes sense; a fault may be worth a later retry without being transient. */
export function isTransient(fault: Fault): boolean {
  return TRANSIENT.has(fault.code);
}

/**
 * Whether the local clock may be to blame. The SDK takes the service's time from the refusal, so that the
 * next request is signed with the right one: what fails again has another reason.
 */
export function mayBeSkew(fault: Fault): boolean {
  return fault.code === 'aws.clockSkew' || (fault.cause instanceof Error && fault.cause.name === 'RequestExpired');
}

/** Whether AWS refused the credentials themselves, so that cached ones are of no more use. */
export function refusesCredentials(fault: Pick<Fault, 'code'>): boolean {
  return fault.code === 'aws.expiredCredentials' || fault.code === 'aws.invalidKey';
}

function matches({ names, action, text, status }: Rule, facts: ErrorFacts, context: FaultContext): boolean {
  return (
    (!action || action.test(context.action)) &&
    (!names || names.some((name) => facts.names.has(name))) &&
    (!text || text.test(facts.message)) &&
    (!status || status(facts.status))
  );
}

interface LooseError {
  readonly name?: unknown;
  readonly Code?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}

const MAX_CAUSES = 5;

function factsOf(error: unknown): ErrorFacts {
  const names = new Set<string>();
  const queue: unknown[] = [error];
  let status = 0;
  for (let visited = 0; queue.length > 0 && visited < MAX_CAUSES; visited++) {
    const current = queue.shift();
    if (typeof current !== 'object' || current === null) continue;
    const { name, Code, code, cause, errors, $metadata } = current as LooseError;
    for (const value of [name, Code, code]) if (typeof value === 'string') names.add(value);
    if (typeof $metadata?.httpStatusCode === 'number' && status === 0) status = $metadata.httpStatusCode;
    // An AggregateError (several addresses tried) holds the errno in its members.
    queue.push(cause, ...(Array.isArray(errors) ? (errors as unknown[]) : []));
  }
  const { name, message } = (error ?? {}) as LooseError;
  return {
    names,
    name: typeof name === 'string' ? name : 'an unknown error',
    message: typeof message === 'string' ? message : String(error),
    status,
  };
}

function targetNotConnected(_facts: ErrorFacts, { subject }: FaultContext): Sentence {
  return {
    code: 'ssm.targetNotConnected',
    message: `Bastion ${subject ?? ''} is not connected to Session Manager: its agent is offline, or it belongs to another account or region.`,
    remedy: {
      text: 'Check that the instance runs and that its agent reaches the ssm and ssmmessages endpoints, then try again.',
      action: 'retry',
    },
    // An agent that is restarting comes back by itself.
    retryable: true,
  };
}

function invalidDocument(_facts: ErrorFacts, { region }: FaultContext): Sentence {
  return {
    code: 'ssm.invalidDocument',
    message: `Session Manager in ${region} does not know the session document that was asked for.`,
    remedy: { text: 'Check the name of the session document in the settings.', action: 'showLog' },
  };
}

function kmsKeyUnusable({ name }: ErrorFacts, { subject, region }: FaultContext): Sentence {
  return {
    code: 'ssm.keyUnusable',
    message: `The KMS key ${subject ?? ''} that encrypts sessions in ${region} cannot be used (${name}).`,
    remedy: {
      text: 'Check that it exists and is enabled, or name another key in the Session Manager preferences or the session document.',
      action: 'retry',
    },
  };
}

function instanceUnusable({ names }: ErrorFacts, { subject }: FaultContext): Sentence {
  const [, found] = Object.entries(INSTANCE_ERRORS).find(([name]) => names.has(name))!;
  const [code, what, text, retryable] = found;
  return { code, message: `Instance ${subject ?? ''} ${what}.`, remedy: { text, action: 'retry' }, retryable };
}

function clockSkew(): Sentence {
  return {
    code: 'aws.clockSkew',
    message: "AWS refused the request because this computer's clock is wrong by more than five minutes.",
    remedy: { text: 'Set the clock (`sudo chronyc makestep`, or `w32tm /resync` on Windows), then try again.', action: 'retry' },
  };
}

function expired(_facts: ErrorFacts, { profile, signIn }: FaultContext): Sentence {
  if (signIn) return notSignedIn(profile, signIn);
  return {
    code: 'aws.expiredCredentials',
    message: `Credentials have expired for AWS profile "${profile}".`,
    remedy: { text: 'Renew them where they came from, then try again.', action: 'retry' },
  };
}

function notSignedIn(profile: string, { command, profile: own }: SignInSettings): Sentence {
  const typed = `\`${command} --profile ${quoted(own)}\``;
  return {
    code: 'aws.expiredCredentials',
    message: `Sign-in is missing or has expired for AWS profile "${profile}".`,
    remedy:
      command === 'aws sso login'
        ? { text: `Sign in here, or run ${typed}.`, action: 'signIn', subject: profile }
        : { text: `Run ${typed}, then try again.`, action: 'retry' },
  };
}

function noCredentials({ message }: Pick<ErrorFacts, 'message'>, { profile }: Pick<FaultContext, 'profile'>): Sentence {
  const other = /profile: \[([^\]]+)\]/.exec(message)?.[1];
  const via = other && other !== profile ? ` (it takes them from "${other}")` : '';
  const process = /credential_process/.test(message) ? ': its credential_process failed' : '';
  return {
    code: 'aws.noCredentials',
    message: `No usable credentials for AWS profile "${profile}"${via}${process}.`,
    remedy: {
      text: `Run \`aws configure sso --profile ${quoted(profile)}\` or \`aws configure --profile ${quoted(profile)}\`, or choose another profile.`,
      action: 'selectProfile',
    },
  };
}

function invalidKey({ name }: ErrorFacts, { profile, region }: FaultContext): Sentence {
  return {
    code: 'aws.invalidKey',
    message: `AWS does not accept the access key of profile "${profile}" in ${region} (${name}).`,
    remedy: { text: 'Check its key and secret, that it is not deactivated, and that the region is enabled for the account.', action: 'selectProfile' },
  };
}

function accessDenied({ message }: ErrorFacts, { action, profile }: FaultContext): Sentence {
  // "User: ARN is not authorized to perform: ACTION on resource: ARN because no identity-based policy allows the ACTION action"
  const named = /not authorized to perform: ([\w-]+:[\w*]+)(?: on resource: (\S+))?/.exec(message);
  const missing = named?.[1] ?? (action === 'credentials' ? 'sso:GetRoleCredentials' : action);
  const resource = named?.[2]?.replace(/[,.;]+$/, '');
  const explicit = /with an explicit deny in (?:an? )?([a-z-]+(?: [a-z]+)? policy)/i.exec(message)?.[1];
  return {
    code: 'aws.accessDenied',
    message: `No permission for ${missing}${resource ? ` on ${resource}` : ''}${explicit ? ` (denied by a ${explicit})` : ''} with AWS profile "${profile}".`,
    remedy: {
      text: explicit
        ? `Ask your administrator to lift the denial of ${missing}, or choose another profile.`
        : `Add ${missing} to the policies of this identity, or choose another profile.`,
      // Of what changes something, a policy for every resource would be bad advice.
      ...(!explicit && isListing(missing) ? { action: 'copyPolicy', subject: missing } : { action: 'selectProfile' }),
    },
  };
}

/** EC2's and the query services' word, and that of the JSON services, for an account to which the service is closed. */
function notSubscribed(_facts: ErrorFacts, { action, region, profile }: FaultContext): Sentence {
  const [service = action] = action.split(':');
  return {
    code: 'aws.notSubscribed',
    message: `The account of AWS profile "${profile}" is not signed up for ${service} in ${region}.`,
    remedy: { text: 'Enable the service or the region in the AWS account, or choose another region.', action: 'retry' },
  };
}

function secretUnusable({ names }: ErrorFacts, { subject = '', region }: FaultContext): Sentence {
  const [code, what] = Object.entries(SECRET_ERRORS).find(([name]) => names.has(name))![1];
  return {
    code,
    message: `Secret "${subject}" ${what} ${region}.`,
    remedy: { text: 'Check its name and its state in Secrets Manager, or choose another login.', action: 'changeLogin' },
  };
}

function notFound(_facts: ErrorFacts, { action, region }: FaultContext): Sentence {
  return {
    code: 'aws.notFound',
    message: `What ${action} was asked for does not exist in ${region} any more.`,
    remedy: { text: 'Refresh.', action: 'retry' },
  };
}

function throttled(_facts: ErrorFacts, { action }: FaultContext): Sentence {
  return {
    code: 'aws.throttled',
    message: `AWS is limiting the rate of ${action} calls in this account.`,
    remedy: { text: 'Wait a moment, then refresh.', action: 'retry' },
    retryable: true,
  };
}

function untrusted(_facts: ErrorFacts, context: FaultContext): Sentence {
  return {
    code: 'aws.untrustedCertificate',
    message: `The certificate of AWS ${where(context)} is not trusted; a proxy may be inspecting the traffic.`,
    remedy: { text: "Name your organisation's CA bundle in AWS_CA_BUNDLE or `ca_bundle`, then try again.", action: 'retry' },
  };
}

function unreachable({ names }: ErrorFacts, context: FaultContext): Sentence {
  const unknownHost = names.has('ENOTFOUND');
  return {
    code: 'aws.unreachable',
    message: unknownHost
      ? `The name of AWS ${where(context)} cannot be resolved.`
      : `AWS ${where(context)} cannot be reached.`,
    remedy: {
      text: unknownHost
        ? 'Check the network and the spelling of the region, then try again.'
        : 'Check the network, the VPN and the proxy, then try again.',
      action: 'retry',
    },
    retryable: true,
  };
}

function serviceError({ status }: ErrorFacts, { action }: FaultContext): Sentence {
  return {
    code: 'aws.serviceError',
    message: `AWS failed to answer ${action} (HTTP ${status}).`,
    remedy: { text: 'Try again in a moment; if it lasts, look at the AWS Health Dashboard.', action: 'retry' },
    retryable: true,
  };
}

function proxyFailed({ message }: ErrorFacts): Sentence {
  return {
    code: 'proxy.signIn',
    message: message.replace(/^Fault: /, '').slice(0, MAX_QUOTED),
    remedy: { text: 'Check HTTPS_PROXY (or the setting `http.proxy`), then try again.', action: 'retry' },
  };
}

const MAX_QUOTED = 300;

function unexpected({ name, message }: ErrorFacts, { action }: FaultContext): Sentence {
  return {
    code: 'aws.unexpected',
    message: `${action} failed: ${name}: ${message.slice(0, MAX_QUOTED)}`,
    remedy: { text: 'See the log for the details.', action: 'showLog' },
  };
}

function where({ action, region }: FaultContext): string {
  const [service] = action.split(':');
  return service === 'credentials' ? `sign-in in ${region}` : `${service} in ${region}`;
}
