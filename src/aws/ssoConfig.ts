import { Fault } from '../base/fault';
import type { Section } from './configFiles';

/** The scope that signing in for accounts and roles needs, and with which refresh tokens are given. */
const DEFAULT_SCOPE = 'sso:account:access';

/** A sign-in to IAM Identity Center as the configuration names it; profiles that name the same one share its token. */
export interface SsoSession {
  /** What the AWS CLI names its token file after: the `sso-session`'s name, else (in the older form) the start URL. */
  readonly key: string;
  /** Absent in the older form, which knows the device flow only and gets no refresh token. */
  readonly name?: string;
  readonly startUrl: string;
  readonly region: string;
  readonly scopes: readonly string[];
}

/** The role of a profile that signs in. */
export interface SsoRole {
  readonly accountId: string;
  readonly roleName: string;
}

// The region becomes a part of host names.
const REGION = /^[a-z0-9][a-z0-9-]{0,61}$/;

/**
 * What a profile's section says about its sign-in; undefined where that is incomplete.
 * @param session the section `sso-session NAME` that it names, if it names one that exists
 */
export function ssoSessionOf(values: Section, session: Section | undefined): SsoSession | undefined {
  const name = values['sso_session'];
  const source = name === undefined ? values : session;
  const startUrl = source?.['sso_start_url'];
  const region = source?.['sso_region'];
  if (!startUrl || !region || !REGION.test(region) || !URL.canParse(startUrl)) return undefined;
  if (name === undefined) return { key: startUrl, startUrl, region, scopes: [] };
  const scopes = (source?.['sso_registration_scopes'] ?? '').split(',').map((scope) => scope.trim());
  const named = scopes.filter((scope) => scope !== '');
  return { key: name, name, startUrl, region, scopes: named.length > 0 ? named : [DEFAULT_SCOPE] };
}

export function ssoRoleOf(values: Section): SsoRole | undefined {
  const accountId = values['sso_account_id'];
  const roleName = values['sso_role_name'];
  return accountId && roleName ? { accountId, roleName } : undefined;
}

/** For a profile whose sign-in lacks something. */
export function badSsoFault(profile: string, values: Section): Fault {
  const name = values['sso_session'];
  const where = name === undefined ? 'its section' : `the section "sso-session ${name}"`;
  return new Fault(
    'aws.badSignIn',
    `The sign-in of AWS profile "${profile}" is incomplete: it needs sso_start_url and sso_region in ${where}, sso_account_id and sso_role_name.`,
    { remedy: { text: 'Complete the AWS configuration, for example with `aws configure sso`, or choose another profile.', action: 'selectProfile' } },
  );
}
