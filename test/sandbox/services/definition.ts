import type { Caller, Identities } from '../identity';
import type { Region, World } from '../worldTypes';
import type { Input } from './protocol/input';
import type { Output, Protocol } from './protocol/protocol';
import type { PushedKeys } from '../instanceConnect';
import type { KeyStore } from '../kms';
import type { Page, PageRequest } from '../paging';
import type { SessionManagerService } from '../sessionManager/service';

/** One API: adding a service to the sandbox is a file with one of these, and a line in `index.ts`. */
export interface ServiceDefinition {
  /** As it stands in a signature's credential scope, and before the colon of its IAM actions unless those have a prefix of their own. */
  readonly signingName: string;
  readonly iamPrefix?: string;
  readonly protocol: Protocol;
  readonly actions: Readonly<Record<string, Action>>;
}

export interface Action {
  /** The answer's members in wire names. @throws ApiError */
  readonly run: (call: Call) => Output | Promise<Output>;
  /** The ARN that an AccessDenied message names; `*` unless told. */
  readonly resource?: (call: Call) => string;
  /** Needs no permission, as sts:GetCallerIdentity. */
  readonly open?: boolean;
  /** Takes requests without a signature, from nobody in particular. */
  readonly unsigned?: boolean;
}

/** One authenticated request. */
export interface Call {
  readonly action: string;
  readonly input: Input;
  readonly caller: Caller;
  readonly region: Region;
  readonly world: World;
  readonly identities: Identities;
  readonly sessions: SessionCalls;
  readonly keys: KeyStore;
  readonly sshKeys: PushedKeys;
  /** ARN of the caller that started a session, by its id. */
  readonly sessionOwners: Map<string, string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Cuts rows into pages; undefined when the token is not one of ours for this very request. */
  readonly page: <Row>(rows: readonly Row[], request: PageRequest) => Page<Row> | undefined;
}

/** What the SSM API asks of the Session Manager service behind it. */
export type SessionCalls = Pick<SessionManagerService, 'start' | 'resume' | 'terminate' | 'activeSessions' | 'history'>;
