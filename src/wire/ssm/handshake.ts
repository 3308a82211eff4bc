import type { FaultCode, Remedy } from '../../base/fault';
import { Fault } from '../../base/fault';
import type { EncryptionRequest } from './encryption';
import type { HandshakeRequest, ProcessedAction, RequestedAction } from './messages';
import { ActionStatus, handshakeResponse } from './messages';

/** KMS takes key ids of at most this length. */
const MAX_KEY_ID = 2048;
/** More than any agent sends and KMS accepts in a context. */
const MAX_CHALLENGE = 4096;

/** What the agent says about the session in its handshake request. */
export interface SessionParameters {
  /** Dotted quadruple. */
  readonly agentVersion: string;
  /** `Port` for everything that forwards bytes, SSH documents included. */
  readonly sessionType: string;
  /** The document's properties that are text: `type`, `portNumber`, `host`, ... */
  readonly properties: Readonly<Record<string, string>>;
}

export type HandshakeDemand =
  /** `encryption`: a data key has to be found before the response. */
  | { readonly session: SessionParameters; readonly encryption?: EncryptionRequest; readonly fault?: undefined }
  /** Something that cannot be met: the response says so, and the agent gives up. */
  | { readonly fault: Fault };

/** What became of the data key: as KMS sealed it for the agent, or the code of the Fault that prevented it. */
export type KeyOutcome = { readonly sealed: Uint8Array } | { readonly failed: string };

/** What the agent demands; the first demand that cannot be met is the fault. */
export function examineHandshake(request: HandshakeRequest): HandshakeDemand {
  for (const action of request.actions) {
    const refusal = refusalOf(action);
    if (refusal) return { fault: refusal };
  }
  const action = request.actions.find(({ type }) => type === 'SessionType');
  if (!action) {
    return { fault: new Fault('ssm.unsupportedSession', 'The agent did not say what kind of session this is.') };
  }
  const encrypting = request.actions.find(({ type }) => type === 'KMSEncryption');
  const encryption = encrypting && readEncryption(encrypting);
  const session = {
    agentVersion: request.agentVersion,
    sessionType: String(action.parameters['SessionType']),
    properties: textProperties(action.parameters['Properties']),
  };
  return encryption ? { session, encryption } : { session };
}

/** The response to every action. Without a key, an encryption that was asked for has failed. */
export function answerHandshake(request: HandshakeRequest, clientVersion: string, key?: KeyOutcome): Buffer {
  const outcomes = request.actions.map((action): ProcessedAction => {
    const { type } = action;
    const refusal = refusalOf(action);
    if (refusal) return { type, status: ActionStatus.unsupported, error: refusal.message };
    return type === 'KMSEncryption' ? encryptionOutcome(action, key) : { type, status: ActionStatus.success, error: '' };
  });
  return handshakeResponse(clientVersion, outcomes);
}

function encryptionOutcome(action: RequestedAction, key: KeyOutcome | undefined): ProcessedAction {
  const { type } = action;
  if (key && 'sealed' in key) {
    // The agent decrypts with the challenge in the context exactly when this says so.
    const acknowledged = readEncryption(action)?.challenge !== undefined;
    const result = {
      KMSCipherTextKey: Buffer.from(key.sealed).toString('base64'),
      ...(acknowledged && { ChallengeAcknowledgement: true }),
    };
    return { type, status: ActionStatus.success, error: '', result };
  }
  // No more than the code: the sentence names things of this computer.
  const why = key ? ` (${key.failed})` : '';
  return { type, status: ActionStatus.failed, error: `The client has no data key for the session${why}.` };
}

/** Why an action cannot be met; undefined when it can. */
function refusalOf(action: RequestedAction): Fault | undefined {
  const { type, parameters } = action;
  switch (type) {
    case 'SessionType': {
      if (parameters['SessionType'] === 'Port') return undefined;
      const asked = JSON.stringify(parameters['SessionType'] ?? null);
      return unsupported('ssm.unsupportedSession', `sessions of type ${asked}`, {
        text: 'Use a session document of type Port, such as AWS-StartPortForwardingSessionToRemoteHost.',
      });
    }
    case 'KMSEncryption':
      if (readEncryption(action)) return undefined;
      return unsupported('ssm.unsupportedSession', 'encryption without the name of a KMS key', {
        text: 'Name a KMS key in the Session Manager preferences, or switch encryption off there.',
      });
    default:
      return unsupported('ssm.unsupportedSession', `the handshake action ${JSON.stringify(type.slice(0, 64))}`, {
        text: 'Update Sallyport: the agent asks for something that this version does not know.',
      });
  }
}

function readEncryption({ parameters }: RequestedAction): EncryptionRequest | undefined {
  const { KMSKeyId: keyId, Challenge: challenge } = parameters;
  if (typeof keyId !== 'string' || keyId === '' || keyId.length > MAX_KEY_ID) return undefined;
  if (typeof challenge !== 'string' || challenge === '') return { keyId };
  return challenge.length > MAX_CHALLENGE ? undefined : { keyId, challenge };
}

function unsupported(code: FaultCode, what: string, remedy: Remedy): Fault {
  return new Fault(code, `This client does not support ${what.slice(0, 200)}.`, { remedy });
}

function textProperties(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string';
  return Object.fromEntries(Object.entries(value).filter(isText));
}
