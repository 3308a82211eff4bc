import type { Action, Call } from './definition';
import type { Input } from './protocol/input';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { ServiceError } from '../sessionManager/service';
import type { ResumeGrant, SessionGrant, SessionRecord } from '../sessionManager/service';
import { sessionTarget } from '../worldQueries';

const DEFAULT_DOCUMENT = 'SSM-SessionManagerRunShell';
const REASON_LENGTH = 256;

/** Values of a session that a DescribeSessions filter compares with. */
const FILTERS: Readonly<Record<string, (session: SessionRecord, call: Call) => string | undefined>> = {
  Target: ({ target }) => target,
  Owner: ({ sessionId }, { sessionOwners }) => sessionOwners.get(sessionId),
  SessionId: ({ sessionId }) => sessionId,
};

const getConnectionStatus: Action = {
  resource: (call) => targetArn(call, call.input.text('Target')),
  run(call) {
    const target = call.input.required('Target');
    return { Target: target, Status: isConnected(call, target) ? 'connected' : 'notconnected' };
  },
};

const startSession: Action = {
  resource: (call) => targetArn(call, call.input.text('Target')),
  run(call) {
    const { input, caller, region } = call;
    const target = input.required('Target');
    const reason = input.text('Reason');
    if (reason !== undefined && reason.length > REASON_LENGTH) {
      const constraint = `Member must have length less than or equal to ${REASON_LENGTH}`;
      throw input.errors.invalidValue('Reason', reason, constraint);
    }
    if (!isConnected(call, target)) throw new ApiError('TargetNotConnected', `${target} is not connected.`);
    const documentName = input.text('DocumentName') ?? DEFAULT_DOCUMENT;
    const parameters = input.mapOfTexts('Parameters');
    const { accountId } = caller;
    const grant = underAwsNames(() =>
      call.sessions.start({ target, documentName, parameters, reason, region: region.name, accountId }),
    );
    call.sessionOwners.set(grant.SessionId, caller.arn);
    return renderGrant(grant);
  },
};

const resumeSession: Action = {
  resource: sessionArn,
  run(call) {
    const id = knownSession(call);
    return renderGrant(underAwsNames(() => call.sessions.resume(id)));
  },
};

const terminateSession: Action = {
  resource: sessionArn,
  run(call) {
    const id = knownSession(call);
    return { SessionId: underAwsNames(() => call.sessions.terminate(id)).SessionId };
  },
};

const describeSessions: Action = {
  resource: ({ region, caller }) => `arn:aws:ssm:${region.name}:${caller.accountId}:session/*`,
  run(call) {
    const { input } = call;
    const state = input.required('State');
    if (state !== 'Active' && state !== 'History') {
      throw call.input.errors.invalidValue('State', state, 'Member must satisfy enum value set: [Active, History]');
    }
    const limit = input.integer('MaxResults', 1, 200);
    const filters = readFilters(input);
    const sessions = state === 'Active' ? call.sessions.activeSessions() : call.sessions.history();
    const wanted = sessions
      .filter((session) => belongs(session, call) && filters.every(({ of, value }) => of(session, call) === value))
      .toReversed();
    const listing = `${state}${JSON.stringify(input.tree['Filters'])}`;
    const page = call.page(wanted, { limit, token: input.text('NextToken'), listing });
    if (!page) throw new ApiError('InvalidNextToken', 'The specified token is not valid.');
    return { Sessions: page.rows.map((session) => renderSession(session, call)), NextToken: page.next };
  },
};

function readFilters(input: Input) {
  return input.groups('Filters').map((filter) => {
    const key = filter.required('key');
    const of = Object.hasOwn(FILTERS, key) ? FILTERS[key] : undefined;
    if (!of) throw new ApiError('InvalidFilterKey', `The following filter key is not valid: ${key}`);
    return { of, value: filter.required('value') };
  });
}

function renderSession(session: SessionRecord, { sessionOwners }: Call): Output {
  return {
    SessionId: session.sessionId,
    Target: session.target,
    Status: session.status,
    StartDate: new Date(session.startedAt),
    ...(session.endedAt !== undefined && { EndDate: new Date(session.endedAt) }),
    DocumentName: session.documentName,
    Owner: sessionOwners.get(session.sessionId),
    Reason: session.reason,
    MaxSessionDuration: '',
  };
}

function renderGrant(grant: SessionGrant | ResumeGrant): Output {
  return { ...grant };
}

function isConnected({ world, caller, region }: Call, target: string): boolean {
  const found = sessionTarget(world, target);
  if (!found?.online) return false;
  return found.place.accountId === caller.accountId && found.place.region === region.name;
}

/** The session that the request names. @throws ApiError when this account has none of that id in the region */
function knownSession(call: Call): string {
  const id = call.input.required('SessionId');
  const all = [...call.sessions.activeSessions(), ...call.sessions.history()];
  if (!all.some((session) => session.sessionId === id && belongs(session, call))) {
    throw new ApiError('DoesNotExistException', `Session with ID ${id} does not exist`);
  }
  return id;
}

function belongs({ accountId, region }: SessionRecord, call: Call): boolean {
  return accountId === call.caller.accountId && region === call.region.name;
}

function targetArn({ world, region, caller }: Call, target = '*'): string {
  return sessionTarget(world, target)?.arn ?? `arn:aws:ec2:${region.name}:${caller.accountId}:instance/${target}`;
}

function sessionArn({ region, caller, input }: Call): string {
  return `arn:aws:ssm:${region.name}:${caller.accountId}:session/${input.text('SessionId') ?? '*'}`;
}

/** Failures of the session service carry AWS's code and sentence; anything else is a defect and goes on as it is. */
function underAwsNames<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ServiceError) throw new ApiError(error.code, error.message, error.status);
    throw error;
  }
}

export function sessionActions(): Readonly<Record<string, Action>> {
  return {
    StartSession: startSession,
    ResumeSession: resumeSession,
    TerminateSession: terminateSession,
    GetConnectionStatus: getConnectionStatus,
    DescribeSessions: describeSessions,
  };
}
