import type { FaultCode, Remedy } from '../../base/fault';
import { Fault } from '../../base/fault';
import type { HandshakeRequest, ProcessedAction, RequestedAction } from './messages';
import { ActionStatus, handshakeResponse } from './messages';

/** What the agent says about the session in its handshake request. */
export interface SessionParameters {
  /** Dotted quadruple. */
  readonly agentVersion: string;
  /** `Port` for everything that forwards bytes, SSH documents included. */
  readonly sessionType: string;
  /** The document's properties that are text: `type`, `portNumber`, `host`, ... */
  readonly properties: Readonly<Record<string, string>>;
}

export type HandshakeAnswer =
  | { readonly response: Buffer; readonly session: SessionParameters; readonly fault?: undefined }
  /** The response tells the agent to give up; the fault tells the person why. */
  | { readonly response: Buffer; readonly fault: Fault };

type Outcome = ProcessedAction & { readonly fault?: Fault };

/** Answers every requested action; the first one that cannot be met is the fault. */
export function answerHandshake(request: HandshakeRequest, clientVersion: string): HandshakeAnswer {
  const outcomes = request.actions.map((action) => processAction(action));
  const response = handshakeResponse(clientVersion, outcomes);
  const failed = outcomes.find(({ fault }) => fault)?.fault;
  if (failed) return { response, fault: failed };
  const action = request.actions.find(({ type }) => type === 'SessionType');
  if (!action) {
    const fault = new Fault('ssm.unsupportedSession', 'The agent did not say what kind of session this is.');
    return { response, fault };
  }
  return {
    response,
    session: {
      agentVersion: request.agentVersion,
      sessionType: String(action.parameters['SessionType']),
      properties: textProperties(action.parameters['Properties']),
    },
  };
}

function processAction({ type, parameters }: RequestedAction): Outcome {
  switch (type) {
    case 'SessionType': {
      if (parameters['SessionType'] === 'Port') return { type, status: ActionStatus.success, error: '' };
      const asked = JSON.stringify(parameters['SessionType'] ?? null);
      return unsupported(type, 'ssm.unsupportedSession', `sessions of type ${asked}`, {
        text: 'Use a session document of type Port, such as AWS-StartPortForwardingSessionToRemoteHost.',
      });
    }
    case 'KMSEncryption':
      return unsupported(type, 'ssm.encryptionUnsupported', 'sessions that are encrypted with a KMS key', {
        text: 'Switch KMS encryption off in the Session Manager preferences, or use a document of type Port.',
      });
    default:
      return unsupported(type, 'ssm.unsupportedSession', `the handshake action ${JSON.stringify(type.slice(0, 64))}`, {
        text: 'Update Sallyport: the agent asks for something that this version does not know.',
      });
  }
}

function unsupported(type: string, code: FaultCode, what: string, remedy: Remedy): Outcome {
  const error = `This client does not support ${what.slice(0, 200)}.`;
  return { type, status: ActionStatus.unsupported, error, fault: new Fault(code, error, { remedy }) };
}

function textProperties(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string';
  return Object.fromEntries(Object.entries(value).filter(isText));
}
